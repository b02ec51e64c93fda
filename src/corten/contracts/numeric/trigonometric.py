"""Circular functions and their inverses.

Up to 2**20 an argument is reduced by multiples of π/2 in four parts (Cody and Waite) without branches: `sin_bounded`,
`cos_bounded` and `tan_bounded` are made for kernels that know their range. `sin`, `cos` and `tan` take every double:
beyond 2**20 they multiply its integer mantissa with the bits of 2/π that matter (M. Payne and R. Hanek, "Radian
reduction for trigonometric functions", 1983).
"""

from corten.contracts.numeric.exponential import INFINITY, INTEGER, NAN
from corten.contracts.numeric.pairs import (
    DOWN,
    UP,
    Pair,
    exact_product,
    exact_sum,
    ordered_sum,
    product_of,
    quotient_of,
    upper_half,
)
from corten.contracts.numeric.polynomials import atan_remainder, cos_remainder, sin_remainder
from corten.lang import (
    copysign,
    f64,
    f64_bits,
    i64,
    i128,
    inline,
    no_inline,
    saturating_cast,
    sqrt,
    struct,
    u64,
    wrapping_add,
    wrapping_cast,
    wrapping_mul,
    wrapping_shl,
)

BOUND = 1048576.0  # 2**20
TWO_OVER_PI = 0.6366197723675814
HALF_PI_1 = 1.5707963267341256  # 33 bits each: products with a multiple below 2**20 are exact
HALF_PI_2 = 6.077100506303966e-11
HALF_PI_3 = 2.0222662487111665e-21
HALF_PI_4 = 8.4784276603689e-32
HALF_PI = 1.5707963267948966
HALF_PI_LOW = 6.123233995736766e-17
PI = 3.141592653589793
PI_LOW = 1.2246467991473532e-16
QUARTER_PI = 0.7853981633974483
QUARTER_PI_LOW = 3.061616997868383e-17
TAN_EIGHTH_PI = 0.41421356237309503
TINY = 7.450580596923828e-09  # 2**-27: below it the cubes of the series do not show


@struct
class Reduced:
    """An angle less a multiple of π/2, and in the lowest two bits of `quadrant` that multiple."""

    high: f64
    low: f64
    quadrant: u64


@inline
def reduced_bounded(x: f64) -> Reduced:
    """The reduction for |x| ≤ 2**20."""
    shifted = x * TWO_OVER_PI + INTEGER
    k = shifted - INTEGER
    first = x - k * HALF_PI_1
    second = exact_sum(first, -(k * HALF_PI_2))
    third = exact_sum(second.high, -(k * HALF_PI_3))
    rest = ordered_sum(third.high, third.low + (second.low - k * HALF_PI_4))
    return Reduced(rest.high, rest.low, f64_bits(shifted))


@no_inline
def two_over_pi(index: i64) -> u64:
    """64 bits of 2/π from bit 64 * index on, counted from the binary point."""
    match index:
        case 0:
            return 0xA2F9836E4E441529
        case 1:
            return 0xFC2757D1F534DDC0
        case 2:
            return 0xDB6295993C439041
        case 3:
            return 0xFE5163ABDEBBC561
        case 4:
            return 0xB7246E3A424DD2E0
        case 5:
            return 0x06492EEA09D1921C
        case 6:
            return 0xFE1DEB1CB129A73E
        case 7:
            return 0xE88235F52EBB4484
        case 8:
            return 0xE99C7026B45F7E41
        case 9:
            return 0x3991D639835339F4
        case 10:
            return 0x9C845F8BBDF9283B
        case 11:
            return 0x1FF897FFDE05980F
        case 12:
            return 0xEF2F118B5A0A6D1F
        case 13:
            return 0x6D367ECF27CB09B7
        case 14:
            return 0x4F463F669E5FEA2D
        case 15:
            return 0x7527BAC7EBE5F17B
        case 16:
            return 0x3D0739F78A5292EA
        case 17:
            return 0x6BFB5FB11F8D5D08
        case 18:
            return 0x56033046FC7B6BAB
    return 0


@inline
def window(first: i64, shift: i64) -> u64:
    """64 bits of 2/π from bit 64 * first + shift on."""
    upper = wrapping_shl(two_over_pi(first), shift)
    return upper | (two_over_pi(first + 1) >> 1 >> (63 - shift))


