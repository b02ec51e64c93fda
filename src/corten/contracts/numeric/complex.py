"""Complex numbers for characteristic functions: straight-line code, principal branches.

Results are good to a few units in the last place of their modulus; the logarithm's real part also near modulus 1.
Infinite and NaN parts give what the formulas give: C99's Annex G is not followed.
"""

from corten.contracts.numeric.exponential import LN2_HIGH, LN2_LOW, exp, exp_of, log1p
from corten.contracts.numeric.pairs import DOWN, UP, exact_product, exact_sum, ordered_sum
from corten.contracts.numeric.power import hypot, log_pair
from corten.contracts.numeric.trigonometric import atan2, cos, sin
from corten.lang import copysign, f64, inline, sqrt, struct

LOG_UP = 600.0  # log2 of UP


@struct
class Complex:
    """real + i imaginary."""

    real: f64
    imaginary: f64


@inline
def add(a: Complex, b: Complex) -> Complex:
    """a + b."""
    return Complex(a.real + b.real, a.imaginary + b.imaginary)


@inline
def subtract(a: Complex, b: Complex) -> Complex:
    """a - b."""
    return Complex(a.real - b.real, a.imaginary - b.imaginary)


@inline
def negated(a: Complex) -> Complex:
    """-a."""
    return Complex(-a.real, -a.imaginary)


@inline
def conjugated(a: Complex) -> Complex:
    """The mirror image at the real axis."""
    return Complex(a.real, -a.imaginary)


@inline
def scaled(a: Complex, factor: f64) -> Complex:
    """a * factor."""
    return Complex(a.real * factor, a.imaginary * factor)


@inline
def multiply(a: Complex, b: Complex) -> Complex:
    """a * b."""
    real = a.real * b.real - a.imaginary * b.imaginary
    return Complex(real, a.real * b.imaginary + a.imaginary * b.real)


@inline
def divide(a: Complex, b: Complex) -> Complex:
    """a / b, scaled so that nothing overflows in between (R. Smith 1962)."""
    is_flat = abs(b.real) >= abs(b.imaginary)
    larger = b.real if is_flat else b.imaginary
    smaller = b.imaginary if is_flat else b.real
    ratio = smaller / larger
    denominator = larger + smaller * ratio
    real = a.real if is_flat else a.imaginary
    imaginary = a.imaginary if is_flat else a.real
    upper = (real + imaginary * ratio) / denominator
    lower = (imaginary - real * ratio) / denominator
    return Complex(upper, lower if is_flat else -lower)


@inline
def modulus(a: Complex) -> f64:
    """The distance from 0."""
    return hypot(a.real, a.imaginary)


@inline
def argument(a: Complex) -> f64:
    """The angle, -π … π."""
    return atan2(a.imaginary, a.real)


@inline
def log_modulus(a: Complex) -> f64:
    """log of the modulus, also near 1: from the sum of squares as a pair."""
    size = max(abs(a.real), abs(a.imaginary))
    factor = DOWN if size > 1e150 else (UP if size < 1e-150 else 1.0)
    powers = LOG_UP if size > 1e150 else (-LOG_UP if size < 1e-150 else 0.0)
    x = abs(a.real) * factor
    y = abs(a.imaginary) * factor
    first = exact_product(max(x, y), max(x, y))
    second = exact_product(min(x, y), min(x, y))
    total = ordered_sum(first.high, second.high)
    low = total.low + (first.low + second.low)
    logarithm = log_pair(total.high)
    distance = exact_sum(total.high, -1.0)
    near = 0.5 * log1p(distance.high + (distance.low + low))
    far = 0.5 * (logarithm.high + (logarithm.low + low / total.high))
    result = near if total.high > 0.5 and total.high < 2.0 else far
    result = powers * LN2_HIGH + (result + powers * LN2_LOW)
    return result if size > 0.0 else -1e999


@inline
def complex_log(a: Complex) -> Complex:
    """The principal logarithm."""
    return Complex(log_modulus(a), argument(a))


@inline
def complex_exp(a: Complex) -> Complex:
    """e**a."""
    size = exp(a.real)
    return Complex(size * cos(a.imaginary), size * sin(a.imaginary))


@inline
def complex_sqrt(a: Complex) -> Complex:
    """The root in the right half-plane (W. Kahan 1987)."""
    size = max(abs(a.real), abs(a.imaginary))
    factor = DOWN if size > 1e150 else (UP if size < 1e-150 else 1.0)
    back = 2.037035976334486e90 if size > 1e150 else (4.909093465297727e-91 if size < 1e-150 else 1.0)
    x = a.real * factor
    y = a.imaginary * factor
    root = sqrt(0.5 * (hypot(x, y) + abs(x)))
    other = y / (2.0 * root)
    upper = (root if x >= 0.0 else abs(other)) * back
    lower = (other if x >= 0.0 else copysign(root, y)) * back
    return Complex(upper if size > 0.0 else 0.0, lower if size > 0.0 else y)


@inline
def complex_pow(a: Complex, b: Complex) -> Complex:
    """a**b = exp(b log a); 0**b is 0."""
    logarithm = complex_log(a)
    real = exact_product(b.real, logarithm.real)
    turned = exact_product(b.imaginary, logarithm.imaginary)
    total = exact_sum(real.high, -turned.high)
    size = exp_of(total.high, total.low + (real.low - turned.low))
    angle = b.real * logarithm.imaginary + b.imaginary * logarithm.real
    is_zero = a.real == 0.0 and a.imaginary == 0.0
    return Complex(0.0 if is_zero else size * cos(angle), 0.0 if is_zero else size * sin(angle))
