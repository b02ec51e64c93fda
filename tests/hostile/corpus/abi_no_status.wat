;; tries: an entry that returns no status
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused entry attack: expected a function of type
(func (export "entry.attack") (param i32))
