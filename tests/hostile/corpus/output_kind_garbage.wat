;; tries: a record of a kind that no ABI has
;; stopped by: the check of corten.output
;; expect: trapped unreachable
(import "corten" "output" (func $output (param i32 i32 i32)))
(func (export "entry.attack") (param $n i32) (result i32)
  (call $output (i32.const 0x1ffff) (i32.const 0) (i32.const 8))
  (i32.const 0))
