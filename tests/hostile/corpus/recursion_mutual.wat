;; tries: three functions in a circle, one with a thousand locals
;; stopped by: stack depth: docs/spec/instrumentation.md
;; expect: trapped stack_exhausted
(func $a (result i64) (i64.add (call $b) (i64.const 1)))
(func $b (result i64) (local @1000{i64 }) (i64.add (call $c) (local.get 999)))
(func $c (result i64) (i64.mul (call $a) (call $b)))
(func (export "entry.attack") (param $n i32) (result i32)
  (i32.wrap_i64 (call $a)))
