;; tries: the result of an entry that is not running
;; stopped by: the check of result.*
;; expect: trapped unreachable
(import "corten" "result.peek" (func $peeked (param i64)))
(func (export "entry.attack") (param $n i32) (result i32)
  (call $peeked (i64.const 1))
  (i32.const 0))
