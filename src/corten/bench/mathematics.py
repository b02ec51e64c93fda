"""What a function of the mathematical library costs in a kernel, for one element of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import corten
import corten.contracts.math as library
from corten.bench.measure import fastest_seconds, paired
from corten.bench.registry import Result

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 20_000
ROUNDS = 21
CONDITIONS = f"{ROWS:,} rows, one thread; the columns' way into the guest and back included"
UNARY = (
    "exp", "expm1", "exp2", "log", "log1p", "log2", "cbrt", "sin", "sin_bounded", "tan_bounded", "asin", "atan", "tanh",
    "erf", "erfc", "erfcx", "normal_cdf", "normal_pdf", "normal_inverse", "gamma", "log_gamma",
)  # fmt: skip
BINARY = ("pow", "atan2", "hypot")
#: what numpy calls otherwise
PEERS = {"asin": "arcsin", "atan": "arctan", "atan2": "arctan2", "pow": "power"}


def functions() -> list[Result]:
    """Every function of a column, against numpy's where it has one (numpy's are not the same bits everywhere)."""
    random = np.random.default_rng(1)
    columns = [random.uniform(0.01, 0.99, ROWS) for _ in range(2)]
    return [_one(name, columns[:1]) for name in UNARY] + [_one(name, columns) for name in BINARY]


def _one(name: str, columns: list[Any]) -> Result:
    kernel = corten.kernel(getattr(library, name))
    out = np.empty(ROWS)

    def ours() -> None:
        kernel(*columns, out=out)

    theirs = getattr(np, PEERS.get(name, name), None)
    if theirs is None:
        return Result(name, fastest_seconds(ours, rounds=ROUNDS) / ROWS * 1e9, "ns", conditions=CONDITIONS)
    function, other = theirs, np.empty(ROWS)
    times = paired(ours, lambda: function(*columns, out=other), rounds=ROUNDS)
    return Result(name, times.ours / ROWS * 1e9, "ns", f"numpy.{function.__name__}", times.ratio, CONDITIONS)


BENCHMARKS: dict[str, Callable[[], list[Result]]] = {"functions": functions}
