;; tries: an entry that is an import itself: trap as an entry
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused entry attack: expected a function of type
(import "corten" "trap" (func $t (param i32)))
(export "entry.attack" (func $t))
