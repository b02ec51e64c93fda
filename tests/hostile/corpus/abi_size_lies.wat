;; tries: a payload size that leaves the last parameter behind the frame
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused entries.attack.size
;; abi: {"entries.0.size": 0}
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
