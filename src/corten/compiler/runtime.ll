; 128- and 256-bit arithmetic, which `multivalue` puts in place of the operators (see there why the first result is a
; zero that nobody reads). Linked after optimization, which would turn some of these back into the operators that they
; stand for. A test holds that none of them reaches itself.

define internal {i32, i64, i64} @corten.wide_mul(i64 %a, i64 %b) nounwind {
  %al = and i64 %a, 4294967295
  %ah = lshr i64 %a, 32
  %bl = and i64 %b, 4294967295
  %bh = lshr i64 %b, 32
  %ll = mul i64 %al, %bl
  %lh = mul i64 %al, %bh
  %hl = mul i64 %ah, %bl
  %hh = mul i64 %ah, %bh
  %c0 = lshr i64 %ll, 32
  %m0 = add i64 %hl, %c0
  %m0l = and i64 %m0, 4294967295
  %m0h = lshr i64 %m0, 32
  %m1 = add i64 %lh, %m0l
  %m1h = lshr i64 %m1, 32
  %t = add i64 %hh, %m0h
  %high = add i64 %t, %m1h
  %low = mul i64 %a, %b
  %r0 = insertvalue {i32, i64, i64} { i32 0, i64 poison, i64 poison }, i64 %low, 1
  %r1 = insertvalue {i32, i64, i64} %r0, i64 %high, 2
  ret {i32, i64, i64} %r1
}

define {i32, i128} @corten.mul.i128(i128 %a, i128 %b) nounwind {
  %al = trunc i128 %a to i64
  %bl = trunc i128 %b to i64
  %a64 = lshr i128 %a, 64
  %b64 = lshr i128 %b, 64
  %ah = trunc i128 %a64 to i64
  %bh = trunc i128 %b64 to i64
  %w = call {i32, i64, i64} @corten.wide_mul(i64 %al, i64 %bl)
  %low = extractvalue {i32, i64, i64} %w, 1
  %high = extractvalue {i32, i64, i64} %w, 2
  %c1 = mul i64 %ah, %bl
  %c2 = mul i64 %al, %bh
  %h1 = add i64 %high, %c1
  %h2 = add i64 %h1, %c2
  %lw = zext i64 %low to i128
  %hw = zext i64 %h2 to i128
  %hs = shl i128 %hw, 64
  %v = or i128 %hs, %lw
  %r = insertvalue {i32, i128} { i32 0, i128 poison }, i128 %v, 1
  ret {i32, i128} %r
}

; the product of two u64 as a u128
define internal {i32, i128} @corten.mul.words(i64 %a, i64 %b) nounwind {
  %w = call {i32, i64, i64} @corten.wide_mul(i64 %a, i64 %b)
  %low = extractvalue {i32, i64, i64} %w, 1
  %high = extractvalue {i32, i64, i64} %w, 2
  %lw = zext i64 %low to i128
  %hw = zext i64 %high to i128
  %hs = shl i128 %hw, 64
  %v = or i128 %hs, %lw
  %r = insertvalue {i32, i128} { i32 0, i128 poison }, i128 %v, 1
  ret {i32, i128} %r
}

