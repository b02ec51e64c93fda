"""A portfolio of options, futures, perpetuals and spot: values, greeks, scenarios (docs/guide/risk.md).

A row's result depends on that row alone, and rows are added up by a tree over their numbers (`tree_sum`): no result
depends on threads, chunks, engine or processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput
from corten.quant.montecarlo.estimate import tree_sum
from corten.quant.risk import columns as reading
from corten.quant.risk.columns import YEAR_DAYS, Columns, Floats
from corten.quant.risk.kernels import GREEKS, VALUE
from corten.quant.risk.scenarios import Scenarios

if TYPE_CHECKING:
    from corten.quant.risk.live import Live
    from corten.vm.kernels import Kernel

CURRENCIES: Final = ("quote", "coin")
BLOCK_CELLS: Final = 1 << 20  # positions by scenarios in one call of the kernel, unless the positions alone are more
GREEKS_INPUTS: Final = ("kind", "forward", "strike", "expiry", "vol", "rate", "weight")
VALUE_INPUTS: Final = (*GREEKS_INPUTS, "term")
NOTHING: Final = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)  # moves, shocks, floor, years, unit of no scenario


class Value(NamedTuple):
    """What the positions are worth (n,), and all of them."""

    positions: Floats
    total: float


class Greeks(NamedTuple):
    """Derivatives of the positions' values, each (n,). F is the row's forward; its index moves in proportion.

    delta ∂V/∂F, gamma ∂²V/∂F²; cash_delta = F·∂V/∂F and cash_gamma = F²·∂²V/∂F² add up across forwards; vega per 1.00
    of vol, volga ∂²V/∂σ²; theta per year that passes, rho per 1.00 of rate; cash_vanna = F·∂²V/∂F∂σ,
    cash_charm = F·∂²V/∂F∂t.
    """

    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    rho: Floats
    cash_delta: Floats
    cash_gamma: Floats
    cash_vanna: Floats
    volga: Floats
    cash_charm: Floats


class Grid(NamedTuple):
    """Values under scenarios, and profits: values less the value now, times the scenario's weight."""

    value: Floats
    profit: Floats


