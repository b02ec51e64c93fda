;; tries: a function without any name
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused import
(import "" "" (func))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
