;; tries: the host's side of calls between contracts
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused corten.host.call
(import "corten.host" "call" (func))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
