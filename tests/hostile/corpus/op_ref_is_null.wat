;; tries: a reference as a value
;; stopped by: profile: docs/spec/profile.md
;; expect: refused ref.null
(func (export "entry.attack") (param $n i32) (result i32)
  (drop (ref.is_null (ref.null extern)))
  (i32.const 0))
