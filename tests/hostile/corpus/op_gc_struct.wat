;; tries: an object on the engine's heap, which no meter sees
;; stopped by: profile: docs/spec/profile.md
;; expect: refused type|struct
(type $s (struct (field i64)))
(func (export "entry.attack") (param $n i32) (result i32)
  (drop (struct.new_default $s))
  (i32.const 0))