@no_inline
def reduced_far(x: f64) -> Reduced:
    """The reduction for 2**20 < |x| < inf, in integers.

    |x| = m * 2**e with 53 bits of m; bits of 2/π whose product with 2**e is a multiple of 4 do not matter. The 192 bits
    after them are multiplied with m modulo 2**192: two bits of quadrant, then the fraction to within 2**-137.
    """
    bits = f64_bits(abs(x))
    mantissa = (bits & 0x000F_FFFF_FFFF_FFFF) | 0x0010_0000_0000_0000
    start = i64(bits >> 52) - 1077  # e - 2; below 0 the window begins before the binary point
    first = start >> 6
    shift = start & 63
    lowest = i128(mantissa) * i128(window(first + 2, shift))
    middle = i128(mantissa) * i128(window(first + 1, shift)) + (lowest >> 64)
    highest = wrapping_add(wrapping_mul(mantissa, window(first, shift)), wrapping_cast(u64, middle >> 64))
    words = wrapping_add(wrapping_shl(i128(highest), 64), i128(wrapping_cast(u64, middle)))
    fraction = wrapping_add(wrapping_shl(words, 2), i128(wrapping_cast(u64, lowest) >> 62))
    quadrant = wrapping_add(highest >> 62, u64(fraction < 0))
    high = f64(fraction)
    low = f64(fraction - saturating_cast(i128, high))  # a fraction may round to 2**127
    scale = 2.938735877055719e-39  # 2**-128
    angle = product_of(Pair(high * scale, low * scale), Pair(HALF_PI, HALF_PI_LOW))
    if x < 0.0:
        return Reduced(-angle.high, -angle.low, wrapping_mul(quadrant, 3))
    return Reduced(angle.high, angle.low, quadrant)


@inline
def sine_near(high: f64, low: f64) -> Pair:
    """sin(high + low) for angles up to π/4."""
    z = high * high
    return ordered_sum(high, high * z * sin_remainder(z) + low * (1.0 - 0.5 * z))


@inline
def cosine_near(high: f64, low: f64) -> Pair:
    """cos(high + low) for angles up to π/4; the square of the upper half is exact."""
    upper = upper_half(high)
    square = 0.5 * upper * upper
    rest = 0.5 * (high - upper) * (high + upper) + high * low
    z = high * high
    first = ordered_sum(1.0, -square)
    return ordered_sum(first.high, first.low + (z * z * cos_remainder(z) - rest))


@inline
def sine_of(angle: Reduced, quarter_turns: u64) -> f64:
    """The sine of a reduced angle and some more quarter turns."""
    turns = wrapping_add(angle.quadrant, quarter_turns)
    sine = sine_near(angle.high, angle.low)
    cosine = cosine_near(angle.high, angle.low)
    size = sine.high if turns & 1 == 0 else cosine.high
    return size if turns & 2 == 0 else -size


@inline
def tangent_of(angle: Reduced) -> f64:
    """The tangent of a reduced angle."""
    sine = sine_near(angle.high, angle.low)
    cosine = cosine_near(angle.high, angle.low)
    even = angle.quadrant & 1 == 0
    above = Pair(sine.high if even else -cosine.high, sine.low if even else -cosine.low)
    below = Pair(cosine.high if even else sine.high, cosine.low if even else sine.low)
    return quotient_of(above, below).high


@inline
def sin_bounded(x: f64) -> f64:
    """sin(x) for |x| ≤ 2**20, NaN beyond; without branches."""
    result = sine_of(reduced_bounded(x), 0)
    result = x if abs(x) < TINY else result
    return result if abs(x) <= BOUND else NAN


@inline
def cos_bounded(x: f64) -> f64:
    """cos(x) for |x| ≤ 2**20, NaN beyond; without branches."""
    return sine_of(reduced_bounded(x), 1) if abs(x) <= BOUND else NAN


@inline
def tan_bounded(x: f64) -> f64:
    """tan(x) for |x| ≤ 2**20, NaN beyond; without branches."""
    result = tangent_of(reduced_bounded(x))
    result = x if abs(x) < TINY else result
    return result if abs(x) <= BOUND else NAN


def sin(x: f64) -> f64:
    """The sine of an angle in radians."""
    if abs(x) <= BOUND:
        return sin_bounded(x)
    return sine_of(reduced_far(x), 0) if abs(x) < INFINITY else NAN


def cos(x: f64) -> f64:
    """The cosine of an angle in radians."""
    if abs(x) <= BOUND:
        return cos_bounded(x)
    return sine_of(reduced_far(x), 1) if abs(x) < INFINITY else NAN


