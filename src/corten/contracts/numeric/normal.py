"""Error functions and the normal distribution: straight-line code without tables, branches or traps.

A tail is exp(-t²/2), with t² split into an exact and a small part, times a function that falls like 1 / t. That one
times (t + offset) is nearly constant, and a polynomial in (t - centre) / (t + centre): M. Shepherd and J. Laframboise,
"Chebyshev approximation of (1 + 2x) exp(x²) erfc x in 0 ≤ x < ∞" (1981). Error bounds stand in docs/mathematics.md.
"""

from corten.contracts.numeric.exponential import INTEGER, LN2_HIGH, LN2_LOW, LOG2_E, scale
from corten.contracts.numeric.polynomials import erf_quotient, erfcx_quotient, exp_remainder, mills_quotient
from corten.lang import copysign, f64, inline

SPLIT = 134217729.0  # 2**27 + 1
INVERSE_ROOT_TWO_PI = 0.3989422804014327
INVERSE_ROOT_TWO_PI_LOW = -2.4923272022777e-17


@inline
def upper_half(t: f64) -> f64:
    """The upper 26 bits: their square is exact (T. Dekker 1971)."""
    product = t * SPLIT
    return product - (product - t)


@inline
def exp_times(high: f64, low: f64, constant: f64, rest: f64, t: f64, offset: f64) -> f64:
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
    return scale(power * quotient + (power * quotient_rest + power_rest * estimate), shifted)


@inline
def normal_tail(t: f64) -> f64:
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
    return tail if x < 0.0 else 1.0 - tail


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
    return exp_times(high, low, 0.65625, erfcx_quotient((t - 4.0) / (t + 4.0)), t, 0.875)


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
    return growth - right if x < 0.0 else right
