;; tries: an entry's name on a memory
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused entry attack: expected an exported function
(memory (export "entry.attack") 4)
