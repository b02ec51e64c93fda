"""Risk of a book of 50,000 options in 40 expiries: the margin grid, ticks against revaluation, value at risk."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, Final

import numpy as np

from corten.bench.measure import Paired, paired
from corten.bench.registry import Result
from corten.quant import black76
from corten.quant.montecarlo import tree_sum
from corten.quant.risk import Portfolio, Scenarios

POSITIONS: Final = 50_000
EXPIRIES: Final = 40
DRAWN: Final = 200
TICKED: Final = 0.5  # years; one of the expiries
BOOK: Final = f"{POSITIONS:,} options, half of them inverse, {EXPIRIES} expiries; one thread"


def book(positions: int = POSITIONS) -> Portfolio:
    draw = np.random.default_rng(1)
    return Portfolio(
        draw.choice(["call", "put"], positions),
        draw.normal(0.0, 10.0, positions),
        60_000.0,
        underlying="BTC",
        settlement=draw.choice(["linear", "inverse"], positions),
        strike=60_000.0 * np.exp(draw.normal(0.0, 0.3, positions)),
        expiry=draw.integers(1, EXPIRIES + 1, positions) / EXPIRIES,
        vol=draw.uniform(0.3, 0.9, positions),
    )


def grid() -> list[Result]:
    """The 35 scenarios of the margin grid, and their sums, against one call of the pricing kernel over as many rows."""
    portfolio, scenarios = book(), Scenarios.deribit()
    cells = len(portfolio) * len(scenarios)
    columns = [np.tile(portfolio.inputs[name], len(scenarios)) for name in ("forward", "strike", "expiry", "vol")]
    times = paired(lambda: portfolio.revalue(scenarios), lambda: black76(*columns), rounds=7)
    return [_result("grid", times, 1e9 / cells, "ns/revaluation", "black76 over as many rows", f"{BOOK}; 35 scenarios")]


def incremental() -> list[Result]:
    """A new forward for one of 40 expiries and the new totals, against everything computed again."""
    portfolio, scenarios = book(), Scenarios.deribit()
    full: dict[str, tuple[Any, Callable[[], object]]] = {
        "value": ("value", portfolio.value),
        "greeks": ("greeks", lambda: [tree_sum(column) for column in portfolio.greeks()]),
        "grid": (scenarios, lambda: portfolio.revalue(scenarios)),
    }
    results = []
    for name, (what, everything) in full.items():
        live, number = portfolio.live(what), count()

        def tick(live: Any = live, number: Any = number) -> object:
            live.tick("BTC", TICKED, forward=60_000.0 + next(number))
            return live.total

        times = paired(tick, everything, rounds=9, calls=4)  # ticks follow each other
        results.append(_result(f"incremental.{name}", times, 1e6, "µs/tick", "full revaluation", BOOK))
    return results


def value_at_risk() -> list[Result]:
    """Full revaluation under drawn scenarios, against delta and gamma."""
    portfolio, scenarios = book(), Scenarios.drawn(DRAWN, {"BTC": 0.6}, {"BTC": 0.8}, seed=1)
    cells = len(portfolio) * len(scenarios)
    times = paired(lambda: portfolio.profits(scenarios), lambda: portfolio.profits(scenarios, "delta-gamma"), rounds=3)
    conditions = f"{BOOK}; {DRAWN} scenarios of spot and vol"
    return [_result("value_at_risk", times, 1e9 / cells, "ns/revaluation", "delta-gamma", conditions)]


def _result(name: str, times: Paired, scale: float, unit: str, peer: str, conditions: str) -> Result:
    return Result(name, times.ours * scale, unit, peer, times.ratio, conditions)


BENCHMARKS: Final = {"grid": grid, "incremental": incremental, "value_at_risk": value_at_risk}
