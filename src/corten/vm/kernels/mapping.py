"""`corten.kernel`: a pure function of scalars, mapped over columns by compiled WebAssembly (docs/spec/kernels.md)."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import os
import threading
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput, KernelFailed, KernelNaN, KernelTrapped
from corten.vm.cache import Cache
from corten.vm.engine import Engine
from corten.vm.failure import traceback_at
from corten.vm.interface import located
from corten.vm.kernels.columns import Column, Shape, as_column, chunks, common_shape, flattened, struct_fields
from corten.vm.kernels.containers import unwrapped, wrapping
from corten.vm.kernels.explanation import explained
from corten.vm.kernels.iteration import Iteration, named_state, record
from corten.vm.kernels.program import KernelProgram, load_program
from corten.vm.kernels.runner import Failure, Job, Pool, Stopped, V8Guest, WasmtimeGuest, Worker, first_trap, run
from corten.vm.kernels.scalar import UNANSWERED, ScalarCall
from corten.vm.kernels.source import FunctionSource, TextSource

ENGINES: Final = ("wasmtime", "v8")
ERRORS: Final = ("raise", "nan")


def kernel(function: Callable[..., Any]) -> Kernel:
    """Makes a pure typed function one that maps over numpy, pandas and polars columns, compiled at its first call.

    InvalidInput if its source cannot be read. DiagnosticError at the first call if it is outside the language.
    """
    return function if isinstance(function, Kernel) else Kernel(FunctionSource.of(function))


class Kernel:
    """A function mapped over columns; `corten.kernel` makes it.

    Arguments broadcast as numpy's do. An `Array[T, N]` parameter or result has N as its last axis. Scalars give a
    Python scalar; columns give a column, a struct gives a named tuple of columns. Results do not depend on threads,
    chunks, engine or processor.
    """

    def __init__(self, source: FunctionSource, engine: str = "wasmtime", program: KernelProgram | None = None) -> None:
        self._source = source
        self.engine = engine
        self._loaded = program
        self._lock = threading.Lock()
        functools.update_wrapper(self, source.function)

    def on(self, engine: str) -> Kernel:
        """The same kernel in another engine: "wasmtime" or "v8", with the same bits."""
        if engine not in ENGINES:
            raise InvalidInput("engine", " or ".join(map(repr, ENGINES)), repr(engine))
        return Kernel(self._source, engine, self._loaded)

    def extended(self, name: str, text: str, parameters: Sequence[str]) -> Kernel:
        """A kernel that `text` defines as if it stood at the end of this one's file, with these parameters."""
        return Kernel(TextSource.extended(self._source, name, text, parameters), self.engine)

    def __reduce__(self) -> tuple[Any, ...]:
        """To another process goes the text; it is compiled there, or found in the cache."""
        return Kernel, (TextSource.detached(self._source), self.engine)

    def annotations(self) -> dict[str, str]:
        """The types of the parameters as they are written, and of the result under "return"."""
        definition = self._source.definition
        found = {one.arg: ast.unparse(one.annotation) for one in definition.args.args if one.annotation is not None}
        return found | ({"return": ast.unparse(definition.returns)} if definition.returns is not None else {})

    @property
    def function(self) -> Callable[..., Any]:
        """The Python function, as it was written."""
        return self._source.function

    @property
    def program(self) -> KernelProgram:
        """The compiled kernel. DiagnosticError if the source is wrong."""
        loaded = self._loaded
        if loaded is None:
            with self._lock:
                loaded = self._loaded = self._loaded or load_program(self._source, _cache())
        return loaded

    @property
    def module(self) -> bytes:
        """The WebAssembly module that runs, instrumented."""
        return self.program.instrumented(gas=False)

    def explain(self) -> str:
        """What became of it, in words: columns, whether two rows are computed at once, what may trap where."""
        return explained(self.program)

    @functools.cached_property
    def interpreted(self) -> Callable[..., Any]:
        """The function as CPython runs the language: for a debugger, and equal to the bit. Takes scalars only."""
        from corten.lang.loader import Loader

        statements = ast.parse(self._source.preamble).body + copy.deepcopy(self._source.statements)
        module = Loader().load_kernel(self._source.path, self._source.file, statements)
        function: Callable[..., Any] = getattr(module, self._source.name)
        return function

    @functools.cached_property
    def _pool(self) -> Pool:
        program = self.program
        code = _engine(self.engine).load(program.instrumented(gas=False))
        guest = V8Guest if self.engine == "v8" else WasmtimeGuest
        return Pool(lambda: Worker(guest(code, program), program))

    @functools.cached_property
    def _scalar(self) -> ScalarCall | None:
        program = self.program
        return ScalarCall(program, self._pool, self._record) if ScalarCall.serves(program) else None

    @functools.cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self.function)

    @functools.cached_property
    def _parameters(self) -> tuple[str, ...]:
        return tuple(self._signature.parameters)

    @functools.cached_property
    def _record(self) -> Any:
        """The type of a result with several columns; None for one column."""
        program = self.program
        if struct_fields(program.abi, program.result_name) is None:
            return None
        return namedtuple(program.result_name, [column.path for column in program.outputs])

    def __call__(self, *args: Any, out: Any = None, threads: int = 1, errors: str = "raise", **named: Any) -> Any:
        """Map the kernel over columns and scalars.

        `out` receives the result: an array, or for a struct a mapping or the same kind of named tuple; after an
        exception its content is unspecified. `threads` compute at once. `errors`: "raise" for a KernelNaN if a result
        is NaN, "nan" to let it pass. Raises InvalidInput for wrong arguments, KernelTrapped for a row that stopped.
        """
        if errors not in ERRORS:
            raise InvalidInput("errors", " or ".join(map(repr, ERRORS)), repr(errors))
        if threads < 1:
            raise InvalidInput("threads", "a number of threads, 1 or more", repr(threads))
        if len(args) + len(named) != len(self._parameters) or named:
            args = self._ordered(args, named)
        if out is None and self._scalar is not None:
            answer = self._scalar(args, errors == "raise")
            if answer is not UNANSWERED:
                return answer
        program = self.program
        values = self._values(args)
        paths = [column.path for column in program.inputs]
        wrap = wrapping(values, paths)
        arrays = [
            as_column(unwrapped(value, column.path), column)
            for value, column in zip(values, program.inputs, strict=True)
        ]
        shape = common_shape(arrays, program.inputs)
        if not shape and out is None:
            return self._one_row(arrays, errors)
        outputs = self._outputs(out, shape)
        if out is not None:
            self._fill(outputs, arrays, shape, threads, errors == "raise")
            return out
        self._map(arrays, outputs, shape, threads, errors == "raise")
        if wrap is not None:
            outputs = [
                wrap(array, self._column_name(column)) for array, column in zip(outputs, program.outputs, strict=True)
            ]
        return outputs[0] if self._record is None else self._record(*outputs)

    def iterate(self, steps: int, state: Any, *, threads: int = 1, **parameters: Any) -> Any:
        """Apply the kernel `steps` times to the rows of a state: its first parameter and its result, one struct.

        `state` is a mapping or named tuple with a value or a column (rows,) for each field; the result is a named tuple
        of columns. A parameter is one value, one a row (rows,), one a step (steps, 1), or one for both (steps, rows).
        Results do not depend on threads or engine. Raises InvalidInput for wrong arguments, KernelTrapped for rows that
        stopped.
        """
        if steps < 0 or threads < 1:
            raise InvalidInput("steps, threads", "0 or more, and 1 or more", f"{steps}, {threads}")
        columns = self.program.inputs
        first = next(iter(self._signature.parameters), "")
        fields = [column for column in columns if column.path.partition(".")[0] == first]
        given = named_state(state)
        values = self._values(self._ordered((given,), parameters))
        results = self._iteration.run(columns, values, len(fields), steps, threads)
        return record(self.program.result_name, fields, results)

    @functools.cached_property
    def _iteration(self) -> Iteration:
        return Iteration(self._source, self.engine, _engine(self.engine), _cache())

    def _column_name(self, column: Column) -> str:
        return self._source.name if self._record is None else column.path

    # ── arguments ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _ordered(self, args: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
        """An argument for each parameter, in order."""
        rest = self._parameters[len(args) :]
        if len(named) == len(rest) and all(name in named for name in rest):
            return (*args, *(named[name] for name in rest))
        try:
            bound = self._signature.bind(*args, **named)
        except TypeError as error:
            raise InvalidInput(self._source.name, f"arguments {self._shown_signature}", str(error)) from None
        bound.apply_defaults()
        return tuple(bound.arguments.values())

    def _values(self, args: tuple[Any, ...]) -> list[Any]:
        """A value for each column, in order."""
        arguments = dict(zip(self._parameters, args, strict=True))
        values = []
        for column in self.program.inputs:
            parameter, _, field = column.path.partition(".")
            value = arguments[parameter]
            values.append(_field(value, parameter, field) if field else value)
        return values

    def _outputs(self, out: Any, shape: Shape) -> list[NDArray[Any]]:
        columns = self.program.outputs
        if out is None:
            return [np.empty(shape + column.tail, column.dtype) for column in columns]
        given = [out] if self._record is None else [_field(out, "out", column.path) for column in columns]
        for array, column in zip(given, columns, strict=True):
            expected = f"a writable numpy array of {column.dtype}, shape {shape + column.tail}"
            name = "out" if self._record is None else f"out.{column.path}"
            if not isinstance(array, np.ndarray):
                raise InvalidInput(name, expected, type(array).__name__)
            if array.dtype != column.dtype or array.shape != shape + column.tail or not array.flags.writeable:
                read_only = "" if array.flags.writeable else ", read-only"
                raise InvalidInput(name, expected, f"{array.dtype}, shape {array.shape}{read_only}")
        return given

    # ── running ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _map(
        self, arrays: list[NDArray[Any]], outputs: list[NDArray[Any]], shape: Shape, threads: int, raises_nan: bool
    ) -> None:
        job = _job(self.program, arrays, outputs, shape, raises_nan)
        failure = run(job, self._pool, threads)
        if failure is not None:
            raise self._failed(failure, job, shape, arrays)

    def _fill(
        self, out: list[NDArray[Any]], arrays: list[NDArray[Any]], shape: Shape, threads: int, raises_nan: bool
    ) -> None:
        """Into columns that may be the arguments, or share memory with them."""
        targets = [_apart(array, arrays, out) for array in out]
        self._map(arrays, targets, shape, threads, raises_nan)
        for array, target in zip(out, targets, strict=True):
            if array is not target:
                array[...] = target

    def _one_row(self, arrays: list[NDArray[Any]], errors: str) -> Any:
        """Python scalars for scalars; arrays for a result that is one."""
        program = self.program
        outputs = [np.empty((1, *column.tail), column.dtype) for column in program.outputs]
        self._map(arrays, outputs, (1,), 1, errors == "raise")
        results = [
            array[0] if column.is_array else array[0].item()
            for array, column in zip(outputs, program.outputs, strict=True)
        ]
        return results[0] if self._record is None else self._record(*results)

    def _failed(self, failure: Failure, job: Job, shape: Shape, arrays: list[NDArray[Any]]) -> KernelFailed:
        program, stop, row = self.program, failure.stop, failure.row
        if stop is not None:
            row, stop = first_trap(job, self._pool, failure.chunk)
        index = _position(job.shape, failure.chunk, row, shape)
        is_scalar = all(array.ndim == len(column.tail) for array, column in zip(arrays, program.inputs, strict=True))
        values = {
            column.path: _value(np.broadcast_to(array, shape + column.tail)[index], column)
            for array, column in zip(arrays, program.inputs, strict=True)
        }
        name, where = self._source.name, None if is_scalar else tuple(map(int, index))
        if stop is None:
            argument = next((path for path, value in values.items() if _has_nan(value)), None)
            return KernelNaN(name, where, values, argument, program.outputs[failure.column].path)
        error = KernelTrapped(name, where, values, stop.code)
        place = program.lines.locate(stop.site)
        if place is not None:
            shown = (
                self._source.file if place.file == self._source.shown else located(place.file, self._source.path.parent)
            )
            error.__traceback__ = traceback_at(shown, place.function, place.line)
        return error

    @property
    def _shown_signature(self) -> str:
        return str(self._signature).replace("'", "")

    def __repr__(self) -> str:
        return f"<kernel {self._source.name}{self._shown_signature}>"


