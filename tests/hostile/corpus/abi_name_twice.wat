;; tries: two entries of one name
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused entries
;; abi: {"entries.1.name": "attack"}
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
