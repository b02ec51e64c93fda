"""A kernel that is applied to a state again and again, for many rows at once: what Monte Carlo paths are made with.

Rows are cut into chunks whose state stays in the guest's memory from the first step to the last, so that nothing
crosses the boundary but parameters that have a value for each row and step.
"""

from __future__ import annotations

import hashlib
import threading
from collections import namedtuple
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput, KernelTrapped, TrapCode
from corten.vm.cache import Cache
from corten.vm.failure import traceback_at
from corten.vm.interface import located
from corten.vm.kernels.columns import Column, as_column
from corten.vm.kernels.containers import unwrapped
from corten.vm.kernels.program import KernelProgram, Layout, cache_key, compiled
from corten.vm.kernels.runner import Stopped, start
from corten.vm.kernels.source import FunctionSource

MEMORY_PAGES: Final = 32  # of 64 KiB, more than a chunk of the largest size takes
ROWS: Final = 1024
_BEGIN: Final = 0x11000
_COLUMN_BYTES: Final = 1 << 20
"""Of columns with a value for each step: as many steps as fit are given at once."""
_MOST_STEPS: Final = 1 << 16  # of one call, which nothing can interrupt and which counts in an i32
_STAGGER: Final = 192


class IterationProgram(KernelProgram):
    """A compiled iterated kernel; its memory has one size, and each call says where the columns are."""

    def __init__(self, native: bytes) -> None:
        super().__init__(native)
        self.layout = Layout(ROWS, (), MEMORY_PAGES)


def load_iteration(source: FunctionSource, by_row: frozenset[str], cache: Cache | None) -> IterationProgram:
    """The loop of a kernel. DiagnosticError when its source is wrong."""
    key = hashlib.sha256(cache_key(source) + repr(sorted(by_row)).encode()).digest()
    stored = cache.get(key) if cache is not None else None
    if stored is None:
        stored = compiled(source, by_row=by_row)
        if cache is not None:
            cache.put(key, stored)
    return IterationProgram(stored)


@dataclass(frozen=True)
class Parameter:
    """A column's values: (1 or steps, 1 or rows), and behind them an array's length."""

    column: Column
    values: NDArray[Any]
    by_row: bool

    @property
    def by_step(self) -> bool:
        """Whether steps have values of their own."""
        return len(self.values) > 1


class Iteration:
    """`iterate(steps, state, …)` of one kernel in one engine."""

    def __init__(self, source: FunctionSource, name: str, engine: Any, cache: Cache | None) -> None:
        self._source, self._name, self._engine, self._cache = source, name, engine, cache
        self._variants: dict[frozenset[str], _Variant] = {}
        self._lock = threading.Lock()

    def run(self, columns: Sequence[Column], values: Sequence[Any], state: int, steps: int, threads: int) -> Any:
        """The state's columns after `steps`; `values` are those of all columns, the first `state` the state's."""
        arrays = [as_column(unwrapped(value, one.path), one) for value, one in zip(values, columns, strict=True)]
        rows = _row_count(columns, arrays, state, steps)
        parameters = [
            _parameter(column, array, rows) for column, array in zip(columns[state:], arrays[state:], strict=True)
        ]
        by_row = frozenset(one.column.path.partition(".")[0] for one in parameters if one.by_row)
        parameters = [
            _parameter(one.column, one.values, rows, one.column.path.partition(".")[0] in by_row) for one in parameters
        ]
        results = [
            np.array(np.broadcast_to(array, (rows,)), column.dtype)
            for column, array in zip(columns[:state], arrays[:state], strict=True)
        ]
        if not steps or not rows:
            return results
        job = _Job(steps, rows, results, parameters)
        self._variant(by_row).run(job, threads)
        return results

    def _variant(self, by_row: frozenset[str]) -> _Variant:
        with self._lock:
            if by_row not in self._variants:
                program = load_iteration(self._source, by_row, self._cache)
                code = self._engine.load(program.instrumented(gas=False))
                self._variants[by_row] = _Variant(self._source, program, code, self._name)
            return self._variants[by_row]


