"""Taking times so that ratios mean something."""

from __future__ import annotations

import gc
import importlib.util
import platform
import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Paired:
    """Medians of interleaved rounds, in seconds a call; `ratio` is the median of the rounds' own ratios."""

    ours: float
    peer: float
    ratio: float


def paired(
    ours: Callable[[], object], peer: Callable[[], object], *, rounds: int = 11, warm_up: int = 1, calls: int = 1
) -> Paired:
    """Time `ours` and `peer` in alternation, the order swapped each round, each `calls` times a round."""
    for _ in range(warm_up):
        ours()
        peer()
    times: list[tuple[float, float]] = []
    with _no_collection():
        for round_number in range(rounds):
            if round_number % 2 == 0:
                first = _seconds(ours, calls)
                times.append((first, _seconds(peer, calls)))
            else:
                first = _seconds(peer, calls)
                times.append((_seconds(ours, calls), first))
    return Paired(
        ours=statistics.median(mine for mine, _ in times),
        peer=statistics.median(theirs for _, theirs in times),
        ratio=statistics.median(mine / theirs for mine, theirs in times),
    )


def median_seconds(function: Callable[[], object], *, rounds: int = 11, warm_up: int = 1, calls: int = 1) -> float:
    """The median time of one call."""
    for _ in range(warm_up):
        function()
    with _no_collection():
        return statistics.median(_seconds(function, calls) for _ in range(rounds))


def fastest_seconds(function: Callable[[], object], *, rounds: int, warm_up: int = 3) -> float:
    """The shortest time of one call."""
    for _ in range(warm_up):
        function()
    with _no_collection():
        return min(_seconds(function, 1) for _ in range(rounds))


def has_v8() -> bool:
    """Whether mini-racer is installed: without it there is nothing to measure."""
    return importlib.util.find_spec("py_mini_racer") is not None


def environment() -> dict[str, str]:
    """The machine and the versions that a figure was taken with."""
    return {
        "cpu": _cpu_model(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        **{package: _version(package) for package in ("wasmtime", "mini-racer", "llvmlite", "numpy")},
    }


def _seconds(function: Callable[[], object], calls: int) -> float:
    begin = time.perf_counter_ns()
    for _ in range(calls):
        function()
    return (time.perf_counter_ns() - begin) / calls / 1e9


@contextmanager
def _no_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"
