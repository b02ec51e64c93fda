;; tries: two fields whose names are one name once Python has normalized them
;; stopped by: the names of a record's tuple are compared in normal form
;; expect: rejected error_3
;; abi: {"events.0.fields": [{"name": "\ufb01", "type": "i64", "offset": 0}, {"name": "fi", "type": "i64", "offset": 8}], "events.0.size": 16}
(func (export "entry.attack") (param $n i32) (result i32)
  (i32.const 3))
