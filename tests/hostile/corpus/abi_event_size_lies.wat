;; tries: an event larger than its fields
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused events.Tick.size
;; abi: {"events.0.size": 64}
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
