;; tries: growing by everything, by nothing, by a negative number
;; stopped by: the virtual page counter: docs/spec/instrumentation.md
;; expect: rejected error_6
(memory 4)
(func (export "entry.attack") (param $n i32) (result i32)
  (if (i32.ne (memory.grow (i32.const -1)) (i32.const -1)) (then unreachable))
  (if (i32.ne (memory.grow (i32.const 65536)) (i32.const -1)) (then unreachable))
  (if (i32.ne (memory.grow (i32.const -4)) (i32.const -1)) (then unreachable))
  (if (i32.ne (memory.grow (i32.const 0)) (i32.const 4)) (then unreachable))
  (i32.const 6))
