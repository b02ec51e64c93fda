;; tries: the sender in 64 bits
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused corten.sender: expected type
(import "corten" "sender" (func (result i64)))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
