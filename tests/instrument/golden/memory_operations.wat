;; plain
(func (;0;) (type 0) (param i32) (result i32)
  local.get 0
  i32.const 1
  i32.const 2
  memory.fill
  memory.size
  local.get 0
  memory.grow
  i32.add
)

;; intrinsics
(func (;0;) (type 0) (param i32) (result i32)
  local.get 0
  i32.const 1
  i32.const 2
  call 7
  global.get 0
  local.get 0
  call 6
  i32.add
)
