;; tries: copying memory over itself, one byte off, until the log is full
;; stopped by: the undo log's limit
;; expect: trapped log_exhausted
(func (export "entry.attack") (param $n i32) (result i32)
  (loop $l
    (memory.copy (i32.const 1) (i32.const 0) (i32.const 0x3ffff))
    (br $l))
  (i32.const 0))
