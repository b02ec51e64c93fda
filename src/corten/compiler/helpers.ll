; Arithmetic that is inlined into contracts. Optimized together with them.

define internal {i64, i1} @corten.smul64(i64 %a, i64 %b) alwaysinline nounwind {
  %a2 = add i64 %a, 2147483648
  %b2 = add i64 %b, 2147483648
  %both = or i64 %a2, %b2
  %high = lshr i64 %both, 32
  %small = icmp eq i64 %high, 0
  br i1 %small, label %fast, label %slow, !prof !1
fast:
  %p = mul i64 %a, %b
  %f0 = insertvalue {i64, i1} poison, i64 %p, 0
  %f1 = insertvalue {i64, i1} %f0, i1 false, 1
  ret {i64, i1} %f1
slow:
  %s = call {i64, i1} @corten.smul64.slow(i64 %a, i64 %b)
  ret {i64, i1} %s
}

define internal {i64, i1} @corten.smul64.slow(i64 %a, i64 %b) noinline nounwind {
  %x = sext i64 %a to i128
  %y = sext i64 %b to i128
  %p = mul i128 %x, %y
  %low = trunc i128 %p to i64
  %back = sext i64 %low to i128
  %bad = icmp ne i128 %back, %p
  %r0 = insertvalue {i64, i1} poison, i64 %low, 0
  %r1 = insertvalue {i64, i1} %r0, i1 %bad, 1
  ret {i64, i1} %r1
}

define internal {i64, i1} @corten.umul64(i64 %a, i64 %b) alwaysinline nounwind {
  %both = or i64 %a, %b
  %high = lshr i64 %both, 32
  %small = icmp eq i64 %high, 0
  br i1 %small, label %fast, label %slow, !prof !1
fast:
  %p = mul i64 %a, %b
  %f0 = insertvalue {i64, i1} poison, i64 %p, 0
  %f1 = insertvalue {i64, i1} %f0, i1 false, 1
  ret {i64, i1} %f1
slow:
  %s = call {i64, i1} @corten.umul64.slow(i64 %a, i64 %b)
  ret {i64, i1} %s
}

define internal {i64, i1} @corten.umul64.slow(i64 %a, i64 %b) noinline nounwind {
  %x = zext i64 %a to i128
  %y = zext i64 %b to i128
  %p = mul i128 %x, %y
  %low = trunc i128 %p to i64
  %top = lshr i128 %p, 64
  %bad = icmp ne i128 %top, 0
  %r0 = insertvalue {i64, i1} poison, i64 %low, 0
  %r1 = insertvalue {i64, i1} %r0, i1 %bad, 1
  ret {i64, i1} %r1
}

; |a| * |b| as u256, then the sign: exact for every i128
define internal {i128, i1} @corten.smul128(i128 %a, i128 %b) noinline nounwind {
  %an = icmp slt i128 %a, 0
  %bn = icmp slt i128 %b, 0
  %aneg = sub i128 0, %a
  %bneg = sub i128 0, %b
  %x = select i1 %an, i128 %aneg, i128 %a
  %y = select i1 %bn, i128 %bneg, i128 %b
  %xt = lshr i128 %x, 64
  %yt = lshr i128 %y, 64
  %xl = and i128 %x, 18446744073709551615
  %yl = and i128 %y, 18446744073709551615
  %xz = icmp eq i128 %xt, 0
  %yz = icmp eq i128 %yt, 0
  %onez = or i1 %xz, %yz
  %m1 = mul i128 %xt, %yl
  %m2 = mul i128 %xl, %yt
  %cross = or i128 %m1, %m2
  %crosst = lshr i128 %cross, 64
  %crossok = icmp eq i128 %crosst, 0
  %lo = mul i128 %xl, %yl
  %shifted = shl i128 %cross, 64
  %sum = add i128 %lo, %shifted
  %carry = icmp ult i128 %sum, %lo
  %neg = xor i1 %an, %bn
  %negsum = sub i128 0, %sum
  %result = select i1 %neg, i128 %negsum, i128 %sum
  ; magnitude must be <= 2^127 when negative, < 2^127 otherwise
  %limit = select i1 %neg, i128 170141183460469231731687303715884105728, i128 170141183460469231731687303715884105727
  %inrange = icmp ule i128 %sum, %limit
  %ok1 = and i1 %onez, %crossok
  %nocarry = xor i1 %carry, true
  %ok2 = and i1 %ok1, %nocarry
  %ok = and i1 %ok2, %inrange
  %bad = xor i1 %ok, true
  %r0 = insertvalue {i128, i1} poison, i128 %result, 0
  %r1 = insertvalue {i128, i1} %r0, i1 %bad, 1
  ret {i128, i1} %r1
}

