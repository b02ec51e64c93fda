;; tries: one function for which a compiler needs minutes
;; stopped by: limits: docs/spec/profile.md
;; expect: refused instruction
(func (export "entry.attack") (param $n i32) (result i32)
  @250001{nop }
  (i32.const 0))
