;; tries: state that no image of memory holds: a dropped segment
;; stopped by: profile: docs/spec/profile.md
;; expect: refused data.drop
(data $d "abc")
(func (export "entry.attack") (param $n i32) (result i32)
  (data.drop $d)
  (i32.const 0))
