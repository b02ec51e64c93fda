;; tries: the result of an entry that returns nothing
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused result.good
(import "corten" "result.good" (func (param i64)))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
