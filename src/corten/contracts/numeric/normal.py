"""Error functions and the normal distribution: straight-line code without tables, branches or traps.

A tail is exp(-t²/2), with t² split into an exact and a small part, times a function that falls like 1 / t. That one
times (t + offset) is nearly constant, and a polynomial in (t - centre) / (t + centre): M. Shepherd and J. Laframboise,
"Chebyshev approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞" (1981). Error bounds stand in docs/mathematics.md.
"""

from corten.contracts.numeric.exponential import INFINITY, INTEGER, LN2_HIGH, LN2_LOW, LOG2_E, NAN, log, scale
from corten.contracts.numeric.pairs import exact_product, ordered_sum, upper_half
from corten.contracts.numeric.polynomials import (
    erf_quotient,
    erfcx_quotient,
    exp_remainder,
    inverse_centre,
    inverse_tail,
    mills_quotient,
)
from corten.lang import copysign, f64, inline, sqrt, struct

INVERSE_ROOT_TWO_PI = 0.3989422804014327
TWO_200 = 1.6069380442589903e60
INVERSE_ROOT_TWO_PI_LOW = -2.4923272022777e-17


@struct
class Scaled:
    """value * 2**k for the integer k of `shifted` = INTEGER + k."""

    value: f64
    shifted: f64


@inline
def exp_times(high: f64, low: f64, constant: f64, rest: f64, t: f64, offset: f64) -> Scaled:
    """exp(high + low) * (constant + rest) / (t + offset) with one rounding that counts.

    |high + low| ≤ 746 and |low| ≤ 2**-10; constant and offset have few bits, |rest| is below the constant. The quotient
    and the exponential are each an upper half, whose product is exact, and a small rest.
    """
    shifted = high * LOG2_E + INTEGER
    k = shifted - INTEGER
    reduced = high - k * LN2_HIGH
    change = low - k * LN2_LOW
    r = reduced + change
    power = upper_half(1.0 + r)
    power_rest = ((1.0 - power) + r) + (r * r * exp_remainder(r) + ((reduced - r) + change))
    numerator = constant + rest
    numerator_rest = (constant - numerator) + rest
    denominator = upper_half(t + offset)
    denominator_rest = (offset - denominator) + t
    inverse = 1.0 / (t + offset)
    estimate = numerator * inverse
    quotient = upper_half(estimate)
    missing = (numerator - quotient * denominator) - quotient * denominator_rest
    quotient_rest = (missing + numerator_rest) * inverse
    return Scaled(power * quotient + (power * quotient_rest + power_rest * estimate), shifted)


@inline
def normal_tail(t: f64) -> Scaled:
    """The normal distribution's upper tail beyond 0 ≤ t ≤ 38.7."""
    upper = upper_half(t)
    q = (t - 5.5) / (t + 5.5)
    high = -0.5 * upper * upper
    low = -0.5 * (t - upper) * (t + upper)
    return exp_times(high, low, 0.46875, mills_quotient(q), t, 1.25)


@inline
def normal_cdf(x: f64) -> f64:
    """The standard normal distribution function."""
    t = abs(x)
    tail = normal_tail(38.7 if t > 38.7 else t)
    result = scale(tail.value, tail.shifted)
    return result if x < 0.0 else 1.0 - result


@inline
def normal_pdf(x: f64) -> f64:
    """The standard normal density."""
    t = abs(x)
    t = 39.0 if t > 39.0 else t
    upper = upper_half(t)
    high = -0.5 * upper * upper
    low = -0.5 * (t - upper) * (t + upper)
    shifted = high * LOG2_E + INTEGER
    k = shifted - INTEGER
    reduced = high - k * LN2_HIGH
    rest = low - k * LN2_LOW
    r = reduced + rest
    change = r + (r * r * exp_remainder(r) + ((reduced - r) + rest))
    value = INVERSE_ROOT_TWO_PI + (INVERSE_ROOT_TWO_PI_LOW + INVERSE_ROOT_TWO_PI * change)
    return scale(value, shifted)


@inline
def erfc_tail(t: f64) -> f64:
    """erfc of 0 ≤ t ≤ 27.3."""
    upper = upper_half(t)
    high = -upper * upper
    low = -(t - upper) * (t + upper)
    tail = exp_times(high, low, 0.65625, erfcx_quotient((t - 4.0) / (t + 4.0)), t, 0.875)
    return scale(tail.value, tail.shifted)


@inline
def erfc(x: f64) -> f64:
    """1 - erf(x), without cancellation."""
    t = abs(x)
    tail = erfc_tail(27.3 if t > 27.3 else t)
    return 2.0 - tail if x < 0.0 else tail


@inline
def erf(x: f64) -> f64:
    """The error function."""
    t = abs(x)
    near = x * erf_quotient(x * x)
    far = copysign(1.0 - erfc_tail(6.0 if t > 6.0 else t), x)
    return near if t < 1.0 else far


@inline
def erfcx(x: f64) -> f64:
    """exp(x²) erfc(x); infinite below -26.7."""
    t = abs(x)
    bounded = 1e20 if t > 1e20 else t
    right = (0.65625 + erfcx_quotient((bounded - 4.0) / (bounded + 4.0))) / (t + 0.875)
    near = 27.0 if t > 27.0 else t
    upper = upper_half(near)
    growth = exp_times(upper * upper, (near - upper) * (near + upper), 2.0, 0.0, 0.0, 1.0)
    return scale(growth.value, growth.shifted) - right if x < 0.0 else right


@inline
def normal_inverse(p: f64) -> f64:
    """The x where normal_cdf(x) = p; NaN outside 0 … 1.

    Both parts take w = -log(4 p (1 - p)) (M. Giles, "Approximating the erfinv function", 2010). In the middle the
    result is (2 p - 1) C(w); in the tails an estimate from sqrt(w) is improved by Halley's method on the logarithm of
    the tail.
    """
    small = 1.0 - p if p > 0.5 else p
    w = -log(4.0 * small * (1.0 - small))
    distance = 1.0 - 2.0 * small
    rest = inverse_centre(w)
    factor = ordered_sum(1.28125, rest)
    product = exact_product(distance, factor.high)
    middle = product.high + (product.low + distance * factor.low)

    root = sqrt(w)
    estimate = root * inverse_tail((root - 2.0) / (root + 2.0))
    estimate = 38.6 if estimate > 38.6 else estimate
    tail = normal_tail(estimate)
    subnormal = small < 1e-280
    found = scale(tail.value, tail.shifted + 200.0 if subnormal else tail.shifted)
    wanted = small * TWO_200 if subnormal else small
    ratio = (found - wanted) / wanted
    logarithm = ratio * (1.0 - ratio * (0.5 - ratio * (0.3333333333333333 - ratio * 0.25)))
    mills = (0.46875 + mills_quotient((estimate - 5.5) / (estimate + 5.5))) / (estimate + 1.25)
    hazard = INVERSE_ROOT_TWO_PI / mills
    step = logarithm / hazard
    outer = estimate + step / (1.0 + 0.5 * step * (hazard - estimate))

    result = middle if small > 0.125 else outer
    result = result if p > 0.5 or small == 0.5 else -result
    result = (INFINITY if p == 1.0 else -INFINITY) if p == 1.0 or p == 0.0 else result
    return result if 0.0 <= p and p <= 1.0 else NAN
