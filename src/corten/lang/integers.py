"""Checked integers under CPython: subclasses of int whose arithmetic traps, units among them, and handles.

An operand is of the same type or a plain int, which stands for a literal and adopts the type. Results are typed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

from corten.base.errors import TrapCode, Trapped
from corten.lang.refusal import LanguageError, describe, name_of

Binary = Callable[[int, int], int]


def _divide(left: int, right: int) -> int:
    if int(right) == 0:
        raise Trapped(TrapCode.DIVISION_BY_ZERO)
    return int.__floordiv__(left, right)


def _remainder(left: int, right: int) -> int:
    if int(right) == 0:
        raise Trapped(TrapCode.DIVISION_BY_ZERO)
    return int.__mod__(left, right)


def _methods(compute: Binary) -> tuple[Any, Any]:
    """An operator on two operands of one type, and its reflected form for a literal on the left."""

    def forward(self: Integer, other: object) -> Integer:
        kind = self.__class__
        return kind.checked(compute(self, other if other.__class__ is kind else kind.adopt(other)))

    def reflected(self: Integer, other: object) -> Integer:
        kind = self.__class__
        return kind.checked(compute(kind.adopt(other), self))

    return forward, reflected


def _comparison(compute: Callable[[int, int], bool]) -> Any:
    def compare(self: Integer, other: object) -> bool:
        kind = self.__class__
        return compute(self, other if other.__class__ is kind else kind.adopt(other))

    return compare


def _refused(symbol: str, instead: str = "") -> Any:
    def refuse(self: Integer, *_: object) -> Any:
        hint = f"; {instead}" if instead else ""
        raise LanguageError(f"{name_of(type(self))} has no operator {symbol}{hint}")

    return refuse


class Integer(int):
    """Base of every integer type: `low` … `high`, `bits` wide."""

    __slots__ = ()
    bits: ClassVar[int]
    signed: ClassVar[bool]
    low: ClassVar[int]
    high: ClassVar[int]

    def __new__(cls, value: Any = 0) -> Self:
        """Converts a number, a bool or an enum; traps when it does not fit. A literal must fit."""
        if value.__class__ is int:
            return cls.adopt(value)
        if isinstance(value, float):
            return cls.checked(truncated(value, cls), TrapCode.INVALID_CONVERSION)
        if not hasattr(value, "__index__"):
            raise LanguageError(f"{name_of(cls)}(…) converts a number, a bool or an enum, found {describe(value)}")
        return cls.checked(value.__index__())

    @classmethod
    def checked(cls, value: int, code: TrapCode = TrapCode.INTEGER_OVERFLOW) -> Self:
        """An exact result as this type; traps when it does not fit."""
        if cls.low <= value <= cls.high:
            return int.__new__(cls, value)
        raise Trapped(code)

    @classmethod
    def wrapped(cls, value: int) -> Self:
        """The low bits of an exact result."""
        value &= (1 << cls.bits) - 1
        return int.__new__(cls, value - (1 << cls.bits) if value > cls.high else value)

    @classmethod
    def adopt(cls, value: Any) -> Self:
        """A value where one of this type is asked for: literals adopt, everything else must already be of it."""
        if value.__class__ is cls:
            return value
        if value.__class__ is not int:
            raise LanguageError(f"expected {name_of(cls)}, found {describe(value)}: convert it explicitly")
        if not cls.low <= value <= cls.high:
            raise LanguageError(f"{value} does not fit {name_of(cls)}")
        return int.__new__(cls, value)

    __add__, __radd__ = _methods(int.__add__)
    __sub__, __rsub__ = _methods(int.__sub__)
    __floordiv__, __rfloordiv__ = _methods(_divide)
    __mod__, __rmod__ = _methods(_remainder)
    __and__, __rand__ = _methods(int.__and__)
    __or__, __ror__ = _methods(int.__or__)
    __xor__, __rxor__ = _methods(int.__xor__)
    _multiply, __rmul__ = _methods(int.__mul__)
    __lt__ = _comparison(int.__lt__)
    __le__ = _comparison(int.__le__)
    __gt__ = _comparison(int.__gt__)
    __ge__ = _comparison(int.__ge__)
    __truediv__ = __rtruediv__ = _refused("/", "write // or convert to f64")
    __pow__ = __rpow__ = _refused("**", "multiply in a loop")
    __divmod__ = __rdivmod__ = _refused("divmod", "write // and %")
    __bool__ = _refused("truth", "compare with 0")
    __hash__ = int.__hash__

    def __mul__(self, other: Any) -> Any:
        return NotImplemented if isinstance(other, Unit) else self._multiply(other)

    def __eq__(self, other: object) -> bool:
        if other.__class__ is self.__class__:
            return int.__eq__(self, other)
        return int.__eq__(self, self.adopt(other)) if isinstance(other, int | float) else NotImplemented

    def __ne__(self, other: object) -> bool:
        equal: Any = self.__eq__(other)
        return NotImplemented if equal is NotImplemented else not equal

    def __neg__(self) -> Self:
        return self.checked(-int(self))

    def __pos__(self) -> Self:
        return self

    def __abs__(self) -> Self:
        return self.checked(abs(int(self)))

    def __invert__(self) -> Self:
        return int.__new__(type(self), ~int(self) if self.signed else self.high ^ int(self))

    def __lshift__(self, count: Any) -> Self:
        return self.checked(int(self) << shift_count(self, count))

    def __rshift__(self, count: Any) -> Self:
        return int.__new__(type(self), int(self) >> shift_count(self, count))

    def __rlshift__(self, other: Any) -> Any:
        return default_integer(other) << self

    def __rrshift__(self, other: Any) -> Any:
        return default_integer(other) >> self


def truncated(value: float, kind: type[Integer]) -> int:
    """A float without its fraction; beyond every range of the type when it is not a finite number."""
    return int(value) if value - value == 0.0 else kind.high + 1


def shift_count(value: Integer, count: Any) -> int:
    """The count of a shift, 0 … bits-1, of any integer type."""
    if not isinstance(count, int) or isinstance(count, bool | Unit | Handle):
        raise LanguageError(f"a shift's count is an integer, found {describe(count)}")
    if not 0 <= int(count) < value.bits:
        raise Trapped(TrapCode.SHIFT_OUT_OF_RANGE)
    return int(count)


def _integer(name: str, bits: int, signed: bool) -> type[Integer]:
    low = -(1 << (bits - 1)) if signed else 0
    high = (1 << (bits - signed)) - 1
    namespace = {
        "__slots__": (), "__module__": "corten.lang", "bits": bits, "signed": signed, "low": low, "high": high,
    }  # fmt: skip
    return type(name, (Integer,), namespace)


u8 = _integer("u8", 8, False)
u16 = _integer("u16", 16, False)
u32 = _integer("u32", 32, False)
u64 = _integer("u64", 64, False)
i8 = _integer("i8", 8, True)
i16 = _integer("i16", 16, True)
i32 = _integer("i32", 32, True)
i64 = _integer("i64", 64, True)
i128 = _integer("i128", 128, True)

INTEGERS = (u8, u16, u32, u64, i8, i16, i32, i64, i128)


def default_integer(value: Any) -> Any:
    """A literal that nothing else gives a type is i64."""
    return i64.adopt(value) if value.__class__ is int else value


class Unit(Integer):
    """Base of distinct integer types: `class Ticks(Unit[i64]): ...`."""

    __slots__ = ()
    base: ClassVar[type[Integer]]
    _bases: ClassVar[dict[type[Integer], type[Unit]]] = {}

    def __class_getitem__(cls, base: type[Integer]) -> type[Unit]:
        if base not in INTEGERS:
            raise LanguageError(f"Unit[…] takes an integer type, found {name_of(base)}")
        if base not in cls._bases:
            limits = {"bits": base.bits, "signed": base.signed, "low": base.low, "high": base.high}
            cls._bases[base] = type(f"Unit[{name_of(base)}]", (Unit,), {"__slots__": (), "base": base, **limits})
        return cls._bases[base]

    def __mul__(self, other: Any) -> Self:
        return self.checked(int(self) * int(self._scalar(other, "*")))

    def __rmul__(self, other: Any) -> Self:
        return self.__mul__(other)

    def __floordiv__(self, other: Any) -> Any:
        if other.__class__ is self.__class__:
            return self.base.checked(_divide(self, other))
        return self.checked(_divide(self, self._scalar(other, "//")))

    def __rfloordiv__(self, other: Any) -> Any:
        return self.adopt(other) // self

    def _scalar(self, other: Any, symbol: str) -> Integer:
        if isinstance(other, Unit):
            raise LanguageError(f"{name_of(type(self))} {symbol} {name_of(type(other))} is not a unit of its own")
        return self.base.adopt(other)

    __and__ = __rand__ = _refused("&")
    __or__ = __ror__ = _refused("|")
    __xor__ = __rxor__ = _refused("^")
    __invert__ = _refused("~")
    __lshift__ = __rlshift__ = _refused("<<")
    __rshift__ = __rrshift__ = _refused(">>")


class Handle(Integer):
    """A slot of a `Pool[T]`; 0 is null. `Handle[T]` is a type of its own for every T."""

    __slots__ = ()
    bits, signed, low, high = u32.bits, u32.signed, u32.low, u32.high
    target: ClassVar[Any]
    _kinds: ClassVar[dict[Any, type[Handle]]] = {}

    def __class_getitem__(cls, target: Any) -> type[Handle]:
        if target not in cls._kinds:
            cls._kinds[target] = type(f"Handle[{name_of(target)}]", (Handle,), {"__slots__": (), "target": target})
        return cls._kinds[target]

    __add__ = __radd__ = _refused("+")
    __sub__ = __rsub__ = _refused("-")
    __mul__ = __rmul__ = _refused("*")
    __floordiv__ = __rfloordiv__ = _refused("//")
    __mod__ = __rmod__ = _refused("%")
    __and__ = __rand__ = _refused("&")
    __or__ = __ror__ = _refused("|")
    __xor__ = __rxor__ = _refused("^")
    __lshift__ = __rlshift__ = _refused("<<")
    __rshift__ = __rrshift__ = _refused(">>")
    __neg__ = __abs__ = __invert__ = __pos__ = _refused("arithmetic")
    __lt__ = __le__ = __gt__ = __ge__ = _refused("order", "handles are only equal or not")
