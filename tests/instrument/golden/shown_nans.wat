;; plain
(func (;0;) (type 0) (param f64 i32) (result f64)
  (local f64)
  local.get 0
  local.get 0
  f64.mul
  local.set 2
  local.get 1
  local.get 2
  f64.store
  local.get 1
  local.get 0
  f64.store
  local.get 2
  local.get 2
  f64.neg
  f64.add
)

;; nan
(func (;0;) (type 0) (param f64 i32) (result f64)
  (local f64 f64)
  local.get 0
  local.get 0
  f64.mul
  local.set 2
  local.get 1
  local.get 2
  local.set 3
  f64.const nan:0x8000000000000
  local.get 3
  local.get 3
  local.get 3
  f64.ne
  select
  f64.store
  local.get 1
  local.get 0
  f64.store
  local.get 2
  local.get 2
  local.set 3
  f64.const nan:0x8000000000000
  local.get 3
  local.get 3
  local.get 3
  f64.ne
  select
  f64.neg
  f64.add
  local.set 3
  f64.const nan:0x8000000000000
  local.get 3
  local.get 3
  local.get 3
  f64.ne
  select
)
