;; tries: an event with a scalar fewer than the ABI says
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused emit.Tick: expected type
(import "corten" "emit.Tick" (func))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
