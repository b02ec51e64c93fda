;; plain
(func (;0;) (type 0) (param f64 i32)
  (local f64)
  local.get 0
  local.set 2
  local.get 1
  if
    local.get 0
    f64.sqrt
    local.set 2
  end
  local.get 1
  local.get 2
  f64.store
)

;; nan
(func (;0;) (type 0) (param f64 i32)
  (local f64 f64)
  local.get 0
  local.set 2
  local.get 1
  if
    local.get 0
    f64.sqrt
    local.set 3
    f64.const nan:0x8000000000000
    local.get 3
    local.get 3
    local.get 3
    f64.ne
    select
    local.set 2
  end
  local.get 1
  local.get 2
  f64.store
)
