;; plain
(func (;0;) (type 0) (param i32 v128) (result v128)
  local.get 0
  i32.const 1
  i32.add
  local.get 0
  v128.load
  local.get 0
  v128.load64_splat offset=16
  v128.or
  v128.load8_lane 3
)

;; access
(func (;0;) (type 0) (param i32 v128) (result v128)
  (local i32 v128)
  local.get 0
  i32.const 1
  i32.add
  local.get 0
  local.get 0
  i32.const 12
  i32.shr_u
  i32.const 1
  i32.store8 1 offset=4128
  local.get 0
  i32.const 23
  i32.add
  i32.const 12
  i32.shr_u
  i32.const 1
  i32.store8 1 offset=4128
  v128.load
  local.get 0
  v128.load64_splat offset=16
  v128.or
  local.set 3
  local.tee 2
  local.get 2
  i32.const 12
  i32.shr_u
  i32.const 1
  i32.store8 1 offset=4128
  local.get 3
  v128.load8_lane 3
)
