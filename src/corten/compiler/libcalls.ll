; The names under which LLVM asks for 128-bit arithmetic of its own making (`multivalue` tells when).

define i128 @__multi3(i128 %a, i128 %b) nounwind {
  %r = call {i32, i128} @corten.mul.i128(i128 %a, i128 %b)
  %v = extractvalue {i32, i128} %r, 1
  ret i128 %v
}

define i128 @__udivti3(i128 %a, i128 %b) nounwind {
  %r = call {i32, i128} @corten.udiv.i128(i128 %a, i128 %b)
  %v = extractvalue {i32, i128} %r, 1
  ret i128 %v
}

define i128 @__umodti3(i128 %a, i128 %b) nounwind {
  %r = call {i32, i128} @corten.urem.i128(i128 %a, i128 %b)
  %v = extractvalue {i32, i128} %r, 1
  ret i128 %v
}

define i128 @__divti3(i128 %a, i128 %b) nounwind {
  %r = call {i32, i128} @corten.sdiv.i128(i128 %a, i128 %b)
  %v = extractvalue {i32, i128} %r, 1
  ret i128 %v
}

define i128 @__modti3(i128 %a, i128 %b) nounwind {
  %r = call {i32, i128} @corten.srem.i128(i128 %a, i128 %b)
  %v = extractvalue {i32, i128} %r, 1
  ret i128 %v
}

define i128 @__ashlti3(i128 %a, i32 %n) nounwind {
  %count = zext i32 %n to i128
  %r = call {i32, i128} @corten.shl.i128(i128 %a, i128 %count)
  %v = extractvalue {i32, i128} %r, 1
  ret i128 %v
}

define i128 @__lshrti3(i128 %a, i32 %n) nounwind {
  %count = zext i32 %n to i128
  %r = call {i32, i128} @corten.lshr.i128(i128 %a, i128 %count)
  %v = extractvalue {i32, i128} %r, 1
  ret i128 %v
}

define i128 @__ashrti3(i128 %a, i32 %n) nounwind {
  %count = zext i32 %n to i128
  %r = call {i32, i128} @corten.ashr.i128(i128 %a, i128 %count)
  %v = extractvalue {i32, i128} %r, 1
  ret i128 %v
}

declare {i32, i128} @corten.mul.i128(i128, i128)
declare {i32, i128} @corten.udiv.i128(i128, i128)
declare {i32, i128} @corten.urem.i128(i128, i128)
declare {i32, i128} @corten.sdiv.i128(i128, i128)
declare {i32, i128} @corten.srem.i128(i128, i128)
declare {i32, i128} @corten.shl.i128(i128, i128)
declare {i32, i128} @corten.lshr.i128(i128, i128)
declare {i32, i128} @corten.ashr.i128(i128, i128)
