;; tries: two ABI sections, so that two readers may see two contracts
;; stopped by: the ABI's check against the module: docs/spec/module.md
;; expect: refused corten.abi: expected at most one custom section
;; sections: corten.abi corten.abi
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
