;; tries: a table that costs the host memory
;; stopped by: profile: docs/spec/profile.md
;; expect: refused table
(table 65537 funcref)
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