; u256 / u128 by shift and subtract; the numerator is the product of two u128
define internal {i256, i128} @corten.udiv256(i256 %n, i128 %d) noinline nounwind {
entry:
  %top = lshr i256 %n, 128
  %narrow = icmp eq i256 %top, 0
  br i1 %narrow, label %short, label %long
short:
  %n128 = trunc i256 %n to i128
  %q128 = udiv i128 %n128, %d
  %t128 = mul i128 %q128, %d
  %r128 = sub i128 %n128, %t128
  %q256 = zext i128 %q128 to i256
  %s0 = insertvalue {i256, i128} poison, i256 %q256, 0
  %s1 = insertvalue {i256, i128} %s0, i128 %r128, 1
  ret {i256, i128} %s1
long:
  br label %loop
loop:
  %i = phi i32 [ 0, %long ], [ %inext, %loop ]
  %num = phi i256 [ %n, %long ], [ %numnext, %loop ]
  %rem = phi i128 [ 0, %long ], [ %remnext, %loop ]
  %bit256 = lshr i256 %num, 255
  %bit = trunc i256 %bit256 to i128
  %numshift = shl i256 %num, 1
  %remtop = icmp slt i128 %rem, 0
  %remshift = shl i128 %rem, 1
  %remin = or i128 %remshift, %bit
  %ge = icmp uge i128 %remin, %d
  %take = or i1 %remtop, %ge
  %less = sub i128 %remin, %d
  %remnext = select i1 %take, i128 %less, i128 %remin
  %one = zext i1 %take to i256
  %numnext = or i256 %numshift, %one
  %inext = add i32 %i, 1
  %done = icmp eq i32 %inext, 256
  br i1 %done, label %exit, label %loop
exit:
  %e0 = insertvalue {i256, i128} poison, i256 %numnext, 0
  %e1 = insertvalue {i256, i128} %e0, i128 %remnext, 1
  ret {i256, i128} %e1
}

; floor or ceil of a * b / d for i128, d not zero; the flag says that the quotient does not fit
define internal {i128, i1} @corten.muldiv128(i128 %a, i128 %b, i128 %d, i1 %ceil) noinline nounwind {
  %an = icmp slt i128 %a, 0
  %bn = icmp slt i128 %b, 0
  %dn = icmp slt i128 %d, 0
  %aneg = sub i128 0, %a
  %bneg = sub i128 0, %b
  %dneg = sub i128 0, %d
  %x = select i1 %an, i128 %aneg, i128 %a
  %y = select i1 %bn, i128 %bneg, i128 %b
  %z = select i1 %dn, i128 %dneg, i128 %d
  %xw = zext i128 %x to i256
  %yw = zext i128 %y to i256
  %p = mul i256 %xw, %yw
  %qr = call {i256, i128} @corten.udiv256(i256 %p, i128 %z)
  %q = extractvalue {i256, i128} %qr, 0
  %r = extractvalue {i256, i128} %qr, 1
  %n1 = xor i1 %an, %bn
  %neg = xor i1 %n1, %dn
  %rest = icmp ne i128 %r, 0
  ; away from zero when the rounding direction and the sign agree
  %away0 = icmp ne i1 %neg, %ceil
  %away = and i1 %away0, %rest
  %inc = zext i1 %away to i256
  %mag = add i256 %q, %inc
  %limit = select i1 %neg, i256 170141183460469231731687303715884105728, i256 170141183460469231731687303715884105727
  %bad = icmp ugt i256 %mag, %limit
  %low = trunc i256 %mag to i128
  %lowneg = sub i128 0, %low
  %value = select i1 %neg, i128 %lowneg, i128 %low
  %v0 = insertvalue {i128, i1} poison, i128 %value, 0
  %v1 = insertvalue {i128, i1} %v0, i1 %bad, 1
  ret {i128, i1} %v1
}

