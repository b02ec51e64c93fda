;; tries: two line tables
;; stopped by: the machine refuses what it would have to choose from
;; expect: refused corten.lines: expected at most one custom section
;; sections: corten.abi corten.lines corten.lines
(func (export "entry.attack") (param $n i32) (result i32)
  (i32.const 3))
