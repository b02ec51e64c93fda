;; tries: no ABI at all
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused corten.abi
;; sections: corten.lines
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
