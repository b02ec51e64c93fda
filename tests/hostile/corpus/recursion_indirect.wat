;; tries: a function that finds itself through the table
;; stopped by: stack depth: docs/spec/instrumentation.md
;; expect: trapped stack_exhausted
(type $f (func (param i32) (result i32)))
(table 2 funcref)
(elem (i32.const 1) $down)
(func $down (type $f) (i32.add (i32.const 1) (call_indirect (type $f) (local.get 0) (i32.const 1))))
(func (export "entry.attack") (param $n i32) (result i32)
  (call $down (local.get $n)))
