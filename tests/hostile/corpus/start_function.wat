;; tries: running code at instantiation, before gas is set
;; stopped by: profile: docs/spec/profile.md
;; expect: refused start
(func $f (loop $l (br $l)))
(start $f)
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
