;; tries: pages of one byte
;; stopped by: profile: docs/spec/profile.md
;; expect: refused memor|limit|flag
(memory 8 (pagesize 1))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
