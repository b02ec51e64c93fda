;; tries: fused or unfused multiply-add, as the processor likes
;; stopped by: profile: docs/spec/profile.md
;; expect: refused f32x4.relaxed_madd
(func (export "entry.attack") (param $n i32) (result i32)
  (drop (f32x4.relaxed_madd (v128.const i64x2 0 0) (v128.const i64x2 0 0) (v128.const i64x2 0 0)))
  (i32.const 0))
