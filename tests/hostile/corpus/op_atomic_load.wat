;; tries: an atomic access to a memory that is not shared
;; stopped by: profile: docs/spec/profile.md
;; expect: refused atomic|0xfe
(memory 4)
(func (export "entry.attack") (param $n i32) (result i32)
  (drop (i32.atomic.load (i32.const 0)))
  (i32.const 0))
