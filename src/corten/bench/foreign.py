"""What it costs to let a module of 300 KB in: reading, checking, instrumenting; again, from the cache; and its growth.

The module is the order book's code thirty times over, one copy behind the other: what LLVM makes of a real program, of
the size of a large foreign module, made anew in each run. docs/spec/foreign.md has figures for published modules.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from corten.bench.measure import paired
from corten.bench.registry import Result
from corten.compiler import compile_contract
from corten.demo.execution import ORDER_BOOK
from corten.vm.cache import Cache
from corten.vm.engine import Engine
from corten.vm.layout import WASM_PAGE_BYTES, Layout
from corten.vm.program import Loader, Passes
from corten.wasm import op
from corten.wasm.admission import Admitted, admit
from corten.wasm.instrument import Options
from corten.wasm.module import Kind, Module
from corten.wasm.reader import read_module
from corten.wasm.writer import encode_instructions, write_module

COPIES: Final = 30
_LAYOUT: Final = Layout(256 << 20)
_OPTIONS: Final = Options(memory_pages=_LAYOUT.memory_bytes // WASM_PAGE_BYTES, system_pages=_LAYOUT.system_pages)
_ROUNDS: Final = 7


@cache
def large_module() -> bytes:
    """A native module of some 330 KB."""
    module = read_module(compile_contract(ORDER_BOOK))
    imported, count = len(module.imported(Kind.FUNCTION)), len(module.functions)

    def moved(instr: tuple[int, ...], by: int) -> tuple[int, ...]:
        return (op.CALL, instr[1] + by) if instr[0] == op.CALL and instr[1] >= imported else instr

    functions = [
        replace(function, body=[moved(instr, copy * count) for instr in function.body])
        for copy in range(COPIES)
        for function in module.functions
    ]
    return write_module(replace(module, functions=functions))


def cold() -> list[Result]:
    """Everything before the engine, against the engine's own compilation of the result."""
    content = large_module()
    instructions = sum(len(function.body) for function in read_module(content).functions)
    compiled = write_module(_admitted(content).instrumented)
    variants = iter(compiled + b"\0\x03\x01x" + bytes([number]) for number in range(2 * _ROUNDS))
    processor: list[float] = []

    def ours() -> None:
        begin = time.process_time()
        write_module(_admitted(content).instrumented)
        processor.append(time.process_time() - begin)

    taken = paired(ours, lambda: Engine(cache=None).load(next(variants)), rounds=_ROUNDS)
    conditions = f"{len(content):,} bytes, {instructions:,} instructions; read, checked, instrumented, written"
    peer = "Wasmtime compiles it"
    return [
        Result("cold", taken.ours * 1e3, "ms", peer, taken.ratio, conditions),
        Result("cold_processor", min(processor) * 1e3, "ms", conditions=f"{conditions}; lowest processor time"),
    ]


def cached() -> list[Result]:
    """The same from the cache on disk: the instrumented module alone, and with the engine's machine code."""
    content = large_module()
    with TemporaryDirectory() as directory:
        store = Cache(Path(directory))
        loader = Loader(Engine(cache=store), store, _LAYOUT, Passes())
        loader.load(content)
        taken = paired(lambda: loader.instrumented(content), lambda: loader.load(content), rounds=5 * _ROUNDS)
    conditions = f"{len(content):,} bytes; key, file, checksums"
    loaded = f"{conditions}, ABI, machine code"
    return [
        Result("cached", taken.ours * 1e3, "ms", conditions=conditions),
        Result("cached_load", taken.peer * 1e3, "ms", conditions=loaded),
    ]


def growth() -> list[Result]:
    """Bytes of code after instrumentation, injected functions included, over those before."""
    results = []
    for name, content in (("order book", compile_contract(ORDER_BOOK)), (f"{COPIES} of it", large_module())):
        admitted = _admitted(content)
        before, after = _code_bytes(admitted.native), _code_bytes(admitted.instrumented)
        ratio = after / before
        conditions = f"{name}: {before:,} → {after:,} bytes of code, driver and helpers included"
        results.append(Result(f"growth_{name.replace(' ', '_')}", ratio, "×", conditions=conditions))
        guest = _guest_bytes(admitted)
        conditions = f"{name}: {before:,} → {guest:,} bytes, the guest's own functions"
        results.append(Result(f"growth_{name.replace(' ', '_')}_guest", guest / before, "×", conditions=conditions))
    return results


def _admitted(content: bytes) -> Admitted:
    return admit(content, _OPTIONS)


def _guest_bytes(admitted: Admitted) -> int:
    """Bytes of the guest's functions after instrumentation: they keep their places behind the imports' stubs."""
    native, built = admitted.native, admitted.instrumented
    first = len(native.imported(Kind.FUNCTION)) - len(built.imports)
    guest = built.functions[first : first + len(native.functions)]
    return sum(len(encode_instructions(function.body)) for function in guest)


def _code_bytes(module: Module) -> int:
    return sum(len(encode_instructions(function.body)) for function in module.functions)


BENCHMARKS: Final = {"cold": cold, "cached": cached, "growth": growth}
