;; tries: the gas counter, by name
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused corten.gas
(import "corten" "gas" (global (mut i64)))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
