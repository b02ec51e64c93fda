"""Scenarios: what may happen to spot prices, volatilities and time (docs/guide/risk.md).

Sources: Deribit, portfolio margin (the grid); Salmon et al. 2011 (Philox, for the drawn ones: contracts/random.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput
from corten.quant.functions import expm1
from corten.quant.risk.columns import YEAR_DAYS
from corten.quant.risk.kernels import normal_draw
from corten.vm.kernels.containers import library

Floats = NDArray[np.float64]
Moves = Any
"""One number, one a scenario (m,), or a mapping from underlying to one of those."""

DERIBIT_TAILS: Final = (-0.66, -0.33, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0)


@dataclass(frozen=True)
class Scenarios:
    """m scenarios, each a joint move of everything; every field has shape (m,), spot and vol also one for each name.

    spot: relative moves of all prices of an underlying, > −1. vol: relative moves of its vols. term_vol: the same,
    times (30/days to expiry)^p (`shock_term` of contracts/pricing/position.py). vol_points: absolute moves, after the
    relative ones. vol_floor: the least vol after the shock. days: that pass, forwards fixed. weight: of the profit.
    shape: of the grid that the scenarios were made from; results have it.
    """

    spot: dict[str, Floats]
    vol: dict[str, Floats]
    term_vol: Floats
    vol_points: Floats
    vol_floor: Floats
    days: Floats
    weight: Floats
    shape: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.days)

    @classmethod
    def joint(
        cls,
        spot: Moves = 0.0,
        vol: Moves = 0.0,
        *,
        term_vol: Any = 0.0,
        vol_points: Any = 0.0,
        vol_floor: Any = 0.0,
        days: Any = 0.0,
        weight: Any = 1.0,
    ) -> Scenarios:
        """Scenario j takes number j of every argument. InvalidInput for lengths that differ and values out of range."""
        plain = {
            name: _column(name, value)
            for name, value in (
                ("term_vol", term_vol),
                ("vol_points", vol_points),
                ("vol_floor", vol_floor),
                ("days", days),
                ("weight", weight),
            )
        }
        spots, vols = _by_name("spot", spot), _by_name("vol", vol)
        named = {
            f"{field} {name}": one for field, moves in (("spot", spots), ("vol", vols)) for name, one in moves.items()
        }
        count = _count({**plain, **named})
        _refuse("days", plain["days"], plain["days"] >= 0.0, "a number ≥ 0")
        _refuse("vol_floor", plain["vol_floor"], plain["vol_floor"] >= 0.0, "a number ≥ 0")
        for name, moves in spots.items():
            _refuse(f"spot {name}".rstrip(), moves, moves > -1.0, "a relative move > −1")
        plain = {name: np.broadcast_to(column, count) for name, column in plain.items()}
        return cls(
            {name: np.broadcast_to(moves, count) for name, moves in spots.items()},
            {name: np.broadcast_to(moves, count) for name, moves in vols.items()},
            **plain,
            shape=(count,),
        )

    @classmethod
    def grid(cls, spot: Sequence[float] = (0.0,), vol: Sequence[float] = (0.0,), days: Sequence[float] = (0.0,)) -> Any:
        """Every combination of relative moves of spot and vol and of days that pass; shape (spot, vol, days)."""
        axes = [np.atleast_1d(_column(name, axis)) for name, axis in (("spot", spot), ("vol", vol), ("days", days))]
        moves, vols, passed = (mesh.ravel() for mesh in np.meshgrid(*axes, indexing="ij"))
        return replace(cls.joint(moves, vols, days=passed), shape=tuple(len(axis) for axis in axes))

    @classmethod
    def deribit(
        cls,
        price_range: float = 0.16,
        buckets: int = 4,
        *,
        vol_up: float = 0.5,
        vol_down: float = 0.25,
        least_vol_up: float = 0.5,
        tails: Sequence[float] = DERIBIT_TAILS,
    ) -> Scenarios:
        """The portfolio-margin grid: prices by vol up, same, down (27 scenarios), then the tails with vol up.

        Shocks of vol are nominal at 30 days and grow towards expiry. A tail's profit has weight price_range/|move|.
        Order: price ascending, within it vol up, same, down; then the tails as given. Shape (m,).
        """
        steps = [price_range * step / buckets for step in range(-buckets, buckets + 1)]
        main = [(move, shock) for move in steps for shock in (vol_up, 0.0, -vol_down)]
        rows = [(move, shock, 1.0) for move, shock in main]
        rows += [(move, vol_up, price_range / abs(move)) for move in tails]
        spot, shocks, weight = (np.array(column) for column in zip(*rows, strict=True))
        return cls.joint(spot, term_vol=shocks, vol_floor=np.where(shocks > 0.0, least_vol_up, 0.0), weight=weight)

    @classmethod
    def historical(
        cls,
        prices: Any,
        vols: Any = None,
        *,
        horizon: int = 1,
        days: float = 0.0,
    ) -> Scenarios:
        """What prices (t,), and vols (t,) if given, did over every `horizon` observations: p[t + horizon]/p[t] − 1.

        prices, vols: a column, or a mapping from underlying to columns observed at the same times. m = t − horizon;
        windows overlap if horizon > 1. `days` pass in every scenario.
        """
        moved = {name: _relative(f"prices {name}".rstrip(), column, horizon) for name, column in _named(prices).items()}
        shocks: Any = 0.0
        if vols is not None:
            shocks = {
                name: _relative(f"vols {name}".rstrip(), column, horizon) for name, column in _named(vols).items()
            }
        return cls.joint(moved, shocks, days=days)

    @classmethod
    def drawn(
        cls,
        count: int,
        spot_vol: Mapping[str, float],
        vol_vol: Mapping[str, float] | None = None,
        *,
        correlation: Any = None,
        days: float = 1.0,
        seed: int = 0,
        distribution: str = "lognormal",
        theta: bool = True,
    ) -> Scenarios:
        """Monte-Carlo moves over `days`: correlated normal logarithmic returns without drift of the mean.

        spot_vol: annualized volatility of each underlying. vol_vol: of the relative moves of its vols. correlation: a
        matrix over the names of spot_vol, then of vol_vol, in their order; none is independent. A move is
        exp(σ√t·z − σ²t/2) − 1, for distribution "normal" σ√t·z (InvalidInput where that falls to −1). theta: whether
        the days pass for the options. Number j depends on seed and j alone: more scenarios begin with the fewer.
        """
        volatile = dict(vol_vol or {})
        scale = np.array([*spot_vol.values(), *volatile.values()], np.float64) * sqrt(days / YEAR_DAYS)
        if distribution not in ("lognormal", "normal"):
            raise InvalidInput("distribution", "'lognormal' or 'normal'", repr(distribution))
        factors = _cholesky(correlation, len(scale))
        z = normal_draws(count, len(scale), seed)
        moves = []
        for row, deviation in enumerate(scale.tolist()):
            mixed = np.zeros(count)
            for column in range(row + 1):
                mixed = mixed + factors[row][column] * z[column]
            moves.append(_move(mixed, deviation, distribution))
        spots = dict(zip(spot_vol, moves, strict=False))
        vols = dict.fromkeys(spot_vol, np.zeros(count)) | dict(zip(volatile, moves[len(spot_vol) :], strict=True))
        return cls.joint(spots, vols if volatile else 0.0, days=days if theta else 0.0)

    def moves(self, names: Sequence[str]) -> tuple[Floats, Floats]:
        """Moves of spot and vol for each of these underlyings: (names, m), or (1, m) if they are the same for all."""
        return _rows("spot", self.spot, names), _rows("vol", self.vol, names)


def normal_draws(count: int, dimensions: int, seed: int) -> Floats:
    """Standard normal variates (dimensions, count) of Philox counters (number, dimension, 0, 0) and the key `seed`."""
    if count < 1 or not 0 <= seed < 2**64:
        raise InvalidInput("count, seed", "1 or more, and 0 … 2⁶⁴ − 1", f"{count}, {seed}")
    numbers, dimension = np.arange(count, dtype=np.uint64), np.arange(dimensions, dtype=np.uint64)[:, None]
    return np.asarray(normal_draw(numbers, dimension, np.uint64(seed & 0xFFFF_FFFF), np.uint64(seed >> 32)))


def _move(z: Floats, deviation: float, distribution: str) -> Floats:
    if distribution == "normal":
        return z * deviation
    return np.asarray(expm1(z * deviation - 0.5 * deviation * deviation))


def _cholesky(correlation: Any, size: int) -> list[list[float]]:
    """The lower triangular factor, in plain arithmetic: LAPACK's bits differ between machines."""
    matrix = np.eye(size) if correlation is None else np.asarray(correlation, np.float64)
    if matrix.shape != (size, size) or not (matrix == matrix.T).all() or not (np.diag(matrix) == 1.0).all():
        raise InvalidInput("correlation", f"a symmetric ({size}, {size}) matrix with 1 on its diagonal", str(matrix))
    factor = [[0.0] * size for _ in range(size)]
    for row in range(size):
        for column in range(row + 1):
            rest = float(matrix[row, column])
            for inner in range(column):
                rest -= factor[row][inner] * factor[column][inner]
            if row != column:
                factor[row][column] = rest / factor[column][column]
            elif rest <= 0.0:
                raise InvalidInput("correlation", "a positive definite matrix", f"pivot {rest!r} in row {row}")
            else:
                factor[row][row] = sqrt(rest)
    return factor


