;; tries: a table whose maximum is small and whose minimum is not
;; stopped by: profile: docs/spec/profile.md
;; expect: refused table
(table 10000000 10000000 funcref)
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
