;; tries: a tail call through the table, which has no frame to meter
;; stopped by: profile: docs/spec/profile.md
;; expect: refused return_call_indirect
(table 1 funcref)
(func (export "entry.attack") (param $n i32) (result i32)
  (return_call_indirect (param i32) (result i32) (i32.const 0) (i32.const 0))
  (i32.const 0))
