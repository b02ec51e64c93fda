;; tries: a host function with one parameter fewer, so that it reads what lies below on the stack
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused corten.sha256: expected type
(import "corten" "sha256" (func (param i32 i32)))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
