;; tries: state fields that lie upon each other
;; stopped by: admission, which checks the state of the ABI
;; expect: refused state.b: expected an offset of at least 32
;; abi: {"state.fields": [{"name": "a", "type": "bytes32", "offset": 0}, {"name": "b", "type": "u64", "offset": 4}]}
(func (export "entry.attack") (param $n i32) (result i32)
  (i32.const 3))
