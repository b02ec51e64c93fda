;; tries: a reference of the host's in a local
;; stopped by: profile: docs/spec/profile.md
;; expect: refused type
(func (export "entry.attack") (param $n i32) (result i32) (local externref)
  (i32.const 0))