def _field(value: Any, name: str, field: str) -> Any:
    """A field of a mapping, a named tuple, a structured array or a frame."""
    if isinstance(value, Mapping) or hasattr(value, "columns") or getattr(getattr(value, "dtype", None), "names", None):
        try:
            return value[field]
        except (KeyError, ValueError, IndexError):
            raise InvalidInput(name, f"a field {field}", f"{type(value).__name__} without it") from None
    if not hasattr(value, field):
        raise InvalidInput(name, f"a mapping or object with {field}", type(value).__name__)
    return getattr(value, field)


def _apart(array: NDArray[Any], inputs: list[NDArray[Any]], outputs: list[NDArray[Any]]) -> NDArray[Any]:
    """Where to write `array`: aside if it shares memory with what is still to be read, unless it is that column."""
    for other in [*inputs, *(each for each in outputs if each is not array)]:
        if np.may_share_memory(array, other) and not _is_same(array, other):
            return np.empty(array.shape, array.dtype)
    return array


def _is_same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one.__array_interface__["data"] == other.__array_interface__["data"] and (
        one.shape == other.shape and one.strides == other.strides
    )


def _job(
    program: KernelProgram, arrays: list[NDArray[Any]], outputs: list[NDArray[Any]], shape: Shape, raises_nan: bool
) -> Job:
    """The call's chunks, along one axis if no copy is needed for it."""
    columns = [*program.inputs, *program.outputs]
    uniform = [
        array.size == column.length and array.ndim <= len(column.tail)
        for array, column in zip(arrays, program.inputs, strict=True)
    ]
    flat: list[NDArray[Any] | None] = [None]
    if len(shape) != 1:
        flat = [
            array if is_uniform else flattened(array, shape, column)
            for array, column, is_uniform in zip(
                [*arrays, *outputs], columns, [*uniform, *[False] * len(outputs)], strict=True
            )
        ]
    if all(array is not None for array in flat):
        shape = (prod(shape),)
        arrays, outputs = flat[: len(arrays)], flat[len(arrays) :]  # type: ignore[assignment]
    else:
        arrays = [
            array if is_uniform or array.shape == shape + column.tail else np.broadcast_to(array, shape + column.tail)
            for array, column, is_uniform in zip(arrays, program.inputs, uniform, strict=True)
        ]
    return Job(shape, arrays, outputs, chunks(shape, program.layout.rows), raises_nan)


