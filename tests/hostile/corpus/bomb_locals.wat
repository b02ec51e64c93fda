;; tries: many functions of thousands of locals
;; stopped by: limits of size, and passes that are linear in it
;; expect: rejected error_2
;; seconds: 10
@20{(func (local @8000<v128 >))
}(func (export "entry.attack") (param $n i32) (result i32)
  (i32.const 2))
