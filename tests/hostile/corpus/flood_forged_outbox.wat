;; tries: ten thousand messages that claim that the outbox is full, so that the host tries them again
;; stopped by: the surcharge of a trap: docs/spec/gas.md
;; expect: trapped outbox_exhausted
;; messages: 10000
;; gas: at least 200000
(import "corten" "trap" (func $trap (param i32)))
(import "corten" "emit.Tick" (func $tick (param i64)))
(func (export "entry.attack") (param $n i32) (result i32)
  (call $tick (i64.const 1))
  (call $trap (i32.const 10))
  unreachable)
