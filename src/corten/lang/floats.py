"""f64 under CPython: IEEE-754 doubles whose arithmetic never raises and whose results have one NaN."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from typing import Any, Self

from corten.lang.integers import Integer, u64
from corten.lang.refusal import LanguageError, describe

_BITS = struct.Struct("<Q")
_DOUBLE = struct.Struct("<d")
NAN_BITS = 0x7FF8_0000_0000_0000
MAGNITUDE = 0x7FFF_FFFF_FFFF_FFFF


def _methods(compute: Callable[[float, float], float]) -> tuple[Any, Any]:
    def forward(self: f64, other: object) -> f64:
        return f64.result(compute(self, other if other.__class__ is f64 else f64.adopt(other)))

    def reflected(self: f64, other: object) -> f64:
        return f64.result(compute(f64.adopt(other), self))

    return forward, reflected


def _comparison(compute: Callable[[float, float], bool]) -> Any:
    def compare(self: f64, other: object) -> bool:
        return compute(self, other if other.__class__ is f64 else f64.adopt(other))

    return compare


def _refused(symbol: str) -> Any:
    def refuse(*_: object) -> Any:
        raise LanguageError(f"f64 has no operator {symbol}")

    return refuse


def _divide(left: float, right: float) -> float:
    if right != 0.0:
        return float.__truediv__(left, right)
    if left == 0.0 or left != left:
        return math.nan
    return math.copysign(math.inf, math.copysign(1.0, left) * math.copysign(1.0, right))


class f64(float):
    """A double. Literals adopt it; other numbers convert."""

    __slots__ = ()

    def __new__(cls, value: Any = 0.0) -> Self:
        if value.__class__ is cls:
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise LanguageError(f"f64(…) converts a number, found {describe(value)}")
        return float.__new__(cls, int(value) if isinstance(value, int) else value)

    @classmethod
    def result(cls, value: float) -> f64:
        """What an operator computed; every NaN becomes the canonical one."""
        return float.__new__(f64, value) if float.__eq__(value, value) else NAN

    @classmethod
    def adopt(cls, value: Any) -> f64:
        """A value where an f64 is asked for: literals adopt, everything else must already be one."""
        if value.__class__ is f64:
            return value
        if value.__class__ is int or value.__class__ is float:
            return float.__new__(f64, value)
        raise LanguageError(f"expected f64, found {describe(value)}: convert it explicitly")

    __add__, __radd__ = _methods(float.__add__)
    __sub__, __rsub__ = _methods(float.__sub__)
    __mul__, __rmul__ = _methods(float.__mul__)
    __truediv__, __rtruediv__ = _methods(_divide)
    __lt__ = _comparison(float.__lt__)
    __le__ = _comparison(float.__le__)
    __gt__ = _comparison(float.__gt__)
    __ge__ = _comparison(float.__ge__)
    __floordiv__ = __rfloordiv__ = _refused("//")
    __mod__ = __rmod__ = _refused("%")
    __pow__ = __rpow__ = _refused("**")
    __divmod__ = __rdivmod__ = _refused("divmod")
    __bool__ = _refused("truth")
    __hash__ = float.__hash__

    def __eq__(self, other: object) -> bool:
        return float.__eq__(self, f64.adopt(other)) if isinstance(other, int | float) else NotImplemented

    def __ne__(self, other: object) -> bool:
        equal: Any = self.__eq__(other)
        return NotImplemented if equal is NotImplemented else not equal

    def __neg__(self) -> f64:
        return f64.result(float.__neg__(self))

    def __pos__(self) -> f64:
        return self

    def __abs__(self) -> f64:
        return f64_from_bits(int(f64_bits(self)) & MAGNITUDE)


def f64_bits(value: f64) -> Integer:
    """The 64 bits of a double."""
    if value != value:
        return u64(NAN_BITS)
    return u64(_BITS.unpack(_DOUBLE.pack(f64.adopt(value)))[0])


def f64_from_bits(bits: int) -> f64:
    """The double with these bits; the canonical NaN for those of any NaN."""
    if int(bits) & MAGNITUDE > MAGNITUDE ^ ((1 << 52) - 1):
        bits = NAN_BITS
    return float.__new__(f64, _DOUBLE.unpack(_BITS.pack(u64.adopt(int(bits))))[0])


NAN = f64_from_bits(NAN_BITS)


def sqrt(value: f64) -> f64:
    """The square root, correctly rounded; NaN below zero."""
    value = f64.adopt(value)
    return f64.result(math.sqrt(value)) if value >= 0.0 else NAN


def _rounding(function: Callable[[float], int]) -> Callable[[f64], f64]:
    def rounded(value: f64) -> f64:
        value = f64.adopt(value)
        if float.__sub__(value, value) != 0.0 or value == 0.0:
            return f64.result(value)
        return copysign(f64(function(float(value))), value)

    rounded.__name__ = rounded.__qualname__ = getattr(function, "__name__", "nearest")
    return rounded


floor = _rounding(math.floor)
ceil = _rounding(math.ceil)
trunc = _rounding(math.trunc)
nearest = _rounding(round)  # ties to even, as Wasm's f64.nearest


def copysign(value: f64, sign: f64) -> f64:
    """The magnitude of one with the sign of the other."""
    sign_bit = int(f64_bits(f64.adopt(sign))) & (MAGNITUDE + 1)
    return f64_from_bits(int(f64_bits(f64.adopt(value))) & MAGNITUDE | sign_bit)


def is_nan(value: f64) -> bool:
    """Whether the value is not a number."""
    return f64.adopt(value) != value
