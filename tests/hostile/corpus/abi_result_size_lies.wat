;; tries: a result larger than its type, to read what lies behind it
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused entries.good.result
;; abi: {"entries.1.result_size": 4096}
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