def _position(job_shape: Shape, chunk: tuple[slice | int, ...], row: int, shape: Shape) -> tuple[int, ...]:
    """The index, in the result, of a chunk's row."""
    block = [part.stop - part.start for part in chunk if isinstance(part, slice)] + list(job_shape[len(chunk) :])
    inner = [int(part) for part in np.unravel_index(row, block)]
    starts = [part.start if isinstance(part, slice) else part for part in chunk]
    leading = len(chunk) - 1
    index = [*starts[:leading], starts[leading] + inner[0], *inner[1:]] if chunk else []
    if job_shape == shape:
        return tuple(index)
    return tuple(int(part) for part in np.unravel_index(index[0], shape))


def _value(value: Any, column: Column) -> Any:
    return value.tolist() if column.is_array else value.item()


def _has_nan(value: Any) -> bool:
    return any(map(_has_nan, value)) if isinstance(value, list) else value != value


@functools.cache
def _engine(name: str) -> Any:
    if name == "v8":
        from corten.vm.v8_engine import V8Engine

        return V8Engine(_cache())
    return Engine(cache=_cache())


@functools.cache
def _cache() -> Cache | None:
    """The cache that contracts use, too; CORTEN_CACHE= (empty) is none."""
    return None if os.environ.get("CORTEN_CACHE") == "" else Cache()


__all__ = ["Kernel", "Stopped", "kernel"]
