"""What is known of unsigned integers: enough to see that bits are those of a number and not of a NaN."""

from __future__ import annotations

from typing import NamedTuple

from corten.compiler import ir
from corten.compiler.types import IntType

_INFINITY = 0x7FF0_0000_0000_0000
_MANTISSA = (1 << 52) - 1
_DEPTH = 8


class Known(NamedTuple):
    """The largest that a value can be, and a mask of the bits that it can have."""

    most: int
    mask: int


def is_never_nan(bits: ir.Expression) -> bool:
    """Whether a u64 cannot be the bits of a NaN: its mantissa is 0, or it is at most infinity's bits."""
    found = known(bits)
    return not found.mask & _MANTISSA or found.most <= _INFINITY


def known(value: ir.Expression, depth: int = _DEPTH) -> Known:
    """Bounds of an unsigned value, as far as its expression tells."""
    kind = value.type
    whole = kind.maximum if isinstance(kind, IntType) else 0
    most, mask = _bounds(value, whole, depth) if depth else (whole, whole)
    most = min(most, mask)
    return Known(most, mask & (1 << most.bit_length()) - 1)


def _bounds(value: ir.Expression, whole: int, depth: int) -> tuple[int, int]:
    match value:
        case ir.Constant(value=int() as number):
            return number, number
        case ir.Binary(operator="shr", left=left, right=ir.Constant(value=int() as count)):
            inner = known(left, depth - 1)
            return inner.most >> count, inner.mask >> count
        case ir.Binary(operator="wrapping_shl" | "shl", right=ir.Constant(value=int() as count)):
            return whole, whole << count & whole
        case ir.Binary(operator="and" | "or" | "xor" | "wrapping_add" | "add" as operator, left=left, right=right):
            one, other = known(left, depth - 1), known(right, depth - 1)
            if operator == "and":
                return min(one.most, other.most), one.mask & other.mask
            if operator in ("or", "xor"):
                return whole, one.mask | other.mask
            total = one.most + other.most
            return min(total, whole), whole
    return whole, whole