def _row_count(columns: Sequence[Column], arrays: Sequence[NDArray[Any]], state: int, steps: int) -> int:
    shapes = []
    for number, (column, array) in enumerate(zip(columns, arrays, strict=True)):
        shape = array.shape[: array.ndim - len(column.tail)]
        most = 1 if number < state else 2
        if len(shape) > most or (len(shape) == 2 and shape[0] not in (1, steps)):
            expected = "a scalar or one value a row" if most == 1 else f"a shape that broadcasts to ({steps}, rows)"
            raise InvalidInput(column.path, expected, f"shape {shape}")
        shapes.append((column.path, shape[-1] if shape else 1))
    rows = next((count for _, count in shapes if count != 1), 1)
    for path, count in shapes:
        if count not in (1, rows):
            raise InvalidInput(path, f"one value, or one for each of {rows} rows", f"{count}")
    return rows


def _parameter(column: Column, array: NDArray[Any], rows: int, by_row: bool = False) -> Parameter:
    inner = array.ndim - len(column.tail)
    values = array if inner == 2 else array.reshape((1, -1, *column.tail))
    is_by_row = by_row or (rows > 1 and values.shape[1] == rows)
    if is_by_row:
        values = np.broadcast_to(values, (len(values), rows, *column.tail))
    return Parameter(column, values, is_by_row)


@dataclass(frozen=True)
class _Job:
    steps: int
    rows: int
    results: list[NDArray[Any]]
    parameters: list[Parameter]


_Failure = tuple[slice, Stopped]


class _Variant:
    """One program's instances, and where a chunk's columns lie in them."""

    def __init__(self, source: FunctionSource, program: IterationProgram, code: Any, engine: str) -> None:
        self._source, self._program, self._code = source, program, code
        self._loop = _V8Loop if engine == "v8" else _WasmtimeLoop
        self._idle: list[Any] = []
        self._lock = threading.Lock()

    def run(self, job: _Job, threads: int) -> None:
        """All rows. KernelTrapped for the first chunk in which one stopped, whatever the threads."""
        failure = self._run(job, threads)
        if failure is not None:
            raise self._trapped(*failure)

    def _run(self, job: _Job, threads: int) -> _Failure | None:
        """Threads take equal shares of the chunks."""
        chunks = [slice(begin, min(begin + ROWS, job.rows)) for begin in range(0, job.rows, ROWS)]
        count = max(1, min(threads, len(chunks)))
        parts = [chunks[number::count] for number in range(count)]
        if count == 1:
            return self._run_part(job, chunks)
        with ThreadPoolExecutor(count) as executor:
            failures = [failure for failure in executor.map(lambda part: self._run_part(job, part), parts) if failure]
        return min(failures, default=None, key=lambda failure: failure[0].start)

    def _run_part(self, job: _Job, chunks: Sequence[slice]) -> _Failure | None:
        with self._lock:
            loop = self._idle.pop() if self._idle else self._loop(self._code)
        guest = _Guest(loop, job)
        for chunk in chunks:
            try:
                guest.run(chunk)
            except Stopped as stop:
                return chunk, stop
        with self._lock:
            self._idle.append(loop)
        return None

    def _trapped(self, chunk: slice, stop: Stopped) -> KernelTrapped:
        rows: dict[str, object] = {"rows": f"{chunk.start} to {chunk.stop - 1}"}
        error = KernelTrapped(self._program.name, None, rows, stop.code)
        place = self._program.lines.locate(stop.site)
        if place is not None:
            is_own = place.file == self._source.shown
            file = self._source.file if is_own else located(place.file, self._source.path.parent)
            error.__traceback__ = traceback_at(file, place.function, place.line)
        return error


class _WasmtimeLoop:
    """An instance in Wasmtime."""

    def __init__(self, code: Any) -> None:
        self._instance = instance = code.kernel()
        self.memory: memoryview = instance.memory
        start(instance.system)
        _, begin = instance.function("corten.begin", [])
        begin()

    def prepare(self, arguments: Sequence[int]) -> None:
        """What follows rows and steps."""
        self._words, self._call = self._instance.function("entry.run", [0, 0, *arguments])

    def run(self, rows: int, steps: int) -> None:
        """All steps of the first rows. Raises Stopped."""
        self._words[0], self._words[4] = rows, steps
        code: TrapCode | None = self._call()
        if code is not None:
            word = self._instance.raised()
            raise Stopped(TrapCode(word & 0xFFF) if word else code, word >> 12)


