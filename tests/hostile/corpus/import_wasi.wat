;; tries: a file of the host's
;; stopped by: imports: docs/spec/module.md, section 1
;; expect: refused fd_write
(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
