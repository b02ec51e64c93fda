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
_GAS_LIMIT: Final = struct.Struct("<q")
_STACK_LIMIT: Final = struct.Struct("<i")


class Guest(Protocol):
    """One instance of a kernel's module, in any engine."""

    memory: memoryview

    def run(self, rows: int) -> bool:
        """Compute the first `rows` rows of the columns; whether a result is NaN. Raises Stopped."""


class Stopped(Exception):
    """A row trapped; the instance is spent."""

    def __init__(self, code: TrapCode, site: int) -> None:
        self.code, self.site = code, site
        super().__init__(code, site)


class WasmtimeGuest:
    """A kernel's instance in Wasmtime."""

    def __init__(self, code: Any, program: KernelProgram, gas_limit: int | None) -> None:
        self._instance = instance = code.kernel()
        self.memory = instance.memory
        start(instance.system, gas_limit)
        self._words, self._call = instance.function("entry.run", [0, *program.layout.addresses])
        _, self._begin = instance.function("corten.begin", [])
        self._is_metered = gas_limit is not None
        self._begin()

    def run(self, rows: int) -> bool:
        """Compute the first `rows` rows."""
        if self._is_metered:
            self._begin()
        self._words[0] = rows
        code = self._call()
        if code is None:
            return bool(self._words[0])
        word = self._instance.raised()
        raise Stopped(TrapCode(word & 0xFFF) if word else code, word >> 12)


class V8Guest:
    """A kernel's instance in V8, which computes for one thread at a time."""

    def __init__(self, code: Any, program: KernelProgram, gas_limit: int | None) -> None:
        self._kernel = code.kernel()
        self.memory = self._kernel.memory
        start(self._kernel.system, gas_limit)
        self._addresses = program.layout.addresses
        self._is_metered = gas_limit is not None
        self._kernel.call("corten.begin", [])

    def run(self, rows: int) -> bool:
        """Compute the first `rows` rows."""
        if self._is_metered:
            self._kernel.call("corten.begin", [])
        answer = self._kernel.call("entry.run", [rows, *self._addresses])
        if answer >= 0:
            return bool(answer)
        raise Stopped(TrapCode(-1 - answer & 0xFFF), -1 - answer >> 12)


def start(system: memoryview, gas_limit: int | None = None) -> None:
    """Limits, in the control block of a fresh instance."""
    _STACK_LIMIT.pack_into(system, CONTROL["stack_limit"], DEFAULT_LIMIT)
    _GAS_LIMIT.pack_into(system, CONTROL["gas_limit"], gas_limit or 0)


class Worker:
    """An instance with numpy views of its columns."""

    def __init__(self, guest: Guest, program: KernelProgram) -> None:
        self.guest = guest
        columns = [*program.inputs, *program.outputs]
        views = [
            _view(guest.memory, column, program.layout.rows, address)
            for column, address in zip(columns, program.layout.addresses, strict=True)
        ]
        self.inputs, self.outputs = views[: len(program.inputs)], views[len(program.inputs) :]


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
    rows = len(worker.inputs[0]) if worker.inputs else 0
    moving = []
    for view, array in zip(worker.inputs, job.inputs, strict=True):
        if array.ndim > view.ndim - 1:
            moving.append((view, array))
        else:
            view[:rows] = array
    for chunk in part:
        failure = _run_chunk(job, worker, moving, chunk)
        if failure is not None:
            if failure.stop is None:
                pool.give_back(worker)
            return failure
    pool.give_back(worker)
    return None


def _run_chunk(
    job: Job, worker: Worker, moving: list[tuple[NDArray[Any], NDArray[Any]]], chunk: Index
) -> Failure | None:
    block = _block(job.shape, chunk)
    count = prod(block)
    for view, array in moving:
        source = array[chunk]
        target = view[:count] if len(block) == 1 else view[:count].reshape(block + view.shape[1:])
        np.copyto(target, source)
    try:
        has_nan = worker.guest.run(count)
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
        worker.guest.run(rows)
    except Stopped as stop:
        return stop
    pool.give_back(worker)
    return None
