;; tries: a call through a typed reference
;; stopped by: profile: docs/spec/profile.md
;; expect: refused element section
(type $t (func)) (func $f (type $t)) (elem declare func $f)
(func (export "entry.attack") (param $n i32) (result i32)
  (call_ref $t (ref.func $f))
  (i32.const 0))
