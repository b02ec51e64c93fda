;; tries: an entry whose function takes i64 where the ABI says u32
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused entry attack: expected a function of type
(func (export "entry.attack") (param i64) (result i32) (i32.const 0))
