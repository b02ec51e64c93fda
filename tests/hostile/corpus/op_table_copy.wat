;; tries: a table that changes is state outside of memory
;; stopped by: profile: docs/spec/profile.md
;; expect: refused table.copy
(table 4 funcref)
(func (export "entry.attack") (param $n i32) (result i32)
  (table.copy (i32.const 0) (i32.const 0) (i32.const 1))
  (i32.const 0))
