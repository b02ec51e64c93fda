;; tries: a table that grows without gas
;; stopped by: profile: docs/spec/profile.md
;; expect: refused ref.null|table.grow
(table 4 funcref)
(func (export "entry.attack") (param $n i32) (result i32)
  (drop (table.grow (ref.null func) (i32.const 60000)))
  (i32.const 0))
