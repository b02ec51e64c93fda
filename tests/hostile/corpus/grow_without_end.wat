;; tries: growing by no page, without end
;; stopped by: gas: docs/spec/gas.md
;; expect: trapped out_of_gas
(func (export "entry.attack") (param $n i32) (result i32)
  (loop $l (drop (memory.grow (i32.const 0))) (br $l))
  (i32.const 0))
