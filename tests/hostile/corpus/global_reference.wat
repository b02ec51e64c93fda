;; tries: a reference held in a global
;; stopped by: profile: docs/spec/profile.md
;; expect: refused global|type
(global (mut funcref) (ref.null func))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
