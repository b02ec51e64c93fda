;; tries: an element segment that code could copy from
;; stopped by: profile: docs/spec/profile.md
;; expect: refused elem
(table 1 funcref)
(elem func $f)
(func $f)
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
