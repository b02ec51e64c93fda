;; tries: filling all of memory again and again: sixteen bytes of log for every eight
;; stopped by: the undo log's limit
;; expect: trapped log_exhausted
(func (export "entry.attack") (param $n i32) (result i32)
  (loop $l
    (memory.fill (i32.const 0) (i32.const 255) (i32.const 0x40000))
    (br $l))
  (i32.const 0))
