;; tries: more stores than the undo log has room for
;; stopped by: the undo log's limit
;; expect: trapped log_exhausted
;; gas limit: 1000000000
(func (export "entry.attack") (param $n i32) (result i32) (local $at i32)
  (loop $l
    (i64.store (i32.and (local.get $at) (i32.const 0x1ffff)) (i64.const -1))
    (local.set $at (i32.add (local.get $at) (i32.const 3)))
    (br $l))
  (i32.const 0))
