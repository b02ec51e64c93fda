;; tries: two entries of kind init
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused init
;; abi: {"entries.0.kind": "init", "entries.1.kind": "init"}
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
