;; tries: a table that changes is state outside of memory
;; stopped by: profile: docs/spec/profile.md
;; expect: refused ref.null|table.fill
(table 4 funcref)
(func (export "entry.attack") (param $n i32) (result i32)
  (table.fill (i32.const 0) (ref.null func) (i32.const 1))
  (i32.const 0))
