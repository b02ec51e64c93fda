;; tries: a record of four thousand million scalars in forty bytes
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused Array|size|scalars|bytes
;; abi: {"entries.0.parameters.0.type": "Array[Array[u8, 65535], 65535]"}
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
