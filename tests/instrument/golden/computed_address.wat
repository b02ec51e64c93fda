;; plain
(func (;0;) (type 0) (param i32 i32)
  local.get 0
  i32.const 2
  i32.shl
  local.get 1
  i32.store
)

;; undo
(func (;0;) (type 0) (param i32 i32)
  (local i32 i32 i32 i32)
  block
    block
      global.get 3
      local.set 4
      local.get 4
      global.get 5
      i32.gt_u
      br_if 0
      local.get 0
      i32.const 2
      i32.shl
      local.get 1
      local.set 3
      local.set 2
      local.get 2
      i32.const 131064
      local.get 2
      i32.const 131064
      i32.lt_u
      select
      local.set 5
      local.get 4
      local.get 5
      i32.store 1
      local.get 4
      local.get 5
      i64.load align=1
      i64.store 1 offset=8
      local.get 5
      i32.const 12
      i32.shr_u
      i32.const 1
      i32.store8 1 offset=4096
      local.get 5
      i32.const 3
      i32.and
      if
        local.get 5
        i32.const 3
        i32.add
        i32.const 12
        i32.shr_u
        i32.const 1
        i32.store8 1 offset=4096
      end
      local.get 4
      i32.const 16
      i32.add
      local.tee 4
      global.set 3
      local.get 2
      local.get 3
      i32.store
      br 1
    end
    call 2
    unreachable
  end
)
