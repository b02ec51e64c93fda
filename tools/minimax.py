"""Polynomials of smallest largest error whose coefficients are doubles, computed in high precision.

Lawson's method: weighted least squares whose weights grow where the error is large. Unlike Remez's exchange it needs no
alternation, which is lost when the lowest coefficients are given and the interval contains zero. Coefficients are
rounded one after the other, lowest first; those that follow are fitted again and take up the rounding error (what
Brisebarre, Muller and Tisserand, "Computing machine-efficient polynomial approximations", 2006, reach by lattices).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpmath import mp, mpf

PRECISION = 300  # bits: coefficients are good to 53, the normal equations lose some 120
POINTS_PER_COEFFICIENT = 8
REWEIGHTINGS = 12

Real = Any  # an mpf
Function = Callable[[Real], Real]


@dataclass(frozen=True)
class Fit:
    """Coefficients, lowest power first, and the largest weighted error as a power of two."""

    coefficients: tuple[float, ...]
    error: float


def minimax(
    function: Function, weight: Function, low: Real, high: Real, count: int, given: tuple[float, ...] = ()
) -> Fit:
    """The polynomial of `count` coefficients, the lowest `given`, with the least |weight (polynomial - function)|."""
    with mp.workprec(PRECISION):
        fixed = [mpf(value) for value in given]
        grid = _Grid(function, weight, mpf(low), mpf(high), count)
        grid.reweight(fixed)
        while len(fixed) < count:
            fixed.append(mpf(float(grid.solve(fixed)[0])))
        largest = max(abs(value) for value in grid.errors(fixed))
        return Fit(tuple(float(value) for value in fixed), float(mp.log(largest, 2)))


class _Grid:
    """The function and the weight at Chebyshev points, and Lawson's weights of these points."""

    def __init__(self, function: Function, weight: Function, low: Real, high: Real, count: int) -> None:
        size = POINTS_PER_COEFFICIENT * count
        middle, half = (low + high) / 2, (high - low) / 2
        self.count = count
        self.points = [middle - half * mp.cos(mp.pi * (2 * i + 1) / (2 * size)) for i in range(size)]
        self.values = [function(point) for point in self.points]
        self.weights = [weight(point) for point in self.points]
        self.lawson = [mpf(1)] * size

    def errors(self, coefficients: list[Real]) -> list[Real]:
        """The weighted error at every point."""
        return [
            weight * (_evaluate(coefficients, point) - value)
            for point, value, weight in zip(self.points, self.values, self.weights, strict=True)
        ]

    def reweight(self, fixed: list[Real]) -> None:
        """Find weights under which least squares is nearly the minimax."""
        for _ in range(REWEIGHTINGS):
            errors = [abs(value) for value in self.errors([*fixed, *self.solve(fixed)])]
            scale = max(errors)
            self.lawson = [old * (error / scale) for old, error in zip(self.lawson, errors, strict=True)]
            total = max(self.lawson)
            self.lawson = [max(value / total, mpf(2) ** -30) for value in self.lawson]

    def solve(self, fixed: list[Real]) -> list[Real]:
        """The free coefficients, lowest first, when the lower ones are `fixed`."""
        free = self.count - len(fixed)
        moments, right = [mpf(0)] * (2 * free - 1), [mpf(0)] * free
        for point, value, weight, lawson in zip(self.points, self.values, self.weights, self.lawson, strict=True):
            basis = weight * point ** len(fixed)
            rest = lawson * basis * weight * (value - _evaluate(fixed, point))
            moment = lawson * basis * basis
            for power in range(2 * free - 1):
                moments[power] += moment
                moment *= point
            for power in range(free):
                right[power] += rest
                rest *= point
        return _cholesky(moments, right)


def _cholesky(moments: list[Real], right: list[Real]) -> list[Real]:
    """Solve the symmetric equations with matrix moments[i + j]."""
    size = len(right)
    rows: list[list[Real]] = []
    middle: list[Real] = []
    for i in range(size):
        row: list[Real] = []
        for j in range(i):
            row.append((moments[i + j] - sum(map(_product, row, rows[j]), mpf(0))) / rows[j][j])
        row.append(mp.sqrt(moments[2 * i] - sum(value * value for value in row)))
        middle.append((right[i] - sum(map(_product, row, middle), mpf(0))) / row[i])
        rows.append(row)
    result = [mpf(0)] * size
    for i in reversed(range(size)):
        above = sum((rows[j][i] * result[j] for j in range(i + 1, size)), mpf(0))
        result[i] = (middle[i] - above) / rows[i][i]
    return result


def _product(a: Real, b: Real) -> Real:
    return a * b


def _evaluate(coefficients: list[Real], point: Real) -> Real:
    result = mpf(0)
    for coefficient in reversed(coefficients):
        result = result * point + coefficient
    return result
