;; tries: ten thousand rejects after a hundred stores each
;; stopped by: the undo log
;; expect: rejected error_9
;; messages: 10000
(func (export "entry.attack") (param $n i32) (result i32)
  @100{(i64.store (i32.const 70#) (i64.const -1))
  }(i32.const 9))
