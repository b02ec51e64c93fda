;; plain
(func (;0;) (type 0) (result i32)
  i32.const 0
  i32.load offset=65600
  i32.const 0
  i32.load8_u offset=65604
  i32.const 0
  i32.load16_u offset=69631
  i32.add
  i32.add
)

;; access
(func (;0;) (type 0) (result i32)
  i32.const 0
  i32.const 0
  i32.const 1
  i32.store8 1 offset=4144
  i32.load offset=65600
  i32.const 0
  i32.load8_u offset=65604
  i32.const 0
  i32.const 0
  i32.const 1
  i32.store8 1 offset=4145
  i32.load16_u offset=69631
  i32.add
  i32.add
)
