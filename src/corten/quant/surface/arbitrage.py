"""Static arbitrage of raw SVI smiles, decided on the whole line and exactly for the given doubles.

With k = m + σ(t − 1/t)/2, t > 0, a smile's w, and g·16w²√(1 + y²)³ with it, are rational in t: g ≥ 0 everywhere if and
only if a polynomial of degree 10 is not negative for t > 0. Two smiles cross only where a polynomial of degree 4 in k
has a root. Both are decided with rational arithmetic and Sturm's theorem (`polynomials`): no grid, no tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import inf, isinf, sqrt

import numpy as np

from corten.quant.surface.polynomials import (
    Integers,
    Polynomial,
    add,
    gaps,
    multiply,
    negative_stretches,
    primitive,
    scale,
    value,
)
from corten.quant.surface.smiles import RawSvi

Stretch = tuple[float, float]


@dataclass(frozen=True)
class Butterfly:
    """Where a smile's density is negative. `least` and `at`: the least g found there, and its k."""

    where: tuple[Stretch, ...]
    least: float
    at: float

    @property
    def is_free(self) -> bool:
        """Whether there is no butterfly arbitrage."""
        return not self.where


@dataclass(frozen=True)
class Calendar:
    """Where the later of two smiles has less total variance.

    `most` and `at`: by how much at most, and its k; of a wing without end, the part near the smile.
    """

    where: tuple[Stretch, ...]
    most: float
    at: float

    @property
    def is_free(self) -> bool:
        """Whether there is no calendar arbitrage."""
        return not self.where


def butterfly(smile: RawSvi) -> Butterfly:
    """Durrleman's condition g(k) ≥ 0 on the whole line, total variance > 0, wings not steeper than 2."""
    smile.checked()
    if not has_variance(smile):
        return Butterfly(((-inf, inf),), -inf, smile.m)
    if smile.b == 0.0:
        return Butterfly((), 1.0, 0.0)
    polynomial = durrleman_polynomial(smile)
    where = tuple((_moneyness(smile, low), _moneyness(smile, high)) for low, high in negative_stretches(polynomial, _0))
    if not where and not has_bounded_wings(smile):
        where = ((-inf, inf),)
    least, at = _least_density(smile, where)
    return Butterfly(where, least, at)


def is_butterfly_free(smile: RawSvi) -> bool:
    """The decision of `butterfly` alone."""
    if not has_variance(smile) or not has_bounded_wings(smile):
        return False
    if smile.b == 0.0:
        return True
    polynomial = durrleman_polynomial(smile)
    return all(x >= 0 for x in polynomial) or all(value(polynomial, x) >= 0 for x in gaps(polynomial, _0))


def calendar(near: RawSvi, far: RawSvi) -> Calendar:
    """Whether `far`, of a later expiry, has at least the total variance of `near` at every moneyness."""
    points = crossing_points(near.checked(), far.checked())
    signs = [difference_sign(near, far, point) for point in points]
    if all(sign >= 0 for sign in signs):
        return Calendar((), 0.0, 0.0)
    where = _stretches(near, far, points, signs)
    most, at = _largest_excess(near, far, where)
    return Calendar(tuple(where), most, at)


def is_calendar_free(near: RawSvi, far: RawSvi) -> bool:
    """The decision of `calendar` alone."""
    return all(difference_sign(near, far, point) >= 0 for point in crossing_points(near, far))


def has_variance(smile: RawSvi) -> bool:
    """Whether total variance is > 0 everywhere: a + bσ√(1 − ρ²) > 0."""
    a, b, rho, _, sigma = map(Fraction, smile)
    return a > 0 or b * b * sigma * sigma * (1 - rho * rho) > a * a


def has_bounded_wings(smile: RawSvi) -> bool:
    """b(1 + |ρ|) ≤ 2 (Lee)."""
    return Fraction(smile.b) * (1 + abs(Fraction(smile.rho))) <= 2


_0 = Fraction()
_HALF = Fraction(1, 2)


def durrleman_polynomial(smile: RawSvi) -> Integers:
    """A polynomial in t > 0 with the sign of g at k = m + σ(t − 1/t)/2.

    Below, polynomials stand for t times u = (t − 1/t)/2, v = (t + 1/t)/2 and so on; with q = ρv + u,
    16w²v³g = 4v(2wv − kbq)² − b²q²v·w(w + 4) + 8w²b/σ, each term of degree 5 in v.
    """
    a, b, rho, m, sigma = map(Fraction, smile)
    one = [_0, Fraction(1)]
    u, v = [-_HALF, _0, _HALF], [_HALF, _0, _HALF]
    k = add(scale(m, one), scale(sigma, u))
    w = add(scale(a, one), scale(b * sigma * rho, u), scale(b * sigma, v))
    q = add(scale(rho, v), u)
    inner = add(scale(Fraction(2), multiply(w, v)), scale(-b, multiply(k, q)))
    first = scale(Fraction(4), multiply(v, inner, inner))
    second = scale(-b * b, multiply(q, q, v, w, add(w, scale(Fraction(4), one))))
    third = scale(8 * b / sigma, multiply(w, w, one, one, one))
    coefficients = primitive(add(first, second, third))
    while coefficients and coefficients[0] == 0:  # t > 0: a factor t changes no sign
        coefficients.pop(0)
    return coefficients


