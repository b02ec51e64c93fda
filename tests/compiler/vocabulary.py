"""What generated programs are written with: their types, helpers and state."""

from __future__ import annotations

INTEGERS = ("u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "i128")
COUNTS = ("leading_zeros", "trailing_zeros", "population_count")
SCALARS = (*INTEGERS, "bool", "f64", "Side", "Ticks")

DECLARATIONS = """
LIMIT = 100
STEP: i64 = 7
RATIO = 2.5
T = TypeVar("T")

class Side(Enum):
    BUY = 0
    SELL = 1
    NONE = 7

class Ticks(Unit[i64]): ...

@struct
class Inner:
    a: u16
    b: i128
    side: Side
    f: f64
    ok: bool

    def total(self, more: i64) -> i64:
        return wrapping_add(i64(self.a), more)

    def checked(self, least: u16) -> u16:
        require(self.a >= least, "inner_too_small")
        self.a = least
        return self.a

@struct
class Outer:
    x: i64
    inner: Inner
    cells: Array[i32, 3]
    t: Ticks

    def place(self) -> Ref[Inner]:
        return self.inner

@struct
class Pair(Generic[T]):
    first: T
    second: T

    def largest(self) -> T:
        return max(self.first, self.second)

@event
class Note:
    number: u32
    value: i64
    inner: Inner

@event
class Mark:
    side: Side
    wide: i128
    f: f64

def clamp(x: T, low: T, high: T) -> T:
    return max(low, min(x, high))

def sum_of(values: Vec[i64]) -> i64:
    total: i64 = 0
    for value in values:
        total = wrapping_add(total, value)
    return total
"""

STATE = {
    "s_u8": "u8", "s_u16": "u16", "s_u32": "u32", "s_u64": "u64", "s_i8": "i8", "s_i16": "i16", "s_i32": "i32",
    "s_i64": "i64", "s_i128": "i128", "s_bool": "bool", "s_f64": "f64", "s_side": "Side", "s_t": "Ticks",
    "s_inner": "Inner", "s_outer": "Outer", "s_array": "Array[i64, 5]", "s_outers": "Array[Outer, 2]",
    "s_map": "Map[u32, i64]", "s_inners": "Map[Side, Inner]", "s_vec": "Vec[i64]", "s_bytes": "Vec[u8]",
    "s_structs": "Vec[Inner]", "s_pool": "Pool[Inner]", "s_handle": "Handle[Inner]", "s_bits": "Bitmap",
    "s_queue": "PriorityQueue[i32]", "s_pair": "Pair[i32]",
}  # fmt: skip

FIELDS = {
    "Inner": {"a": "u16", "b": "i128", "side": "Side", "f": "f64", "ok": "bool"},
    "Outer": {"x": "i64", "inner": "Inner", "cells": "Array[i32, 3]", "t": "Ticks"},
    "Pair[i32]": {"first": "i32", "second": "i32"},
}
