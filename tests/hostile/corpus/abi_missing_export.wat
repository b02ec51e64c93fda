;; tries: an entry that is not exported
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused entry attack: expected an exported function
(func $attack)
