;; tries: sleeping until the host kills it
;; stopped by: profile: docs/spec/profile.md
;; expect: refused memory.atomic.wait32
(memory 4)
(func (export "entry.attack") (param $n i32) (result i32)
  (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
  (i32.const 0))
