;; plain
(func (;0;) (type 0) (param i32 i32 i64)
  local.get 0
  local.get 2
  i64.store
  local.get 0
  i32.const 1
  i32.store offset=8
  local.get 0
  i32.const 2
  i32.store offset=12
  local.get 1
  local.get 2
  i64.store offset=16
  local.get 0
  i64.const 0
  i64.store
)

;; undo
(func (;0;) (type 0) (param i32 i32 i64)
  (local i32)
  block
    block
      global.get 3
      local.set 3
      local.get 3
      global.get 5
      i32.gt_u
      br_if 0
      local.get 0
      local.get 2
      local.get 3
      local.get 0
      i32.store 1
      local.get 3
      local.get 0
      i64.load align=1
      i64.store 1 offset=8
      local.get 3
      local.get 0
      i32.const 8
      i32.add
      i32.store 1 offset=16
      local.get 3
      local.get 0
      i64.load offset=8 align=1
      i64.store 1 offset=24
      local.get 3
      local.get 1
      i32.const 16
      i32.add
      i32.store 1 offset=32
      local.get 3
      local.get 1
      i64.load offset=16 align=1
      i64.store 1 offset=40
      local.get 0
      i32.const 12
      i32.shr_u
      i32.const 1
      i32.store8 1 offset=4096
      local.get 0
      i32.const 15
      i32.add
      i32.const 12
      i32.shr_u
      i32.const 1
      i32.store8 1 offset=4096
      local.get 1
      i32.const 16
      i32.add
      i32.const 12
      i32.shr_u
      i32.const 1
      i32.store8 1 offset=4096
      local.get 1
      i32.const 16
      i32.add
      i32.const 7
      i32.and
      if
        local.get 1
        i32.const 23
        i32.add
        i32.const 12
        i32.shr_u
        i32.const 1
        i32.store8 1 offset=4096
      end
      local.get 3
      i32.const 48
      i32.add
      local.tee 3
      global.set 3
      i64.store
      local.get 0
      i32.const 1
      i32.store offset=8
      local.get 0
      i32.const 2
      i32.store offset=12
      local.get 1
      local.get 2
      i64.store offset=16
      local.get 0
      i64.const 0
      i64.store
      br 1
    end
    call 2
    unreachable
  end
)
