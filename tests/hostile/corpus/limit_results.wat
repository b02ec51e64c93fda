;; tries: a function of seventeen results
;; stopped by: limits: docs/spec/profile.md
;; expect: refused result
(type (func (result @17{i32 })))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
