;; tries: lanes out of range, which the specification leaves open
;; stopped by: profile: docs/spec/profile.md
;; expect: refused i8x16.relaxed_swizzle
(func (export "entry.attack") (param $n i32) (result i32)
  (drop (i8x16.relaxed_swizzle (v128.const i64x2 0 0) (v128.const i64x2 -1 -1)))
  (i32.const 0))
