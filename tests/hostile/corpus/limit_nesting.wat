;; tries: blocks nested deeper than a recursive compiler's stack
;; stopped by: limits: docs/spec/profile.md
;; expect: refused nested at most|nest
(func (export "entry.attack") (param $n i32) (result i32)
  @1025{(block }@1025{)}
  (i32.const 0))
