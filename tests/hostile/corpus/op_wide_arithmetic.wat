;; tries: 128-bit addition that not every engine has
;; stopped by: profile: docs/spec/profile.md
;; expect: refused i64.add128
(func (export "entry.attack") (param $n i32) (result i32)
  (i64.add128 (i64.const 1) (i64.const 0) (i64.const 1) (i64.const 0)) drop drop
  (i32.const 0))
