;; tries: a table of the host's references
;; stopped by: profile: docs/spec/profile.md
;; expect: refused table|externref|type
(table 1 externref)
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