def tan(x: f64) -> f64:
    """The tangent of an angle in radians."""
    if abs(x) <= BOUND:
        return tan_bounded(x)
    return tangent_of(reduced_far(x)) if abs(x) < INFINITY else NAN


@inline
def arctangent(above: Pair, below: Pair) -> Pair:
    """atan(above / below) for 0 ≤ above ≤ below, 0 < below: beyond π/8 by its distance from π/4."""
    far = above.high > TAN_EIGHTH_PI * below.high
    difference = exact_sum(above.high, -below.high)
    total = exact_sum(below.high, above.high)
    numerator = Pair(
        difference.high if far else above.high, difference.low + (above.low - below.low) if far else above.low
    )
    denominator = Pair(total.high if far else below.high, total.low + (above.low + below.low) if far else below.low)
    q = quotient_of(numerator, denominator)
    z = q.high * q.high
    rest = q.low + q.high * z * atan_remainder(z)
    first = ordered_sum(QUARTER_PI if far else 0.0, q.high)
    return ordered_sum(first.high, first.low + (rest + (QUARTER_PI_LOW if far else 0.0)))


@inline
def angle_of(above: Pair, below: Pair, swapped: bool, negative: bool) -> f64:
    """atan(above / below), or what it leaves of π/2, or of π what that leaves."""
    near = arctangent(above, below)
    base = HALF_PI if swapped else (PI if negative else 0.0)
    base_low = HALF_PI_LOW if swapped else (PI_LOW if negative else 0.0)
    sign = (1.0 if negative else -1.0) if swapped else (-1.0 if negative else 1.0)
    total = ordered_sum(base, sign * near.high)
    return total.high + (total.low + (sign * near.low + base_low))


@inline
def atan2(y: f64, x: f64) -> f64:
    """The angle of the point (x, y), -π … π; signs of zeros and infinities as in C99's Annex F."""
    a = abs(y)
    b = abs(x)
    swapped = a > b
    larger = a if swapped else b
    smaller = b if swapped else a
    same = larger == INFINITY and smaller == INFINITY
    factor = DOWN if larger > 1e150 else (UP if larger < 1e-150 else 1.0)
    above = 1.0 if same else smaller * factor
    below = 1.0 if same or larger == 0.0 else larger * factor
    above = 0.0 if larger == INFINITY and not same else above
    below = 1.0 if larger == INFINITY else below
    result = angle_of(Pair(above, 0.0), Pair(below, 0.0), swapped, f64_bits(x) >> 63 == 1)
    small = a / b  # which also rounds once below the normal numbers
    result = small if x > 0.0 and small < 1e-9 else result
    return NAN if x != x or y != y else copysign(result, y)


@inline
def atan(x: f64) -> f64:
    """The inverse tangent, -π/2 … π/2."""
    size = abs(x)
    bounded = 1e30 if size > 1e30 else size
    swapped = bounded > 1.0
    above = Pair(1.0 if swapped else bounded, 0.0)
    below = Pair(bounded if swapped else 1.0, 0.0)
    result = angle_of(above, below, swapped, False)
    return x if size < TINY else copysign(result, x)


@inline
def leg(x: f64) -> Pair:
    """sqrt(1 - x²) for 0 ≤ x ≤ 1."""
    square = product_of(exact_sum(1.0, -x), exact_sum(1.0, x))
    root = sqrt(square.high)
    product = exact_product(root, root)
    missing = ((square.high - product.high) - product.low) + square.low
    return Pair(root, missing / (2.0 * root) if root > 0.0 else 0.0)


@inline
def asin(x: f64) -> f64:
    """The inverse sine, -π/2 … π/2; NaN outside -1 … 1."""
    size = abs(x)
    other = leg(size)
    swapped = size > other.high
    small = Pair(other.high if swapped else size, other.low if swapped else 0.0)
    large = Pair(size if swapped else other.high, 0.0 if swapped else other.low)
    result = angle_of(small, large, swapped, False)
    result = x if size < TINY else copysign(result, x)
    return result if size <= 1.0 else NAN


@inline
def acos(x: f64) -> f64:
    """The inverse cosine, 0 … π; NaN outside -1 … 1."""
    size = abs(x)
    other = leg(size)
    swapped = other.high > size
    small = Pair(size if swapped else other.high, 0.0 if swapped else other.low)
    large = Pair(other.high if swapped else size, other.low if swapped else 0.0)
    result = angle_of(small, large, swapped, x < 0.0)
    return result if size <= 1.0 else NAN
