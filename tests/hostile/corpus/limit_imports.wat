;; tries: a thousand imports of the same function
;; stopped by: limits: docs/spec/profile.md
;; expect: refused import
@1025{(import "corten" "time" (func (result i64)))
}(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
