"""The bivariate normal distribution function.

A. Genz, "Numerical computation of rectangular bivariate and trivariate normal and t probabilities" (2004), after
Z. Drezner and G. Wesolowsky (1990): Gauss-Legendre quadrature with 20 points over the correlation, and for correlations
near ±1 over what is left after the expansion of the integrand there.
"""

from corten.contracts.numeric.exponential import INFINITY, NAN, exp
from corten.contracts.numeric.normal import normal_cdf
from corten.contracts.numeric.trigonometric import asin, sin_bounded
from corten.lang import f64, inline, sqrt

TWO_PI = 6.283185307179586
ROOT_TWO_PI = 2.5066282746310007
STRONG = 0.925  # correlations beyond it are taken from the other end
FAR = -100.0  # exponents below it add nothing


@inline
def moderate_term(angle: f64, square: f64, product: f64, point: f64) -> f64:
    """The integrand at the correlation sin(angle * point)."""
    sine = sin_bounded(angle * point)
    return exp((sine * product - square) / (1.0 - sine * sine))


def moderate(h: f64, k: f64, rho: f64) -> f64:
    """P(X > h, Y > k) less its value without correlation, for |rho| < 0.925."""
    square = 0.5 * (h * h + k * k)
    product = h * k
    angle = 0.5 * asin(rho)
    total = 0.0
    total = total + 0.017614007139152118 * (
        moderate_term(angle, square, product, 1.0 - 0.9931285991850949)
        + moderate_term(angle, square, product, 1.0 + 0.9931285991850949)
    )
    total = total + 0.04060142980038694 * (
        moderate_term(angle, square, product, 1.0 - 0.9639719272779138)
        + moderate_term(angle, square, product, 1.0 + 0.9639719272779138)
    )
    total = total + 0.06267204833410907 * (
        moderate_term(angle, square, product, 1.0 - 0.912234428251326)
        + moderate_term(angle, square, product, 1.0 + 0.912234428251326)
    )
    total = total + 0.08327674157670475 * (
        moderate_term(angle, square, product, 1.0 - 0.8391169718222188)
        + moderate_term(angle, square, product, 1.0 + 0.8391169718222188)
    )
    total = total + 0.10193011981724044 * (
        moderate_term(angle, square, product, 1.0 - 0.7463319064601508)
        + moderate_term(angle, square, product, 1.0 + 0.7463319064601508)
    )
    total = total + 0.11819453196151841 * (
        moderate_term(angle, square, product, 1.0 - 0.636053680726515)
        + moderate_term(angle, square, product, 1.0 + 0.636053680726515)
    )
    total = total + 0.13168863844917664 * (
        moderate_term(angle, square, product, 1.0 - 0.5108670019508271)
        + moderate_term(angle, square, product, 1.0 + 0.5108670019508271)
    )
    total = total + 0.14209610931838204 * (
        moderate_term(angle, square, product, 1.0 - 0.37370608871541955)
        + moderate_term(angle, square, product, 1.0 + 0.37370608871541955)
    )
    total = total + 0.14917298647260374 * (
        moderate_term(angle, square, product, 1.0 - 0.22778585114164507)
        + moderate_term(angle, square, product, 1.0 + 0.22778585114164507)
    )
    total = total + 0.15275338713072584 * (
        moderate_term(angle, square, product, 1.0 - 0.07652652113349734)
        + moderate_term(angle, square, product, 1.0 + 0.07652652113349734)
    )
    return total * angle / TWO_PI


@inline
def strong_term(half: f64, gap: f64, product: f64, first: f64, second: f64, point: f64) -> f64:
    """The integrand less its expansion, at the distance half * point from correlation 1."""
    x = half * point * half * point
    root = sqrt(1.0 - x)
    exponent = -0.5 * (gap / x + product)
    expansion = 1.0 + first * x * (1.0 + second * x)
    exact = exp(-product * x / (2.0 * (1.0 + root) * (1.0 + root))) / root
    return exp(exponent) * (exact - expansion) if exponent > FAR else 0.0


