;; tries: a state that lies behind the memory
;; stopped by: admission, which checks the state of the ABI
;; expect: refused state: expected an end of at most
;; abi: {"state.address": 4294967295, "state.size": 4294967295}
(func (export "entry.attack") (param $n i32) (result i32)
  (i32.const 3))
