"""What a kernel costs beyond its own arithmetic: the call, copies, canonical NaNs; and what a second thread gains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.bench.measure import median_seconds, paired
from corten.bench.registry import Result
from corten.contracts.pricing import black
from corten.vm.engine import Engine
from corten.vm.kernels import Kernel, kernel
from corten.vm.kernels.runner import WasmtimeGuest, Worker
from corten.wasm.instrument import Options, instrument
from corten.wasm.writer import write_module

_ROWS: Final = 1_000_000
_ARGUMENTS: Final = ((50.0, 150.0), (50.0, 150.0), (0.05, 2.0), (0.1, 0.9), (0.9, 1.0))


def calls() -> list[Result]:
    """One row of Python floats; three rows in numpy columns."""
    price = _kernel()
    scalars = [low for low, _ in _ARGUMENTS]
    columns = _columns(3)
    one = median_seconds(lambda: price(*scalars), calls=1000)
    few = median_seconds(lambda: price(*columns), calls=200)
    return [
        Result("call.scalars", one * 1e6, "us", conditions="Black-76, call and put, 5 floats in, 2 out"),
        Result("call.three_rows", few * 1e6, "us", conditions="the same in numpy columns"),
    ]


def chunks() -> list[Result]:
    """A chunk's arithmetic against the same without canonical NaNs, and against copying its columns in and out."""
    price = _kernel()
    ours, plain = _worker(price, nan=True), _worker(price, nan=False)
    rows = price.program.layout.rows
    columns, results = _columns(rows), [np.empty(rows) for _ in price.program.outputs]

    def copy() -> None:
        for view, column in zip(ours.inputs, columns, strict=True):
            np.copyto(view, column)
        for result, view in zip(results, ours.outputs, strict=True):
            np.copyto(result, view)

    copy()
    for view, column in zip(plain.inputs, columns, strict=True):
        np.copyto(view, column)
    nan = paired(_computing(ours, rows), _computing(plain, rows), rounds=31)
    copied = paired(copy, _computing(ours, rows), rounds=31)
    conditions = f"Black-76, call and put, {rows} rows"
    return [
        Result("row", nan.ours / rows * 1e9, "ns", "without canonical NaNs", nan.ratio, conditions),
        Result("row.copies", copied.ours / rows * 1e9, "ns", "the arithmetic", copied.ratio, conditions),
    ]


def threads() -> list[Result]:
    """Two threads against one; a column of a million rows, results into arrays that exist."""
    price = _kernel()
    columns = _columns(_ROWS)
    out = price(*columns)
    taken = paired(lambda: price(*columns, out=out, threads=2), lambda: price(*columns, out=out), rounds=5)
    conditions = f"Black-76, call and put, {_ROWS} rows"
    return [Result("row.two_threads", taken.ours / _ROWS * 1e9, "ns", "one thread", taken.ratio, conditions)]


def _computing(worker: Worker, rows: int) -> Callable[[], int]:
    run = worker.loops["run"]
    return lambda: run(rows)


def _kernel() -> Kernel:
    return kernel(black.black76)


def _columns(rows: int) -> list[NDArray[Any]]:
    generator = np.random.default_rng(1)
    return [generator.uniform(low, high, rows) for low, high in _ARGUMENTS]


def _worker(price: Kernel, *, nan: bool) -> Worker:
    program = price.program
    options = Options(program.layout.memory_pages, program.layout.system_pages, gas=False, nan=nan, undo=False)
    code = Engine().load(write_module(instrument(program.native_module, None, options)))
    return Worker(WasmtimeGuest(code, program), program)


BENCHMARKS: Final = {"calls": calls, "chunks": chunks, "threads": threads}
