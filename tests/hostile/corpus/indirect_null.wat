;; tries: calling an empty slot of the table
;; stopped by: the bounds of a br_table, a table, a type
;; expect: trapped table_out_of_bounds|indirect_call_mismatch
(table 4 funcref)
(func (export "entry.attack") (param $n i32) (result i32)
  (call_indirect (result i32) (i32.const 2)))
