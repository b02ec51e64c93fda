;; plain
(func (;0;) (type 0) (param i64)
  i32.const 0
  local.get 0
  i64.store offset=65600
  i32.const 0
  i32.const 1
  i32.store offset=65604
  i32.const 0
  i32.const 1
  i32.store8 offset=65608
)

;; undo
(func (;0;) (type 0) (param i64)
  (local i32)
  block
    block
      global.get 3
      local.set 1
      local.get 1
      global.get 5
      i32.gt_u
      br_if 0
      i32.const 0
      local.get 0
      local.get 1
      i32.const 65600
      i32.store 1
      local.get 1
      i32.const 0
      i64.load offset=65600 align=1
      i64.store 1 offset=8
      local.get 1
      i32.const 65608
      i32.store 1 offset=16
      local.get 1
      i32.const 0
      i64.load offset=65608 align=1
      i64.store 1 offset=24
      i32.const 0
      i32.const 1
      i32.store8 1 offset=4112
      local.get 1
      i32.const 32
      i32.add
      local.tee 1
      global.set 3
      i64.store offset=65600
      i32.const 0
      i32.const 1
      i32.store offset=65604
      i32.const 0
      i32.const 1
      i32.store8 offset=65608
      br 1
    end
    call 2
    unreachable
  end
)
