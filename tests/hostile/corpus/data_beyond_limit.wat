;; tries: a segment at the end of the address space
;; stopped by: the bounds of segments, before anything runs
;; expect: refused data segment 0: expected an end
(memory 1)
(data (i32.const -1) "ab")
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
