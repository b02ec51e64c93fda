;; tries: exports named as the driver's are, and as the system memory is
;; stopped by: the exports of the guest are not those of the instrumented module
;; expect: rejected error_3
(memory (export "corten.system") 4)
(global (export "corten.gas") (mut i64) (i64.const 0))
(global (export "corten.global.0") (mut i64) (i64.const 0))
(func (export "corten.run") unreachable)
(func (export "corten.recover") (param i32))
(func (export "corten.enter"))
(func (export "corten.undo"))
(func (export "entry.attack") (param $n i32) (result i32)
  (i32.const 3))
