"""Instances of a kernel, and the chunks they compute: columns are copied into the guest's memory, and results out."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import HostFault, TrapCode
from corten.vm.kernels.columns import Column, Shape
from corten.vm.kernels.program import KernelProgram
from corten.wasm.instrument.layout import CONTROL
from corten.wasm.instrument.stack import DEFAULT_LIMIT

Index = tuple[slice | int, ...]
_STACK_LIMIT: Final = struct.Struct("<i")


RunRows = Callable[[int], int]
"""Computes that many rows from the first on. How many results were NaN, and 2**32 times how many rows may have trapped
(only of loops that defer). Raises Stopped."""


class Guest(Protocol):
    """One instance of a kernel's module, in any engine."""

    memory: memoryview

    def loop(self, name: str) -> RunRows:
        """One of the module's loops: `run`, and if it has them `uniform` and `exact`."""


class Stopped(Exception):
    """A row trapped; the instance is spent."""

    def __init__(self, code: TrapCode, site: int) -> None:
        self.code, self.site = code, site
        super().__init__(code, site)


class WasmtimeGuest:
    """A kernel's instance in Wasmtime."""

    def __init__(self, code: Any, program: KernelProgram) -> None:
        self._instance = code.kernel()
        self.memory = self._instance.memory
        self._addresses = program.layout.addresses
        start(self._instance.system)
        self._instance.function("corten.begin", [])[1]()

    def loop(self, name: str) -> RunRows:
        """One of the module's loops."""
        words, call = self._instance.function(f"entry.{name}", [0, *self._addresses])
        raised = self._instance.raised

        def run(rows: int) -> int:
            words[0] = rows
            code = call()
            if code is None:
                return int(words[0] | words[1] << 32)
            word = raised()
            raise Stopped(TrapCode(word & 0xFFF) if word else code, word >> 12)

        return run


class V8Guest:
    """A kernel's instance in V8, which computes for one thread at a time."""

    def __init__(self, code: Any, program: KernelProgram) -> None:
        self._kernel = code.kernel()
        self.memory = self._kernel.memory
        self._addresses = program.layout.addresses
        start(self._kernel.system)
        self._kernel.call("corten.begin", [])

    def loop(self, name: str) -> RunRows:
        """One of the module's loops."""
        kernel, addresses = self._kernel, self._addresses

        def run(rows: int) -> int:
            answer: int = kernel.call(f"entry.{name}", [rows, *addresses])
            if answer >= 0:
                return answer
            raise Stopped(TrapCode(-1 - answer & 0xFFF), -1 - answer >> 12)

        return run


def start(system: memoryview) -> None:
    """Limits, in the control block of a fresh instance."""
    _STACK_LIMIT.pack_into(system, CONTROL["stack_limit"], DEFAULT_LIMIT)


class Worker:
    """An instance with numpy views of its columns, and its loops."""

    def __init__(self, guest: Guest, program: KernelProgram) -> None:
        self.memory = guest.memory
        columns = [*program.inputs, *program.outputs]
        views = [
            _view(guest.memory, column, program.layout.rows, address)
            for column, address in zip(columns, program.layout.addresses, strict=True)
        ]
        self.inputs, self.outputs = views[: len(program.inputs)], views[len(program.inputs) :]
        self.loops = {name: guest.loop(name) for name in program.loops}
        self.exact = self.loops.get("exact", self.loops["run"])


def _view(memory: memoryview, column: Column, rows: int, address: int) -> NDArray[Any]:
    flat = np.frombuffer(memory, column.dtype, rows * column.length, address)
    return flat.reshape(rows, column.length) if column.is_array else flat


