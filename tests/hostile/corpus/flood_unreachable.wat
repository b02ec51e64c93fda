;; tries: ten thousand messages that trap at once, to keep the host busy with rollbacks
;; stopped by: the surcharge of a trap: docs/spec/gas.md
;; expect: trapped unreachable
;; messages: 10000
;; gas: limit
(func (export "entry.attack") (param $n i32) (result i32)
  unreachable)