; nearest-even conversion of an i128
define internal double @corten.i128_to_f64(i128 %a) noinline nounwind {
  %neg = icmp slt i128 %a, 0
  %minus = sub i128 0, %a
  %x = select i1 %neg, i128 %minus, i128 %a
  %top128 = lshr i128 %x, 64
  %top = trunc i128 %top128 to i64
  %low = trunc i128 %x to i64
  %small = icmp eq i64 %top, 0
  br i1 %small, label %short, label %long
short:
  %fs = uitofp i64 %low to double
  br label %sign
long:
  %lz = call i64 @llvm.ctlz.i64(i64 %top, i1 true)
  %shift = sub i64 64, %lz
  ; m = x >> shift (64 bits), with what was shifted out kept as a sticky bit
  %topleft = shl i64 %top, %lz
  %full = icmp eq i64 %shift, 64
  %lowsafe = and i64 %shift, 63
  %lowright0 = lshr i64 %low, %lowsafe
  %lowright = select i1 %full, i64 0, i64 %lowright0
  %m = or i64 %topleft, %lowright
  %lostleft0 = shl i64 %low, %lz
  %lost = icmp ne i64 %lostleft0, 0
  %sticky = zext i1 %lost to i64
  %m2 = or i64 %m, %sticky
  %fm = uitofp i64 %m2 to double
  %biased = add i64 %shift, 1023
  %bits = shl i64 %biased, 52
  %scale = bitcast i64 %bits to double
  %fl = fmul double %fm, %scale
  br label %sign
sign:
  %f = phi double [ %fs, %short ], [ %fl, %long ]
  %fneg = fneg double %f
  %r = select i1 %neg, double %fneg, double %f
  ret double %r
}

; truncation of an f64 in [-2^127, 2^127)
define internal i128 @corten.f64_to_i128(double %a) noinline nounwind {
  %bits = bitcast double %a to i64
  %exp0 = lshr i64 %bits, 52
  %exp = and i64 %exp0, 2047
  %small = icmp ult i64 %exp, 1085
  br i1 %small, label %short, label %long
short:
  %s = fptosi double %a to i64
  %sw = sext i64 %s to i128
  ret i128 %sw
long:
  %frac = and i64 %bits, 4503599627370495
  %mant = or i64 %frac, 4503599627370496
  %wide = zext i64 %mant to i128
  %shift64 = sub i64 %exp, 1075
  %shift = zext i64 %shift64 to i128
  %mag = shl i128 %wide, %shift
  %minus = sub i128 0, %mag
  %neg = icmp slt i64 %bits, 0
  %r = select i1 %neg, i128 %minus, i128 %mag
  ret i128 %r
}

define internal i64 @corten.mix(i64 %x) alwaysinline nounwind {
  %a = mul i64 %x, -7046029254386353131
  %a1 = lshr i64 %a, 32
  %a2 = xor i64 %a, %a1
  %b = mul i64 %a2, -2960836687051489901
  %b1 = lshr i64 %b, 32
  %b2 = xor i64 %b, %b1
  ret i64 %b2
}

declare i64 @llvm.ctlz.i64(i64, i1)
