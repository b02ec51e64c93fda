;; tries: an exception tag
;; stopped by: profile: docs/spec/profile.md
;; expect: refused section
(tag)
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
