define internal i32 @"code.Coin.transfer"(i32 %p0, i64 %p1) nounwind null_pointer_is_valid {
entry:
  %s1 = alloca i32, align 8
  %s2 = alloca i64, align 8
  %s3 = alloca ptr, align 8
  %s4 = alloca ptr, align 8
  %s5 = alloca ptr, align 8
  %s6 = alloca [16 x i8], align 8
  store i32 %p0, ptr %s1
  store i64 %p1, ptr %s2
  %t7 = call i32 @"corten.sender"()
  %t8 = call ptr @"code.Map[u32, Account].__getitem__"(ptr inttoptr (i32 65600 to ptr), i32 %t7)
  store ptr %t8, ptr %s3
  %t11 = load ptr, ptr %s3
  %t12 = getelementptr inbounds nuw i8, ptr %t11, i32 8
  %t13 = load i8, ptr %t12, align 1
  %t14 = trunc i8 %t13 to i1
  %t15 = xor i1 %t14, true
  br i1 %t15, label %more16, label %after17
more16:
  %t18 = load ptr, ptr %s3
  %t19 = load i64, ptr %t18, align 8
  %t20 = load i64, ptr %s2
  %t21 = icmp sge i64 %t19, %t20
  br label %after17
after17:
  %t22 = phi i1 [ false, %entry ], [ %t21, %more16 ]
  br i1 %t22, label %ok9, label %reject10
reject10:
  ret i32 4098
ok9:
  %t23 = load ptr, ptr %s3
  %t24 = load i64, ptr %s2
  %t25 = call i32 @"code.charge"(ptr %t23, i64 %t24)
  %t26 = icmp ne i32 %t25, 0
  br i1 %t26, label %reject27, label %ok28
reject27:
  ret i32 %t25
ok28:
  %t29 = load i32, ptr %s1
  %t30 = call ptr @"code.Map[u32, Account].__getitem__"(ptr inttoptr (i32 65600 to ptr), i32 %t29)
  store ptr %t30, ptr %s4
  %t31 = load ptr, ptr %s4
  %t32 = load ptr, ptr %s4
  %t33 = load i64, ptr %t32, align 8
  %t34 = load i64, ptr %s2
  %t35 = call { i64, i1 } @llvm.sadd.with.overflow.i64(i64 %t33, i64 %t34)
  %t36 = extractvalue { i64, i1 } %t35, 0
  %t37 = extractvalue { i64, i1 } %t35, 1
  br i1 %t37, label %trap, label %ok38, !prof !0
ok38:
  store i64 %t36, ptr %t31, align 8
  store ptr inttoptr (i32 65760 to ptr), ptr %s5
  %t39 = load ptr, ptr %s5
  %t40 = load ptr, ptr %s5
  %t41 = load i64, ptr %t40, align 8
  %t42 = load i64, ptr %s2
  %t43 = call { i32, i64 } @"code.fee"(i64 %t42)
  %t44 = extractvalue { i32, i64 } %t43, 0
  %t45 = icmp ne i32 %t44, 0
  br i1 %t45, label %reject46, label %ok47
reject46:
  ret i32 %t44
ok47:
  %t48 = extractvalue { i32, i64 } %t43, 1
  %t49 = call { i64, i1 } @llvm.sadd.with.overflow.i64(i64 %t41, i64 %t48)
  %t50 = extractvalue { i64, i1 } %t49, 0
  %t51 = extractvalue { i64, i1 } %t49, 1
  br i1 %t51, label %trap, label %ok52, !prof !0
ok52:
  store i64 %t50, ptr %t39, align 8
  %t53 = call i32 @"corten.sender"()
  %t54 = load i32, ptr %s1
  %t55 = load i64, ptr %s2
  store i32 %t53, ptr %s6, align 4
  %t56 = getelementptr inbounds nuw i8, ptr %s6, i32 4
  store i32 %t54, ptr %t56, align 4
  %t57 = getelementptr inbounds nuw i8, ptr %s6, i32 8
  store i64 %t55, ptr %t57, align 8
  %t58 = load i32, ptr %s6, align 4
  %t59 = getelementptr inbounds nuw i8, ptr %s6, i32 4
  %t60 = load i32, ptr %t59, align 4
  %t61 = getelementptr inbounds nuw i8, ptr %s6, i32 8
  %t62 = load i64, ptr %t61, align 8
  call void @"corten.emit.Transfer"(i32 %t58, i32 %t60, i64 %t62)
  ret i32 0
trap:
  %t63 = phi i32 [ 8195, %ok28 ], [ 12291, %ok47 ]
  call void @"corten.trap"(i32 %t63)
  unreachable
}

