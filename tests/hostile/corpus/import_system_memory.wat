;; tries: the system memory, by name
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused corten.system
(import "corten" "system" (memory 1))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
