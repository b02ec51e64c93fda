;; tries: events without end
;; stopped by: the outbox's limit: docs/spec/module.md
;; expect: trapped outbox_exhausted
(import "corten" "emit.Tick" (func $tick (param i64)))
(func (export "entry.attack") (param $n i32) (result i32)
  (loop $l (call $tick (i64.const 1)) (br $l))
  (i32.const 0))
