"""The gamma function, its logarithm, and the incomplete gamma functions of chi-square distributions.

Beyond 8 Stirling's formula, as a pair; below, the recurrence from there; below 1/2, reflection. Near its zeros at 1 and
2 the logarithm is a polynomial. Incomplete gamma functions: series and continued fraction (W. Gautschi 1979, W. Lentz
1976).
"""

from corten.contracts.numeric.exponential import INFINITY, NAN, exp_of, log
from corten.contracts.numeric.pairs import Pair, exact_product, exact_sum, ordered_sum, product_of, quotient_of, sum_of
from corten.contracts.numeric.polynomials import log_gamma_at_one, log_gamma_at_two, stirling_remainder
from corten.contracts.numeric.power import log_pair
from corten.contracts.numeric.trigonometric import PI, PI_LOW, cosine_near, sine_near
from corten.lang import copysign, f64, i64, nearest

LOG_ROOT_TWO_PI = 0.9189385332046728
LOG_ROOT_TWO_PI_LOW = -3.8782941580672414e-17
MOST_TERMS = 100_000
ENOUGH = 1.0e-17
LEAST = 1.0e-300


def stirling(z: Pair) -> Pair:
    """log Γ(z) for z ≥ 8."""
    logarithm = log_pair(z.high)
    full = sum_of(logarithm, Pair(z.low / z.high, 0.0))
    product = product_of(ordered_sum(z.high - 0.5, z.low), full)
    inverse = 1.0 / z.high
    rest = inverse * stirling_remainder(inverse * inverse)
    first = exact_sum(product.high, -z.high)
    second = exact_sum(first.high, LOG_ROOT_TWO_PI)
    low = product.low - z.low + first.low + second.low + LOG_ROOT_TWO_PI_LOW
    third = exact_sum(second.high, rest)
    return ordered_sum(third.high, third.low + low)


def rising(x: f64) -> Pair:
    """x (x + 1) … (x + 7)."""
    result = Pair(x, 0.0)
    for step in range(1, 8):
        result = product_of(result, exact_sum(f64(step), x))
    return result


def log_gamma_pair(x: f64) -> Pair:
    """log Γ(x) for x > 0, with an absolute error of some 2**-60."""
    if x >= 8.0:
        return stirling(Pair(x, 0.0))
    product = rising(x)
    logarithm = log_pair(product.high)
    total = stirling(exact_sum(8.0, x))
    return sum_of(total, Pair(-logarithm.high, -(logarithm.low + product.low / product.high)))


def sine_of_half_turns(x: f64) -> Pair:
    """sin(π x) for |x| ≤ 1/2."""
    size = abs(x)
    is_near = size <= 0.25
    part = size if is_near else 0.5 - size
    angle = exact_product(part, PI)
    low = angle.low + part * PI_LOW
    result = sine_near(angle.high, low) if is_near else cosine_near(angle.high, low)
    return result if x >= 0.0 else Pair(-result.high, -result.low)


def gamma(x: f64) -> f64:
    """Γ(x); NaN at negative integers."""
    if x == 0.0:
        return copysign(INFINITY, x)
    if abs(x) < 1e-17:
        return 1.0 / x
    if x >= 0.5:
        return gamma_of_positive(x)
    if nearest(x) == x or x != x or x == -INFINITY:
        return NAN
    turns = nearest(x)
    sine = sine_of_half_turns(x - turns)
    odd = nearest(turns * 0.5) * 2.0 != turns
    factor = quotient_of(Pair(-PI if odd else PI, -PI_LOW if odd else PI_LOW), sine)
    above = exact_sum(1.0, -x)
    product = Pair(1.0, 0.0)
    if above.high < 8.0:
        product = product_of(rising_pair(above), Pair(1.0, 0.0))
        above = sum_of(Pair(8.0, 0.0), above)
    logarithm = stirling(above)
    root = exp_of(-0.5 * logarithm.high, -0.5 * logarithm.low)  # half of it, that nothing underflows in between
    ratio = product_of(factor, product)
    return root * (ratio.high + ratio.low) * root


def rising_pair(x: Pair) -> Pair:
    """x (x + 1) … (x + 7) of a pair x ≥ 1/2."""
    result = Pair(x.high, x.low)
    for step in range(1, 8):
        total = exact_sum(f64(step), x.high)
        result = product_of(result, ordered_sum(total.high, total.low + x.low))
    return result


def gamma_of_positive(x: f64) -> f64:
    """Γ(x) for x ≥ 1/2; factorials that are doubles are exact."""
    if x <= 23.0 and nearest(x) == x:
        factorial = 1.0
        for factor in range(2, i64(x)):
            factorial = factorial * f64(factor)
        return factorial
    if x > 172.0:
        return INFINITY
    if x >= 8.0:
        logarithm = stirling(Pair(x, 0.0))
        return exp_of(logarithm.high, logarithm.low)
    logarithm = stirling(exact_sum(8.0, x))
    result = quotient_of(Pair(exp_of(logarithm.high, logarithm.low), 0.0), rising(x))
    return result.high


