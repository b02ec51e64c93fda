;; tries: a first message moves its stack pointer and traps; the next finds it moved
;; stopped by: the undo log
;; expect: trapped unreachable
;; messages: 50
(global $sp (mut i32) (i32.const 65536))
(global $v (mut v128) (v128.const i64x2 0 0))
(global $f (mut f64) (f64.const 0))
(func (export "entry.attack") (param $n i32) (result i32)
  (if (i32.ne (global.get $sp) (i32.const 65536)) (then (return (i32.const 0))))
  (if (v128.any_true (global.get $v)) (then (return (i32.const 0))))
  (global.set $sp (i32.const 0)) (global.set $v (v128.const i64x2 -1 -1)) (global.set $f (f64.const nan:0x123))
  unreachable)
