;; tries: a function of another platform
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused env.abort
(import "env" "abort" (func))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
