;; tries: corten.trap with 0
;; stopped by: recover: the twelve bits of a trap code
;; expect: trapped unreachable
;; gas: at least 200000
(import "corten" "trap" (func $trap (param i32)))
(func (export "entry.attack") (param $n i32) (result i32)
  (i64.store (i32.const 0) (i64.const -1))
  (call $trap (i32.const 0))
  unreachable)
