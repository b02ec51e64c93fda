;; tries: a reference as a value
;; stopped by: profile: docs/spec/profile.md
;; expect: refused ref.func
(func $f) (elem (i32.const 0) $f) (table 1 funcref)
(func (export "entry.attack") (param $n i32) (result i32)
  (drop (ref.func $f))
  (i32.const 0))
