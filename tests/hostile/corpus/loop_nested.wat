;; tries: a hundred loops in each other, so that one branch passes a hundred gas checks
;; stopped by: gas, which is not checked where nothing was charged: docs/spec/gas.md
;; expect: trapped out_of_gas
(func (export "entry.attack") (param $n i32) (result i32)
  @100{(loop }(br 99)@100{)}
  (i32.const 0))
