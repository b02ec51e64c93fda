"""Benchmarks: what Corten costs, measured against a peer in the same run.

A benchmark family is a module of this package with a table of functions:

    BENCHMARKS: dict[str, Callable[[], list[Result]]] = {"submit": submit, "views": views}

`corten bench` runs all of them, `corten bench order_book` one family, `corten bench order_book.submit` one function.
A family is imported only when it is run. Figures that are compared are taken with `paired`, in interleaved rounds of
one process: ratios survive a noisy machine, absolute numbers do not.
"""

from corten.bench.measure import Paired, environment, median_seconds, paired
from corten.bench.registry import Benchmark, BenchmarkMissing, Result, find_benchmarks, run_benchmark

__all__ = [
    "Benchmark",
    "BenchmarkMissing",
    "Paired",
    "Result",
    "environment",
    "find_benchmarks",
    "median_seconds",
    "paired",
    "run_benchmark",
]
