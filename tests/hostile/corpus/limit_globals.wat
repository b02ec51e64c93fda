;; tries: a thousand globals and more, each saved for every message
;; stopped by: limits: docs/spec/profile.md
;; expect: refused global
@1025{(global (mut i64) (i64.const 0)) }
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
