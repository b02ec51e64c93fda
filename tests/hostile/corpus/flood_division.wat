;; tries: ten thousand divisions by zero after a store
;; stopped by: the surcharge of a trap: docs/spec/gas.md
;; expect: trapped division_by_zero
;; messages: 10000
;; gas: limit
(memory 4)
(func (export "entry.attack") (param $n i32) (result i32)
  (i64.store (i32.const 70000) (i64.const -1))
  (i32.div_u (i32.const 1) (i32.const 0)))
