"""Every opcode of the deterministic profile, in one table: what is not listed here does not exist for Corten."""

from typing import Final

# opcode, name, immediate, category, bytes accessed, operands -> results
TABLE: Final = """
0x00      unreachable                    none         control             0  special
0x01      nop                            none         control             0  ->
0x02      block                          block        control             0  special
0x03      loop                           block        control             0  special
0x04      if                             block        control             0  special
0x05      else                           none         control             0  special
0x0B      end                            none         control             0  special
0x0C      br                             label        control             0  special
0x0D      br_if                          label        control             0  special
0x0E      br_table                       labels       control             0  special
0x0F      return                         none         control             0  special
0x10      call                           function     call                0  special
0x11      call_indirect                  indirect     call                0  special
0x1A      drop                           none         parametric          0  special
0x1B      select                         none         parametric          0  special
0x1C      select_t                       types        parametric          0  special
0x20      local.get                      local        local               0  special
0x21      local.set                      local        local               0  special
0x22      local.tee                      local        local               0  special
0x23      global.get                     global       global              0  special
0x24      global.set                     global       global              0  special
0x28      i32.load                       access       load                4  i32 -> i32
0x29      i64.load                       access       load                8  i32 -> i64
0x2A      f32.load                       access       load                4  i32 -> f32
0x2B      f64.load                       access       load                8  i32 -> f64
0x2C      i32.load8_s                    access       load                1  i32 -> i32
0x2D      i32.load8_u                    access       load                1  i32 -> i32
0x2E      i32.load16_s                   access       load                2  i32 -> i32
0x2F      i32.load16_u                   access       load                2  i32 -> i32
0x30      i64.load8_s                    access       load                1  i32 -> i64
0x31      i64.load8_u                    access       load                1  i32 -> i64
0x32      i64.load16_s                   access       load                2  i32 -> i64
0x33      i64.load16_u                   access       load                2  i32 -> i64
0x34      i64.load32_s                   access       load                4  i32 -> i64
0x35      i64.load32_u                   access       load                4  i32 -> i64
0x36      i32.store                      access       store               4  i32 i32 ->
0x37      i64.store                      access       store               8  i32 i64 ->
0x38      f32.store                      access       store               4  i32 f32 ->
0x39      f64.store                      access       store               8  i32 f64 ->
0x3A      i32.store8                     access       store               1  i32 i32 ->
0x3B      i32.store16                    access       store               2  i32 i32 ->
0x3C      i64.store8                     access       store               1  i32 i64 ->
0x3D      i64.store16                    access       store               2  i32 i64 ->
0x3E      i64.store32                    access       store               4  i32 i64 ->
0x3F      memory.size                    memory       memory              0  -> i32
0x40      memory.grow                    memory       memory              0  i32 -> i32
0x41      i32.const                      i32          const               0  -> i32
0x42      i64.const                      i64          const               0  -> i64
0x43      f32.const                      f32          const               0  -> f32
0x44      f64.const                      f64          const               0  -> f64
0x45      i32.eqz                        none         compare             0  i32 -> i32
0x46      i32.eq                         none         compare             0  i32 i32 -> i32
0x47      i32.ne                         none         compare             0  i32 i32 -> i32
0x48      i32.lt_s                       none         compare             0  i32 i32 -> i32
0x49      i32.lt_u                       none         compare             0  i32 i32 -> i32
0x4A      i32.gt_s                       none         compare             0  i32 i32 -> i32
0x4B      i32.gt_u                       none         compare             0  i32 i32 -> i32
0x4C      i32.le_s                       none         compare             0  i32 i32 -> i32
0x4D      i32.le_u                       none         compare             0  i32 i32 -> i32
0x4E      i32.ge_s                       none         compare             0  i32 i32 -> i32
0x4F      i32.ge_u                       none         compare             0  i32 i32 -> i32
0x50      i64.eqz                        none         compare             0  i64 -> i32
0x51      i64.eq                         none         compare             0  i64 i64 -> i32
0x52      i64.ne                         none         compare             0  i64 i64 -> i32
0x53      i64.lt_s                       none         compare             0  i64 i64 -> i32
0x54      i64.lt_u                       none         compare             0  i64 i64 -> i32
0x55      i64.gt_s                       none         compare             0  i64 i64 -> i32
0x56      i64.gt_u                       none         compare             0  i64 i64 -> i32
0x57      i64.le_s                       none         compare             0  i64 i64 -> i32
0x58      i64.le_u                       none         compare             0  i64 i64 -> i32
0x59      i64.ge_s                       none         compare             0  i64 i64 -> i32
0x5A      i64.ge_u                       none         compare             0  i64 i64 -> i32
0x5B      f32.eq                         none         float_compare       0  f32 f32 -> i32
0x5C      f32.ne                         none         float_compare       0  f32 f32 -> i32
0x5D      f32.lt                         none         float_compare       0  f32 f32 -> i32
0x5E      f32.gt                         none         float_compare       0  f32 f32 -> i32
0x5F      f32.le                         none         float_compare       0  f32 f32 -> i32
0x60      f32.ge                         none         float_compare       0  f32 f32 -> i32
0x61      f64.eq                         none         float_compare       0  f64 f64 -> i32
0x62      f64.ne                         none         float_compare       0  f64 f64 -> i32
0x63      f64.lt                         none         float_compare       0  f64 f64 -> i32
0x64      f64.gt                         none         float_compare       0  f64 f64 -> i32
0x65      f64.le                         none         float_compare       0  f64 f64 -> i32
0x66      f64.ge                         none         float_compare       0  f64 f64 -> i32
0x67      i32.clz                        none         integer             0  i32 -> i32
0x68      i32.ctz                        none         integer             0  i32 -> i32
0x69      i32.popcnt                     none         integer             0  i32 -> i32
0x6A      i32.add                        none         integer             0  i32 i32 -> i32
0x6B      i32.sub                        none         integer             0  i32 i32 -> i32
0x6C      i32.mul                        none         integer             0  i32 i32 -> i32
0x6D      i32.div_s                      none         divide              0  i32 i32 -> i32
0x6E      i32.div_u                      none         divide              0  i32 i32 -> i32
0x6F      i32.rem_s                      none         divide              0  i32 i32 -> i32
0x70      i32.rem_u                      none         divide              0  i32 i32 -> i32
0x71      i32.and                        none         integer             0  i32 i32 -> i32
0x72      i32.or                         none         integer             0  i32 i32 -> i32
0x73      i32.xor                        none         integer             0  i32 i32 -> i32
0x74      i32.shl                        none         integer             0  i32 i32 -> i32
0x75      i32.shr_s                      none         integer             0  i32 i32 -> i32
0x76      i32.shr_u                      none         integer             0  i32 i32 -> i32
0x77      i32.rotl                       none         integer             0  i32 i32 -> i32
0x78      i32.rotr                       none         integer             0  i32 i32 -> i32
0x79      i64.clz                        none         integer             0  i64 -> i64
0x7A      i64.ctz                        none         integer             0  i64 -> i64
0x7B      i64.popcnt                     none         integer             0  i64 -> i64
0x7C      i64.add                        none         integer             0  i64 i64 -> i64
0x7D      i64.sub                        none         integer             0  i64 i64 -> i64
0x7E      i64.mul                        none         integer             0  i64 i64 -> i64
0x7F      i64.div_s                      none         divide              0  i64 i64 -> i64
0x80      i64.div_u                      none         divide              0  i64 i64 -> i64
0x81      i64.rem_s                      none         divide              0  i64 i64 -> i64
0x82      i64.rem_u                      none         divide              0  i64 i64 -> i64
0x83      i64.and                        none         integer             0  i64 i64 -> i64
0x84      i64.or                         none         integer             0  i64 i64 -> i64
0x85      i64.xor                        none         integer             0  i64 i64 -> i64
0x86      i64.shl                        none         integer             0  i64 i64 -> i64
0x87      i64.shr_s                      none         integer             0  i64 i64 -> i64
0x88      i64.shr_u                      none         integer             0  i64 i64 -> i64
0x89      i64.rotl                       none         integer             0  i64 i64 -> i64
0x8A      i64.rotr                       none         integer             0  i64 i64 -> i64
0x8B      f32.abs                        none         float_sign          0  f32 -> f32
0x8C      f32.neg                        none         float_sign          0  f32 -> f32
0x8D      f32.ceil                       none         float               0  f32 -> f32
0x8E      f32.floor                      none         float               0  f32 -> f32
0x8F      f32.trunc                      none         float               0  f32 -> f32
0x90      f32.nearest                    none         float               0  f32 -> f32
0x91      f32.sqrt                       none         float               0  f32 -> f32
0x92      f32.add                        none         float               0  f32 f32 -> f32
0x93      f32.sub                        none         float               0  f32 f32 -> f32
0x94      f32.mul                        none         float               0  f32 f32 -> f32
0x95      f32.div                        none         float               0  f32 f32 -> f32
0x96      f32.min                        none         float               0  f32 f32 -> f32
0x97      f32.max                        none         float               0  f32 f32 -> f32
0x98      f32.copysign                   none         float_sign          0  f32 f32 -> f32
0x99      f64.abs                        none         float_sign          0  f64 -> f64
0x9A      f64.neg                        none         float_sign          0  f64 -> f64
0x9B      f64.ceil                       none         float               0  f64 -> f64
0x9C      f64.floor                      none         float               0  f64 -> f64
0x9D      f64.trunc                      none         float               0  f64 -> f64
0x9E      f64.nearest                    none         float               0  f64 -> f64
0x9F      f64.sqrt                       none         float               0  f64 -> f64
0xA0      f64.add                        none         float               0  f64 f64 -> f64
0xA1      f64.sub                        none         float               0  f64 f64 -> f64
0xA2      f64.mul                        none         float               0  f64 f64 -> f64
0xA3      f64.div                        none         float               0  f64 f64 -> f64
0xA4      f64.min                        none         float               0  f64 f64 -> f64
0xA5      f64.max                        none         float               0  f64 f64 -> f64
0xA6      f64.copysign                   none         float_sign          0  f64 f64 -> f64
0xA7      i32.wrap_i64                   none         integer             0  i64 -> i32
0xA8      i32.trunc_f32_s                none         convert             0  f32 -> i32
0xA9      i32.trunc_f32_u                none         convert             0  f32 -> i32
0xAA      i32.trunc_f64_s                none         convert             0  f64 -> i32
0xAB      i32.trunc_f64_u                none         convert             0  f64 -> i32
0xAC      i64.extend_i32_s               none         integer             0  i32 -> i64
0xAD      i64.extend_i32_u               none         integer             0  i32 -> i64
0xAE      i64.trunc_f32_s                none         convert             0  f32 -> i64
0xAF      i64.trunc_f32_u                none         convert             0  f32 -> i64
0xB0      i64.trunc_f64_s                none         convert             0  f64 -> i64
0xB1      i64.trunc_f64_u                none         convert             0  f64 -> i64
0xB2      f32.convert_i32_s              none         convert             0  i32 -> f32
0xB3      f32.convert_i32_u              none         convert             0  i32 -> f32
0xB4      f32.convert_i64_s              none         convert             0  i64 -> f32
0xB5      f32.convert_i64_u              none         convert             0  i64 -> f32
0xB6      f32.demote_f64                 none         float               0  f64 -> f32
0xB7      f64.convert_i32_s              none         convert             0  i32 -> f64
0xB8      f64.convert_i32_u              none         convert             0  i32 -> f64
0xB9      f64.convert_i64_s              none         convert             0  i64 -> f64
0xBA      f64.convert_i64_u              none         convert             0  i64 -> f64
0xBB      f64.promote_f32                none         float               0  f32 -> f64
0xBC      i32.reinterpret_f32            none         reinterpret         0  f32 -> i32
0xBD      i64.reinterpret_f64            none         reinterpret         0  f64 -> i64
0xBE      f32.reinterpret_i32            none         reinterpret         0  i32 -> f32
0xBF      f64.reinterpret_i64            none         reinterpret         0  i64 -> f64
0xC0      i32.extend8_s                  none         integer             0  i32 -> i32
0xC1      i32.extend16_s                 none         integer             0  i32 -> i32
0xC2      i64.extend8_s                  none         integer             0  i64 -> i64
0xC3      i64.extend16_s                 none         integer             0  i64 -> i64
0xC4      i64.extend32_s                 none         integer             0  i64 -> i64
0xFC_0000 i32.trunc_sat_f32_s            none         convert             0  f32 -> i32
0xFC_0001 i32.trunc_sat_f32_u            none         convert             0  f32 -> i32
0xFC_0002 i32.trunc_sat_f64_s            none         convert             0  f64 -> i32
0xFC_0003 i32.trunc_sat_f64_u            none         convert             0  f64 -> i32
0xFC_0004 i64.trunc_sat_f32_s            none         convert             0  f32 -> i64
0xFC_0005 i64.trunc_sat_f32_u            none         convert             0  f32 -> i64
0xFC_0006 i64.trunc_sat_f64_s            none         convert             0  f64 -> i64
0xFC_0007 i64.trunc_sat_f64_u            none         convert             0  f64 -> i64
0xFC_0008 memory.init                    memory_init  bulk                0  i32 i32 i32 ->
0xFC_000A memory.copy                    memory_copy  bulk                0  i32 i32 i32 ->
0xFC_000B memory.fill                    memory       bulk                0  i32 i32 i32 ->
0xFD_0000 v128.load                      access       simd_load          16  i32 -> v128
0xFD_0001 v128.load8x8_s                 access       simd_load           8  i32 -> v128
0xFD_0002 v128.load8x8_u                 access       simd_load           8  i32 -> v128
0xFD_0003 v128.load16x4_s                access       simd_load           8  i32 -> v128
0xFD_0004 v128.load16x4_u                access       simd_load           8  i32 -> v128
0xFD_0005 v128.load32x2_s                access       simd_load           8  i32 -> v128
0xFD_0006 v128.load32x2_u                access       simd_load           8  i32 -> v128
0xFD_0007 v128.load8_splat               access       simd_load           1  i32 -> v128
0xFD_0008 v128.load16_splat              access       simd_load           2  i32 -> v128
0xFD_0009 v128.load32_splat              access       simd_load           4  i32 -> v128
0xFD_000A v128.load64_splat              access       simd_load           8  i32 -> v128
0xFD_000B v128.store                     access       simd_store         16  i32 v128 ->
0xFD_000C v128.const                     v128         const               0  -> v128
0xFD_000D i8x16.shuffle                  shuffle      simd_lane           0  v128 v128 -> v128
0xFD_000E i8x16.swizzle                  none         simd_lane           0  v128 v128 -> v128
0xFD_000F i8x16.splat                    none         simd_lane           0  i32 -> v128
0xFD_0010 i16x8.splat                    none         simd_lane           0  i32 -> v128
0xFD_0011 i32x4.splat                    none         simd_lane           0  i32 -> v128
0xFD_0012 i64x2.splat                    none         simd_lane           0  i64 -> v128
0xFD_0013 f32x4.splat                    none         simd_lane           0  f32 -> v128
0xFD_0014 f64x2.splat                    none         simd_lane           0  f64 -> v128
0xFD_0015 i8x16.extract_lane_s           lane         simd_lane           0  v128 -> i32
0xFD_0016 i8x16.extract_lane_u           lane         simd_lane           0  v128 -> i32
0xFD_0017 i8x16.replace_lane             lane         simd_lane           0  v128 i32 -> v128
0xFD_0018 i16x8.extract_lane_s           lane         simd_lane           0  v128 -> i32
0xFD_0019 i16x8.extract_lane_u           lane         simd_lane           0  v128 -> i32
0xFD_001A i16x8.replace_lane             lane         simd_lane           0  v128 i32 -> v128
0xFD_001B i32x4.extract_lane             lane         simd_lane           0  v128 -> i32
0xFD_001C i32x4.replace_lane             lane         simd_lane           0  v128 i32 -> v128
0xFD_001D i64x2.extract_lane             lane         simd_lane           0  v128 -> i64
0xFD_001E i64x2.replace_lane             lane         simd_lane           0  v128 i64 -> v128
0xFD_001F f32x4.extract_lane             lane         simd_lane           0  v128 -> f32
0xFD_0020 f32x4.replace_lane             lane         simd_lane           0  v128 f32 -> v128
0xFD_0021 f64x2.extract_lane             lane         simd_lane           0  v128 -> f64
0xFD_0022 f64x2.replace_lane             lane         simd_lane           0  v128 f64 -> v128
0xFD_0023 i8x16.eq                       none         simd_compare        0  v128 v128 -> v128
0xFD_0024 i8x16.ne                       none         simd_compare        0  v128 v128 -> v128
0xFD_0025 i8x16.lt_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_0026 i8x16.lt_u                     none         simd_compare        0  v128 v128 -> v128
0xFD_0027 i8x16.gt_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_0028 i8x16.gt_u                     none         simd_compare        0  v128 v128 -> v128
0xFD_0029 i8x16.le_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_002A i8x16.le_u                     none         simd_compare        0  v128 v128 -> v128
0xFD_002B i8x16.ge_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_002C i8x16.ge_u                     none         simd_compare        0  v128 v128 -> v128
0xFD_002D i16x8.eq                       none         simd_compare        0  v128 v128 -> v128
0xFD_002E i16x8.ne                       none         simd_compare        0  v128 v128 -> v128
0xFD_002F i16x8.lt_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_0030 i16x8.lt_u                     none         simd_compare        0  v128 v128 -> v128
0xFD_0031 i16x8.gt_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_0032 i16x8.gt_u                     none         simd_compare        0  v128 v128 -> v128
0xFD_0033 i16x8.le_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_0034 i16x8.le_u                     none         simd_compare        0  v128 v128 -> v128
0xFD_0035 i16x8.ge_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_0036 i16x8.ge_u                     none         simd_compare        0  v128 v128 -> v128
0xFD_0037 i32x4.eq                       none         simd_compare        0  v128 v128 -> v128
0xFD_0038 i32x4.ne                       none         simd_compare        0  v128 v128 -> v128
0xFD_0039 i32x4.lt_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_003A i32x4.lt_u                     none         simd_compare        0  v128 v128 -> v128
0xFD_003B i32x4.gt_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_003C i32x4.gt_u                     none         simd_compare        0  v128 v128 -> v128
0xFD_003D i32x4.le_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_003E i32x4.le_u                     none         simd_compare        0  v128 v128 -> v128
0xFD_003F i32x4.ge_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_0040 i32x4.ge_u                     none         simd_compare        0  v128 v128 -> v128
0xFD_0041 f32x4.eq                       none         simd_float_compare  0  v128 v128 -> v128
0xFD_0042 f32x4.ne                       none         simd_float_compare  0  v128 v128 -> v128
0xFD_0043 f32x4.lt                       none         simd_float_compare  0  v128 v128 -> v128
0xFD_0044 f32x4.gt                       none         simd_float_compare  0  v128 v128 -> v128
0xFD_0045 f32x4.le                       none         simd_float_compare  0  v128 v128 -> v128
0xFD_0046 f32x4.ge                       none         simd_float_compare  0  v128 v128 -> v128
0xFD_0047 f64x2.eq                       none         simd_float_compare  0  v128 v128 -> v128
0xFD_0048 f64x2.ne                       none         simd_float_compare  0  v128 v128 -> v128
0xFD_0049 f64x2.lt                       none         simd_float_compare  0  v128 v128 -> v128
0xFD_004A f64x2.gt                       none         simd_float_compare  0  v128 v128 -> v128
0xFD_004B f64x2.le                       none         simd_float_compare  0  v128 v128 -> v128
0xFD_004C f64x2.ge                       none         simd_float_compare  0  v128 v128 -> v128
0xFD_004D v128.not                       none         simd_bits           0  v128 -> v128
0xFD_004E v128.and                       none         simd_bits           0  v128 v128 -> v128
0xFD_004F v128.andnot                    none         simd_bits           0  v128 v128 -> v128
0xFD_0050 v128.or                        none         simd_bits           0  v128 v128 -> v128
0xFD_0051 v128.xor                       none         simd_bits           0  v128 v128 -> v128
0xFD_0052 v128.bitselect                 none         simd_bits           0  v128 v128 v128 -> v128
0xFD_0053 v128.any_true                  none         simd_bits           0  v128 -> i32
0xFD_0054 v128.load8_lane                access_lane  simd_load           1  i32 v128 -> v128
0xFD_0055 v128.load16_lane               access_lane  simd_load           2  i32 v128 -> v128
0xFD_0056 v128.load32_lane               access_lane  simd_load           4  i32 v128 -> v128
0xFD_0057 v128.load64_lane               access_lane  simd_load           8  i32 v128 -> v128
0xFD_0058 v128.store8_lane               access_lane  simd_store          1  i32 v128 ->
0xFD_0059 v128.store16_lane              access_lane  simd_store          2  i32 v128 ->
0xFD_005A v128.store32_lane              access_lane  simd_store          4  i32 v128 ->
0xFD_005B v128.store64_lane              access_lane  simd_store          8  i32 v128 ->
0xFD_005C v128.load32_zero               access       simd_load           4  i32 -> v128
0xFD_005D v128.load64_zero               access       simd_load           8  i32 -> v128
0xFD_005E f32x4.demote_f64x2_zero        none         simd_float          0  v128 -> v128
0xFD_005F f64x2.promote_low_f32x4        none         simd_float          0  v128 -> v128
0xFD_0060 i8x16.abs                      none         simd_integer        0  v128 -> v128
0xFD_0061 i8x16.neg                      none         simd_integer        0  v128 -> v128
0xFD_0062 i8x16.popcnt                   none         simd_integer        0  v128 -> v128
0xFD_0063 i8x16.all_true                 none         simd_integer        0  v128 -> i32
0xFD_0064 i8x16.bitmask                  none         simd_integer        0  v128 -> i32
0xFD_0065 i8x16.narrow_i16x8_s           none         simd_integer        0  v128 v128 -> v128
0xFD_0066 i8x16.narrow_i16x8_u           none         simd_integer        0  v128 v128 -> v128
0xFD_0067 f32x4.ceil                     none         simd_float          0  v128 -> v128
0xFD_0068 f32x4.floor                    none         simd_float          0  v128 -> v128
0xFD_0069 f32x4.trunc                    none         simd_float          0  v128 -> v128
0xFD_006A f32x4.nearest                  none         simd_float          0  v128 -> v128
0xFD_006B i8x16.shl                      none         simd_integer        0  v128 i32 -> v128
0xFD_006C i8x16.shr_s                    none         simd_integer        0  v128 i32 -> v128
0xFD_006D i8x16.shr_u                    none         simd_integer        0  v128 i32 -> v128
0xFD_006E i8x16.add                      none         simd_integer        0  v128 v128 -> v128
0xFD_006F i8x16.add_sat_s                none         simd_integer        0  v128 v128 -> v128
0xFD_0070 i8x16.add_sat_u                none         simd_integer        0  v128 v128 -> v128
0xFD_0071 i8x16.sub                      none         simd_integer        0  v128 v128 -> v128
0xFD_0072 i8x16.sub_sat_s                none         simd_integer        0  v128 v128 -> v128
0xFD_0073 i8x16.sub_sat_u                none         simd_integer        0  v128 v128 -> v128
0xFD_0074 f64x2.ceil                     none         simd_float          0  v128 -> v128
0xFD_0075 f64x2.floor                    none         simd_float          0  v128 -> v128
0xFD_0076 i8x16.min_s                    none         simd_integer        0  v128 v128 -> v128
0xFD_0077 i8x16.min_u                    none         simd_integer        0  v128 v128 -> v128
0xFD_0078 i8x16.max_s                    none         simd_integer        0  v128 v128 -> v128
0xFD_0079 i8x16.max_u                    none         simd_integer        0  v128 v128 -> v128
0xFD_007A f64x2.trunc                    none         simd_float          0  v128 -> v128
0xFD_007B i8x16.avgr_u                   none         simd_integer        0  v128 v128 -> v128
0xFD_007C i16x8.extadd_pairwise_i8x16_s  none         simd_integer        0  v128 -> v128
0xFD_007D i16x8.extadd_pairwise_i8x16_u  none         simd_integer        0  v128 -> v128
0xFD_007E i32x4.extadd_pairwise_i16x8_s  none         simd_integer        0  v128 -> v128
0xFD_007F i32x4.extadd_pairwise_i16x8_u  none         simd_integer        0  v128 -> v128
0xFD_0080 i16x8.abs                      none         simd_integer        0  v128 -> v128
0xFD_0081 i16x8.neg                      none         simd_integer        0  v128 -> v128
0xFD_0082 i16x8.q15mulr_sat_s            none         simd_integer        0  v128 v128 -> v128
0xFD_0083 i16x8.all_true                 none         simd_integer        0  v128 -> i32
0xFD_0084 i16x8.bitmask                  none         simd_integer        0  v128 -> i32
0xFD_0085 i16x8.narrow_i32x4_s           none         simd_integer        0  v128 v128 -> v128
0xFD_0086 i16x8.narrow_i32x4_u           none         simd_integer        0  v128 v128 -> v128
0xFD_0087 i16x8.extend_low_i8x16_s       none         simd_integer        0  v128 -> v128
0xFD_0088 i16x8.extend_high_i8x16_s      none         simd_integer        0  v128 -> v128
0xFD_0089 i16x8.extend_low_i8x16_u       none         simd_integer        0  v128 -> v128
0xFD_008A i16x8.extend_high_i8x16_u      none         simd_integer        0  v128 -> v128
0xFD_008B i16x8.shl                      none         simd_integer        0  v128 i32 -> v128
0xFD_008C i16x8.shr_s                    none         simd_integer        0  v128 i32 -> v128
0xFD_008D i16x8.shr_u                    none         simd_integer        0  v128 i32 -> v128
0xFD_008E i16x8.add                      none         simd_integer        0  v128 v128 -> v128
0xFD_008F i16x8.add_sat_s                none         simd_integer        0  v128 v128 -> v128
0xFD_0090 i16x8.add_sat_u                none         simd_integer        0  v128 v128 -> v128
0xFD_0091 i16x8.sub                      none         simd_integer        0  v128 v128 -> v128
0xFD_0092 i16x8.sub_sat_s                none         simd_integer        0  v128 v128 -> v128
0xFD_0093 i16x8.sub_sat_u                none         simd_integer        0  v128 v128 -> v128
0xFD_0094 f64x2.nearest                  none         simd_float          0  v128 -> v128
0xFD_0095 i16x8.mul                      none         simd_integer        0  v128 v128 -> v128
0xFD_0096 i16x8.min_s                    none         simd_integer        0  v128 v128 -> v128
0xFD_0097 i16x8.min_u                    none         simd_integer        0  v128 v128 -> v128
0xFD_0098 i16x8.max_s                    none         simd_integer        0  v128 v128 -> v128
0xFD_0099 i16x8.max_u                    none         simd_integer        0  v128 v128 -> v128
0xFD_009B i16x8.avgr_u                   none         simd_integer        0  v128 v128 -> v128
0xFD_009C i16x8.extmul_low_i8x16_s       none         simd_integer        0  v128 v128 -> v128
0xFD_009D i16x8.extmul_high_i8x16_s      none         simd_integer        0  v128 v128 -> v128
0xFD_009E i16x8.extmul_low_i8x16_u       none         simd_integer        0  v128 v128 -> v128
0xFD_009F i16x8.extmul_high_i8x16_u      none         simd_integer        0  v128 v128 -> v128
0xFD_00A0 i32x4.abs                      none         simd_integer        0  v128 -> v128
0xFD_00A1 i32x4.neg                      none         simd_integer        0  v128 -> v128
0xFD_00A3 i32x4.all_true                 none         simd_integer        0  v128 -> i32
0xFD_00A4 i32x4.bitmask                  none         simd_integer        0  v128 -> i32
0xFD_00A7 i32x4.extend_low_i16x8_s       none         simd_integer        0  v128 -> v128
0xFD_00A8 i32x4.extend_high_i16x8_s      none         simd_integer        0  v128 -> v128
0xFD_00A9 i32x4.extend_low_i16x8_u       none         simd_integer        0  v128 -> v128
0xFD_00AA i32x4.extend_high_i16x8_u      none         simd_integer        0  v128 -> v128
0xFD_00AB i32x4.shl                      none         simd_integer        0  v128 i32 -> v128
0xFD_00AC i32x4.shr_s                    none         simd_integer        0  v128 i32 -> v128
0xFD_00AD i32x4.shr_u                    none         simd_integer        0  v128 i32 -> v128
0xFD_00AE i32x4.add                      none         simd_integer        0  v128 v128 -> v128
0xFD_00B1 i32x4.sub                      none         simd_integer        0  v128 v128 -> v128
0xFD_00B5 i32x4.mul                      none         simd_integer        0  v128 v128 -> v128
0xFD_00B6 i32x4.min_s                    none         simd_integer        0  v128 v128 -> v128
0xFD_00B7 i32x4.min_u                    none         simd_integer        0  v128 v128 -> v128
0xFD_00B8 i32x4.max_s                    none         simd_integer        0  v128 v128 -> v128
0xFD_00B9 i32x4.max_u                    none         simd_integer        0  v128 v128 -> v128
0xFD_00BA i32x4.dot_i16x8_s              none         simd_integer        0  v128 v128 -> v128
0xFD_00BC i32x4.extmul_low_i16x8_s       none         simd_integer        0  v128 v128 -> v128
0xFD_00BD i32x4.extmul_high_i16x8_s      none         simd_integer        0  v128 v128 -> v128
0xFD_00BE i32x4.extmul_low_i16x8_u       none         simd_integer        0  v128 v128 -> v128
0xFD_00BF i32x4.extmul_high_i16x8_u      none         simd_integer        0  v128 v128 -> v128
0xFD_00C0 i64x2.abs                      none         simd_integer        0  v128 -> v128
0xFD_00C1 i64x2.neg                      none         simd_integer        0  v128 -> v128
0xFD_00C3 i64x2.all_true                 none         simd_integer        0  v128 -> i32
0xFD_00C4 i64x2.bitmask                  none         simd_integer        0  v128 -> i32
0xFD_00C7 i64x2.extend_low_i32x4_s       none         simd_integer        0  v128 -> v128
0xFD_00C8 i64x2.extend_high_i32x4_s      none         simd_integer        0  v128 -> v128
0xFD_00C9 i64x2.extend_low_i32x4_u       none         simd_integer        0  v128 -> v128
0xFD_00CA i64x2.extend_high_i32x4_u      none         simd_integer        0  v128 -> v128
0xFD_00CB i64x2.shl                      none         simd_integer        0  v128 i32 -> v128
0xFD_00CC i64x2.shr_s                    none         simd_integer        0  v128 i32 -> v128
0xFD_00CD i64x2.shr_u                    none         simd_integer        0  v128 i32 -> v128
0xFD_00CE i64x2.add                      none         simd_integer        0  v128 v128 -> v128
0xFD_00D1 i64x2.sub                      none         simd_integer        0  v128 v128 -> v128
0xFD_00D5 i64x2.mul                      none         simd_integer        0  v128 v128 -> v128
0xFD_00D6 i64x2.eq                       none         simd_compare        0  v128 v128 -> v128
0xFD_00D7 i64x2.ne                       none         simd_compare        0  v128 v128 -> v128
0xFD_00D8 i64x2.lt_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_00D9 i64x2.gt_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_00DA i64x2.le_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_00DB i64x2.ge_s                     none         simd_compare        0  v128 v128 -> v128
0xFD_00DC i64x2.extmul_low_i32x4_s       none         simd_integer        0  v128 v128 -> v128
0xFD_00DD i64x2.extmul_high_i32x4_s      none         simd_integer        0  v128 v128 -> v128
0xFD_00DE i64x2.extmul_low_i32x4_u       none         simd_integer        0  v128 v128 -> v128
0xFD_00DF i64x2.extmul_high_i32x4_u      none         simd_integer        0  v128 v128 -> v128
0xFD_00E0 f32x4.abs                      none         simd_float_sign     0  v128 -> v128
0xFD_00E1 f32x4.neg                      none         simd_float_sign     0  v128 -> v128
0xFD_00E3 f32x4.sqrt                     none         simd_float          0  v128 -> v128
0xFD_00E4 f32x4.add                      none         simd_float          0  v128 v128 -> v128
0xFD_00E5 f32x4.sub                      none         simd_float          0  v128 v128 -> v128
0xFD_00E6 f32x4.mul                      none         simd_float          0  v128 v128 -> v128
0xFD_00E7 f32x4.div                      none         simd_float          0  v128 v128 -> v128
0xFD_00E8 f32x4.min                      none         simd_float          0  v128 v128 -> v128
0xFD_00E9 f32x4.max                      none         simd_float          0  v128 v128 -> v128
0xFD_00EA f32x4.pmin                     none         simd_float_select   0  v128 v128 -> v128
0xFD_00EB f32x4.pmax                     none         simd_float_select   0  v128 v128 -> v128
0xFD_00EC f64x2.abs                      none         simd_float_sign     0  v128 -> v128
0xFD_00ED f64x2.neg                      none         simd_float_sign     0  v128 -> v128
0xFD_00EF f64x2.sqrt                     none         simd_float          0  v128 -> v128
0xFD_00F0 f64x2.add                      none         simd_float          0  v128 v128 -> v128
0xFD_00F1 f64x2.sub                      none         simd_float          0  v128 v128 -> v128
0xFD_00F2 f64x2.mul                      none         simd_float          0  v128 v128 -> v128
0xFD_00F3 f64x2.div                      none         simd_float          0  v128 v128 -> v128
0xFD_00F4 f64x2.min                      none         simd_float          0  v128 v128 -> v128
0xFD_00F5 f64x2.max                      none         simd_float          0  v128 v128 -> v128
0xFD_00F6 f64x2.pmin                     none         simd_float_select   0  v128 v128 -> v128
0xFD_00F7 f64x2.pmax                     none         simd_float_select   0  v128 v128 -> v128
0xFD_00F8 i32x4.trunc_sat_f32x4_s        none         simd_convert        0  v128 -> v128
0xFD_00F9 i32x4.trunc_sat_f32x4_u        none         simd_convert        0  v128 -> v128
0xFD_00FA f32x4.convert_i32x4_s          none         simd_convert        0  v128 -> v128
0xFD_00FB f32x4.convert_i32x4_u          none         simd_convert        0  v128 -> v128
0xFD_00FC i32x4.trunc_sat_f64x2_s_zero   none         simd_convert        0  v128 -> v128
0xFD_00FD i32x4.trunc_sat_f64x2_u_zero   none         simd_convert        0  v128 -> v128
0xFD_00FE f64x2.convert_low_i32x4_s      none         simd_convert        0  v128 -> v128
0xFD_00FF f64x2.convert_low_i32x4_u      none         simd_convert        0  v128 -> v128
"""

