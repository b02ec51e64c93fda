"""Measures the mathematical library against mpmath: the largest error of each function in units of the last place.

    python -m tools.accuracy                 every function, 20,000 points of each range
    python -m tools.accuracy exp log --points 1000000

A unit in the last place is the distance between the doubles around the true result (for subnormal results 5e-324).
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from mpmath import mp, mpf

import corten
import corten.contracts.math

Column = Any  # a float64 array
Draw = Callable[[np.random.Generator, int], list[Column]]  # arguments of so many points, a column for each
SEED = 20260101
WORKING_BITS = 140
LARGEST = 1.7976931348623157e308


# ── where arguments are drawn ────────────────────────────────────────────────────────────────────────────────────────


def uniform(*limits: float) -> Draw:
    """Uniform between limits, two for each argument."""

    def draw(random: np.random.Generator, count: int) -> list[Column]:
        return [random.uniform(low, high, count) for low, high in zip(limits[::2], limits[1::2], strict=True)]

    return draw


def sizes(low: float, high: float, signed: bool = True, centre: float = 0.0, arguments: int = 1) -> Draw:
    """Distances from a centre whose logarithms are uniform."""

    def draw(random: np.random.Generator, count: int) -> list[Column]:
        columns = []
        for _ in range(arguments):
            distance = np.exp2(random.uniform(np.log2(low), np.log2(high), count))
            sign = np.where(random.random(count) < 0.5, -1.0, 1.0) if signed else 1.0
            columns.append(centre + sign * distance)
        return columns

    return draw


def powers(low: float, high: float, least: float = -745.0, most: float = 709.7) -> Draw:
    """A base whose logarithm is between `low` and `high` and an exponent, so that the power is a double."""

    def draw(random: np.random.Generator, count: int) -> list[Column]:
        logarithms = random.uniform(low, high, count)
        bases = np.exp(logarithms)
        bases[bases == 1.0] = 1.5
        return [bases, random.uniform(least, most, count) / np.log(bases)]

    return draw


def multiples(step: float, most: float) -> Draw:
    """The doubles nearest to whole multiples of a number."""

    def draw(random: np.random.Generator, count: int) -> list[Column]:
        return [np.round(random.uniform(1, most / step, count)) * step]

    return draw


@dataclass(frozen=True)
class Function:
    """A function of the library, the true one, the bound that the documentation states, and where it is measured."""

    name: str
    bound: float  # units in the last place
    exact: Callable[..., Any]
    draws: tuple[Draw, ...]


def _of(name: str, bound: float, exact: Callable[..., Any], *draws: Draw) -> Function:
    return Function(name, bound, exact, draws)


# ── what is true ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _erfcx(x: Any) -> Any:
    """exp(x²) erfc(x), by the asymptotic series where exp(x²) is too large to be quick."""
    if x < 100:
        return mp.exp(x * x) * mp.erfc(x)
    total = term = mpf(1)
    for k in range(1, 16):
        term *= -(2 * k - 1) / (2 * x * x)
        total += term
    return total / (x * mp.sqrt(mp.pi))


def _cbrt(x: Any) -> Any:
    return mp.sign(x) * mp.cbrt(abs(x))


def _normal_inverse(p: Any) -> Any:
    """By Newton's method on the logarithm of the tail, from the library's kind of start: a double."""
    small = min(p, 1 - p)
    start = statistics.NormalDist().inv_cdf(max(float(small), 1e-300)) if small < 0.5 else 0.0
    x = mpf(start) if small > 1e-300 else -mp.sqrt(-2 * mp.log(small) - mp.log(-4 * mp.pi * mp.log(small)))
    for _ in range(5):
        tail = mp.ncdf(x)
        x -= (mp.log(tail) - mp.log(small)) * tail / mp.npdf(x)
    return x if p < 0.5 else -x


SMALL = sizes(1e-300, 1.0)
POSITIVE = sizes(5e-324, LARGEST, signed=False)
NEAR_ONE = sizes(1e-16, 0.5, centre=1.0)
ANGLES = (
    uniform(-4, 4), uniform(-(2.0**20), 2.0**20), sizes(2.0**20, 2.0**64), sizes(2.0**20, LARGEST), SMALL,
    multiples(np.pi / 2, 2.0**20), multiples(np.pi / 4, 1e7),
)  # fmt: skip
FUNCTIONS = (
    _of("exp", 0.85, mp.exp, uniform(-1, 1), uniform(-708, 709.78), uniform(-745.13, -708), SMALL),
    _of("expm1", 0.85, mp.expm1, uniform(-1, 1), uniform(-40, 709.78), SMALL),
    _of("exp2", 0.85, lambda x: mpf(2) ** x, uniform(-1, 1), uniform(-1022, 1024), uniform(-1074.9, -1022), SMALL),
    _of("log", 0.7, mp.log, uniform(0.5, 2), POSITIVE, NEAR_ONE),
    _of("log1p", 0.7, mp.log1p, uniform(-1, 1), sizes(1e-320, LARGEST, signed=False), SMALL),
    _of("log2", 0.55, lambda x: mp.log(x, 2), uniform(0.5, 2), POSITIVE, NEAR_ONE),
    _of("log10", 0.55, mp.log10, uniform(0.5, 2), POSITIVE, NEAR_ONE),
    _of(
        "pow", 0.85, mp.power, powers(-709, 709), powers(-0.35, 0.35), powers(-1e-3, 1e-3), powers(-5, 5, -745, -700),
        powers(-744, -709, -700, 700), uniform(0, 10, -9, 9),
    ),
    _of("cbrt", 0.75, _cbrt, uniform(-10, 10), POSITIVE),
    _of("hypot", 0.55, mp.hypot, uniform(-9, 9, -9, 9), sizes(1e-320, 1e308, arguments=2)),
    _of("sin", 0.85, mp.sin, *ANGLES),
    _of("cos", 0.85, mp.cos, *ANGLES),
    _of("tan", 0.95, mp.tan, *ANGLES),
    _of("asin", 0.7, mp.asin, uniform(-1, 1), sizes(1e-16, 1.0, centre=0.0), sizes(1e-300, 1.0)),
    _of("acos", 0.7, mp.acos, uniform(-1, 1), sizes(1e-16, 1.0)),
    _of("atan", 0.7, mp.atan, uniform(-4, 4), sizes(1e-300, 1e300)),
    _of(
        "atan2", 0.7, mp.atan2, uniform(-9, 9, -9, 9), sizes(1e-308, 1e308, arguments=2),
        sizes(1e-9, 1e9, arguments=2),
    ),
    _of("sinh", 0.8, mp.sinh, uniform(-2, 2), uniform(-40, 40), uniform(-710.47, 710.47), SMALL),
    _of("cosh", 0.75, mp.cosh, uniform(-2, 2), uniform(-40, 40), uniform(-710.47, 710.47), SMALL),
    _of("tanh", 0.7, mp.tanh, uniform(-2, 2), uniform(-22, 22), SMALL),
    _of("erf", 2.0, mp.erf, uniform(-6, 6), SMALL),
    _of("erfc", 1.6, mp.erfc, uniform(-6, 6), uniform(0, 2), uniform(0, 26.5), uniform(26.5, 27.22)),
    _of("erfcx", 1.7, _erfcx, uniform(-26.6, 2), uniform(0, 50), sizes(1e-300, LARGEST, signed=False)),
    _of("normal_cdf", 1.7, mp.ncdf, uniform(-8, 8), uniform(-2, 0), uniform(-37.5, -5), uniform(-38.4, -37.5)),
    _of("normal_pdf", 0.85, mp.npdf, uniform(-8, 8), uniform(-37.5, 37.5), uniform(37.5, 38.5)),
    _of(
        "normal_inverse", 2.0, _normal_inverse, uniform(0, 1), uniform(0.1, 0.2), sizes(5e-324, 0.5, signed=False),
        sizes(1e-16, 0.5, centre=0.5),
    ),
    _of("gamma", 4.0, mp.gamma, uniform(0.5, 8), uniform(8, 171.6), uniform(-20, 0.5), uniform(-183, -20), SMALL),
    _of(
        "log_gamma", 2.5, mp.loggamma, uniform(0.1, 5), sizes(1e-300, 1e300, signed=False), NEAR_ONE,
        sizes(1e-16, 0.5, centre=2.0),
    ),
)  # fmt: skip
BY_NAME = {function.name: function for function in FUNCTIONS}


# ── what is found ────────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def kernel(name: str) -> Any:
    """A function of the library, mapped over columns."""
    return corten.kernel(getattr(corten.contracts.math, name))


def error_in_ulps(found: float, exact: Any) -> float:
    """How far a double is from the true value, in units of the last place of that value."""
    nearest = abs(float(exact))
    if nearest == float("inf"):
        return 0.0 if found == float(exact) else float("inf")
    if not np.isfinite(found):
        return float("inf")
    return abs(float((mpf(found) - exact) / mpf(float(np.spacing(nearest)))))


def largest_error(function: Function, draw: Draw, count: int) -> tuple[float, list[float]]:
    """The largest error among so many points, and where."""
    columns = draw(np.random.default_rng(SEED), count)
    found = kernel(function.name)(*columns, errors="nan").tolist()
    worst, place = 0.0, [float(column[0]) for column in columns]
    with mp.workprec(WORKING_BITS):
        for index, value in enumerate(found):
            arguments = [float(column[index]) for column in columns]
            error = error_in_ulps(value, function.exact(*map(mpf, arguments)))
            if error > worst:
                worst, place = error, arguments
    return worst, place


def table(count: int) -> str:
    """Stated and measured bounds as a table of the documentation."""
    lines = ["| function | bound | measured | at |", "|---|---|---|---|"]
    for function in FUNCTIONS:
        worst, place = max(largest_error(function, draw, count) for draw in function.draws)
        shown = ", ".join(f"{each!r}" for each in place)
        lines.append(f"| `{function.name}` | {function.bound:.2f} | {worst:.3f} | {shown} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Prints what was measured; 1 when a bound is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="function")
    parser.add_argument("--points", type=int, default=20_000, help="in each range")
    chosen = parser.parse_args(arguments)
    failed = False
    for function in FUNCTIONS:
        if chosen.names and function.name not in chosen.names:
            continue
        worst, place = max(largest_error(function, draw, chosen.points) for draw in function.draws)
        failed |= worst > function.bound
        shown = ", ".join(f"{each!r}" for each in place)
        print(f"{function.name:16} stated {function.bound:4.2f}   measured {worst:.3f} ulp at {shown}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