def log_gamma(x: f64) -> f64:
    """log |Γ(x)|; inf at 0 and negative integers."""
    if x != x or abs(x) == INFINITY:
        return abs(x)
    if x <= 0.0:
        turns = nearest(x)
        if turns == x:
            return INFINITY
        sine = sine_of_half_turns(x - turns)
        return log(PI / abs(sine.high)) - log_gamma_of_positive(1.0 - x)
    return log_gamma_of_positive(x)


def log_gamma_of_positive(x: f64) -> f64:
    """log Γ(x) for x > 0."""
    if x == 1.0 or x == 2.0:
        return 0.0
    if abs(x - 1.0) <= 0.3:
        return (x - 1.0) * log_gamma_at_one(x - 1.0)
    if abs(x - 2.0) <= 0.3:
        return (x - 2.0) * log_gamma_at_two(x - 2.0)
    if x > 1e290:
        return x * (log(x) - 1.0)
    return log_gamma_pair(x).high


# ── incomplete gamma functions ───────────────────────────────────────────────────────────────────────────────────────


def gamma_density(a: f64, x: f64) -> f64:
    """x**a exp(-x) / Γ(a) for a, x > 0."""
    logarithm = log_pair(x)
    power = product_of(Pair(a, 0.0), logarithm)
    first = exact_sum(power.high, -x)
    below = log_gamma_pair(a)
    second = exact_sum(first.high, -below.high)
    return exp_of(second.high, second.low + (first.low + power.low - below.low))


def lower_series(a: f64, x: f64) -> f64:
    """P(a, x) by its power series, for x < a + 1."""
    term = 1.0 / a
    total = term
    for step in range(1, MOST_TERMS):
        term = term * x / (a + f64(step))
        total = total + term
        if term < total * ENOUGH:
            break
    return total * gamma_density(a, x)


def upper_fraction(a: f64, x: f64) -> f64:
    """Q(a, x) by its continued fraction, for x ≥ a + 1."""
    denominator = x + 1.0 - a
    c = 1.0 / LEAST
    d = 1.0 / denominator
    result = d
    for step in range(1, MOST_TERMS):
        i = f64(step)
        numerator = i * (a - i)
        denominator = denominator + 2.0
        d = numerator * d + denominator
        d = 1.0 / (LEAST if abs(d) < LEAST else d)
        c = denominator + numerator / c
        c = LEAST if abs(c) < LEAST else c
        factor = c * d
        result = result * factor
        if abs(factor - 1.0) < 2.3e-16:
            break
    return result * gamma_density(a, x)


def is_gamma_argument(a: f64, x: f64) -> bool:
    """Whether P(a, x) and Q(a, x) are computed."""
    return a > 0.0 and a <= 1e8 and x >= 0.0


def gamma_p(a: f64, x: f64) -> f64:
    """The regularized lower incomplete gamma function P(a, x), 0 < a ≤ 1e8, x ≥ 0; NaN elsewhere."""
    if not is_gamma_argument(a, x):
        return NAN
    if x == 0.0 or x == INFINITY:
        return 0.0 if x == 0.0 else 1.0
    return lower_series(a, x) if x < a + 1.0 else 1.0 - upper_fraction(a, x)


def gamma_q(a: f64, x: f64) -> f64:
    """The regularized upper incomplete gamma function Q(a, x) = 1 - P(a, x), where it is small too."""
    if not is_gamma_argument(a, x):
        return NAN
    if x == 0.0 or x == INFINITY:
        return 1.0 if x == 0.0 else 0.0
    return 1.0 - lower_series(a, x) if x < a + 1.0 else upper_fraction(a, x)


def chi_square_cdf(x: f64, degrees: f64) -> f64:
    """The distribution function of chi-square with some degrees of freedom; 0 for x ≤ 0."""
    return gamma_p(0.5 * degrees, 0.5 * max(x, 0.0))


def noncentral_chi_square_cdf(x: f64, degrees: f64, noncentrality: f64) -> f64:
    """The distribution function of noncentral chi-square, for a noncentrality up to 1e6.

    A Poisson mixture of chi-squares, summed from its largest weight outwards (D. Benton and K. Krishnamoorthy 2003).
    """
    if not (noncentrality >= 0.0 and noncentrality <= 1e6 and degrees > 0.0) or x != x:
        return NAN
    if noncentrality == 0.0 or x <= 0.0 or x == INFINITY:
        return chi_square_cdf(x, degrees)
    mean = 0.5 * noncentrality
    half = 0.5 * x
    middle = nearest(mean)
    shape = 0.5 * degrees + middle
    weight = gamma_density(middle + 1.0, mean) / mean
    part = gamma_p(shape, half)
    change = gamma_density(shape, half) / shape
    total = weight * part
    upward_weight = weight
    upward_part = part
    upward_change = change
    for step in range(1, MOST_TERMS):
        upward_part = upward_part - upward_change
        upward_change = upward_change * half / (shape + f64(step))
        upward_weight = upward_weight * mean / (middle + f64(step))
        term = upward_weight * upward_part
        total = total + term
        if term <= total * ENOUGH:
            break
    for step in range(1, i64(middle) + 1):
        index = middle - f64(step)
        change = change * (shape - f64(step) + 1.0) / half
        part = part + change
        weight = weight * (index + 1.0) / mean
        term = weight * part
        total = total + term
        if weight <= total * ENOUGH:
            break
    return min(total, 1.0)
