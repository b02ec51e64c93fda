"""What in the quotes themselves is arbitrage: crossed, beyond bounds, not convex in strike, falling with expiry."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from corten.quant.chain.reading import Chain

Values = np.ndarray[Any, Any]


class Violation(NamedTuple):
    """One finding: `amount` in units of the forward (prices) or of total variance (calendar)."""

    what: str
    expiry: Any  # datetime64
    strike: float
    amount: float
    is_tradable: bool  # at the quoted bids and asks, before fees; else only in mids


def violations(chain: Chain, mid_vol: Values, is_outside: Values) -> list[Violation]:
    """All findings; `is_outside` marks options out of the money, whose mids the conditions on shape are about."""
    found = _crossed(chain) + _beyond_bounds(chain)
    smiles = []
    for expiry in np.unique(chain.expiry):
        rows = np.flatnonzero((chain.expiry == expiry) & is_outside & np.isfinite(mid_vol))
        rows = rows[np.unique(chain.strike[rows], return_index=True)[1]]
        found += _butterflies(chain, rows)
        smiles.append((expiry, rows))
    for (_, near), (expiry, far) in pairwise(smiles):
        found += _calendars(chain, mid_vol, near, far, expiry)
    return found


def _per_forward(chain: Chain, prices: Values) -> Values:
    return prices if chain.is_inverse else prices / chain.forward


def _crossed(chain: Chain) -> list[Violation]:
    rows = np.flatnonzero(chain.bid > chain.ask)
    amount = _per_forward(chain, chain.bid) - _per_forward(chain, chain.ask)
    return [Violation("crossed", chain.expiry[i], float(chain.strike[i]), float(amount[i]), True) for i in rows]


def _beyond_bounds(chain: Chain) -> list[Violation]:
    """Asked below the intrinsic value, or bid above the largest price: the forward for a call, the strike for a put."""
    relative = chain.strike / chain.forward
    least = np.maximum(chain.kind * (1.0 - relative), 0.0)
    most = np.where(chain.kind > 0, 1.0, relative)
    below = least - _per_forward(chain, chain.ask)
    above = _per_forward(chain, chain.bid) - most
    return [
        Violation(what, chain.expiry[i], float(chain.strike[i]), float(amount[i]), True)
        for what, amount in (("ask below intrinsic", below), ("bid above maximum", above))
        for i in np.flatnonzero(amount > 1e-12)
    ]


def _butterflies(chain: Chain, rows: Values) -> list[Violation]:
    """Three neighbouring strikes whose calls, those in the money by parity, are not convex."""
    if len(rows) < 3:
        return []
    x = chain.strike[rows] / chain.forward[rows]
    shift = np.where(chain.kind[rows] > 0, 0.0, 1.0 - x)
    bid, ask = (_per_forward(chain, column)[rows] + shift for column in (chain.bid, chain.ask))
    left, right = (x[2:] - x[1:-1]) / (x[2:] - x[:-2]), (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
    mid = (bid + ask) / 2.0
    in_mids = mid[1:-1] - left * mid[:-2] - right * mid[2:]
    tradable = bid[1:-1] - left * ask[:-2] - right * ask[2:]
    return [
        Violation(
            "butterfly",
            chain.expiry[rows[i]],
            float(chain.strike[rows[i + 1]]),
            float(in_mids[i]),
            bool(tradable[i] > 1e-12),
        )
        for i in np.flatnonzero(in_mids > 1e-12)
    ]


def _calendars(chain: Chain, mid_vol: Values, near: Values, far: Values, expiry: Any) -> list[Violation]:
    """Strikes where the next expiry's total variance, between its quotes, is less."""
    if len(near) == 0 or len(far) < 2:
        return []
    k = np.log(chain.strike / chain.forward)
    total = mid_vol**2 * chain.years
    inside = near[(k[near] >= k[far[0]]) & (k[near] <= k[far[-1]])]
    later = np.interp(k[inside], k[far], total[far])
    amount = total[inside] - later
    return [
        Violation("calendar", expiry, float(chain.strike[inside[i]]), float(amount[i]), False)
        for i in np.flatnonzero(amount > 1e-12)
    ]
