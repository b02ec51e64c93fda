;; tries: a reference read out of a table
;; stopped by: profile: docs/spec/profile.md
;; expect: refused table.get
(table 4 funcref)
(func (export "entry.attack") (param $n i32) (result i32)
  (drop (table.get (i32.const 0)))
  (i32.const 0))
