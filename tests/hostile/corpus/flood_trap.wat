;; tries: ten thousand messages that raise a trap of their own, at the lowest price there is
;; stopped by: the surcharge of a trap: docs/spec/gas.md
;; expect: trapped assertion_failed
;; messages: 10000
;; gas: at least 200000
(import "corten" "trap" (func $trap (param i32)))
(func (export "entry.attack") (param $n i32) (result i32)
  (call $trap (i32.const 12))
  unreachable)