define internal i64 @"code.Coin.balance"(i32 %p0) nounwind null_pointer_is_valid {
entry:
  %s1 = alloca i32, align 8
  %s2 = alloca i32, align 8
  store i32 %p0, ptr %s1
  %t3 = load i32, ptr %s1
  store i32 %t3, ptr %s2
  %t4 = load i32, ptr %s2
  %t5 = call i1 @"code.Map[u32, Account].__contains__"(ptr inttoptr (i32 65600 to ptr), i32 %t4)
  br i1 %t5, label %then6, label %else7
then6:
  %t9 = load i32, ptr %s1
  %t10 = call ptr @"code.Map[u32, Account].__getitem__"(ptr inttoptr (i32 65600 to ptr), i32 %t9)
  %t11 = load i64, ptr %t10, align 8
  br label %after8
else7:
  br label %after8
after8:
  %t12 = phi i64 [ %t11, %then6 ], [ 0, %else7 ]
  ret i64 %t12
}

define internal { i32, i64 } @"code.fee"(i64 %p0) nounwind null_pointer_is_valid {
entry:
  %s1 = alloca i64, align 8
  store i64 %p0, ptr %s1
  %t4 = load i64, ptr %s1
  %t5 = icmp sgt i64 %t4, 0
  br i1 %t5, label %ok2, label %reject3
reject3:
  %t6 = insertvalue { i32, i64 } zeroinitializer, i32 16385, 0
  ret { i32, i64 } %t6
ok2:
  %t7 = load i64, ptr %s1
  %t8 = icmp eq i64 100, -1
  %t9 = icmp eq i64 %t7, -9223372036854775808
  %t10 = and i1 %t9, %t8
  br i1 %t10, label %trap, label %ok11, !prof !0
ok11:
  %t12 = sdiv i64 %t7, 100
  %t13 = mul i64 %t12, 100
  %t14 = sub i64 %t7, %t13
  %t15 = icmp ne i64 %t14, 0
  %t16 = xor i64 %t14, 100
  %t17 = icmp slt i64 %t16, 0
  %t18 = and i1 %t15, %t17
  %t19 = zext i1 %t18 to i64
  %t20 = sub i64 %t12, %t19
  %t21 = insertvalue { i32, i64 } { i32 0, i64 poison }, i64 %t20, 1
  ret { i32, i64 } %t21
trap:
  %t22 = phi i32 [ 20483, %ok2 ]
  call void @"corten.trap"(i32 %t22)
  unreachable
}

define internal i32 @"code.charge"(ptr %p0, i64 %p1) nounwind null_pointer_is_valid {
entry:
  %s1 = alloca ptr, align 8
  %s2 = alloca i64, align 8
  %s3 = alloca ptr, align 8
  store ptr %p0, ptr %s1
  store i64 %p1, ptr %s2
  %t4 = load ptr, ptr %s1
  store ptr %t4, ptr %s3
  %t5 = load ptr, ptr %s3
  %t6 = load ptr, ptr %s3
  %t7 = load i64, ptr %t6, align 8
  %t8 = load i64, ptr %s2
  %t9 = load i64, ptr %s2
  %t10 = call { i32, i64 } @"code.fee"(i64 %t9)
  %t11 = extractvalue { i32, i64 } %t10, 0
  %t12 = icmp ne i32 %t11, 0
  br i1 %t12, label %reject13, label %ok14
reject13:
  ret i32 %t11
ok14:
  %t15 = extractvalue { i32, i64 } %t10, 1
  %t16 = call { i64, i1 } @llvm.sadd.with.overflow.i64(i64 %t8, i64 %t15)
  %t17 = extractvalue { i64, i1 } %t16, 0
  %t18 = extractvalue { i64, i1 } %t16, 1
  br i1 %t18, label %trap, label %ok19, !prof !0
ok19:
  %t20 = call { i64, i1 } @llvm.ssub.with.overflow.i64(i64 %t7, i64 %t17)
  %t21 = extractvalue { i64, i1 } %t20, 0
  %t22 = extractvalue { i64, i1 } %t20, 1
  br i1 %t22, label %trap, label %ok23, !prof !0
ok23:
  store i64 %t21, ptr %t5, align 8
  ret i32 0
trap:
  %t24 = phi i32 [ 24579, %ok14 ], [ 24579, %ok19 ]
  call void @"corten.trap"(i32 %t24)
  unreachable
}

define i32 @"entry.transfer"(i32 %a0, i64 %a1) nounwind null_pointer_is_valid "wasm-export-name"="entry.transfer" {
entry:
  %t1 = call i32 @"code.Coin.transfer"(i32 %a0, i64 %a1)
  %t2 = icmp ne i32 %t1, 0
  br i1 %t2, label %reject, label %accept
reject:
  ret i32 %t1
accept:
  ret i32 0
}

define i32 @"entry.balance"(i32 %a0) nounwind null_pointer_is_valid "wasm-export-name"="entry.balance" {
entry:
  %t1 = call i64 @"code.Coin.balance"(i32 %a0)
  call void @"corten.result.balance"(i64 %t1)
  ret i32 0
}
