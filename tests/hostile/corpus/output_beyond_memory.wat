;; tries: an event read from behind the end of memory
;; stopped by: the engine's bounds
;; expect: trapped memory_out_of_bounds
(import "corten" "output" (func $output (param i32 i32 i32)))
(func (export "entry.attack") (param $n i32) (result i32)
  (call $output (i32.const 0) (i32.const -4) (i32.const 8))
  (i32.const 0))
