;; tries: a hundred jump tables of a thousand targets each, in a hundred blocks
;; stopped by: limits of size, and passes that are linear in it
;; expect: rejected error_2
;; seconds: 10
(func (export "entry.attack") (param $n i32) (result i32)
  @100{(block }@100{(br_table @1000<99 >0 (i32.const 0)) }@100{)}
  (i32.const 2))
