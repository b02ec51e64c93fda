;; plain
(func (;0;) (type 0) (param i32) (result i32)
  local.get 0
  i32.const 1
  i32.add
)

;; gas
(func (;0;) (type 0) (param i32) (result i32)
  (local i64)
  block (result i32)
    global.get 1
    local.set 1
    local.get 1
    i64.const 3
    i64.sub
    local.set 1
    local.get 0
    i32.const 1
    i32.add
  end
  local.get 1
  global.set 1
)