# What is refused under its own name.
REFUSED_TABLE: Final = """
0x06 try | 0x07 catch | 0x08 throw | 0x09 rethrow | 0x0A throw_ref | 0x18 delegate | 0x19 catch_all | 0x1F try_table
0x12 return_call | 0x13 return_call_indirect | 0x14 call_ref | 0x15 return_call_ref
0x25 table.get | 0x26 table.set
0xD0 ref.null | 0xD1 ref.is_null | 0xD2 ref.func | 0xD3 ref.eq | 0xD4 ref.as_non_null
0xD5 br_on_null | 0xD6 br_on_non_null
0xFC_0009 data.drop | 0xFC_000C table.init | 0xFC_000D elem.drop | 0xFC_000E table.copy
0xFC_000F table.grow | 0xFC_0010 table.size | 0xFC_0011 table.fill | 0xFC_0012 memory.discard
0xFC_0013 i64.add128 | 0xFC_0014 i64.sub128 | 0xFC_0015 i64.mul_wide_s | 0xFC_0016 i64.mul_wide_u
0xFD_0100 i8x16.relaxed_swizzle
0xFD_0101 i32x4.relaxed_trunc_f32x4_s | 0xFD_0102 i32x4.relaxed_trunc_f32x4_u
0xFD_0103 i32x4.relaxed_trunc_f64x2_s_zero | 0xFD_0104 i32x4.relaxed_trunc_f64x2_u_zero
0xFD_0105 f32x4.relaxed_madd | 0xFD_0106 f32x4.relaxed_nmadd
0xFD_0107 f64x2.relaxed_madd | 0xFD_0108 f64x2.relaxed_nmadd
0xFD_0109 i8x16.relaxed_laneselect | 0xFD_010A i16x8.relaxed_laneselect
0xFD_010B i32x4.relaxed_laneselect | 0xFD_010C i64x2.relaxed_laneselect
0xFD_010D f32x4.relaxed_min | 0xFD_010E f32x4.relaxed_max
0xFD_010F f64x2.relaxed_min | 0xFD_0110 f64x2.relaxed_max
0xFD_0111 i16x8.relaxed_q15mulr_s | 0xFD_0112 i16x8.relaxed_dot_i8x16_i7x16_s
0xFD_0113 i32x4.relaxed_dot_i8x16_i7x16_add_s
0xFE_0000 memory.atomic.notify | 0xFE_0001 memory.atomic.wait32 | 0xFE_0002 memory.atomic.wait64
0xFE_0003 atomic.fence
"""