def _named(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {"": value}


def _by_name(field: str, value: Moves) -> dict[str, Floats]:
    """The key "" stands for every underlying."""
    return {name: _column(f"{field} {name}".rstrip(), moves) for name, moves in _named(value).items()}


def _column(name: str, value: Any) -> Floats:
    try:
        found = np.asarray(value.to_numpy() if library(value) else value, np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(name, "a number, or one a scenario", f"{type(value).__name__}: {error}") from None
    if found.ndim > 1:
        raise InvalidInput(name, "a number, or one a scenario", f"shape {found.shape}")
    _refuse(name, found, np.isfinite(found), "a number")
    return found


def _relative(name: str, values: Any, horizon: int) -> Floats:
    column = np.atleast_1d(_column(name, values))
    if not 1 <= horizon < len(column):
        raise InvalidInput("horizon", f"1 … {len(column) - 1}, less than the observations", str(horizon))
    _refuse(name, column, column > 0.0, "a number > 0")
    return column[horizon:] / column[:-horizon] - 1.0


def _refuse(name: str, column: Floats, right: Any, expected: str) -> None:
    if not np.all(right):
        row = int(np.argmin(right))
        raise InvalidInput(f"{name}[{row}]" if column.ndim else name, expected, repr(float(column.flat[row])))


def _count(columns: dict[str, Floats]) -> int:
    lengths = {name: len(column) for name, column in columns.items() if column.ndim}
    first = next(iter(lengths), "")
    for name, length in lengths.items():
        if length != lengths[first]:
            raise InvalidInput(name, f"{lengths[first]} scenarios as {first} has", str(length))
    return lengths.get(first, 1)


def _rows(field: str, moves: dict[str, Floats], names: Sequence[str]) -> Floats:
    if list(moves) == [""]:
        return moves[""][None]
    missing = [name for name in names if name not in moves]
    if missing and "" not in moves:
        raise InvalidInput(field, f"moves of {missing[0]!r}, which the portfolio holds", f"moves of {list(moves)}")
    return np.stack([moves.get(name, moves.get("", np.zeros(1))) for name in names])
