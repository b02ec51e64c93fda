"""Kernels whose rows may trap, one for each way to."""

import corten
from corten.lang import (
    Array,
    Enum,
    TrapCode,
    f64,
    i8,
    i16,
    i32,
    i64,
    trap,
    u8,
    u32,
    u64,
    wrapping_add,
)


class Color(Enum):
    RED = 0
    GREEN = 1
    BLUE = 5


@corten.kernel
def sums(a: i64, b: i64) -> i64:
    return (a + b) - (b - a)


@corten.kernel
def unsigned_sums(a: u64, b: u64) -> u64:
    return a + b - 3


@corten.kernel
def products(a: i64, b: i64) -> i64:
    return a * b


@corten.kernel
def unsigned_products(a: u64, b: u64) -> u64:
    return a * b


@corten.kernel
def small_products(a: i32, b: i32) -> i32:
    return a * b + i32(7)


@corten.kernel
def quotients(a: i64, b: i64) -> i64:
    return wrapping_add(a // b, a % b)


@corten.kernel
def unsigned_quotients(a: u32, b: u32) -> u32:
    return a // b + a % b


@corten.kernel
def shifts(a: i64, b: i64) -> i64:
    return (a << b) + (a >> b)


@corten.kernel
def narrowed(a: i64, b: i64) -> i32:
    return i32(a) + i32(i8(b)) + i32(u8(i16(b)))


@corten.kernel
def truncated(a: f64, b: f64) -> i64:
    return i64(a) + i64(i32(b))


@corten.kernel
def negated(a: i32, b: i32) -> i32:
    return abs(a) - -b


@corten.kernel
def colored(a: u8, b: u8) -> bool:
    return Color(a) == Color(b)


@corten.kernel
def element(values: Array[f64, 5], at: i64) -> f64:
    return values[at] + values[at - 1]


@corten.kernel
def stopped(a: i64, b: i64) -> i64:
    if a > b:
        trap(TrapCode.KEY_MISSING)
    assert a != b
    total = a
    for i in range(4):
        total = total + i
    return total
