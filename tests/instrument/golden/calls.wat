;; plain
(func (;0;) (type 0) (param i64) (result i64)
  local.get 0
  i64.eqz
  if
    i64.const 0
    return
  end
  local.get 0
  call 1
  local.get 0
  i64.const 1
  i64.sub
  call 0
  i64.add
)
(func (;1;) (type 0) (param i64) (result i64)
  local.get 0
  local.get 0
  i64.mul
)

;; gas
(func (;0;) (type 0) (param i64) (result i64)
  (local i64)
  block (result i64)
    block
      global.get 1
      local.set 1
      local.get 1
      i64.const 3
      i64.sub
      local.tee 1
      i64.const 0
      i64.lt_s
      br_if 0
      local.get 0
      i64.eqz
      if
        local.get 1
        i64.const 2
        i64.sub
        local.set 1
        i64.const 0
        br 2
      end
      local.get 1
      i64.const 25
      i64.sub
      local.set 1
      local.get 0
      local.get 1
      global.set 1
      call 1
      global.get 1
      local.set 1
      local.get 0
      i64.const 1
      i64.sub
      local.get 1
      global.set 1
      call 0
      global.get 1
      local.tee 1
      i64.const 0
      i64.lt_s
      br_if 0
      i64.add
      br 1
    end
    call 2
    unreachable
  end
  local.get 1
  global.set 1
)
(func (;1;) (type 0) (param i64) (result i64)
  (local i64)
  block (result i64)
    global.get 1
    local.set 1
    local.get 1
    i64.const 4
    i64.sub
    local.set 1
    local.get 0
    local.get 0
    i64.mul
  end
  local.get 1
  global.set 1
)

;; stack
(func (;0;) (type 0) (param i64) (result i64)
  (local i32)
  block (result i64)
    block
      global.get 2
      i32.const 28
      i32.sub
      local.tee 1
      i32.const 23
      i32.lt_s
      br_if 0
      local.get 1
      global.set 2
      local.get 0
      i64.eqz
      if
        i64.const 0
        br 2
      end
      local.get 0
      call 1
      local.get 0
      i64.const 1
      i64.sub
      call 0
      i64.add
      br 1
    end
    call 4
    unreachable
  end
  global.get 2
  i32.const 28
  i32.add
  global.set 2
)
(func (;1;) (type 0) (param i64) (result i64)
  local.get 0
  local.get 0
  i64.mul
)
