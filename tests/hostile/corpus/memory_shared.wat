;; tries: a memory that other threads write
;; stopped by: profile: docs/spec/profile.md
;; expect: refused shared|memor
(memory 1 1 shared)
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
