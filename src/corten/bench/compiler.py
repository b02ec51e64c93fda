"""From a contract's source to something that runs: cold, and from the cache on disk."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import corten.contracts
from corten.bench.measure import median_seconds
from corten.bench.registry import Result

ROUNDS = 5
_BOOK = Path(corten.contracts.__path__[0]) / "order_book.py"
_COMPILE = """
import sys, time
begin = time.perf_counter()
from pathlib import Path
from corten.compiler import compile_contract
module = compile_contract(Path(sys.argv[1]))
print(time.perf_counter() - begin)
"""
_DEPLOY = """
import sys, time
import corten
machine = corten.Machine(cache=sys.argv[2])
arguments = dict(tick_size=1, lot_size=1, minimum_price=1, maximum_price=1000, minimum_size=1, maximum_size=1000)
begin = time.perf_counter()
machine.deploy(sys.argv[1], maximum_orders=1000, match_limit=10, **arguments)
print(time.perf_counter() - begin)
"""


def _seconds(program: str, *arguments: str) -> float:
    """What `program` prints, run in an interpreter of its own."""
    command = [sys.executable, "-c", program, str(_BOOK), *arguments]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout)


def _median(measure: Callable[[], float]) -> float:
    return sorted(measure() for _ in range(ROUNDS))[ROUNDS // 2]


def cold() -> list[Result]:
    """Source to native module in a fresh interpreter, llvmlite's import included."""
    seconds = _median(lambda: _seconds(_COMPILE))
    conditions = "order_book.py and what it imports; fresh interpreter, import of the compiler and llvmlite included"
    return [Result("cold", seconds * 1e3, "ms", conditions=conditions)]


def deploy() -> list[Result]:
    """`Machine.deploy` of the order book: cache empty, and cache warm, in a fresh interpreter."""
    with tempfile.TemporaryDirectory() as directory:
        first = _seconds(_DEPLOY, directory)
        warm = _median(lambda: _seconds(_DEPLOY, directory))
    conditions = "compile, check, instrument, machine code, init message"
    return [
        Result("deploy_cold", first * 1e3, "ms", conditions=f"{conditions}; cache empty"),
        Result("deploy_cached", warm * 1e3, "ms", "deploy_cold", warm / first, f"{conditions}; cache warm"),
    ]


def passes() -> list[Result]:
    """Reading, instrumenting and writing the compiled order book, without LLVM and Cranelift."""
    from corten.compiler import compile_contract
    from corten.wasm.instrument import Options, instrument
    from corten.wasm.reader import read_module
    from corten.wasm.sections import read_abi
    from corten.wasm.writer import write_module

    native = compile_contract(_BOOK)
    module = read_module(native)
    abi, options = read_abi(module), Options(memory_pages=4096, system_pages=1024)
    instrumented = write_module(instrument(module, abi, options))
    sizes = f"{len(native)} bytes"
    reading = median_seconds(lambda: read_module(native))
    instrumenting = median_seconds(lambda: instrument(module, abi, options))
    growth = len(instrumented) / len(native)
    return [
        Result("read", reading * 1e3, "ms", conditions=sizes),
        Result("instrument", instrumenting * 1e3, "ms", conditions=f"{sizes}, all passes"),
        Result("growth", len(instrumented) / 1024, "KiB", "native module", growth, "ratio of sizes, all passes"),
    ]


BENCHMARKS: dict[str, Callable[[], list[Result]]] = {"cold": cold, "deploy": deploy, "passes": passes}
