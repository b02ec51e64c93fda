;; tries: a store of eight bytes of which four lie behind the end
;; stopped by: the engine's bounds
;; expect: trapped memory_out_of_bounds
(memory 16)
(func (export "entry.attack") (param $n i32) (result i32)
  (i64.store (i32.const 0xffff8) (i64.const -1))
  (i64.store (i32.const 0xffffc) (i64.const -1))
  (i32.const 0))