def crossing_points(near: RawSvi, far: RawSvi) -> list[Fraction]:
    """Values of k between which two smiles may cross, with no crossing unseparated."""
    line = _line(near, far)
    square_near, square_far = _square(near), _square(far)
    rest = add(square_near, scale(Fraction(-1), square_far), scale(Fraction(-1), multiply(line, line)))
    quartic = add(multiply(rest, rest), scale(Fraction(-4), multiply(line, line, square_far)))
    return gaps(primitive(quartic)) or [_0]


def difference_sign(near: RawSvi, far: RawSvi, k: Fraction) -> int:
    """The sign of far's total variance less near's at a rational k: of A + √B − √C."""
    return _sign(value(_line(near, far), k), value(_square(far), k), value(_square(near), k))


def _sign(a: Fraction, b: Fraction, c: Fraction) -> int:
    """The sign of a + √b − √c for b, c ≥ 0."""
    if a < 0:
        return -_sign(-a, c, b)
    excess = c - a * a - b  # (a + √b)² − c = 2a√b − excess
    if excess < 0:
        return 1
    product = 4 * a * a * b
    return (product > excess * excess) - (product < excess * excess)


def _line(near: RawSvi, far: RawSvi) -> Polynomial:
    """The difference without its square roots."""
    (a, b, rho, m, _), (a2, b2, rho2, m2, _) = map(Fraction, near), map(Fraction, far)
    return [a2 - a - b2 * rho2 * m2 + b * rho * m, b2 * rho2 - b * rho]


def _square(smile: RawSvi) -> Polynomial:
    """b²((k − m)² + σ²)."""
    _, b, _, m, sigma = map(Fraction, smile)
    return [b * b * (m * m + sigma * sigma), -2 * b * b * m, b * b]


def _moneyness(smile: RawSvi, t: float | None) -> float:
    if t is None:
        return inf
    return smile.m + smile.sigma * (t - 1.0 / t) / 2.0 if t > 0.0 else -inf


def _stretches(near: RawSvi, far: RawSvi, points: list[Fraction], signs: list[int]) -> list[Stretch]:
    """Where the difference is negative; its ends by bisection."""
    found: list[Stretch] = [(-inf, inf)] if signs[0] < 0 else []
    for left, right, before, after in zip(points, points[1:], signs, signs[1:], strict=False):
        if (before < 0) == (after < 0):
            continue
        low, high = left, right
        for _ in range(60):
            middle = Fraction(float(low + high) / 2.0)
            is_low = (difference_sign(near, far, middle) < 0) == (before < 0)
            low, high = (middle, high) if is_low else (low, middle)
        end = float(low)
        if after < 0:
            found.append((end, inf))
        else:
            found[-1] = (found[-1][0], end)
    return found


def _least_density(smile: RawSvi, where: tuple[Stretch, ...]) -> tuple[float, float]:
    """The least g over the stretches, or over the smile's middle; found on grids that narrow."""
    reach = 6.0 * smile.sigma + 2.0 * abs(smile.m)
    stretches = where or ((smile.m - reach, smile.m + reach),)
    found = [_least(smile.durrleman, *_finite(stretch, smile, reach)) for stretch in stretches]
    return min(found)


def _largest_excess(near: RawSvi, far: RawSvi, where: list[Stretch]) -> tuple[float, float]:
    reach = 2.0 + 6.0 * max(near.sigma, far.sigma) + 2.0 * max(abs(near.m), abs(far.m))
    found = [_least(lambda k: far.total(k) - near.total(k), *_finite(one, far, reach)) for one in where]
    least, at = min(found)
    return -least, at


def _finite(stretch: Stretch, smile: RawSvi, reach: float) -> Stretch:
    """A wing without end is looked at over a few widths of the smile."""
    low, high = stretch
    if isinf(low):
        low = min(smile.m, high if not isinf(high) else smile.m) - reach
    if isinf(high):
        high = max(smile.m, low) + reach
    return low, high


def _least(function: object, low: float, high: float) -> tuple[float, float]:
    """The least value of a function of a column on an interval, and where."""
    for _ in range(6):
        grid = np.linspace(low, high, 201)
        values = function(grid)  # type: ignore[operator]
        best = int(np.argmin(values))
        low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 200)])
    return float(values[best]), float(grid[best])


def root_mean_square(values: object) -> float:
    """√mean(x²); 0 for none."""
    array = np.asarray(values, dtype=np.float64)
    return sqrt(float(np.mean(array * array))) if array.size else 0.0
