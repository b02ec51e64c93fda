;; tries: four thousand stores in a row to places that share no word
;; stopped by: limits of size, and passes that are linear in it
;; expect: rejected error_2
;; seconds: 30
(func (export "entry.attack") (param $n i32) (result i32) (local $p i32)
  @4000{(i32.store8 offset=#  (i32.const 4096) (i32.const 1))
  }(i32.const 2))
