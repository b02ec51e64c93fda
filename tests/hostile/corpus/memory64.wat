;; tries: a memory with 64-bit addresses
;; stopped by: profile: docs/spec/profile.md
;; expect: refused memor|limit
(memory i64 1)
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
