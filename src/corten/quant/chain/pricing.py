"""A chain's volatilities and greeks, the surface fitted to it, and how well it fits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from corten.base.errors import InvalidInput
from corten.quant import surface as surfaces
from corten.quant.chain.quotes import Violation, violations
from corten.quant.chain.reading import YEAR_DAYS, Chain
from corten.quant.implied import implied_vol, implied_vol_inverse, parity_forward, parity_forward_inverse
from corten.quant.optional import load_polars
from corten.quant.surface.arbitrage import root_mean_square
from corten.quant.vanilla import black76, black76_greeks

Values = np.ndarray[Any, Any]

LEAST_SPREAD: Final = 0.002  # half-spreads of volatility below this weigh no more
FARTHEST: Final = 4.0  # deviations from the money; quotes beyond are of the least price, and bend the middle
WIDEST: Final = 0.5  # quotes with a wider half-spread, relative to volatility, tell nothing
MARK_SPREAD: Final = 0.01  # what a mark counts as, where quotes are too few
FEWEST: Final = 5


@dataclass(frozen=True)
class Expiry:
    """One expiry's summary. Errors in volatility, 0.01 = one point, over the quotes that were fitted."""

    at: Any  # datetime64
    years: float
    forward: float
    at_the_money: float  # of the surface
    quotes: int
    fitted_to: str  # "quotes", "marks", or "" where there are too few of both
    error: float  # root of the mean square
    worst: float
    half_spreads: float  # root of the mean square of errors over half-spreads
    inside: float  # share of the fitted quotes whose bid and ask the surface lies between

    @property
    def days(self) -> float:
        """Until it expires."""
        return self.years * YEAR_DAYS


@dataclass(frozen=True)
class Priced:
    """A chain with what was computed: `columns` of its rows, expiries, the surface, arbitrage in the quotes.

    delta is Black's, as exchanges show it; gamma per quote unit; vega in quote units per point of volatility, theta per
    day: all at the surface's volatility.
    """

    chain: Chain
    model: str
    columns: dict[str, Values]
    expiries: list[Expiry]
    surface: surfaces.Surface
    violations: list[Violation]

    def frame(self) -> Any:
        """Everything row by row, as a polars frame."""
        chain = self.chain
        own = ("row", "expiry", "years", "strike", "bid", "ask", "mark", "forward", "mark_vol")
        kinds = np.where(chain.kind > 0, "call", "put")
        return load_polars().DataFrame({**{name: getattr(chain, name) for name in own}, "kind": kinds, **self.columns})

    def write(self, path: Path) -> None:
        """`frame` as Parquet."""
        self.frame().write_parquet(path)


def price(chain: Chain, model: str = "essvi") -> Priced:
    """Volatilities, greeks and a surface free of arbitrage; InvalidInput if no expiry has enough quotes."""
    chain = _with_forwards(chain)
    kind, strike, years = chain.kind, chain.strike, chain.years
    is_outside = kind * (strike - chain.forward) >= 0.0
    mid = np.where(chain.bid <= chain.ask, (chain.bid + chain.ask) / 2.0, np.nan)
    vols = {name: _vols(chain, column) for name, column in (("bid", chain.bid), ("mid", mid), ("ask", chain.ask))}
    columns = {"mid": mid, "bid_vol": vols["bid"], "mid_vol": vols["mid"], "ask_vol": vols["ask"]}
    columns["our_mark_vol"] = _vols(chain, chain.mark)
    columns["k"] = k = np.log(strike / chain.forward)
    half = _half_spreads(chain, columns)
    is_quoted = is_outside & np.isfinite(half) & (half < WIDEST * columns["mid_vol"])
    columns["is_quoted"] = is_quoted
    columns["is_fitted"] = is_fitted = is_quoted & _is_near(chain, k, columns["mid_vol"])
    found, sources = _quotes(chain, columns, half, is_fitted, is_outside)
    if not found:
        raise InvalidInput(chain.source, f"an expiry with {FEWEST} options out of the money quoted or marked", "none")
    surface = surfaces.fit(found, model)
    columns["fit_vol"] = fit = surface.vol(k, years)
    greeks = black76_greeks(chain.forward, strike, years, fit, kind)
    value = black76(chain.forward, strike, years, fit, kind=kind)
    columns["fit_price"] = value / chain.forward if chain.is_inverse else value
    columns["delta"], columns["gamma"] = greeks.delta, greeks.gamma
    columns["vega"], columns["theta"] = greeks.vega / 100.0, greeks.theta / YEAR_DAYS
    expiries = [_summary(chain, columns, half, surface, one, sources.get(one, "")) for one in np.unique(chain.expiry)]
    return Priced(chain, model, columns, expiries, surface, violations(chain, columns["mid_vol"], is_outside))


def _vols(chain: Chain, prices: Values) -> Values:
    function = implied_vol_inverse if chain.is_inverse else implied_vol
    found = np.asarray(function(prices, chain.forward, chain.strike, chain.years, chain.kind, full=True).vol)
    return np.where(found > 0.0, found, np.nan)


