;; tries: a state that lies behind the memory
;; stopped by: the state's address is for tools: no code uses it
;; expect: rejected error_3
;; abi: {"state.address": 4294967295, "state.size": 4294967295}
(func (export "entry.attack") (param $n i32) (result i32)
  (i32.const 3))
