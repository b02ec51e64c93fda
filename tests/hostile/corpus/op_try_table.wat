;; tries: catching what a trap should end
;; stopped by: profile: docs/spec/profile.md
;; expect: refused try_table
(func (export "entry.attack") (param $n i32) (result i32)
  (try_table)
  (i32.const 0))
