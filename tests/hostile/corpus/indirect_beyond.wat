;; tries: calling behind the table's end
;; stopped by: the bounds of a br_table, a table, a type
;; expect: trapped table_out_of_bounds
(table 4 funcref)
(func (export "entry.attack") (param $n i32) (result i32)
  (call_indirect (result i32) (i32.const -1)))
