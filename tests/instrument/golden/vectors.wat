;; plain
(func (;0;) (type 0) (param i32)
  local.get 0
  local.get 0
  v128.load
  local.get 0
  v128.load
  f64x2.add
  v128.const i32x4 0x00000001 0x00000000 0x00000001 0x00000000
  v128.and
  v128.store
)

;; nan
(func (;0;) (type 0) (param i32)
  (local v128 v128)
  local.get 0
  local.get 0
  v128.load
  local.get 0
  v128.load
  f64x2.add
  v128.const i32x4 0x00000001 0x00000000 0x00000001 0x00000000
  local.set 2
  local.set 1
  v128.const i32x4 0x00000000 0x7ff80000 0x00000000 0x7ff80000
  local.get 1
  local.get 1
  local.get 1
  f64x2.ne
  v128.bitselect
  local.get 2
  v128.and
  v128.store
)
