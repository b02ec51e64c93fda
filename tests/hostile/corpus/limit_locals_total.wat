;; tries: a million locals, eight thousand a function
;; stopped by: limits: docs/spec/profile.md
;; expect: refused local
@130{(func (local @8000<i64 >))
}(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
