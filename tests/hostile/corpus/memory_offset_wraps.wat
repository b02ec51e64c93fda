;; tries: an address and an offset whose sum wraps around
;; stopped by: the engine's bounds
;; expect: trapped memory_out_of_bounds
(memory 16)
(func (export "entry.attack") (param $n i32) (result i32)
  (i64.store offset=0xfffffff8 (i32.const 8) (i64.const -1))
  (i32.const 0))
