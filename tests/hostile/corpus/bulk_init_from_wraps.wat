;; tries: writing a segment a range whose end wraps around 2**32, after a store
;; stopped by: the bounds check before the log
;; expect: trapped memory_out_of_bounds
(memory 4)
(data $d "abcdefgh")
(func (export "entry.attack") (param $n i32) (result i32)
  (i64.store (i32.const 0) (i64.const -1))
  (memory.init $d (i32.const 0) (i32.const -2) (i32.const 4))
  (i32.const 0))
