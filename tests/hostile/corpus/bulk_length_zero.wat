;; tries: bulk operations of no bytes at the very end and one behind it
;; stopped by: the bounds check before the log
;; expect: trapped memory_out_of_bounds
(memory 16)
(func (export "entry.attack") (param $n i32) (result i32)
  (memory.fill (i32.const 0x100000) (i32.const 1) (i32.const 0))
  (memory.copy (i32.const 0x100000) (i32.const 0x100000) (i32.const 0))
  (memory.fill (i32.const 0x100001) (i32.const 1) (i32.const 0))
  (i32.const 0))
