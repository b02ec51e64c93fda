;; tries: a br_table of more targets than any switch has
;; stopped by: limits: docs/spec/profile.md
;; expect: refused br_table|target
(func (export "entry.attack") (param $n i32) (result i32)
  (block (br_table @4098{0 }(local.get $n)))
  (i32.const 0))
