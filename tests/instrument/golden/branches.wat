;; plain
(func (;0;) (type 0) (param i32) (result i32)
  (local i32)
  loop
    block
      local.get 0
      br_if 0
      i32.const 7
      local.set 1
    end
    local.get 0
    i32.const 1
    i32.sub
    local.tee 0
    br_if 0
  end
  local.get 1
  if (result i32)
    i32.const 3
    return
  else
    local.get 1
  end
)

;; gas
(func (;0;) (type 0) (param i32) (result i32)
  (local i32 i64)
  block (result i32)
    block
      global.get 1
      local.set 2
      local.get 2
      i64.const 2
      i64.sub
      local.tee 2
      i64.const 0
      i64.lt_s
      br_if 0
      loop
        local.get 2
        i64.const 2
        i64.sub
        local.tee 2
        i64.const 0
        i64.lt_s
        br_if 1
        block
          local.get 0
          br_if 0
          local.get 2
          i64.const 2
          i64.sub
          local.set 2
          i32.const 7
          local.set 1
        end
        local.get 2
        i64.const 5
        i64.sub
        local.set 2
        local.get 0
        i32.const 1
        i32.sub
        local.tee 0
        br_if 0
      end
      local.get 1
      if (result i32)
        local.get 2
        i64.const 4
        i64.sub
        local.set 2
        i32.const 3
        br 2
      else
        local.get 1
      end
      local.get 2
      i64.const 3
      i64.sub
      local.set 2
      br 1
    end
    call 1
    unreachable
  end
  local.get 2
  global.set 1
)
