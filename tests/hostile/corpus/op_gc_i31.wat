;; tries: a reference of 31 bits
;; stopped by: profile: docs/spec/profile.md
;; expect: refused ref.i31|0xfb|opcode
(func (export "entry.attack") (param $n i32) (result i32)
  (drop (ref.i31 (i32.const 1)))
  (i32.const 0))
