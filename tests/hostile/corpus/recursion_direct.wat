;; tries: a function that calls itself without end
;; stopped by: stack depth: docs/spec/instrumentation.md
;; expect: trapped stack_exhausted
(func $down (param i32) (result i32) (i32.add (i32.const 1) (call $down (local.get 0))))
(func (export "entry.attack") (param $n i32) (result i32)
  (call $down (local.get $n)))