class Portfolio:
    """Positions as columns: each argument is one value or a column (numpy, pandas, polars) with one a position.

    instrument: "call", "put", "future", "perpetual" or "spot". settlement: "linear" (in quote units) or "inverse" (in
    coin). quantity: contracts, negative if short; times multiplier they are coins, for inverse futures and perpetuals
    quote units. forward: the price of what the option or future is on, for a perpetual its mark, for spot the price.
    strike in quote units, expiry in years of 365 days, vol and rate (linear options' discount) per year. entry: the
    price that a future or perpetual was last settled at (default: forward). index: quote units a coin, to convert
    (default: forward). ids: names of the positions for `attribute` (default: row numbers).

    currency: results in "quote" units or "coin". A linear position is worth quantity·multiplier·price quote units,
    futures price forward − entry; an inverse option as many times its price in coin, an inverse future
    quantity·multiplier·(1/entry − 1/forward) coins. threads and engine: as kernels'.
    errors="raise" raises InvalidInput that names the first column and row out of order, "nan" gives the row the value
    NaN (`valid` says which are in order). Unknown words and lengths that differ always raise.
    """

    def __init__(
        self,
        instrument: Any,
        quantity: Any,
        forward: Any,
        *,
        underlying: Any = "",
        settlement: Any = "linear",
        strike: Any = None,
        expiry: Any = None,
        vol: Any = None,
        rate: Any = 0.0,
        entry: Any = None,
        index: Any = None,
        multiplier: Any = 1.0,
        ids: Sequence[Any] | None = None,
        currency: str = "quote",
        errors: str = "raise",
        threads: int = 1,
        engine: str = "wasmtime",
    ) -> None:
        if currency not in CURRENCIES:
            raise InvalidInput("currency", "'quote' or 'coin'", repr(currency))
        given = {
            "instrument": instrument, "quantity": quantity, "forward": forward, "underlying": underlying,
            "settlement": settlement, "strike": strike, "expiry": expiry, "vol": vol, "rate": rate, "entry": entry,
            "index": index, "multiplier": multiplier,
        }  # fmt: skip
        self.options: dict[str, Any] = {"currency": currency, "errors": errors, "threads": threads, "engine": engine}
        self.has_own_index = index is not None
        self.columns, self.valid = reading.read(given, errors)
        reading.constants(self.columns, self.valid)
        self.ids: list[Any] = list(range(len(self.valid)) if ids is None else np.asarray(ids).tolist())
        if len(self.ids) != len(self.valid) or len(dict.fromkeys(self.ids)) != len(self.ids):
            raise InvalidInput("ids", f"{len(self.valid)} different names, one a row", f"{len(self.ids)}, or repeated")

    def __len__(self) -> int:
        return len(self.valid)

    def __repr__(self) -> str:
        return f"<portfolio of {len(self)} positions in {', '.join(map(repr, self.underlyings))}>"

    @property
    def underlyings(self) -> list[str]:
        """Names, in alphabetical order."""
        return self._codes[0]

    def replace(self, **changed: Any) -> Portfolio:
        """The same positions with other columns or options; an index that was the forward follows it."""
        kept: dict[str, Any] = {name: self.columns[name] for name in (*reading.WORDS, *reading.NUMBERS)}
        if not self.has_own_index:
            kept["index"] = None
        return Portfolio(**{**kept, "ids": self.ids, **self.options, **changed})

    def take(self, rows: Any) -> Portfolio:
        """Some of the positions: row numbers, a slice or a mask."""
        numbers = np.arange(len(self))[rows]
        kept = {name: self.columns[name][numbers] for name in (*reading.WORDS, *reading.NUMBERS)}
        if not self.has_own_index:
            kept["index"] = None
        return Portfolio(**kept, ids=[self.ids[row] for row in numbers.tolist()], **self.options)

    # ── values ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def value(self) -> Value:
        """What the positions are worth, (n,), and their sum."""
        positions = self.values_of(self.inputs)
        return Value(positions, float(tree_sum(positions)))

    def greeks(self) -> Greeks:
        """Derivatives of every position's value, each (n,)."""
        return self.greeks_of(self.inputs)

    def totals(self, column: Any, by: str = "underlying") -> dict[Any, float]:
        """Sums of a column (n,) over the rows that share `by`: underlying, instrument, settlement or expiry."""
        values = np.asarray(column)
        if by not in (*reading.WORDS, "expiry") or values.shape != (len(self),):
            raise InvalidInput("by", "a column of words or expiry, and a column of values", f"{by!r}, {values.shape}")
        keys, codes = np.unique(self.columns[by], return_inverse=True)
        return {key: float(tree_sum(values[codes == code])) for code, key in enumerate(keys.tolist())}

    def scenarios(
        self,
        spot: Sequence[float] = (0.0,),
        vol: Sequence[float] = (0.0,),
        days: Sequence[float] = (0.0,),
        *,
        positions: bool = False,
    ) -> Grid:
        """Full revaluation under every combination of relative moves of spot and vol, and of days that pass.

        Shapes (spot, vol, days), with `positions` (n, spot, vol, days). Where nothing moves the value is `value()`.
        """
        return self.revalue(Scenarios.grid(spot, vol, days), positions=positions)

    def revalue(self, scenarios: Scenarios, *, positions: bool = False) -> Grid:
        """Full revaluation under scenarios: of shape `scenarios.shape`, with `positions` (n, *scenarios.shape)."""
        values = self.values_under(self.inputs, scenarios, np.arange(len(self)), summed=not positions)
        now = self.value()
        base = now.positions[:, None] if positions else now.total
        shape = (*values.shape[:-1], *scenarios.shape)
        return Grid(values.reshape(shape), ((values - base) * scenarios.weight).reshape(shape))

    def profits(self, scenarios: Scenarios, method: str = "full") -> Floats:
        """The portfolio's profit in every scenario, `scenarios.shape`: for `value_at_risk`, `expected_shortfall`.

        method "full" revalues; "delta-gamma" is ΣΔ·x + ½Γ·x² + vega·Δσ + theta·t from the greeks (the vol's floor is
        not regarded), exact to second order in spot and first in vol and time, and quicker by the number of positions.
        """
        if method == "full":
            return self.revalue(scenarios).profit
        if method != "delta-gamma":
            raise InvalidInput("method", "'full' or 'delta-gamma'", repr(method))
        return self._delta_gamma(scenarios).reshape(scenarios.shape)

    def live(self, what: str | Scenarios = "value") -> Live:
        """Values, greeks (`what="greeks"`) or values under scenarios that follow ticks."""
        from corten.quant.risk.live import Live

        return Live(self, what)

    # ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def inputs(self) -> Columns:
        """The kernels' row columns."""
        return reading.inputs(self.columns, self.valid, self.options["currency"] == "coin")

    @cached_property
    def _codes(self) -> tuple[list[str], NDArray[np.intp]]:
        names, codes = np.unique(self.columns["underlying"], return_inverse=True)
        return names.tolist(), codes

    def values_of(self, rows: Columns) -> Floats:
        """Values of rows of `inputs`, (rows,)."""
        return np.asarray(self._kernel(VALUE, [*(rows[name] for name in VALUE_INPUTS), *NOTHING]))

    def greeks_of(self, rows: Columns) -> Greeks:
        """Greeks of rows of `inputs`."""
        exponent = -1.0 if self.options["currency"] == "coin" else 0.0
        found = self._kernel(GREEKS, [*(rows[name] for name in GREEKS_INPUTS), exponent])
        forward = rows["forward"]
        same = {name: getattr(found, name) for name in Greeks._fields[2:]}
        same["rho"] = found.rho * rows["discounted"]
        return Greeks(delta=found.cash_delta / forward, gamma=found.cash_gamma / forward / forward, **same)

    def values_under(self, rows: Columns, scenarios: Scenarios, numbers: Any, *, summed: bool) -> Floats:
        """Values of rows of `inputs`, whose numbers are given, under m scenarios: (rows, m), or their sums (m,)."""
        names, codes = self._codes
        spot, vol = scenarios.moves(names)
        codes = codes[numbers]
        step = max(1, BLOCK_CELLS // max(1, len(codes)))
        results = np.empty((len(scenarios),) if summed else (len(codes), len(scenarios)))
        for begin in range(0, len(scenarios), step):
            part = slice(begin, begin + step)
            move, shock = (one[:, part] if len(one) == 1 else one[codes, part] for one in (spot, vol))
            values = self._shocked(rows, move, shock, [field[part] for field in _shocks(scenarios)])
            results[..., part] = tree_sum(values) if summed else values
        return results

    def _shocked(self, rows: Columns, move: Floats, vol: Floats, shocks: list[Floats]) -> Floats:
        """Values of rows under some scenarios, (rows, scenarios)."""
        term_vol, points, floor, days = shocks
        unit = 1.0 / (1.0 + move) if self.options["currency"] == "coin" else 1.0
        inputs = [rows[name][:, None] for name in VALUE_INPUTS]
        shocked = [move, vol, term_vol, points, floor, days / YEAR_DAYS, unit]
        return np.asarray(self._kernel(VALUE, [*inputs, *shocked]))

    def _kernel(self, function: Kernel, arguments: list[Any]) -> Any:
        engine = self.options["engine"]
        chosen = function if engine == "wasmtime" else function.on(engine)
        return chosen(*arguments, threads=self.options["threads"], errors=self.options["errors"])

    def _delta_gamma(self, scenarios: Scenarios) -> Floats:
        greeks, vol, term = self.greeks(), self.inputs["vol"], self.inputs["term"]
        names, codes = self._codes
        spot, shock = scenarios.moves(names)
        profit = np.zeros(len(scenarios))
        for code in range(len(names)):
            rows = codes == code
            move, relative = (one[0] if len(one) == 1 else one[code] for one in (spot, shock))

            def total(column: Floats, rows: Any = rows) -> float:
                return float(tree_sum(column[rows]))

            profit = profit + total(greeks.cash_delta) * move + (0.5 * total(greeks.cash_gamma)) * (move * move)
            profit = profit + total(greeks.vega * vol) * relative
            profit = profit + total(greeks.vega * vol * term) * scenarios.term_vol
            profit = profit + total(greeks.vega) * scenarios.vol_points
            profit = profit + total(greeks.theta) * (scenarios.days / YEAR_DAYS)
        return profit * scenarios.weight


def _shocks(scenarios: Scenarios) -> list[Floats]:
    return [scenarios.term_vol, scenarios.vol_points, scenarios.vol_floor, scenarios.days]
