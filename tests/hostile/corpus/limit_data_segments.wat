;; tries: thousands of empty segments
;; stopped by: limits: docs/spec/profile.md
;; expect: refused data
@4097{(data "")}
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
