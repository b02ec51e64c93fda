;; tries: a function of more parameters than registers and patience
;; stopped by: limits: docs/spec/profile.md
;; expect: refused parameter
(func (param @257{i32 }))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
