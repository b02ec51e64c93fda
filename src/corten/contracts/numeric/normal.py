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
INVERSE_ROOT_TWO_PI_HIGH = 0.3989422768354416  # 26 bits
INVERSE_ROOT_TWO_PI_LOW = 3.5659910885844774e-09
INVERSE_ROOT_PI = 0.5641895835477563


@struct
class Scaled:
    """value * 2**k for the integer k of `shifted` = INTEGER + k."""

    value: f64
    shifted: f64


@struct
class Power:
    """(upper + rest) * 2**k for the integer k of `shifted`; the upper part has 26 bits, the rest is below 2**-3."""

    upper: f64
    rest: f64
    shifted: f64


@inline
def exp_parts(high: f64, low: f64) -> Power:
    """exp(high + low) for |high + low| ≤ 746 and |low| ≤ 2**-10."""
    shifted = high * LOG2_E + INTEGER
    k = shifted - INTEGER
    reduced = high - k * LN2_HIGH
    change = low - k * LN2_LOW
    r = reduced + change
    upper = upper_half(1.0 + r)
    return Power(upper, ((1.0 - upper) + r) + (r * r * exp_remainder(r) + ((reduced - r) + change)), shifted)


@struct
class Quotient:
    """upper + rest, and their sum, rounded; the upper part has 26 bits."""

    upper: f64
    rest: f64
    rounded: f64


@inline
def quotient(constant: f64, rest: f64, t: f64, offset: f64) -> Quotient:
    """(constant + rest) / (t + offset); constant and offset have few bits, |rest| is below the constant."""
    numerator = constant + rest
    numerator_rest = (constant - numerator) + rest
    denominator = upper_half(t + offset)
    denominator_rest = (offset - denominator) + t
    inverse = 1.0 / (t + offset)
    rounded = numerator * inverse
    upper = upper_half(rounded)
    missing = (numerator - upper * denominator) - upper * denominator_rest
    return Quotient(upper, (missing + numerator_rest) * inverse, rounded)


@inline
def product(power: Power, factor: Quotient) -> Scaled:
    """The product with one rounding that counts: that of the upper parts is exact."""
    rest = power.upper * factor.rest + power.rest * factor.rounded
    return Scaled(power.upper * factor.upper + rest, power.shifted)


@inline
def normal_tail(t: f64) -> Scaled:
    """The normal distribution's upper tail beyond 0 ≤ t ≤ 38.7."""
    upper = upper_half(t)
    q = (t - 5.5) / (t + 5.5)
    high = -0.5 * upper * upper
    low = -0.5 * (t - upper) * (t + upper)
    return product(exp_parts(high, low), quotient(0.46875, mills_quotient(q), t, 1.25))


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
    density = product(
        exp_parts(high, low), Quotient(INVERSE_ROOT_TWO_PI_HIGH, INVERSE_ROOT_TWO_PI_LOW, INVERSE_ROOT_TWO_PI)
    )
    return scale(density.value, density.shifted)


@inline
def erfcx_right(t: f64) -> Quotient:
    """exp(t²) erfc(t) for 0 ≤ t ≤ 1e20."""
    return quotient(0.65625, erfcx_quotient((t - 4.0) / (t + 4.0)), t, 0.875)


@inline
def erfc_tail(t: f64) -> f64:
    """erfc of 0 ≤ t ≤ 27.3."""
    upper = upper_half(t)
    high = -upper * upper
    low = -(t - upper) * (t + upper)
    tail = product(exp_parts(high, low), erfcx_right(t))
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
    factor = erfcx_right(1e20 if t > 1e20 else t)
    right = INVERSE_ROOT_PI / t if t > 1e10 else factor.upper + factor.rest
    near = 26.65 if t > 26.65 else t  # where it is infinite
    upper = upper_half(near)
    power = exp_parts(upper * upper, (near - upper) * (near + upper))
    growth = scale(2.0 * power.upper, power.shifted)
    growth_rest = scale(2.0 * power.rest, power.shifted)
    left = (growth - factor.upper) + (growth_rest - factor.rest)
    return left if x < 0.0 else right


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
