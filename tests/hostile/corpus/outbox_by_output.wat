;; tries: records without end, by way of corten.output
;; stopped by: the outbox's limit: docs/spec/module.md
;; expect: trapped outbox_exhausted
(import "corten" "output" (func $output (param i32 i32 i32)))
(func (export "entry.attack") (param $n i32) (result i32)
  (loop $l (call $output (i32.const 0) (i32.const 0) (i32.const 8)) (br $l))
  (i32.const 0))
