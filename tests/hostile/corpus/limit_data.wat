;; tries: data beyond what a deployer pays for
;; stopped by: limits: docs/spec/profile.md
;; expect: refused data
(data (i32.const 0) "@4194305{x}")
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
