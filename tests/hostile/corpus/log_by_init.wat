;; tries: writing a segment again and again
;; stopped by: the undo log's limit
;; expect: trapped log_exhausted
(memory 4)
(data $d "@65536{x}")
(func (export "entry.attack") (param $n i32) (result i32)
  (loop $l
    (memory.init $d (i32.const 65536) (i32.const 0) (i32.const 65536))
    (br $l))
  (i32.const 0))
