;; tries: state that no image of memory holds: dropped elements
;; stopped by: profile: docs/spec/profile.md
;; expect: refused elem|element
(table 1 funcref) (elem $e func)
(func (export "entry.attack") (param $n i32) (result i32)
  (elem.drop $e)
  (i32.const 0))
