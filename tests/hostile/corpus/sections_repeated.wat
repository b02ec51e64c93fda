;; tries: unknown sections by the hundred
;; stopped by: sections that nobody reads are dropped
;; expect: rejected error_3
;; sections: corten.abi name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name name 
(func (export "entry.attack") (param $n i32) (result i32)
  (i32.const 3))
