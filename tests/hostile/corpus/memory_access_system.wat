;; tries: a store to memory 1, which only injected code may address
;; stopped by: profile: docs/spec/profile.md
;; expect: refused memor
(memory 1)
(memory $system 1)
(func (export "entry.attack") (param $n i32) (result i32) (i32.store $system (i32.const 64) (i32.const -1)) (i32.const 0))