define {i32, i256} @corten.mul.i256(i256 %a, i256 %b) nounwind {
  %al = trunc i256 %a to i128
  %bl = trunc i256 %b to i128
  %a128 = lshr i256 %a, 128
  %b128 = lshr i256 %b, 128
  %ah = trunc i256 %a128 to i128
  %bh = trunc i256 %b128 to i128
  %a0 = trunc i128 %al to i64
  %b0 = trunc i128 %bl to i64
  %al64 = lshr i128 %al, 64
  %bl64 = lshr i128 %bl, 64
  %a1 = trunc i128 %al64 to i64
  %b1 = trunc i128 %bl64 to i64
  %w00 = call {i32, i128} @corten.mul.words(i64 %a0, i64 %b0)
  %w01 = call {i32, i128} @corten.mul.words(i64 %a0, i64 %b1)
  %w10 = call {i32, i128} @corten.mul.words(i64 %a1, i64 %b0)
  %w11 = call {i32, i128} @corten.mul.words(i64 %a1, i64 %b1)
  %p00 = extractvalue {i32, i128} %w00, 1
  %p01 = extractvalue {i32, i128} %w01, 1
  %p10 = extractvalue {i32, i128} %w10, 1
  %p11 = extractvalue {i32, i128} %w11, 1
  %p00h = lshr i128 %p00, 64
  %p01l = and i128 %p01, 18446744073709551615
  %p10l = and i128 %p10, 18446744073709551615
  %m0 = add i128 %p00h, %p01l
  %mid = add i128 %m0, %p10l
  %midl = shl i128 %mid, 64
  %p00l = and i128 %p00, 18446744073709551615
  %low = or i128 %midl, %p00l
  %p01h = lshr i128 %p01, 64
  %p10h = lshr i128 %p10, 64
  %midh = lshr i128 %mid, 64
  %h0 = add i128 %p11, %p01h
  %h1 = add i128 %h0, %p10h
  %h2 = add i128 %h1, %midh
  %x1 = call {i32, i128} @corten.mul.i128(i128 %ah, i128 %bl)
  %x2 = call {i32, i128} @corten.mul.i128(i128 %al, i128 %bh)
  %c1 = extractvalue {i32, i128} %x1, 1
  %c2 = extractvalue {i32, i128} %x2, 1
  %h3 = add i128 %h2, %c1
  %high = add i128 %h3, %c2
  %lw = zext i128 %low to i256
  %hw = zext i128 %high to i256
  %hs = shl i256 %hw, 128
  %v = or i256 %hs, %lw
  %r = insertvalue {i32, i256} { i32 0, i256 poison }, i256 %v, 1
  ret {i32, i256} %r
}

define {i32, i128} @corten.shl.i128(i128 %a, i128 %count) nounwind {
  %n = trunc i128 %count to i32
  %low = trunc i128 %a to i64
  %a64 = lshr i128 %a, 64
  %high = trunc i128 %a64 to i64
  %n64 = zext i32 %n to i64
  %s = and i64 %n64, 63
  %big = icmp uge i32 %n, 64
  %inv0 = sub i64 64, %s
  %inv = and i64 %inv0, 63
  %ls = shl i64 %low, %s
  %hs = shl i64 %high, %s
  %spill0 = lshr i64 %low, %inv
  %none = icmp eq i64 %s, 0
  %spill = select i1 %none, i64 0, i64 %spill0
  %hmix = or i64 %hs, %spill
  %rl = select i1 %big, i64 0, i64 %ls
  %rh = select i1 %big, i64 %ls, i64 %hmix
  %lw = zext i64 %rl to i128
  %hw = zext i64 %rh to i128
  %hw64 = shl i128 %hw, 64
  %v = or i128 %hw64, %lw
  %r = insertvalue {i32, i128} { i32 0, i128 poison }, i128 %v, 1
  ret {i32, i128} %r
}

define {i32, i128} @corten.lshr.i128(i128 %a, i128 %count) nounwind {
  %n = trunc i128 %count to i32
  %low = trunc i128 %a to i64
  %a64 = lshr i128 %a, 64
  %high = trunc i128 %a64 to i64
  %n64 = zext i32 %n to i64
  %s = and i64 %n64, 63
  %big = icmp uge i32 %n, 64
  %inv0 = sub i64 64, %s
  %inv = and i64 %inv0, 63
  %ls = lshr i64 %low, %s
  %hs = lshr i64 %high, %s
  %spill0 = shl i64 %high, %inv
  %none = icmp eq i64 %s, 0
  %spill = select i1 %none, i64 0, i64 %spill0
  %lmix = or i64 %ls, %spill
  %rl = select i1 %big, i64 %hs, i64 %lmix
  %rh = select i1 %big, i64 0, i64 %hs
  %lw = zext i64 %rl to i128
  %hw = zext i64 %rh to i128
  %hw64 = shl i128 %hw, 64
  %v = or i128 %hw64, %lw
  %r = insertvalue {i32, i128} { i32 0, i128 poison }, i128 %v, 1
  ret {i32, i128} %r
}

