;; tries: corten.trap as a function that returns
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused corten.trap: expected type
(import "corten" "trap" (func (param i32) (result i32)))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
