"""Finding benchmarks without importing what they need, and running them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import corten.bench
from corten.base.errors import InvalidInput

_MACHINERY = frozenset({"measure", "registry"})


@dataclass(frozen=True)
class Result:
    """One figure. `ratio` is our time over the peer's in the same run (below 1: we are quicker).

    `conditions` names what was switched on: passes, receipts, sizes of the workload.
    """

    name: str
    value: float
    unit: str
    peer: str = ""
    ratio: float | None = None
    conditions: str = ""


@dataclass(frozen=True)
class Benchmark:
    """`family.name`, and the function that measures it."""

    family: str
    name: str
    function: Callable[[], list[Result]]

    @property
    def full_name(self) -> str:
        return f"{self.family}.{self.name}"


class BenchmarkMissing(InvalidInput):
    """No benchmark has the name that was asked for."""


def family_names() -> list[str]:
    """Modules of this package that hold benchmarks."""
    modules = (module.name for module in pkgutil.iter_modules(corten.bench.__path__))
    return sorted(name for name in modules if name not in _MACHINERY and not name.startswith("_"))


def find_benchmarks(name: str | None = None) -> list[Benchmark]:
    """All benchmarks, one family's, or the one called `family.name` or `name`; BenchmarkMissing when there is none."""
    families = family_names()
    if name is None:
        return [benchmark for family in families for benchmark in _load(family)]
    family, _, function = name.partition(".")
    if family in families:
        found = [one for one in _load(family) if function in ("", one.name)]
    else:
        found = [one for each in families for one in _load(each) if one.name == name]
    if not found:
        known = ", ".join(one.full_name for each in families for one in _load(each)) or "none yet"
        raise BenchmarkMissing("benchmark", f"a family or one of {known}", repr(name))
    return found


def run_benchmark(benchmark: Benchmark) -> list[Result]:
    """Measure; every result's name begins with the family's."""
    return [
        Result(_qualified(benchmark.family, one.name), one.value, one.unit, one.peer, one.ratio, one.conditions)
        for one in benchmark.function()
    ]


def _load(family: str) -> list[Benchmark]:
    module = importlib.import_module(f"corten.bench.{family}")
    table: dict[str, Callable[[], list[Result]]] = module.BENCHMARKS
    return [Benchmark(family, name, function) for name, function in table.items()]


def _qualified(family: str, name: str) -> str:
    return name if name.startswith(f"{family}.") else f"{family}.{name}"
