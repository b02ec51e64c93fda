"""Measures the mathematical library against mpmath: the largest error of each function in units of the last place.

    python -m tools.accuracy                 every function, 20,000 points of each range
    python -m tools.accuracy exp log --points 1000000

A unit in the last place is the distance between the doubles around the true result (for subnormal results 5e-324).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mpmath import mp, mpf

import corten

Column = Any  # a float64 array
SEED = 20260101
WORKING_BITS = 140


@dataclass(frozen=True)
class Range:
    """Where arguments are drawn: uniformly, or so that logarithms are uniform; `sign` makes them negative too."""

    low: float
    high: float
    scale: str = "uniform"  # or "logarithmic", "signed", "near": of the distance to `centre`
    centre: float = 0.0

    def draw(self, random: np.random.Generator, count: int) -> Column:
        """Arguments."""
        if self.scale == "uniform":
            return random.uniform(self.low, self.high, count)
        sizes = np.exp2(random.uniform(np.log2(self.low), np.log2(self.high), count))
        if self.scale == "logarithmic":
            return sizes
        return self.centre + np.where(random.random(count) < 0.5, -sizes, sizes)


@dataclass(frozen=True)
class Function:
    """A function of the library, the true one, the bound that the documentation states, and where it is measured."""

    name: str
    bound: float  # units in the last place
    exact: Callable[..., Any]
    ranges: tuple[tuple[Range, ...], ...]  # one tuple of ranges for each argument

    @property
    def arity(self) -> int:
        return len(self.ranges[0])


def _unary(name: str, bound: float, exact: Callable[[Any], Any], *ranges: Range) -> Function:
    return Function(name, bound, exact, tuple((each,) for each in ranges))


def _erfcx(x: Any) -> Any:
    """exp(x²) erfc(x), by the asymptotic series where erfc would underflow mpmath's patience."""
    if x < 100:
        return mp.exp(x * x) * mp.erfc(x)
    total = term = mpf(1)
    for k in range(1, 16):
        term *= -(2 * k - 1) / (2 * x * x)
        total += term
    return total / (x * mp.sqrt(mp.pi))


SMALL, LARGE = Range(1e-300, 1.0, "signed"), 1.7e308
FUNCTIONS = (
    _unary("exp", 1.0, mp.exp, Range(-1, 1), Range(-708, 709.78), Range(-745.13, -708), SMALL),
    _unary("expm1", 1.0, mp.expm1, Range(-1, 1), Range(-40, 709.78), SMALL),
    _unary("log", 1.0, mp.log, Range(0.5, 2), Range(5e-324, LARGE, "logarithmic"), Range(1e-16, 0.5, "near", 1.0)),
    _unary("log1p", 1.0, mp.log1p, Range(-1, 1), Range(1e-320, LARGE, "logarithmic"), SMALL),
    _unary("erf", 2.0, mp.erf, Range(-6, 6), SMALL),
    _unary("erfc", 2.0, mp.erfc, Range(-6, 6), Range(0, 2), Range(0, 26.5), Range(26.5, 27.22)),
    _unary("erfcx", 2.0, _erfcx, Range(-26.6, 2), Range(0, 50), Range(1e-300, LARGE, "logarithmic")),
    _unary("normal_cdf", 2.0, mp.ncdf, Range(-8, 8), Range(-2, 0), Range(-37.5, -5), Range(-38.4, -37.5)),
    _unary("normal_pdf", 1.0, mp.npdf, Range(-8, 8), Range(-37.5, 37.5), Range(37.5, 38.5)),
)
BY_NAME = {function.name: function for function in FUNCTIONS}


class Library:
    """The compiled library: each function as a message of one contract."""

    def __init__(self, arities: dict[str, int], engine: str = "wasmtime") -> None:
        with tempfile.TemporaryDirectory(prefix="corten-math-") as directory:
            path = Path(directory) / "contract.py"
            path.write_text(_contract_source(arities), encoding="utf-8")
            self.contract = corten.Machine(memory_limit=1 << 20, cache=False, engine=engine).deploy(path)

    def map(self, name: str, *columns: Column) -> Column:
        """The function of columns of arguments."""
        rows = np.zeros(len(columns[0]), self.contract.dtype(f"of_{name}"))
        for field, column in zip(rows.dtype.names or (), columns, strict=True):
            rows[field] = column
        return self.contract.submit(f"of_{name}", rows).results[f"of_{name}"]["value"].copy()


def _contract_source(arities: dict[str, int]) -> str:
    lines = [
        f"from corten.contracts.math import {', '.join(arities)}",
        "from corten.lang import Contract, contract, f64, message",
        "",
        "@contract",
        "class Subject(Contract):",
        "    unused: f64",
    ]
    for name, arity in arities.items():
        names = ["x", "y", "z"][:arity]
        parameters = ", ".join(f"{each}: f64" for each in names)
        lines += [
            "    @message",
            f"    def of_{name}(self, {parameters}) -> f64:",
            f"        return {name}({', '.join(names)})",
        ]
    return "\n".join(lines) + "\n"


def error_in_ulps(found: float, exact: Any) -> float:
    """How far a double is from the true value, in units of the last place of that value."""
    nearest = abs(float(exact))
    if nearest == float("inf"):
        return 0.0 if found == float(exact) else float("inf")
    if not np.isfinite(found):
        return float("inf")
    return abs(float((mpf(found) - exact) / mpf(float(np.spacing(nearest)))))


def largest_error(
    function: Function, library: Library, ranges: tuple[Range, ...], count: int
) -> tuple[float, list[float]]:
    """The largest error in one range, and where."""
    random = np.random.default_rng(SEED)
    columns = [each.draw(random, count) for each in ranges]
    found = library.map(function.name, *columns)
    worst, place = 0.0, [float(column[0]) for column in columns]
    with mp.workprec(WORKING_BITS):
        for index in range(count):
            arguments = [float(column[index]) for column in columns]
            error = error_in_ulps(float(found[index]), function.exact(*map(mpf, arguments)))
            if error > worst:
                worst, place = error, arguments
    return worst, place


def main(arguments: list[str]) -> int:
    """Prints what was measured; 1 when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="function")
    parser.add_argument("--points", type=int, default=20_000, help="in each range")
    chosen = parser.parse_args(arguments)
    functions = [each for each in FUNCTIONS if not chosen.names or each.name in chosen.names]
    library = Library({each.name: each.arity for each in functions})
    failed = False
    for function in functions:
        results = [largest_error(function, library, ranges, chosen.points) for ranges in function.ranges]
        worst, place = max(results)
        failed |= worst > function.bound
        shown = ", ".join(f"{each!r}" for each in place)
        print(f"{function.name:24} stated {function.bound:4.1f}   measured {worst:.3f} ulp at {shown}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
