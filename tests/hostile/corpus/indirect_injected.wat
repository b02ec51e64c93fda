;; tries: calling functions by every slot of a full table: none is injected code
;; stopped by: the bounds of a br_table, a table, a type
;; expect: trapped indirect_call_mismatch|table_out_of_bounds
(table 65536 funcref)
(elem (i32.const 0) $f)
(func $f)
(func (export "entry.attack") (param $n i32) (result i32)
  (call_indirect (param i32) (i32.const 1) (i32.const 65535))
  (i32.const 0))