define {i32, i128} @corten.ashr.i128(i128 %a, i128 %count) nounwind {
  %n = trunc i128 %count to i32
  %low = trunc i128 %a to i64
  %a64 = lshr i128 %a, 64
  %high = trunc i128 %a64 to i64
  %n64 = zext i32 %n to i64
  %s = and i64 %n64, 63
  %big = icmp uge i32 %n, 64
  %inv0 = sub i64 64, %s
  %inv = and i64 %inv0, 63
  %ls = lshr i64 %low, %s
  %hs = ashr i64 %high, %s
  %sign = ashr i64 %high, 63
  %spill0 = shl i64 %high, %inv
  %none = icmp eq i64 %s, 0
  %spill = select i1 %none, i64 0, i64 %spill0
  %lmix = or i64 %ls, %spill
  %rl = select i1 %big, i64 %hs, i64 %lmix
  %rh = select i1 %big, i64 %sign, i64 %hs
  %lw = zext i64 %rl to i128
  %hw = zext i64 %rh to i128
  %hw64 = shl i128 %hw, 64
  %v = or i128 %hw64, %lw
  %r = insertvalue {i32, i128} { i32 0, i128 poison }, i128 %v, 1
  ret {i32, i128} %r
}

; quotient and remainder of u128 / u128; 64-bit division when both fit, shift and subtract from the first bit that matters otherwise
define internal {i32, i128, i128} @corten.udivmod128(i128 %n, i128 %d) nounwind {
entry:
  %both = or i128 %n, %d
  %top128 = lshr i128 %both, 64
  %top = trunc i128 %top128 to i64
  %small = icmp eq i64 %top, 0
  br i1 %small, label %short, label %check
short:
  %n64 = trunc i128 %n to i64
  %d64 = trunc i128 %d to i64
  %q64 = udiv i64 %n64, %d64
  %r64 = urem i64 %n64, %d64
  %qw = zext i64 %q64 to i128
  %rw = zext i64 %r64 to i128
  %s0 = insertvalue {i32, i128, i128} { i32 0, i128 poison, i128 poison }, i128 %qw, 1
  %s1 = insertvalue {i32, i128, i128} %s0, i128 %rw, 2
  ret {i32, i128, i128} %s1
check:
  %less = icmp ult i128 %n, %d
  br i1 %less, label %zero, label %digits
zero:
  %z0 = insertvalue {i32, i128, i128} { i32 0, i128 poison, i128 poison }, i128 0, 1
  %z1 = insertvalue {i32, i128, i128} %z0, i128 %n, 2
  ret {i32, i128, i128} %z1
digits:
  ; a divisor below 2^32: four digits of base 2^32
  %d32 = lshr i128 %d, 32
  %thin = icmp eq i128 %d32, 0
  br i1 %thin, label %schoolbook, label %bits
schoolbook:
  %dd = trunc i128 %d to i64
  %n3w = lshr i128 %n, 96
  %n3 = trunc i128 %n3w to i64
  %n2w = lshr i128 %n, 64
  %n2x = trunc i128 %n2w to i64
  %n2 = and i64 %n2x, 4294967295
  %n1w = lshr i128 %n, 32
  %n1x = trunc i128 %n1w to i64
  %n1 = and i64 %n1x, 4294967295
  %n0x = trunc i128 %n to i64
  %n0 = and i64 %n0x, 4294967295
  %q3 = udiv i64 %n3, %dd
  %r3 = urem i64 %n3, %dd
  %r3s = shl i64 %r3, 32
  %p2 = or i64 %r3s, %n2
  %q2 = udiv i64 %p2, %dd
  %r2 = urem i64 %p2, %dd
  %r2s = shl i64 %r2, 32
  %p1 = or i64 %r2s, %n1
  %q1 = udiv i64 %p1, %dd
  %r1 = urem i64 %p1, %dd
  %r1s = shl i64 %r1, 32
  %p0 = or i64 %r1s, %n0
  %q0 = udiv i64 %p0, %dd
  %r0 = urem i64 %p0, %dd
  %q3s = shl i64 %q3, 32
  %qh = or i64 %q3s, %q2
  %q1s = shl i64 %q1, 32
  %ql = or i64 %q1s, %q0
  %qhw = zext i64 %qh to i128
  %qlw = zext i64 %ql to i128
  %qhs = shl i128 %qhw, 64
  %qq = or i128 %qhs, %qlw
  %rr = zext i64 %r0 to i128
  %b0 = insertvalue {i32, i128, i128} { i32 0, i128 poison, i128 poison }, i128 %qq, 1
  %b1 = insertvalue {i32, i128, i128} %b0, i128 %rr, 2
  ret {i32, i128, i128} %b1
bits:
  %nlz = call i64 @corten.clz128(i128 %n)
  %dlz = call i64 @corten.clz128(i128 %d)
  %steps = sub i64 %dlz, %nlz
  %count = zext i64 %steps to i128
  %shifted = call {i32, i128} @corten.shl.i128(i128 %d, i128 %count)
  %dstart = extractvalue {i32, i128} %shifted, 1
  br label %loop
loop:
  %i = phi i64 [ %steps, %bits ], [ %inext, %loop ]
  %rem = phi i128 [ %n, %bits ], [ %remnext, %loop ]
  %quo = phi i128 [ 0, %bits ], [ %quonext, %loop ]
  %div = phi i128 [ %dstart, %bits ], [ %divnext, %loop ]
  %ge = icmp uge i128 %rem, %div
  %sub = sub i128 %rem, %div
  %remnext = select i1 %ge, i128 %sub, i128 %rem
  %bit = zext i1 %ge to i128
  %quoshift = shl i128 %quo, 1
  %quonext = or i128 %quoshift, %bit
  %divnext = lshr i128 %div, 1
  %inext = sub i64 %i, 1
  %done = icmp slt i64 %inext, 0
  br i1 %done, label %exit, label %loop
exit:
  %e0 = insertvalue {i32, i128, i128} { i32 0, i128 poison, i128 poison }, i128 %quonext, 1
  %e1 = insertvalue {i32, i128, i128} %e0, i128 %remnext, 2
  ret {i32, i128, i128} %e1
}

