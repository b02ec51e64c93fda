;; tries: a host function by the name that instrumented modules use, past its checks and its price
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused corten.host.sha256
(import "corten.host" "sha256" (func (param i32 i32 i32)))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