def strong(h: f64, k: f64, rho: f64) -> f64:
    """What P(X > h, Y > k) lacks of its value at correlation 1, for 0.925 ≤ rho < 1."""
    product = h * k
    distance = (1.0 - rho) * (1.0 + rho)
    width = sqrt(distance)
    gap = (h - k) * (h - k)
    first = 0.125 * (4.0 - product)
    second = 0.0625 * (12.0 - product)
    exponent = -0.5 * (gap / distance + product)
    total = 0.0
    if exponent > FAR:
        series = first * (gap - distance) * (1.0 - 0.2 * second * gap) / 3.0
        total = width * exp(exponent) * (1.0 - series + 0.2 * first * second * distance * distance)
    if -product < -FAR:
        root = sqrt(gap)
        tail = exp(-0.5 * product) * ROOT_TWO_PI * normal_cdf(-root / width) * root
        total = total - tail * (1.0 - first * gap * (1.0 - 0.2 * second * gap) / 3.0)
    half = 0.5 * width
    rest = total
    total = 0.0
    total = total + 0.017614007139152118 * (
        strong_term(half, gap, product, first, second, 1.0 - 0.9931285991850949)
        + strong_term(half, gap, product, first, second, 1.0 + 0.9931285991850949)
    )
    total = total + 0.04060142980038694 * (
        strong_term(half, gap, product, first, second, 1.0 - 0.9639719272779138)
        + strong_term(half, gap, product, first, second, 1.0 + 0.9639719272779138)
    )
    total = total + 0.06267204833410907 * (
        strong_term(half, gap, product, first, second, 1.0 - 0.912234428251326)
        + strong_term(half, gap, product, first, second, 1.0 + 0.912234428251326)
    )
    total = total + 0.08327674157670475 * (
        strong_term(half, gap, product, first, second, 1.0 - 0.8391169718222188)
        + strong_term(half, gap, product, first, second, 1.0 + 0.8391169718222188)
    )
    total = total + 0.10193011981724044 * (
        strong_term(half, gap, product, first, second, 1.0 - 0.7463319064601508)
        + strong_term(half, gap, product, first, second, 1.0 + 0.7463319064601508)
    )
    total = total + 0.11819453196151841 * (
        strong_term(half, gap, product, first, second, 1.0 - 0.636053680726515)
        + strong_term(half, gap, product, first, second, 1.0 + 0.636053680726515)
    )
    total = total + 0.13168863844917664 * (
        strong_term(half, gap, product, first, second, 1.0 - 0.5108670019508271)
        + strong_term(half, gap, product, first, second, 1.0 + 0.5108670019508271)
    )
    total = total + 0.14209610931838204 * (
        strong_term(half, gap, product, first, second, 1.0 - 0.37370608871541955)
        + strong_term(half, gap, product, first, second, 1.0 + 0.37370608871541955)
    )
    total = total + 0.14917298647260374 * (
        strong_term(half, gap, product, first, second, 1.0 - 0.22778585114164507)
        + strong_term(half, gap, product, first, second, 1.0 + 0.22778585114164507)
    )
    total = total + 0.15275338713072584 * (
        strong_term(half, gap, product, first, second, 1.0 - 0.07652652113349734)
        + strong_term(half, gap, product, first, second, 1.0 + 0.07652652113349734)
    )
    return (rest + half * total) / TWO_PI


def upper_quadrant(h: f64, k: f64, rho: f64) -> f64:
    """P(X > h, Y > k) for finite h and k."""
    if abs(rho) < STRONG:
        return moderate(h, k, rho) + normal_cdf(-h) * normal_cdf(-k)
    other = k if rho > 0.0 else -k
    lacking = strong(h, other, abs(rho)) if abs(rho) < 1.0 else 0.0
    if rho > 0.0:
        return normal_cdf(-max(h, k)) - lacking
    between = 0.0
    if other > h:
        between = normal_cdf(other) - normal_cdf(h) if h < 0.0 else normal_cdf(-h) - normal_cdf(-other)
    return lacking + between


def bivariate_normal_cdf(x: f64, y: f64, rho: f64) -> f64:
    """P(X ≤ x, Y ≤ y) for standard normal X, Y with correlation rho in [-1, 1]; NaN outside."""
    if x != x or y != y or not (-1.0 <= rho and rho <= 1.0):
        return NAN
    if x == -INFINITY or y == -INFINITY:
        return 0.0
    if x == INFINITY:
        return normal_cdf(y)
    if y == INFINITY:
        return normal_cdf(x)
    h = max(min(-x, 1e10), -1e10)
    k = max(min(-y, 1e10), -1e10)
    return max(0.0, min(1.0, upper_quadrant(h, k, rho)))
