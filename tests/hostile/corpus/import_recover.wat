;; tries: the driver's recover
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused corten.recover
(import "corten" "recover" (func (param i32)))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
