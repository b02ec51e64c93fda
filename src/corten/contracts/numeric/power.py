"""Powers, logarithms to other bases, hyperbolic functions: straight-line code without tables, branches or traps.

A power needs its logarithm to 64 bits and more: it is computed as a pair. Special values as in C99's Annex F.
"""

from corten.contracts.numeric.exponential import (
    BIASED_52,
    INFINITY,
    LN2_HIGH,
    LN2_LOW,
    MANTISSA,
    NAN,
    ROOT_HALF,
    SMALLEST_NORMAL,
    TO_ROOT_HALF,
    TWO_52,
    TWO_54,
    exp_of,
    half_expm1,
)
from corten.contracts.numeric.pairs import (
    DOWN,
    UP,
    Pair,
    exact_product,
    exact_sum,
    ordered_sum,
    product_of,
    quotient_of,
    sum_of,
)
from corten.contracts.numeric.polynomials import atanh_remainder
from corten.lang import copysign, f64, f64_bits, f64_from_bits, inline, nearest, sqrt, wrapping_add

LN2 = 0.6931471805599453
LN2_REST = 2.3190468138462996e-17
LARGEST_EXPONENT = 3.7e19  # |log(x)| ≥ 2**-53 unless x = 1: larger exponents give the same power


@inline
def log_pair(x: f64) -> Pair:
    """log(x) to about 70 bits, for 0 < x < inf."""
    subnormal = x < SMALLEST_NORMAL
    offset = wrapping_add(f64_bits(x * TWO_54 if subnormal else x), TO_ROOT_HALF)
    exponent = f64_from_bits((offset >> 52) | TWO_52) - (BIASED_52 + 54.0 if subnormal else BIASED_52)
    f = f64_from_bits(wrapping_add(offset & MANTISSA, ROOT_HALF)) - 1.0
    s = quotient_of(Pair(f, 0.0), ordered_sum(2.0, f))
    z = product_of(s, s)
    fifth = ordered_sum(0.4, z.high * atanh_remainder(z.high))
    fifth = Pair(fifth.high, fifth.low - 2.220446049250313e-17)
    third = product_of(z, fifth)
    third = sum_of(Pair(0.6666666666666666, 3.700743415417188e-17), third)
    series = product_of(product_of(z, third), s)
    mantissa = sum_of(Pair(2.0 * s.high, 2.0 * s.low), series)
    whole = ordered_sum(exponent * LN2_HIGH, mantissa.high)
    return ordered_sum(whole.high, whole.low + (mantissa.low + exponent * LN2_LOW))


@inline
def pow(x: f64, y: f64) -> f64:
    """x**y."""
    size = abs(x)
    exponent = LARGEST_EXPONENT if y > LARGEST_EXPONENT else y
    exponent = -LARGEST_EXPONENT if exponent < -LARGEST_EXPONENT else exponent
    logarithm = log_pair(size)
    product = exact_product(logarithm.high, exponent)
    result = exp_of(product.high, product.low + logarithm.low * exponent)
    result = result if size < INFINITY else (INFINITY if y > 0.0 else 0.0)
    result = result if size > 0.0 else (0.0 if y > 0.0 else INFINITY)
    half = y * 0.5
    result = copysign(result, x) if nearest(half) != half and nearest(y) == y else result
    result = NAN if -INFINITY < x and x < 0.0 and nearest(y) != y else result
    result = result if x == x and y == y else NAN
    return 1.0 if y == 0.0 or x == 1.0 else result


@inline
def exp2(x: f64) -> f64:
    """2**x."""
    bounded = 1100.0 if x > 1100.0 else x
    bounded = -1100.0 if bounded < -1100.0 else bounded
    product = exact_product(bounded, LN2)
    return exp_of(product.high, product.low + bounded * LN2_REST)


@inline
def scaled_log(x: f64, factor: f64, factor_low: f64) -> f64:
    """log(x) * (factor + factor_low); special cases as log's."""
    logarithm = log_pair(x)
    product = exact_product(logarithm.high, factor)
    result = product.high + (product.low + (logarithm.high * factor_low + logarithm.low * factor))
    result = result if x < INFINITY else x
    return result if x > 0.0 else (-INFINITY if x == 0.0 else NAN)


@inline
def log2(x: f64) -> f64:
    """The logarithm to base 2."""
    return scaled_log(x, 1.4426950408889634, 2.0355273740931033e-17)


@inline
def log10(x: f64) -> f64:
    """The logarithm to base 10."""
    return scaled_log(x, 0.4342944819032518, 1.098319650216765e-17)


@inline
def cbrt(x: f64) -> f64:
    """The cube root, of negative numbers too."""
    size = abs(x)
    logarithm = log_pair(size)
    third = exact_product(logarithm.high, 0.3333333333333333)
    result = exp_of(
        third.high, third.low + (logarithm.high * 1.850371707708594e-17 + logarithm.low * 0.3333333333333333)
    )
    result = result if size < INFINITY and size > 0.0 else size
    return copysign(result, x)


@inline
def hypot(x: f64, y: f64) -> f64:
    """sqrt(x² + y²) without overflow in between; infinite if an argument is, even beside a NaN."""
    a = abs(x)
    b = abs(y)
    larger = a if a > b else b
    smaller = b if a > b else a
    factor = DOWN if larger > 1e150 else (UP if larger < 1e-150 else 1.0)
    back = UP if larger > 1e150 else (DOWN if larger < 1e-150 else 1.0)
    first = exact_product(larger * factor, larger * factor)
    second = exact_product(smaller * factor, smaller * factor)
    total = ordered_sum(first.high, second.high)
    rest = total.low + (first.low + second.low)
    root = sqrt(total.high)
    square = exact_product(root, root)
    missing = ((total.high - square.high) - square.low) + rest
    result = root + missing / (2.0 * root)
    result = result * back if larger > 0.0 else larger
    result = NAN if x != x or y != y else result
    return INFINITY if a == INFINITY or b == INFINITY else result


@inline
def tanh(x: f64) -> f64:
    """The hyperbolic tangent."""
    size = abs(x)
    half = half_expm1(2.0 * (22.0 if size > 22.0 else size))
    below = exact_sum(1.0, half.high)
    ratio = quotient_of(half, Pair(below.high, below.low + half.low))
    return x if size < 1e-10 else copysign(ratio.high + ratio.low, x)


@inline
def half_exp(x: f64) -> f64:
    """e**x / 2, where e**x may have no double."""
    halved = ordered_sum(x, -LN2)
    return exp_of(halved.high, halved.low - LN2_REST)


@inline
def sinh(x: f64) -> f64:
    """The hyperbolic sine."""
    size = abs(x)
    half = half_expm1(40.0 if size > 40.0 else size)
    below = exact_sum(1.0, 2.0 * half.high)
    total = sum_of(half, quotient_of(half, Pair(below.high, below.low + 2.0 * half.low)))
    result = half_exp(size) if size > 40.0 else total.high + total.low
    return x if size < 1e-10 else copysign(result, x)


@inline
def cosh(x: f64) -> f64:
    """The hyperbolic cosine."""
    size = abs(x)
    half = half_expm1(40.0 if size > 40.0 else size)
    below = exact_sum(1.0, 2.0 * half.high)
    power = Pair(below.high, below.low + 2.0 * half.low)
    total = sum_of(Pair(0.5 * power.high, 0.5 * power.low), quotient_of(Pair(0.5, 0.0), power))
    return half_exp(size) if size > 40.0 else total.high + total.low
