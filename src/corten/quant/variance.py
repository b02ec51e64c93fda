"""The variance that a strip of options prices: replication of a variance swap, and the CBOE's index (docs/models.md).

Weights are computed by kernels; sums are correctly rounded, so that they do not depend on the order of the strikes.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput
from corten.contracts.pricing import variance_swap as strips
from corten.quant.vanilla import Column, called
from corten.vm.kernels import kernel

_WEIGHT: Final = kernel(strips.replication_weight)
_REST: Final = kernel(strips.replication_rest)
_INDEX_WEIGHT: Final = kernel(strips.index_weight)
_INDEX_REST: Final = kernel(strips.index_rest)


def variance_swap_weights(strikes: Column, boundary: float, expiry: float) -> NDArray[np.float64]:
    """How many options of each strike replicate one unit of variance per year. Demeterfi, Derman, Kamal, Zou (1999).

    strikes are all ≤ boundary (puts) or all ≥ boundary (calls), at least two, in any order; the first is the boundary
    itself or the strike nearest to it. The last chord is as long as the one before (or ends at half the strike).
    """
    values = _strip("strikes", strikes)
    if len(values) < 2:
        raise InvalidInput("strikes", "at least two strikes of a kind", repr(len(values)))
    is_put = values.max() <= boundary
    if not is_put and values.min() < boundary:
        raise InvalidInput("strikes", f"strikes on one side of the boundary {boundary!r}", repr(values.tolist()))
    order = np.argsort(-values if is_put else values)
    away = values[order]
    if (np.diff(away) == 0.0).any():
        raise InvalidInput("strikes", "every strike once", repr(values.tolist()))
    inner = np.concatenate([away[:1], away[:-1]])
    beyond = 2.0 * away[-1] - away[-2]
    outer = np.concatenate([away[1:], [beyond if beyond > 0.0 else 0.5 * away[-1]]])
    weights = np.empty(len(values))
    weights[order] = called(_WEIGHT, (inner, away, outer, boundary, expiry), {})
    return weights


def variance_swap_strike(
    forward: float,
    put_strikes: Column,
    puts: Column,
    call_strikes: Column,
    calls: Column,
    expiry: float,
    discount: float = 1.0,
    boundary: float | None = None,
) -> float:
    """The fair variance per year of a swap, from a strip of options out of the money (0.04 is 20 % squared).

    boundary (S*) parts puts from calls, the forward if it is not given; a put and a call may both have it as strike.
    Prices in quote units, discount the factor that they hold.
    """
    border = forward if boundary is None else boundary
    terms = [float(called(_REST, (forward, border, expiry), {}))]
    for strikes, prices, name in ((put_strikes, puts, "puts"), (call_strikes, calls, "calls")):
        weights = variance_swap_weights(strikes, border, expiry)
        terms.extend((weights * _prices(name, prices, len(weights)) / discount).tolist())
    return math.fsum(terms)


def variance_index(
    forward: float,
    strikes: Column,
    prices: Column,
    expiry: float,
    discount: float = 1.0,
    boundary: float | None = None,
) -> float:
    """The CBOE's variance per year of one expiry: the VIX is 100 times the root of two of these, weighted by time.

    prices are those of the option out of the money at each strike, at K0 (`boundary`; by default the highest strike
    that is not above the forward) the mean of put and call. Which strikes count is the caller's to choose.
    """
    values = _strip("strikes", strikes)
    order = np.argsort(values)
    sorted_strikes = values[order]
    if len(values) < 2 or (np.diff(sorted_strikes) == 0.0).any():
        raise InvalidInput("strikes", "at least two strikes, every one once", repr(values.tolist()))
    below = sorted_strikes[sorted_strikes <= forward]
    if boundary is None and not len(below):
        raise InvalidInput("strikes", f"a strike not above the forward {forward!r}", repr(values.tolist()))
    border = float(below[-1]) if boundary is None else boundary
    lower = np.concatenate([sorted_strikes[:1], sorted_strikes[:-1]])
    upper = np.concatenate([sorted_strikes[1:], sorted_strikes[-1:]])
    weights = called(_INDEX_WEIGHT, (lower, sorted_strikes, upper, expiry), {})
    terms = weights * _prices("prices", prices, len(values))[order] / discount
    return math.fsum([*terms.tolist(), float(called(_INDEX_REST, (forward, border, expiry), {}))])


def _strip(name: str, column: Any) -> NDArray[np.float64]:
    values = np.asarray(column, np.float64)
    if values.ndim != 1:
        raise InvalidInput(name, "one column", f"an array of shape {values.shape}")
    bad = ~((values > 0.0) & (values < np.inf))
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidInput(f"{name}[{row}]", "a number > 0", repr(float(values[row])))
    return values


def _prices(name: str, column: Any, count: int) -> NDArray[np.float64]:
    values = np.asarray(column, np.float64)
    if values.shape != (count,):
        raise InvalidInput(name, f"a price for each of {count} strikes", f"an array of shape {values.shape}")
    bad = ~((values >= 0.0) & (values < np.inf))
    if bad.any():
        row = int(np.argmax(bad))
        raise InvalidInput(f"{name}[{row}]", "a number ≥ 0", repr(float(values[row])))
    return values
