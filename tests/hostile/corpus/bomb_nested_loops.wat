;; tries: loops nested a hundred and fifty deep, float locals that change in each: a fixpoint's worst case
;; stopped by: limits of size, and passes that are linear in it
;; expect: rejected error_2
;; seconds: 10
(func (export "entry.attack") (param $n i32) (result i32) @150{(local $f# f64) }
  @150{(loop (local.set $f# (f64.add (local.get $f#) (f64.const 1))) }@150{)}
  (i32.const 2))
