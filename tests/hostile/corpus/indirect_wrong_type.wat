;; tries: calling a function by another type
;; stopped by: the bounds of a br_table, a table, a type
;; expect: trapped indirect_call_mismatch
(table 4 funcref)
(elem (i32.const 0) $f)
(func $f (param i64))
(func (export "entry.attack") (param $n i32) (result i32)
  (call_indirect (result i32) (i32.const 0)))