define internal i64 @corten.clz128(i128 %a) nounwind {
  %low = trunc i128 %a to i64
  %a64 = lshr i128 %a, 64
  %high = trunc i128 %a64 to i64
  %lz = call i64 @llvm.ctlz.i64(i64 %low, i1 false)
  %hz = call i64 @llvm.ctlz.i64(i64 %high, i1 false)
  %lz64 = add i64 %lz, 64
  %none = icmp eq i64 %high, 0
  %r = select i1 %none, i64 %lz64, i64 %hz
  ret i64 %r
}

define {i32, i128} @corten.udiv.i128(i128 %n, i128 %d) nounwind {
  %qr = call {i32, i128, i128} @corten.udivmod128(i128 %n, i128 %d)
  %v = extractvalue {i32, i128, i128} %qr, 1
  %r = insertvalue {i32, i128} { i32 0, i128 poison }, i128 %v, 1
  ret {i32, i128} %r
}

define {i32, i128} @corten.urem.i128(i128 %n, i128 %d) nounwind {
  %qr = call {i32, i128, i128} @corten.udivmod128(i128 %n, i128 %d)
  %v = extractvalue {i32, i128, i128} %qr, 2
  %r = insertvalue {i32, i128} { i32 0, i128 poison }, i128 %v, 1
  ret {i32, i128} %r
}

define {i32, i128} @corten.sdiv.i128(i128 %a, i128 %b) nounwind {
  %an = icmp slt i128 %a, 0
  %bn = icmp slt i128 %b, 0
  %aneg = sub i128 0, %a
  %bneg = sub i128 0, %b
  %x = select i1 %an, i128 %aneg, i128 %a
  %y = select i1 %bn, i128 %bneg, i128 %b
  %qr = call {i32, i128, i128} @corten.udivmod128(i128 %x, i128 %y)
  %m = extractvalue {i32, i128, i128} %qr, 1
  %mneg = sub i128 0, %m
  %neg = xor i1 %an, %bn
  %v = select i1 %neg, i128 %mneg, i128 %m
  %r = insertvalue {i32, i128} { i32 0, i128 poison }, i128 %v, 1
  ret {i32, i128} %r
}

define {i32, i128} @corten.srem.i128(i128 %a, i128 %b) nounwind {
  %an = icmp slt i128 %a, 0
  %bn = icmp slt i128 %b, 0
  %aneg = sub i128 0, %a
  %bneg = sub i128 0, %b
  %x = select i1 %an, i128 %aneg, i128 %a
  %y = select i1 %bn, i128 %bneg, i128 %b
  %qr = call {i32, i128, i128} @corten.udivmod128(i128 %x, i128 %y)
  %m = extractvalue {i32, i128, i128} %qr, 2
  %mneg = sub i128 0, %m
  %neg = or i1 %an, false
  %v = select i1 %neg, i128 %mneg, i128 %m
  %r = insertvalue {i32, i128} { i32 0, i128 poison }, i128 %v, 1
  ret {i32, i128} %r
}

declare i64 @llvm.ctlz.i64(i64, i1)
