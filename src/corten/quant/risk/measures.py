"""Value at risk and expected shortfall of simulated profits, with standard errors (docs/guide/risk.md)."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput
from corten.quant.montecarlo.estimate import Estimate, tree_sum

SQUARE_FLOOR: Final = 0.0


def value_at_risk(profits: Any, confidence: float = 0.99) -> Estimate:
    """The loss that is not exceeded with probability `confidence`; positive for a loss.

    profits: (m,), equally likely. The smallest loss whose share of losses at or below it reaches `confidence`: loss
    number ⌈confidence·m⌉ in ascending order, never between two (numpy's "inverted_cdf"; for confidence as written in
    decimal). standard_error: half the distance of the losses √(m·c·(1 − c)) places above and below.
    """
    losses, position = _ordered(profits, confidence)
    count = len(losses)
    spread = sqrt(count * confidence * (1.0 - confidence))
    below = losses[max(round(position - spread), 1) - 1]
    above = losses[min(round(position + spread), count) - 1]
    return Estimate(float(losses[position - 1]), float(above - below) / 2.0, count)


def expected_shortfall(profits: Any, confidence: float = 0.99) -> Estimate:
    """The mean of the worst 1 − confidence of all losses: the average of the value at risk beyond `confidence`.

    profits: (m,). With k = ⌈c·m⌉: (Σ losses after number k + (k − c·m)·loss k)/((1 − c)·m), coherent for every m
    (Acerbi and Tasche, 2002). standard_error: √((variance beyond + c·(ES − VaR)²)/((1 − c)·m)) (Manistre and Hancock,
    2005).
    """
    losses, position = _ordered(profits, confidence)
    count = len(losses)
    exact = _exact(confidence)
    mass = float((1 - exact) * count)  # how many scenarios are beyond, a part of one counted as such
    share = float(position - exact * count)
    edge = float(losses[position - 1])
    excess = losses[position:] - edge
    mean_excess = float(tree_sum(excess)) / mass
    square = float(tree_sum(excess * excess)) / mass
    variance = max(square - mean_excess * mean_excess, SQUARE_FLOOR)
    error = sqrt((variance + confidence * mean_excess * mean_excess) / mass)
    assert 0.0 <= share < 1.0  # the rest of loss k adds share·edge, and everything is measured from the edge
    return Estimate(edge + mean_excess, error, count)


def shortfall_contributions(profits: Any, confidence: float = 0.99) -> NDArray[np.float64]:
    """What each part contributes to the expected shortfall of all, (parts,): they sum to it, up to rounding.

    profits: (parts, m), of positions or of groups of them, in the same scenarios. The mean of a part's losses in the
    worst 1 − confidence of scenarios of the whole: the derivative of the shortfall by the part's size (Tasche, 2000).
    Of equal losses the scenario with the higher number counts as worse.
    """
    parts = np.asarray(profits, np.float64)
    if parts.ndim != 2:
        raise InvalidInput("profits", "a row a part, a column a scenario", f"shape {parts.shape}")
    whole = np.asarray(tree_sum(parts))
    _, position = _ordered(whole, confidence)
    exact, count = _exact(confidence), len(whole)
    worst = np.argsort(-whole, kind="stable")[position - 1 :]
    share = np.ones(len(worst))
    share[0] = float(position - exact * count)
    losses = -parts[:, worst].T * share[:, None]
    return np.asarray(tree_sum(losses)) / float((1 - exact) * count)


def _exact(confidence: float) -> Fraction:
    """0.99 as 99/100, so that ⌈0.07·100⌉ is 7."""
    return Fraction(repr(float(confidence)))


def _ordered(profits: Any, confidence: float) -> tuple[NDArray[np.float64], int]:
    if not 0.0 < confidence < 1.0:
        raise InvalidInput("confidence", "a probability between 0 and 1, as 0.99", repr(confidence))
    column = np.asarray(profits, np.float64)
    if column.ndim != 1 or not len(column):
        raise InvalidInput("profits", "one column with a profit a scenario", f"shape {column.shape}")
    is_number = np.isfinite(column)
    if not is_number.all():
        row = int(np.argmin(is_number))
        raise InvalidInput(f"profits[{row}]", "a number", repr(float(column[row])))
    return np.sort(-column), ceil(_exact(confidence) * len(column))
