"""Floating-point operators: WebAssembly Core 2.0, section 4.3.3. A float is its bits, as an unsigned integer.

A finite result is computed exactly, as a fraction, and rounded once, to nearest, ties to even: no host arithmetic
is trusted. Where the specification leaves a NaN's bits open, the format's `nan` chooses them; the canonical positive
NaN is what instrumented modules show, whatever an engine chooses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from corten.base.errors import TrapCode
from spec.wasm.integers import saturate_s, saturate_u, signed, wrap
from spec.wasm.trap import Trap


@dataclass(frozen=True)
class Format:
    """binary32 or binary64; `open_nan` gives the bits of a NaN that the specification leaves open."""

    width: int
    fraction_bits: int
    open_nan: Callable[[Format], int]

    @property
    def sign_bit(self) -> int:
        return 1 << self.width - 1

    @property
    def infinity(self) -> int:
        """Positive infinity: all exponent bits set, fraction zero. Larger magnitudes are NaNs."""
        return self.sign_bit - (1 << self.fraction_bits)

    @property
    def canonical_nan(self) -> int:
        """Only the quiet bit set in the fraction."""
        return self.infinity | 1 << self.fraction_bits - 1

    @property
    def bias(self) -> int:
        return (1 << self.width - self.fraction_bits - 2) - 1

    @property
    def least_exponent(self) -> int:
        """Of a normal number; subnormal numbers share its quantum."""
        return 1 - self.bias


def canonical(f: Format) -> int:
    """The choice that Corten makes."""
    return f.canonical_nan


# ── what the bits mean ───────────────────────────────────────────────────────────────────────────────────────────────


def magnitude(f: Format, z: int) -> int:
    """The bits without the sign."""
    return z % f.sign_bit


def negative(f: Format, z: int) -> bool:
    """The sign bit is set; also of zeroes and NaNs."""
    return z >= f.sign_bit


def is_nan(f: Format, z: int) -> bool:
    """Exponent all ones, fraction not zero."""
    return magnitude(f, z) > f.infinity


def is_infinite(f: Format, z: int) -> bool:
    """Exponent all ones, fraction zero."""
    return magnitude(f, z) == f.infinity


def is_zero(f: Format, z: int) -> bool:
    """Of either sign."""
    return magnitude(f, z) == 0


def value(f: Format, z: int) -> Fraction:
    """The exact number that a finite float stands for."""
    exponent, fraction = divmod(magnitude(f, z), 2**f.fraction_bits)
    if exponent == 0:
        significand, scale = fraction, f.least_exponent - f.fraction_bits
    else:
        significand, scale = fraction + 2**f.fraction_bits, exponent - f.bias - f.fraction_bits
    number: Fraction = significand * Fraction(2) ** scale
    return -number if negative(f, z) else number


def with_sign(f: Format, is_negative: bool, z: int) -> int:
    """The magnitude of z with the given sign."""
    return magnitude(f, z) + (f.sign_bit if is_negative else 0)


def exponent_of(number: Fraction) -> int:
    """The e for which 2**e <= number < 2**(e + 1)."""
    e = number.numerator.bit_length() - number.denominator.bit_length()
    return e if Fraction(2) ** e <= number else e - 1


def rounded(f: Format, number: Fraction, zero_is_negative: bool = False) -> int:
    """The float nearest to a number, ties to even; infinity beyond the largest. A zero takes the given sign."""
    if number == 0:
        return with_sign(f, zero_is_negative, 0)
    exponent = max(exponent_of(abs(number)), f.least_exponent)
    significand = round(abs(number) / Fraction(2) ** (exponent - f.fraction_bits))
    # A subnormal's exponent field is 0; a significand that was rounded up to the next power of two steps the field up.
    bits = (exponent - f.least_exponent) * 2**f.fraction_bits + significand
    return with_sign(f, number < 0, min(bits, f.infinity))


# ── arithmetic ───────────────────────────────────────────────────────────────────────────────────────────────────────


def fadd(f: Format, x: int, y: int) -> int:
    """The sum. Infinities of opposite signs have none; a sum of zero is positive unless both operands are negative."""
    if is_nan(f, x) or is_nan(f, y):
        return f.open_nan(f)
    if is_infinite(f, x) and is_infinite(f, y):
        return x if x == y else f.open_nan(f)
    if is_infinite(f, x):
        return x
    if is_infinite(f, y):
        return y
    return rounded(f, value(f, x) + value(f, y), negative(f, x) and negative(f, y))


def fsub(f: Format, x: int, y: int) -> int:
    """x + -y."""
    return fadd(f, x, fneg(f, y))


def fmul(f: Format, x: int, y: int) -> int:
    """The product. Infinity times zero has none."""
    sign = negative(f, x) != negative(f, y)
    if is_nan(f, x) or is_nan(f, y):
        return f.open_nan(f)
    if is_infinite(f, x) or is_infinite(f, y):
        return f.open_nan(f) if is_zero(f, x) or is_zero(f, y) else with_sign(f, sign, f.infinity)
    return rounded(f, value(f, x) * value(f, y), sign)


def fdiv(f: Format, x: int, y: int) -> int:
    """The quotient. Zero by zero and infinity by infinity have none."""
    sign = negative(f, x) != negative(f, y)
    if is_nan(f, x) or is_nan(f, y):
        return f.open_nan(f)
    if is_infinite(f, x):
        return f.open_nan(f) if is_infinite(f, y) else with_sign(f, sign, f.infinity)
    if is_infinite(f, y):
        return with_sign(f, sign, 0)
    if is_zero(f, y):
        return f.open_nan(f) if is_zero(f, x) else with_sign(f, sign, f.infinity)
    return rounded(f, value(f, x) / value(f, y), sign)


def fsqrt(f: Format, z: int) -> int:
    """The square root. A negative number has none; zeroes keep their sign."""
    if is_nan(f, z):
        return f.open_nan(f)
    if is_zero(f, z):
        return z
    if negative(f, z):
        return f.open_nan(f)
    if is_infinite(f, z):
        return z
    return rounded(f, square_root(value(f, z), f.fraction_bits + 3))


def square_root(number: Fraction, bits: int) -> Fraction:
    """The root to that many bits, and a last bit that says whether it is larger: it rounds as the exact root does."""
    scale = 4 ** max(0, bits - exponent_of(number) // 2)
    root = isqrt(number.numerator * scale // number.denominator)
    exact = root * root * number.denominator == number.numerator * scale
    return Fraction(2 * root + int(not exact), 2) / isqrt(scale)


def fmin(f: Format, x: int, y: int) -> int:
    """The smaller; -0 is smaller than +0; a NaN if either is."""
    if is_nan(f, x) or is_nan(f, y):
        return f.open_nan(f)
    if is_zero(f, x) and is_zero(f, y):
        return x | y
    return x if flt(f, x, y) else y


def fmax(f: Format, x: int, y: int) -> int:
    """The larger; +0 is larger than -0; a NaN if either is."""
    if is_nan(f, x) or is_nan(f, y):
        return f.open_nan(f)
    if is_zero(f, x) and is_zero(f, y):
        return x & y
    return x if fgt(f, x, y) else y


def fpmin(f: Format, x: int, y: int) -> int:
    """If y is less than x, y; else x."""
    return y if flt(f, y, x) else x


def fpmax(f: Format, x: int, y: int) -> int:
    """If x is less than y, y; else x."""
    return y if flt(f, x, y) else x


# ── rounding to an integer ───────────────────────────────────────────────────────────────────────────────────────────


def to_integral(f: Format, z: int, choose: Callable[[Fraction], int]) -> int:
    """The float of the integer that `choose` gives; it keeps the sign of z when it is zero."""
    if is_nan(f, z):
        return f.open_nan(f)
    if is_infinite(f, z):
        return z
    return rounded(f, Fraction(choose(value(f, z))), negative(f, z))


def fceil(f: Format, z: int) -> int:
    """Towards positive infinity."""
    return to_integral(f, z, lambda number: number.__ceil__())


def ffloor(f: Format, z: int) -> int:
    """Towards negative infinity."""
    return to_integral(f, z, lambda number: number.__floor__())


def ftrunc(f: Format, z: int) -> int:
    """Towards zero."""
    return to_integral(f, z, int)


def fnearest(f: Format, z: int) -> int:
    """To the nearest, ties to even."""
    return to_integral(f, z, round)


# ── the sign bit alone: exact on NaNs too ────────────────────────────────────────────────────────────────────────────


def fabs(f: Format, z: int) -> int:
    """With positive sign."""
    return magnitude(f, z)


def fneg(f: Format, z: int) -> int:
    """With the other sign."""
    return z ^ f.sign_bit


def fcopysign(f: Format, x: int, y: int) -> int:
    """x with the sign of y."""
    return with_sign(f, negative(f, y), x)


# ── comparisons, 1 or 0; a NaN is unequal to everything and in no order ──────────────────────────────────────────────


def order(f: Format, z: int) -> int:
    """An integer in the order of the numbers; both zeroes are 0."""
    return -magnitude(f, z) if negative(f, z) else z


def unordered(f: Format, x: int, y: int) -> bool:
    """Either is a NaN."""
    return is_nan(f, x) or is_nan(f, y)


def feq(f: Format, x: int, y: int) -> int:
    """Equal."""
    return int(not unordered(f, x, y) and order(f, x) == order(f, y))


def fne(f: Format, x: int, y: int) -> int:
    """Not equal."""
    return 1 - feq(f, x, y)


def flt(f: Format, x: int, y: int) -> int:
    """Less than."""
    return int(not unordered(f, x, y) and order(f, x) < order(f, y))


def fgt(f: Format, x: int, y: int) -> int:
    """Greater than."""
    return flt(f, y, x)


def fle(f: Format, x: int, y: int) -> int:
    """Less or equal."""
    return int(not unordered(f, x, y) and order(f, x) <= order(f, y))


def fge(f: Format, x: int, y: int) -> int:
    """Greater or equal."""
    return fle(f, y, x)


# ── conversions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def convert_float(source: Format, target: Format, z: int) -> int:
    """promote and demote."""
    if is_nan(source, z):
        return target.open_nan(target)
    if is_infinite(source, z):
        return with_sign(target, negative(source, z), target.infinity)
    return rounded(target, value(source, z), negative(source, z))


def convert_u(n: int, f: Format, i: int) -> int:
    """An unsigned integer, rounded."""
    return rounded(f, Fraction(i))


def convert_s(n: int, f: Format, i: int) -> int:
    """A signed integer, rounded."""
    return rounded(f, Fraction(signed(n, i)))


def truncated(f: Format, z: int) -> int:
    """The integer that is left of a finite number without its fraction. Traps if there is none."""
    if is_nan(f, z) or is_infinite(f, z):
        raise Trap(TrapCode.INVALID_CONVERSION)
    return int(value(f, z))


def trunc_u(f: Format, n: int, z: int) -> int:
    """To an unsigned integer of n bits. Traps if it does not fit."""
    number = truncated(f, z)
    if not 0 <= number < 2**n:
        raise Trap(TrapCode.INVALID_CONVERSION)
    return number


def trunc_s(f: Format, n: int, z: int) -> int:
    """To a signed integer of n bits. Traps if it does not fit."""
    number = truncated(f, z)
    if not -(2 ** (n - 1)) <= number < 2 ** (n - 1):
        raise Trap(TrapCode.INVALID_CONVERSION)
    return wrap(n, number)


def trunc_sat_u(f: Format, n: int, z: int) -> int:
    """To the nearest unsigned integer of n bits; a NaN becomes 0."""
    return saturate_u(n, saturated(f, z))


def trunc_sat_s(f: Format, n: int, z: int) -> int:
    """To the nearest signed integer of n bits; a NaN becomes 0."""
    return saturate_s(n, saturated(f, z))


def saturated(f: Format, z: int) -> int:
    """An integer for every float: beyond all widths for the infinities."""
    if is_nan(f, z):
        return 0
    if is_infinite(f, z):
        return -(2**64) if negative(f, z) else 2**64
    return int(value(f, z))
