;; plain
(func (;0;) (type 0) (param i32) (result i64)
  local.get 0
  i64.load offset=8
  local.get 0
  i64.load32_u offset=24
  i64.add
  local.get 0
  i32.const 3
  i32.shl
  i64.load
  i64.add
)

;; access
(func (;0;) (type 0) (param i32) (result i64)
  (local i32)
  local.get 0
  local.get 0
  i32.const 8
  i32.add
  i32.const 12
  i32.shr_u
  i32.const 1
  i32.store8 1 offset=4128
  local.get 0
  i32.const 27
  i32.add
  i32.const 12
  i32.shr_u
  i32.const 1
  i32.store8 1 offset=4128
  i64.load offset=8
  local.get 0
  i64.load32_u offset=24
  i64.add
  local.get 0
  i32.const 3
  i32.shl
  local.tee 1
  local.get 1
  i32.const 12
  i32.shr_u
  i32.const 1
  i32.store8 1 offset=4128
  local.get 1
  i32.const 7
  i32.and
  if
    local.get 1
    i32.const 7
    i32.add
    i32.const 12
    i32.shr_u
    i32.const 1
    i32.store8 1 offset=4128
  end
  i64.load
  i64.add
)
