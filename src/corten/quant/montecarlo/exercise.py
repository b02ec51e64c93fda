"""Early exercise by least squares: Longstaff and Schwartz, "Valuing American options by simulation", 2001."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput
from corten.quant.montecarlo.estimate import Estimate, Moments, plain_estimate, tree_sum

Floats = NDArray[np.float64]
Basis = Callable[[Floats], Sequence[Floats]]
_DEPENDENT: Final = 1e-12


def monomials(degree: int) -> Basis:
    """1, x, x², … of one regressor."""

    def basis(x: Floats) -> list[Floats]:
        columns = [np.ones_like(x)]
        for _ in range(degree):
            columns.append(columns[-1] * x)
        return columns

    return basis


@dataclass(frozen=True)
class EarlyExercise:
    """`values`: each path's cash flow, discounted to time 0; `stopped`: the number of the date it is paid at, −1 for
    never.
    """

    values: Floats
    stopped: NDArray[np.int64]

    @property
    def estimate(self) -> Estimate:
        """The option's value: a lower bound in the limit, since the exercise rule is fitted."""
        return plain_estimate(Moments.of(self.values[:, None]))


def longstaff_schwartz(regressors: Any, exercise: Any, discount: Any, basis: Basis | None = None) -> EarlyExercise:
    """Values an option that can be exercised at dates 1 … n.

    `regressors` (n, paths): what the continuation value is regressed on, as the price; `exercise` (n, paths): what
    exercise pays then, 0 or less where it pays nothing; `discount` (n,): the discount factor from each date to the one
    before (the first: to time 0). `basis` makes the regression's columns of a date's regressors, by default 1, x, x².
    Only paths in the money are regressed; what they get is what they are paid, not what was fitted. Sums go in a fixed
    order: same input, same bits.
    """
    x, pays = np.asarray(regressors, float), np.asarray(exercise, float)
    factors = np.asarray(discount, float)
    if x.ndim != 2 or not x.size or x.shape != pays.shape or factors.shape != x.shape[:1]:
        expected = "regressors and exercise (dates, paths), discount (dates,), one or more of both"
        raise InvalidInput("regressors, exercise, discount", expected, f"{x.shape}, {pays.shape}, {factors.shape}")
    if not (np.isfinite(x).all() and np.isfinite(pays).all() and np.isfinite(factors).all()):
        raise InvalidInput("regressors, exercise, discount", "finite values", "NaN or infinity")
    columns = basis or monomials(2)
    last = len(x) - 1
    values = np.maximum(pays[last], 0.0)
    stopped = np.where(pays[last] > 0.0, last, -1)
    for date in range(last - 1, -1, -1):
        values = values * factors[date + 1]
        inside = np.flatnonzero(pays[date] > 0.0)
        if not len(inside):
            continue
        continuation = least_squares(columns(x[date, inside]), values[inside])
        now = inside[pays[date, inside] > continuation]
        values[now] = pays[date, now]
        stopped[now] = date
    return EarlyExercise(values * factors[0], stopped)


def least_squares(columns: Sequence[Floats], target: Floats) -> Floats:
    """The target's projection on the columns, by modified Gram-Schmidt with sums in a fixed order.

    A column that depends on those before it is left out.
    """
    fitted = np.zeros_like(target)
    rest = target
    orthogonal: list[Floats] = []
    for column in columns:
        size = float(tree_sum(column * column))
        remainder = column
        for one in orthogonal * 2:  # twice is enough
            remainder = remainder - one * float(tree_sum(one * remainder))
        norm = float(tree_sum(remainder * remainder))
        if norm <= _DEPENDENT * size or norm == 0.0:
            continue
        unit = remainder / np.sqrt(norm)
        orthogonal.append(unit)
        share = float(tree_sum(unit * rest))
        fitted = fitted + unit * share
        rest = rest - unit * share
    return fitted
