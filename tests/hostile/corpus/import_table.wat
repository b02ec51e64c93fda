;; tries: a table of the host's
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused corten.table
(import "corten" "table" (table 1 funcref))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
