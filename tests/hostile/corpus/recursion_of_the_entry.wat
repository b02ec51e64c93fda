;; tries: an entry that calls itself
;; stopped by: stack depth: docs/spec/instrumentation.md
;; expect: trapped stack_exhausted
(func $attack (export "entry.attack") (param i32) (result i32)
  (i32.add (call $attack (local.get 0)) (i32.const 1)))
