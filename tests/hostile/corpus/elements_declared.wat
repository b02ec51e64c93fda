;; tries: a declared element segment
;; stopped by: profile: docs/spec/profile.md
;; expect: refused elem
(elem declare func $f)
(func $f)
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
