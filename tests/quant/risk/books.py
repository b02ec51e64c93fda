"""Portfolios for the tests: one small enough to check by hand, and random ones of every instrument."""

from __future__ import annotations

from typing import Any

import numpy as np

from corten.quant.risk import Portfolio

INSTRUMENTS = ["call", "put", "future", "perpetual", "spot"]


def small(**options: Any) -> Portfolio:
    """A linear call and put, a linear future, spot, an inverse put, an inverse perpetual; index 1 % below the rest."""
    return Portfolio(
        ["call", "put", "future", "spot", "put", "perpetual"],
        [10, -5, 2, 1, 4, 59_000],
        [60_000, 60_000, 60_300, 60_000, 60_600, 60_000],
        settlement=["linear"] * 4 + ["inverse"] * 2,
        strike=[62_000, 58_000, np.nan, np.nan, 55_000, np.nan],
        expiry=[0.1, 0.25, 0.25, np.nan, 0.5, np.nan],
        vol=[0.5, 0.6, np.nan, np.nan, 0.7, np.nan],
        entry=[np.nan, np.nan, 59_300, np.nan, np.nan, 59_000],
        rate=0.05,
        index=59_400,
        **options,
    )


def random(n: int, seed: int, **options: Any) -> Portfolio:
    """n positions in two underlyings and four expiries."""
    draw = np.random.default_rng(seed)
    instrument = draw.choice(INSTRUMENTS, n, p=[0.35, 0.35, 0.1, 0.1, 0.1])
    settlement = np.where((draw.random(n) < 0.5) & (instrument != "spot"), "inverse", "linear")
    underlying = draw.choice(["BTC", "ETH"], n)
    level = np.where(underlying == "BTC", 60_000.0, 3_000.0)
    expiry = draw.choice([1 / 365, 7 / 365, 0.25, 1.0], n)
    return Portfolio(
        instrument,
        draw.normal(0.0, 10.0, n),
        level * (1.0 + 0.05 * np.where(np.isin(instrument, ["perpetual", "spot"]), 0.0, expiry)),
        underlying=underlying,
        settlement=settlement,
        strike=level * np.exp(draw.normal(0.0, 0.3, n)),
        expiry=np.where(np.isin(instrument, ["perpetual", "spot"]), np.nan, expiry),
        vol=draw.uniform(0.3, 1.2, n),
        entry=level * draw.uniform(0.9, 1.1, n),
        rate=0.03,
        index=level,
        **options,
    )
