"""Exponential and logarithm: straight-line code without tables, branches or traps, for the loop vectorizer.

Sources: W. Cody and W. Waite, "Software Manual for the Elementary Functions" (1980), for the reductions; T. Dekker,
"A floating-point technique for extending the available precision" (1971), for exact sums and products. Error bounds
stand in docs/mathematics.md.
"""

from corten.contracts.numeric.pairs import Pair, ordered_sum, upper_half
from corten.contracts.numeric.polynomials import exp_cubic, exp_remainder, log_remainder
from corten.lang import copysign, f64, f64_bits, f64_from_bits, inline, u64, wrapping_add, wrapping_shl, wrapping_sub

LOG2_E = 1.4426950408889634
LN2_HIGH = 0.6931471805598903  # 42 bits: its product with an exponent is exact
LN2_LOW = 5.497923018708371e-14
INTEGER = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer, which stands in the low bits
EXPONENT_BIAS: u64 = 1023
MANTISSA: u64 = 0x000F_FFFF_FFFF_FFFF
ROOT_HALF: u64 = 0x3FE6_A09E_667F_3BCD  # the bits of sqrt(1/2)
TO_ROOT_HALF: u64 = 0x0009_5F61_9980_C433  # from there to those of 1
TWO_52: u64 = 0x4330_0000_0000_0000  # the bits of 2**52: an integer in its mantissa is that integer above 2**52
BIASED_52 = 4503599627371519.0  # 2**52 + 1023
SMALLEST_NORMAL = 2.2250738585072014e-308
TWO_54 = 18014398509481984.0
INFINITY = 1e999
NAN = INFINITY - INFINITY


@inline
def scale(value: f64, shifted: f64) -> f64:
    """value * 2**k for the integer k of `shifted` = INTEGER + k, |k| ≤ 2044; rounds once, also to subnormals."""
    bits = f64_bits(shifted)
    half = bits >> 1  # INTEGER's bits are even: floor(k / 2) stands in the low bits
    first = f64_from_bits(wrapping_shl(wrapping_add(half, EXPONENT_BIAS), 52))
    second = f64_from_bits(wrapping_shl(wrapping_add(wrapping_sub(bits, half), EXPONENT_BIAS), 52))
    return value * first * second


@inline
def exp(x: f64) -> f64:
    """e**x."""
    bounded = 710.0 if x > 710.0 else x
    bounded = -746.0 if bounded < -746.0 else bounded
    shifted = bounded * LOG2_E + INTEGER
    k = shifted - INTEGER
    high = bounded - k * LN2_HIGH
    low = k * LN2_LOW
    r = high - low
    correction = r * r * exp_remainder(r) + ((high - r) - low)
    whole = 1.0 + r
    return scale(whole + (((1.0 - whole) + r) + correction), shifted)


@inline
def exp_of(high: f64, low: f64) -> f64:
    """e**(high + low), for a low that is small beside high or beside 1."""
    bounded = 710.0 if high > 710.0 else high
    bounded = -746.0 if bounded < -746.0 else bounded
    shifted = bounded * LOG2_E + INTEGER
    k = shifted - INTEGER
    reduced = bounded - k * LN2_HIGH
    change = (low if bounded == high else 0.0) - k * LN2_LOW
    r = reduced + change
    correction = r * r * exp_remainder(r) + ((reduced - r) + change)
    whole = 1.0 + r
    return scale(whole + (((1.0 - whole) + r) + correction), shifted)


@inline
def half_expm1(x: f64) -> Pair:
    """(e**x - 1) / 2 for -746 ≤ x ≤ 709.9."""
    shifted = x * LOG2_E + INTEGER
    k = shifted - INTEGER
    high = x - k * LN2_HIGH
    low = k * LN2_LOW
    r = high - low
    upper = upper_half(r)
    square = 0.5 * upper * upper
    rest = 0.5 * (r - upper) * (r + upper) + r * r * r * exp_cubic(r)
    rest = rest + (1.0 + r) * ((high - r) - low)
    half = scale(0.5, shifted)
    top = half - 0.5
    first = ordered_sum(top, half * r)
    second = ordered_sum(first.high, half * square)
    lost = ((half - top) - 0.5) + first.low
    return ordered_sum(second.high, second.low + (lost + half * rest))


@inline
def expm1(x: f64) -> f64:
    """e**x - 1."""
    bounded = 709.9 if x > 709.9 else x  # which is inf, and 2**1024 has no double
    result = half_expm1(-746.0 if bounded < -746.0 else bounded)
    return x if abs(x) < 1e-17 else 2.0 * (result.high + result.low)


@inline
def log(x: f64) -> f64:
    """The natural logarithm."""
    subnormal = x < SMALLEST_NORMAL
    bits = f64_bits(x * TWO_54 if subnormal else x)
    offset = wrapping_add(bits, TO_ROOT_HALF)
    exponent = f64_from_bits((offset >> 52) | TWO_52) - (BIASED_52 + 54.0 if subnormal else BIASED_52)
    f = f64_from_bits(wrapping_add(offset & MANTISSA, ROOT_HALF)) - 1.0
    result = log_of_sum(exponent, f, 0.0)
    result = result if x < INFINITY else x
    return result if x > 0.0 else (-INFINITY if x == 0.0 else NAN)


@inline
def log_of_sum(exponent: f64, f: f64, rest: f64) -> f64:
    """log(2**exponent * (1 + f + rest)) for -0.2929 < f < 0.4143 and a rest below the last place of f.

    log(1 + f) = f - f²/2 + s (f²/2 + s² L(s²)) with s = f / (2 + f); f²/2 is split into a part that is exact and a
    small one, and the large terms are added with their rounding errors.
    """
    s = f / (2.0 + f)
    z = s * s
    upper = upper_half(f)
    square = 0.5 * upper * upper
    square_rest = 0.5 * (f - upper) * (f + upper)
    tail = s * ((square + square_rest) + z * log_remainder(z)) - square_rest
    tail = tail + (exponent * LN2_LOW + (rest - rest * f))
    whole = exponent * LN2_HIGH
    first = ordered_sum(whole, f)
    second = ordered_sum(first.high, -square)
    return second.high + (second.low + (first.low + tail))


@inline
def log1p(x: f64) -> f64:
    """log(1 + x)."""
    whole = 1.0 + x
    big = x > 1.0
    lost = (1.0 - (whole - x)) if big else (x - (whole - 1.0))
    bits = f64_bits(whole)
    offset = wrapping_add(bits, TO_ROOT_HALF)
    biased = offset >> 52
    exponent = f64_from_bits(biased | TWO_52) - BIASED_52
    mantissa = f64_from_bits(wrapping_add(offset & MANTISSA, ROOT_HALF))
    inverse = f64_from_bits(wrapping_shl(wrapping_sub(2046, biased), 52))  # 2**-exponent
    lost = lost * inverse if x < 1e17 else 0.0
    part = mantissa - 1.0
    f = part + lost
    result = log_of_sum(exponent, f, lost - (f - part))
    result = result if x < INFINITY else x
    result = result if x > -1.0 else (-INFINITY if x == -1.0 else NAN)
    return copysign(result, x) if x == 0.0 else result
