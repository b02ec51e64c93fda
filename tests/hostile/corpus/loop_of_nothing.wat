;; tries: never coming back, by way of a loop whose body is only its own branch table
;; stopped by: gas: docs/spec/gas.md
;; expect: trapped out_of_gas
(func (export "entry.attack") (param $n i32) (result i32)
  (loop $l (br_table $l $l $l (local.get $n)))
  (i32.const 0))
