;; tries: an initial value that has to be computed
;; stopped by: profile: docs/spec/profile.md
;; expect: refused const
(global i32 (i32.add (i32.const 1) (i32.const 2)))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