class Pool:
    """Workers that wait for work; more are made as more threads ask."""

    def __init__(self, make: Callable[[], Worker]) -> None:
        self._make = make
        self._idle: list[Worker] = []
        self._lock = threading.Lock()

    def take(self) -> Worker:
        """A worker for this thread alone."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._make()

    def give_back(self, worker: Worker) -> None:
        """It may serve another thread. A worker whose guest stopped is not given back."""
        with self._lock:
            self._idle.append(worker)


@dataclass(frozen=True)
class Job:
    """All rows of one call: `inputs` of shape `shape` and scalars, results into `outputs`."""

    shape: Shape
    inputs: Sequence[NDArray[Any]]
    outputs: Sequence[NDArray[Any]]
    chunks: Sequence[Index]
    raises_nan: bool


@dataclass(frozen=True)
class Failure:
    """The first row of a chunk that has no result; `stop` is None for a result that is NaN."""

    chunk: Index
    row: int
    stop: Stopped | None
    column: int = 0


def run(job: Job, pool: Pool, threads: int) -> Failure | None:
    """Compute everything; the first failure in row order, if any, whatever the threads."""
    count = max(1, min(threads, len(job.chunks)))
    if count == 1:
        return _run_part(job, pool, job.chunks)
    bounds = [len(job.chunks) * part // count for part in range(count + 1)]
    parts = [job.chunks[begin:end] for begin, end in pairwise(bounds)]
    with ThreadPoolExecutor(count - 1) as executor:
        others = [executor.submit(_run_part, job, pool, part) for part in parts[1:]]
        failures = [_run_part(job, pool, parts[0]), *(other.result() for other in others)]
    return next((failure for failure in failures if failure is not None), None)


def _run_part(job: Job, pool: Pool, part: Sequence[Index]) -> Failure | None:
    worker = pool.take()
    filled = _Filled(job, worker)
    for chunk in part:
        failure = _run_chunk(job, worker, filled, chunk)
        if failure is not None:
            if failure.stop is None:
                pool.give_back(worker)
            return failure
    pool.give_back(worker)
    return None


class _Filled:
    """A worker's columns that are the same in all chunks, and the loop to run: arrays of one row may stay one."""

    def __init__(self, job: Job, worker: Worker) -> None:
        self.worker = worker
        pairs = list(zip(worker.inputs, job.inputs, strict=True))
        self.moving = [(view, array) for view, array in pairs if array.ndim > view.ndim - 1]
        constant = [(view, array) for view, array in pairs if array.ndim <= view.ndim - 1]
        arrays = [view for view, _ in pairs if view.ndim == 2]
        self.single = [view for view, _ in constant if view.ndim == 2]
        is_uniform = bool(arrays) and len(arrays) == len(self.single)
        self.run = worker.loops["uniform" if is_uniform else "run"]
        for view, array in constant:
            view[: 1 if is_uniform and view.ndim == 2 else None] = array

    def compute(self, rows: int) -> bool:
        """Whether a result is NaN. Rows that trapped, or may have, in a loop that defers are computed again exactly."""
        found = self.run(rows)
        if found >> 32:
            for view in self.single:
                view[1:] = view[0]
            found = self.worker.exact(rows)
            self.run = self.worker.exact  # it was none: there will be more of them
        return bool(found)


def _run_chunk(job: Job, worker: Worker, filled: _Filled, chunk: Index) -> Failure | None:
    block = _block(job.shape, chunk)
    count = prod(block)
    for view, array in filled.moving:
        source = array[chunk]
        target = view[:count] if len(block) == 1 else view[:count].reshape(block + view.shape[1:])
        np.copyto(target, source)
    try:
        has_nan = filled.compute(count)
    except Stopped as stop:
        return Failure(chunk, -1, stop)
    if has_nan and job.raises_nan:
        return _first_nan(worker, chunk, count)
    for view, array in zip(worker.outputs, job.outputs, strict=True):
        array[chunk] = view[:count] if len(block) == 1 else view[:count].reshape(block + view.shape[1:])
    return None


def _block(shape: Shape, chunk: Index) -> Shape:
    """The shape of a chunk's rows."""
    sliced = [part.stop - part.start for part in chunk if isinstance(part, slice)]
    return (*sliced, *shape[len(chunk) :])


def _first_nan(worker: Worker, chunk: Index, count: int) -> Failure:
    first = (count, 0)
    for number, view in enumerate(worker.outputs):
        if view.dtype.kind == "f":
            wrong = np.isnan(view[:count])
            rows = np.flatnonzero(wrong.any(axis=1) if wrong.ndim == 2 else wrong)
            if len(rows):
                first = min(first, (int(rows[0]), number))
    return Failure(chunk, first[0], None, first[1])


def first_trap(job: Job, pool: Pool, chunk: Index) -> tuple[int, Stopped]:
    """The first row of a chunk that traps, and how: kernels are pure, so the chunk can be run again, up to any row."""
    low, high = 0, prod(_block(job.shape, chunk))  # `low` rows run through, `high` rows do not
    stop: Stopped | None = None
    while high - low > 1 or stop is None:
        rows = (low + high) // 2 if stop is not None else high
        found = _stops(job, pool, chunk, rows)
        if found is None:
            low = rows
        else:
            high, stop = rows, found
        if found is None and stop is None:
            raise HostFault("a chunk that trapped ran through when it was run again")
    return high - 1, stop


def _stops(job: Job, pool: Pool, chunk: Index, rows: int) -> Stopped | None:
    worker = pool.take()
    count = prod(_block(job.shape, chunk))
    for view, array in zip(worker.inputs, job.inputs, strict=True):
        tail = view.shape[1:]
        full = np.broadcast_to(array, job.shape + tail)[chunk]
        view[:count] = full.reshape((count, *tail))
    try:
        worker.exact(rows)
    except Stopped as stop:
        return stop
    pool.give_back(worker)
    return None
