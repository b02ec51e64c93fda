;; tries: unaligned stores across words, pages of 4 KiB and pages of 64 KiB, then a reject
;; stopped by: the undo log
;; expect: rejected error_7
;; messages: 3
(func (export "entry.attack") (param $n i32) (result i32)
  (i64.store (i32.const 4093) (i64.const -1)) (i32.store (i32.const 8191) (i32.const -1))
  (i16x8.splat (i32.const -1)) (drop)
  (v128.store (i32.const 65529) (v128.const i64x2 -1 -1)) (i32.store16 (i32.const 12287) (i32.const -1))
  (i64.store32 (i32.const 131070) (i64.const -1)) (f64.store (i32.const 196601) (f64.const -1))
  (v128.store8_lane 3 (i32.const 4095) (v128.const i64x2 -1 -1)) (v128.store64_lane 1 (i32.const 16381) (v128.const i64x2 -1 -1))
  (i32.const 7))