def _half_spreads(chain: Chain, columns: dict[str, Values]) -> Values:
    """Half the spread over vega, in volatility, at least LEAST_SPREAD; NaN where there is no quote."""
    vol = columns["mid_vol"]
    known = np.isfinite(vol)
    safe = np.where(known, vol, 1.0)
    vega = black76_greeks(chain.forward, chain.strike, chain.years, safe, chain.kind).vega
    spread = (chain.ask - chain.bid) * (chain.forward if chain.is_inverse else 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.where(known & (vega > 0.0), spread / (2.0 * vega), np.nan)
    return np.maximum(half, LEAST_SPREAD)


def _is_near(chain: Chain, k: Values, vol: Values) -> Values:
    """Within FARTHEST deviations of the money, by the volatility quoted nearest to it."""
    near = np.zeros(len(k), dtype=bool)
    for expiry in np.unique(chain.expiry):
        rows = np.flatnonzero(chain.expiry == expiry)
        known = rows[np.isfinite(vol[rows])]
        if len(known):
            middle = vol[known[np.argmin(np.abs(k[known]))]]
            near[rows] = np.abs(k[rows]) <= FARTHEST * middle * np.sqrt(chain.years[rows])
    return near


def _quotes(
    chain: Chain, columns: dict[str, Values], half: Values, is_fitted: Values, is_outside: Values
) -> tuple[list[surfaces.Quotes], dict[Any, str]]:
    """What the surface is fitted to: two-sided quotes, or marks of an expiry that has too few."""
    found, sources = [], {}
    for expiry in np.unique(chain.expiry):
        is_here = chain.expiry == expiry
        rows, vol, spread = np.flatnonzero(is_here & is_fitted), columns["mid_vol"], half
        source = "quotes"
        if len(rows) < FEWEST:
            marked = columns["our_mark_vol"]
            is_marked = is_here & is_outside & np.isfinite(marked)
            rows, vol, spread, source = np.flatnonzero(is_marked), marked, np.full(len(marked), MARK_SPREAD), "marks"
        if len(rows) >= FEWEST:
            years = float(chain.years[rows[0]])
            found.append(surfaces.Quotes(years, columns["k"][rows], vol[rows], 1.0 / spread[rows]))
            sources[expiry] = source
    return found, sources


def _summary(
    chain: Chain, columns: dict[str, Values], half: Values, surface: surfaces.Surface, expiry: Any, source: str
) -> Expiry:
    is_here = chain.expiry == expiry
    years = float(chain.years[is_here][0])
    rows = is_here & columns["is_fitted"]
    fit, mid = columns["fit_vol"][rows], columns["mid_vol"][rows]
    error = fit - mid
    price, bid, ask = columns["fit_price"][rows], chain.bid[rows], chain.ask[rows]
    return Expiry(
        at=expiry,
        years=years,
        forward=float(np.median(chain.forward[is_here])),
        at_the_money=float(surface.vol(0.0, years)),
        quotes=int(rows.sum()),
        fitted_to=source,
        error=root_mean_square(error),
        worst=float(np.abs(error).max()) if error.size else 0.0,
        half_spreads=root_mean_square(error / half[rows]),
        inside=float(np.mean((price >= bid) & (price <= ask))) if error.size else 0.0,
    )


def _with_forwards(chain: Chain) -> Chain:
    """The same with a forward in every row: where the file gives none, by parity; rows without any are left out."""
    forward = chain.forward.copy()
    for expiry in np.unique(chain.expiry):
        is_here = chain.expiry == expiry
        missing = is_here & np.isnan(forward)
        if missing.any():
            given = forward[is_here & ~missing]
            forward[missing] = np.median(given) if given.size else _parity(chain, np.flatnonzero(is_here))
    keep = np.isfinite(forward)
    if not keep.any():
        raise InvalidInput(
            chain.source, "a column futures_price, or calls and puts quoted at one strike", "no forward for any expiry"
        )
    columns = "row expiry years strike kind bid ask mark mark_vol".split()
    return replace(chain, forward=forward[keep], **{name: getattr(chain, name)[keep] for name in columns})


def _parity(chain: Chain, rows: Values) -> float:
    """The median forward that the five pairs of call and put nearest each other imply; NaN without any."""
    mid = (chain.bid + chain.ask) / 2.0
    calls = {chain.strike[i]: mid[i] for i in rows if chain.kind[i] > 0 and np.isfinite(mid[i])}
    puts = {chain.strike[i]: mid[i] for i in rows if chain.kind[i] < 0 and np.isfinite(mid[i])}
    strikes = sorted((one for one in calls if one in puts), key=lambda one: abs(calls[one] - puts[one]))[:5]
    if not strikes:
        return float("nan")
    function = parity_forward_inverse if chain.is_inverse else parity_forward
    pairs = np.array([[calls[one], puts[one], one] for one in strikes])
    return float(np.median(function(*pairs.T)))
