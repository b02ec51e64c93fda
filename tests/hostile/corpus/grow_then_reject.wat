;; tries: growing memory, writing there, rejecting: size and bytes must come back
;; stopped by: the virtual page counter: docs/spec/instrumentation.md
;; expect: rejected error_5
;; messages: 3
(memory 1)
(func (export "entry.attack") (param $n i32) (result i32)
  (if (i32.ne (memory.size) (i32.const 1)) (then unreachable))
  (if (i32.ne (memory.grow (i32.const 2)) (i32.const 1)) (then unreachable))
  (i64.store (i32.const 131064) (i64.const -1))
  (if (i32.ne (memory.size) (i32.const 3)) (then unreachable))
  (i32.const 5))
