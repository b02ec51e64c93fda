"""A volatility surface: a smile for each expiry, and what holds between them and beyond."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from corten.base.errors import InvalidInput
from corten.contracts.pricing import svi
from corten.quant.surface.arbitrage import Butterfly, Calendar, butterfly, calendar
from corten.quant.surface.smiles import Essvi, RawSvi
from corten.vm.kernels import kernel

Column = Any

_ESSVI: Final = kernel(svi.essvi_surface)
_RAW: Final = kernel(svi.raw_svi_surface)
_MONEYNESS: Final = kernel(svi.log_moneyness)


@dataclass(frozen=True)
class Surface:
    """Smiles by ascending expiry in years, all of one kind.

    Between expiries eSSVI smiles have θ, ψ and ρψ linear in expiry, which keeps both kinds of arbitrage out; raw SVI
    has total variance linear at fixed moneyness, which keeps calendar arbitrage out. Before the first expiry the first
    smile's volatilities hold; after the last, total variance grows as it did at the money (docs/surfaces.md).
    """

    expiries: tuple[float, ...]
    smiles: tuple[Essvi, ...] | tuple[RawSvi, ...]

    def __post_init__(self) -> None:
        if len(self.expiries) != len(self.smiles) or not self.smiles:
            raise InvalidInput("smiles", f"one for each of {len(self.expiries)} expiries", f"{len(self.smiles)}")
        if not all(later > earlier for earlier, later in zip((0.0, *self.expiries), self.expiries, strict=False)):
            raise InvalidInput("expiries", "ascending numbers of years > 0", str(self.expiries))

    @property
    def raw(self) -> tuple[RawSvi, ...]:
        """Every expiry's smile as raw SVI."""
        return tuple(smile.raw() if isinstance(smile, Essvi) else smile for smile in self.smiles)

    def variance(self, k: Column, expiry: Column) -> Any:
        """Columns total, slope, curvature: total variance at log-moneyness k and its derivatives by k."""
        years = np.asarray(expiry, dtype=np.float64)
        if not (years > 0.0).all():
            raise InvalidInput("expiry", "years > 0", repr(float(years.min())))
        knots, table, function = self._knots()
        index = np.clip(np.searchsorted(knots, years), 1, len(knots) - 1)
        near, far = self._smiles(table, index - 1), self._smiles(table, index)
        return function(k, expiry, knots[index - 1], near, knots[index], far)

    def total(self, k: Column, expiry: Column) -> Any:
        """Total variance vol²·expiry."""
        return self.variance(k, expiry).total

    def vol(self, k: Column, expiry: Column) -> Any:
        """Volatility at log-moneyness k = ln(strike/forward) and expiry."""
        return np.sqrt(self.variance(k, expiry).total / expiry)

    def vol_at(self, forward: Column, strike: Column, expiry: Column) -> Any:
        """Volatility at a strike, for `black76`."""
        return self.vol(_MONEYNESS(forward, strike), expiry)

    def butterflies(self) -> list[tuple[float, Butterfly]]:
        """Expiries whose smile has butterfly arbitrage, and where; decided exactly, on the whole line."""
        found = [(years, butterfly(smile)) for years, smile in zip(self.expiries, self.raw, strict=True)]
        return [(years, one) for years, one in found if not one.is_free]

    def calendars(self) -> list[tuple[float, float, Calendar]]:
        """Pairs of neighbouring expiries with calendar arbitrage, and where; decided exactly, on the whole line."""
        raw, years = self.raw, self.expiries
        found = [(years[i], years[i + 1], calendar(raw[i], raw[i + 1])) for i in range(len(raw) - 1)]
        return [one for one in found if not one[2].is_free]

    def is_free(self) -> bool:
        """Whether no smile has butterfly arbitrage and no two neighbours calendar arbitrage."""
        return not self.butterflies() and not self.calendars()

    def _knots(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], Any]:
        """Expiries with one before and one after, parameters of each, and the kernel for them."""
        last, end = self.smiles[-1], self.expiries[-1]
        first = self.smiles[0]
        if isinstance(last, Essvi):
            before: tuple[float, ...] = (0.0, first.rho, 0.0)
            after: tuple[float, ...] = last._replace(theta=2.0 * last.theta)
        else:
            before = (0.0, 0.0, *first[2:])
            after = last._replace(a=last.a + float(last.total(0.0)))
        table = np.array([before, *self.smiles, after], dtype=np.float64)
        return np.array([0.0, *self.expiries, 2.0 * end]), table, _ESSVI if isinstance(last, Essvi) else _RAW

    def _smiles(self, table: Any, index: Any) -> Essvi | RawSvi:
        """The parameters of one smile a row."""
        kind = Essvi if isinstance(self.smiles[0], Essvi) else RawSvi
        return kind(*np.moveaxis(table[index], -1, 0))
