;; tries: four hundred functions, each calling the next twice: a power of two calls
;; stopped by: gas: docs/spec/gas.md
;; expect: trapped out_of_gas
;; seconds: 10
@400{(func $f# (call +#) (call +#))
}(func)
(func (export "entry.attack") (param $n i32) (result i32)
  (call $f0)
  (i32.const 2))
