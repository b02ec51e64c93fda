"""Integer functions of the language: wrapping and wide arithmetic, casts, bit counts."""

from __future__ import annotations

from typing import Any, TypeVar

from corten.base.errors import TrapCode, Trapped
from corten.lang.integers import Integer, default_integer, shift_count, truncated, u32
from corten.lang.refusal import LanguageError, describe

I = TypeVar("I", bound=Integer)  # noqa: E741 - the integer type


def one_type(*values: Any) -> list[Any]:
    """Operands of one type: literals adopt what the others have, i64 when all are literals."""
    if isinstance(values[0], Integer) and all(value.__class__ is values[0].__class__ for value in values):
        return [*values]
    typed = [value for value in values if value.__class__ is not int and value.__class__ is not float]
    if not typed:
        return [default_integer(value) for value in values]
    kind = type(typed[0])
    if not hasattr(kind, "adopt"):
        raise LanguageError(f"expected a number, found {describe(typed[0])}")
    return [kind.adopt(value) for value in values]


def integers(*values: Any) -> list[Any]:
    """Operands of one integer type."""
    operands = one_type(*values)
    if not isinstance(operands[0], Integer):
        raise LanguageError(f"expected an integer, found {describe(operands[0])}")
    return operands


def wrapping_add(left: I, right: I) -> I:
    """The sum's low bits."""
    left, right = integers(left, right)
    return left.wrapped(int(left) + int(right))


def wrapping_sub(left: I, right: I) -> I:
    """The difference's low bits."""
    left, right = integers(left, right)
    return left.wrapped(int(left) - int(right))


def wrapping_mul(left: I, right: I) -> I:
    """The product's low bits."""
    left, right = integers(left, right)
    return left.wrapped(int(left) * int(right))


def wrapping_shl(value: I, count: Any) -> I:
    """A shift that drops bits."""
    (value,) = integers(value)
    return value.wrapped(int(value) << shift_count(value, count))


def wrapping_cast(kind: type[I], value: Any) -> I:
    """An integer's low bits as another type."""
    (value,) = integers(value)
    return kind.wrapped(int(value))


def saturating_cast(kind: type[I], value: Any) -> I:
    """The nearest value that the type has; 0 for NaN."""
    if isinstance(value, float):
        if value != value:
            return kind.checked(0)
        value = truncated(value, kind) if float.__abs__(value) != float("inf") else kind.high if value > 0 else kind.low
    else:
        (value,) = integers(value)
    return kind.checked(min(max(int(value), kind.low), kind.high))


def mul_div_floor(left: I, right: I, divisor: I) -> I:
    """left * right / divisor with an exact product, rounded down."""
    left, right, divisor = integers(left, right, divisor)
    if int(divisor) == 0:
        raise Trapped(TrapCode.DIVISION_BY_ZERO)
    return left.checked(int(left) * int(right) // int(divisor))


def mul_div_ceil(left: I, right: I, divisor: I) -> I:
    """left * right / divisor with an exact product, rounded up."""
    left, right, divisor = integers(left, right, divisor)
    if int(divisor) == 0:
        raise Trapped(TrapCode.DIVISION_BY_ZERO)
    return left.checked(-(-int(left) * int(right) // int(divisor)))


def bits_of(value: Any) -> tuple[int, int]:
    """An integer's two's complement and its width."""
    (value,) = integers(value)
    return int(value) & ((1 << value.bits) - 1), value.bits


def leading_zeros(value: Any) -> Integer:
    """Zero bits above the highest one."""
    bits, width = bits_of(value)
    return u32(width - bits.bit_length())


def trailing_zeros(value: Any) -> Integer:
    """Zero bits below the lowest one."""
    bits, width = bits_of(value)
    return u32((bits & -bits).bit_length() - 1 if bits else width)


def population_count(value: Any) -> Integer:
    """Bits that are one."""
    return u32(bits_of(value)[0].bit_count())


def smallest(*values: Any) -> Any:
    """`min` of the language: the first of the smallest."""
    operands = one_type(*values)
    result = operands[0]
    for value in operands[1:]:
        result = value if value < result else result  # noqa: FURB136 - this is min's definition
    return result


def largest(*values: Any) -> Any:
    """`max` of the language: the first of the largest."""
    operands = one_type(*values)
    result = operands[0]
    for value in operands[1:]:
        result = value if value > result else result  # noqa: FURB136 - this is max's definition
    return result
