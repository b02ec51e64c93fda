;; tries: a second memory: where injected code keeps the undo log
;; stopped by: profile: docs/spec/profile.md
;; expect: refused memor
(memory 1)
(memory 1)
(func (export "entry.attack") (param $n i32) (result i32) (i32.const 0))
