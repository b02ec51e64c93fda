;; tries: a parameter that lies in the next frame
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused entries.attack
;; abi: {"entries.0.parameters.0.offset": 4096}
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
