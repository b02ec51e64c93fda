"""Sums of two doubles, for what needs more than 53 bits between its steps.

T. Dekker, "A floating-point technique for extending the available precision" (1971); D. Knuth, "The Art of Computer
Programming", volume 2, 4.2.2.

`high` is the sum rounded to a double, or nearly; `low` is what it leaves. There is no fused multiply-add in
WebAssembly: products are made exact by splitting each factor in halves.
"""

from corten.lang import f64, inline, struct

SPLIT = 134217729.0  # 2**27 + 1
UP = 4.149515568880993e180  # 2**600, to keep products within the range
DOWN = 2.409919865102884e-181


@struct
class Pair:
    """high + low."""

    high: f64
    low: f64


@inline
def upper_half(x: f64) -> f64:
    """The upper 26 bits, for |x| < 2**996; products of two of them are exact."""
    product = x * SPLIT
    return product - (product - x)


@inline
def ordered_sum(a: f64, b: f64) -> Pair:
    """a + b exactly, if a is 0 or |a| ≥ |b|."""
    total = a + b
    return Pair(total, (a - total) + b)


@inline
def exact_sum(a: f64, b: f64) -> Pair:
    """a + b exactly."""
    total = a + b
    part = total - a
    return Pair(total, (a - (total - part)) + (b - part))


@inline
def exact_product(a: f64, b: f64) -> Pair:
    """a * b exactly, unless it comes near the ends of the range."""
    product = a * b
    a_high = upper_half(a)
    b_high = upper_half(b)
    a_low = a - a_high
    b_low = b - b_high
    return Pair(product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low)


@inline
def sum_of(a: Pair, b: Pair) -> Pair:
    """a + b for |a| ≥ |b|, or a = 0."""
    total = ordered_sum(a.high, b.high)
    return ordered_sum(total.high, total.low + (a.low + b.low))


@inline
def product_of(a: Pair, b: Pair) -> Pair:
    """a * b."""
    product = exact_product(a.high, b.high)
    return ordered_sum(product.high, product.low + (a.high * b.low + a.low * b.high))


@inline
def quotient_of(a: Pair, b: Pair) -> Pair:
    """a / b."""
    estimate = a.high / b.high
    product = exact_product(estimate, b.high)
    rest = ((a.high - product.high) - product.low) + (a.low - estimate * b.low)
    return ordered_sum(estimate, rest / b.high)
