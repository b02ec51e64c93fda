;; tries: a corten.layout section of the guest's own
;; stopped by: only the host's own section is written
;; expect: rejected error_3
;; sections: corten.abi corten.layout
(func (export "entry.attack") (param $n i32) (result i32)
  (i32.const 3))
