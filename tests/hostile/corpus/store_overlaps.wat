;; tries: the same bytes again at every offset, then a trap
;; stopped by: the undo log
;; expect: trapped unreachable
(func (export "entry.attack") (param $n i32) (result i32) (local $at i32)
  (local.set $at (i32.const 4060))
  (loop $l
    (i64.store (local.get $at) (i64.extend_i32_u (local.get $at)))
    (i32.store8 offset=3 (local.get $at) (i32.const 7))
    (br_if $l (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 1))) (i32.const 4110))))
  unreachable)
