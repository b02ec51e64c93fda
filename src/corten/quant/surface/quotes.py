"""What a surface is calibrated to: volatilities by moneyness, each with the weight vega/spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from corten.base.errors import InvalidInput

Values = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Quotes:
    """One expiry's volatilities: expiry in years, columns of log-moneyness, volatility, weight.

    A weight is the inverse of what an error of the volatility is measured in: vega over half the spread, both in the
    price's unit, makes residuals in half-spreads.
    """

    expiry: float
    k: Values
    vol: Values
    weight: Values

    def __post_init__(self) -> None:
        for name in ("k", "vol", "weight"):
            column = np.asarray(getattr(self, name), dtype=np.float64)
            object.__setattr__(self, name, column)
            if column.ndim != 1 or column.shape != np.shape(self.k):
                raise InvalidInput(name, f"a column of the length of k, {np.size(self.k)}", f"shape {column.shape}")
            bad = ~np.isfinite(column) if name == "k" else ~((column > 0.0) & np.isfinite(column))
            if bad.any():
                row = int(np.argmax(bad))
                raise InvalidInput(
                    f"{name}[{row}]", "a number" if name == "k" else "a number > 0", repr(float(column[row]))
                )
        if not self.expiry > 0.0:
            raise InvalidInput("expiry", "years > 0", repr(self.expiry))
        if len(self.k) < 3:
            raise InvalidInput("k", "at least 3 quotes of an expiry", f"{len(self.k)} (expiry {self.expiry:.6g})")

    def at_the_money(self) -> float:
        """Volatility at k = 0, interpolated."""
        order = np.argsort(self.k, kind="stable")
        return float(np.interp(0.0, self.k[order], self.vol[order]))


class Residuals:
    """All expiries' quotes in one column, for the search: weighted differences of volatility."""

    def __init__(self, quotes: list[Quotes]) -> None:
        self.row = np.repeat(np.arange(len(quotes)), [len(one.k) for one in quotes])
        self.k = np.concatenate([one.k for one in quotes])
        self.vol = np.concatenate([one.vol for one in quotes])
        self.weight = np.concatenate([one.weight for one in quotes])
        self.expiry = np.array([one.expiry for one in quotes])[self.row]

    def of_totals(self, totals: Values) -> Values:
        """weight·(√(w/expiry) − vol)."""
        found: Values = self.weight * (np.sqrt(np.maximum(totals, 1e-12) / self.expiry) - self.vol)
        return found
