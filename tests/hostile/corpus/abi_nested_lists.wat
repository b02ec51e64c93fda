;; tries: lists nested deeper than a reader's stack
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused corten.abi
;; raw: @20000{[}
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
