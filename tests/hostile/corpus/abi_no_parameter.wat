;; tries: an entry whose function takes nothing
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused entry attack: expected a function of type
(func (export "entry.attack") (result i32) (i32.const 0))
