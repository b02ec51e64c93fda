;; tries: more functions than a linker would keep
;; stopped by: limits: docs/spec/profile.md
;; expect: refused function
@20001{(func)}
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
