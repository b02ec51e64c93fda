;; tries: a fence, harmless but of another feature
;; stopped by: profile: docs/spec/profile.md
;; expect: refused atomic.fence
(func (export "entry.attack") (param $n i32) (result i32)
  (atomic.fence)
  (i32.const 0))
