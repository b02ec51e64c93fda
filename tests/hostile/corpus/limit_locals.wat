;; tries: fifty thousand locals in five bytes
;; stopped by: limits: docs/spec/profile.md
;; expect: refused local
(func (local @8193{i64 }))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
