;; tries: a type that nobody defined
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused known type|Secret
;; abi: {"entries.0.parameters.0.type": "Secret"}
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
