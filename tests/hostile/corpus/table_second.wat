;; tries: a second table
;; stopped by: profile: docs/spec/profile.md
;; expect: refused table
(table 1 funcref)
(table 1 funcref)
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
