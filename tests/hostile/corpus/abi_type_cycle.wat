;; tries: a struct that contains itself
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused S|cycle|unbounded|nest
;; abi: {"types": {"S": {"kind": "struct", "size": 8, "fields": [{"name": "s", "type": "S", "offset": 0}]}}, "entries.0.parameters.0.type": "S"}
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
