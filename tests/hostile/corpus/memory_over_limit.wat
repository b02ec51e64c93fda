;; tries: more memory than the deployer grants
;; stopped by: profile: docs/spec/profile.md
;; expect: refused memory: expected at most
(memory 65535)
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