class _V8Loop:
    """An instance in V8."""

    def __init__(self, code: Any) -> None:
        self._kernel = code.kernel()
        self.memory: memoryview = self._kernel.memory
        start(self._kernel.system)
        self._kernel.call("corten.begin", [])

    def prepare(self, arguments: Sequence[int]) -> None:
        """What follows rows and steps."""
        self._arguments = arguments

    def run(self, rows: int, steps: int) -> None:
        """All steps of the first rows. Raises Stopped."""
        answer = self._kernel.call("entry.run", [rows, steps, *self._arguments])
        if answer < 0:
            raise Stopped(TrapCode(-1 - answer & 0xFFF), -1 - answer >> 12)


class _Guest:
    """The columns of a chunk in one instance's memory."""

    def __init__(self, loop: _WasmtimeLoop | _V8Loop, job: _Job) -> None:
        self._loop, self._job = loop, job
        self._end = _BEGIN
        rows = min(ROWS, job.rows)
        self._states = [self._view(array.dtype, (rows,)) for array in job.results]
        step_bytes = sum(one.column.row_bytes * (rows if one.by_row else 1) for one in job.parameters if one.by_step)
        self._segment = max(1, min(job.steps, _MOST_STEPS, _COLUMN_BYTES // max(1, step_bytes)))
        self._columns = []
        for one in job.parameters:
            shape = (self._segment if one.by_step else 1, rows if one.by_row else 1, *one.column.tail)
            self._columns.append((one, *self._view(one.column.dtype, shape)))
        arguments = [address for _, address in self._states]
        for one, view, address in self._columns:
            arguments += [address, view.strides[0] if one.by_step else 0]
        loop.prepare(arguments)

    def _view(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> tuple[NDArray[Any], int]:
        address, count = self._end, int(np.prod(shape))
        self._end += -(-count * dtype.itemsize // 64) * 64 + _STAGGER
        if self._end > len(self._loop.memory):
            expected = f"{len(self._loop.memory) >> 20} MiB of columns a chunk at most"
            raise InvalidInput("parameters", expected, "more: give fewer of them a value for each row")
        return np.frombuffer(self._loop.memory, dtype, count, address).reshape(shape), address

    def run(self, chunk: slice) -> None:
        """All steps of the rows in `chunk`. Raises Stopped."""
        job, count = self._job, chunk.stop - chunk.start
        for (view, _), values in zip(self._states, job.results, strict=True):
            view[:count] = values[chunk]
        for begin in range(0, job.steps, self._segment):
            steps = min(self._segment, job.steps - begin)
            for one, view, _ in self._columns:
                if begin == 0 or one.by_step:
                    self._fill(one, view, slice(begin, begin + steps) if one.by_step else slice(0, 1), chunk)
            self._loop.run(count, steps)
        for (view, _), values in zip(self._states, job.results, strict=True):
            values[chunk] = view[:count]

    @staticmethod
    def _fill(one: Parameter, view: NDArray[Any], steps: slice, chunk: slice) -> None:
        values = one.values[steps, chunk] if one.by_row else one.values[steps]
        target = view[: values.shape[0], : values.shape[1]]
        np.copyto(target, values)
        if one.column.is_array and target.dtype.kind == "f":
            target[np.isnan(target)] = np.nan


def record(name: str, columns: Sequence[Column], values: Sequence[Any]) -> Any:
    """A state as a named tuple of its fields."""
    fields = [column.path.partition(".")[2] for column in columns]
    return namedtuple(name, fields)(*values)


def named_state(state: Any) -> Mapping[str, Any]:
    """A state's fields by name, of a mapping or a named tuple."""
    if isinstance(state, Mapping):
        return state
    if hasattr(state, "_asdict"):
        fields: Mapping[str, Any] = state._asdict()
        return fields
    raise InvalidInput("state", "a mapping or named tuple with a value for each field", type(state).__name__)
