;; plain
(func (;0;) (type 0) (param i32 i32) (result i32)
  (local i32)
  local.get 0
  i32.load
  local.set 2
  local.get 2
  if
    local.get 0
    i32.load8_u offset=2
    local.set 2
  else
    local.get 1
    i32.load8_u
    local.set 2
  end
  local.get 2
  local.get 1
  i32.load8_u
  i32.add
)

;; access
(func (;0;) (type 0) (param i32 i32) (result i32)
  (local i32)
  local.get 0
  local.get 0
  i32.const 12
  i32.shr_u
  i32.const 1
  i32.store8 1 offset=4128
  local.get 0
  i32.const 3
  i32.and
  if
    local.get 0
    i32.const 3
    i32.add
    i32.const 12
    i32.shr_u
    i32.const 1
    i32.store8 1 offset=4128
  end
  i32.load
  local.set 2
  local.get 2
  if
    local.get 0
    i32.load8_u offset=2
    local.set 2
  else
    local.get 1
    local.get 1
    i32.const 12
    i32.shr_u
    i32.const 1
    i32.store8 1 offset=4128
    i32.load8_u
    local.set 2
  end
  local.get 2
  local.get 1
  local.get 1
  i32.const 12
  i32.shr_u
  i32.const 1
  i32.store8 1 offset=4128
  i32.load8_u
  i32.add
)
