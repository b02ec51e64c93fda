(module
  (type (;0;) (func))
  (type (;1;) (func (param i32) (result i64)))
  (type (;2;) (func (result i32)))
  (import "corten" "trap" (func (;0;) (type 0)))
  (import "env" "table" (table (;0;) 1 2 funcref))
  (import "env" "memory" (memory (;0;) 1))
  (import "env" "base" (global (;0;) i32))
  (memory (;1;) 1 2)
  (global (;1;) (mut v128) v128.const i32x4 0x000000ff 0x00000000 0x00000000 0x80000000)
  (export "entry.\22x\22" (func 1))
  (export "memory" (memory 1))
  (start 0)
  (func (;1;) (;entry.\22x\22;) (type 1) (param i32) (result i64)
    (local i64 i32 v128)
    local.get 0
    if (result i32)
      loop (type 0)
        local.get 2
        i64.load16_u offset=8
        i64.store8 1
        local.get 0
        br_table 0 1 2
      end
      i32.const -1
    else
      block (type 2)
        call 0 (;corten.trap;)
        f64.const -nan:0x8000000000001
        f64.const -0.0
        i32.const 1
        select (result f64)
        drop
        i32.const 7
      end
    end
    i32.const 0
    call_indirect (type 1)
  )
  (elem (;0;) (table 0) (offset global.get 0) func 0 1)
  (data (;0;) (memory 1) (offset i32.const 16) "a\22\5c\00\ff")
  (data (;1;) "z")
  ;; custom section "corten.abi", 2 bytes
)
