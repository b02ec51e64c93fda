;; tries: elements that end behind the table
;; stopped by: the bounds of segments, before anything runs
;; expect: refused element segment 0: expected an end
(table 1 funcref)
(elem (i32.const 1) $f)
(func $f)
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
