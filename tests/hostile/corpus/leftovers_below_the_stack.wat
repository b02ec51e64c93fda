;; tries: a first message leaves a word where its stack was and rejects; the next finds it and would keep it
;; stopped by: the undo log
;; expect: rejected error_8
;; messages: 50
(global $sp (mut i32) (i32.const 65536))
(func (export "entry.attack") (param $n i32) (result i32) (local $frame i32)
  (global.set $sp (local.tee $frame (i32.sub (global.get $sp) (i32.const 64))))
  (if (i64.ne (i64.load (local.get $frame)) (i64.const 0)) (then (return (i32.const 0))))
  (i64.store (local.get $frame) (i64.const 0x5ec2e7))
  (i32.const 8))
