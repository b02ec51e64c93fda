;; tries: an event that the ABI does not have
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused emit.Tock
(import "corten" "emit.Tock" (func))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
