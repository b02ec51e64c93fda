;; tries: a segment over the state's own header
;; stopped by: initial data is part of the first root
;; expect: rejected error_3
(memory 4)
(data (i32.const 65536) "@64{\ff}")
(func (export "entry.attack") (param $n i32) (result i32)
  (i32.const 3))
