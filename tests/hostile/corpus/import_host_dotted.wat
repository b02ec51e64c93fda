;; tries: the same with the dot on the other side
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused host.sha256
(import "corten" "host.sha256" (func (param i32 i32 i32)))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
