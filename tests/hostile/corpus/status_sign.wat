;; tries: a status of only the sign
;; stopped by: the driver: a status is 12 bits of code and 20 of site
;; expect: rejected error_0
(func (export "entry.attack") (param $n i32) (result i32)
  (i64.store (i32.const 0) (i64.const -1))
  (i32.const 0x80000000))
