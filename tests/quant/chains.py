"""A small option chain, made of a surface without arbitrage."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from corten import quant
from corten.quant import surface
from corten.quant.optional import load_polars

SNAPSHOT = datetime.fromisoformat("2026-01-01 08:00:00")  # UTC, without a zone as in the recorded chains
FORWARD = 100_000.0
DAYS = (7, 30, 90)
SMILES = tuple(
    surface.Essvi(0.25 * days / 365, -0.2, 0.25 * days / 365 * surface.power_law(0.25 * days / 365, 0.8, 0.45))
    for days in DAYS
)


def columns(is_inverse: bool = True) -> dict[str, Any]:
    """As an exchange gives them: prices in coin or quote units, half-spreads of half a point of volatility."""
    found: dict[str, list[Any]] = {
        name: []
        for name in "snapshot_utc currency option_type strike expiry_utc bid_price ask_price mark_price futures_price "
        "implied_volatility".split()
    }
    for days, smile in zip(DAYS, SMILES, strict=True):
        years = days / 365
        strikes = np.round(FORWARD * np.exp(np.linspace(-2, 2, 17) * smile.theta**0.5), -2)
        vol = np.sqrt(smile.raw().total(np.log(strikes / FORWARD)) / years)
        for kind in ("call", "put"):
            low, mark, high = (
                quant.black76(FORWARD, strikes, years, vol + shift, kind=kind) / (FORWARD if is_inverse else 1.0)
                for shift in (-0.005, 0.0, 0.005)
            )
            rows = len(strikes)
            found["snapshot_utc"] += [SNAPSHOT] * rows
            found["currency"] += ["BTC"] * rows
            found["option_type"] += [kind] * rows
            found["expiry_utc"] += [SNAPSHOT + timedelta(days=days)] * rows
            found["futures_price"] += [FORWARD] * rows
            for name, values in (
                ("strike", strikes), ("bid_price", low), ("ask_price", high), ("mark_price", mark),
                ("implied_volatility", vol),
            ):  # fmt: skip
                found[name] += values.tolist()
    return found


def write(path: Path, *, is_inverse: bool = True, drop: str = "", **changed: dict[int, Any]) -> Path:
    """The chain as Parquet; `changed` gives other values to rows of a column, `drop` leaves one out."""
    data = columns(is_inverse)
    for name, rows in changed.items():
        for row, value in rows.items():
            data[name][row] = value
    if drop:
        del data[drop]
    load_polars().DataFrame(data, strict=False).write_parquet(path)
    return path


def row_of(days: int, kind: str, nearest: float) -> int:
    """The number of the row of a strike."""
    data = columns()
    expiry = SNAPSHOT + timedelta(days=days)
    rows = [i for i in range(len(data["strike"])) if (data["expiry_utc"][i], data["option_type"][i]) == (expiry, kind)]
    return min(rows, key=lambda i: abs(data["strike"][i] - nearest))
