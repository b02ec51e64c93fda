"""The pipeline: contract source → checked IR → LLVM IR → object → module. Each stage prints (`corten build --dump`)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corten.compiler import ir
from corten.compiler.abi import abi_section, lines_section
from corten.compiler.check import check_contract
from corten.compiler.codegen import TRIPLE, to_object
from corten.compiler.flat import is_flattenable
from corten.compiler.kernel_loops import is_vectorized, loops
from corten.compiler.kernels import KernelSource, check_kernel
from corten.compiler.limits import RECURSION_LIMIT
from corten.compiler.link import link
from corten.compiler.llvm import STATE_ADDRESS, emit_llvm
from corten.compiler.text import print_program
from corten.wasm.text import format_module
from corten.wasm.validate import validate
from corten.wasm.writer import write_module


def compile_contract(path: Path | str, dump: Path | None = None) -> bytes:
    """Compile the contract in `path` to a native module (docs/spec/module.md, section 1), not yet instrumented.

    Same source and same versions give the same bytes. With `dump` every stage is written there, numbered.
    Raises DiagnosticError when the source is wrong, CompilerBug when the compiler is, OSError when it cannot be read.
    """
    with _deep_recursion():
        return _compile(Path(path), dump)


def compile_kernel(source: KernelSource, dump: Path | None = None) -> bytes:
    """Compile a kernel, with the loop over its columns, to a module (docs/spec/kernels.md); as `compile_contract`."""
    with _deep_recursion():
        program = check_kernel(source)
        program.is_flat = is_flattenable(program)
        return _generate(program, source.content, dump)


def _compile(path: Path, dump: Path | None) -> bytes:
    return _generate(check_contract(path), path.read_bytes(), dump)


def _generate(program: ir.Program, source: bytes, dump: Path | None) -> bytes:
    text, sites = emit_llvm(program, TRIPLE)
    optimized, object_file = to_object(text)
    if program.is_flat and not is_vectorized(optimized):
        program.is_flat = False  # one row at a time, branches are quicker
        return _generate(program, source, dump)
    heap_start = -(-(STATE_ADDRESS + program.state.size) // 16) * 16
    customs = [abi_section(program), lines_section(sites)]
    exports = [entry.name for entry in program.entries]
    if program.is_kernel:
        exports = [loop.name for loop in loops(program, len(sites.rows) > 1)]
    module = link(object_file, heap_start, exports, customs)
    validate(module)
    binary = write_module(module)
    if dump is not None:
        stages: list[tuple[str, str | bytes]] = [
            ("1-syntax.txt", ast.dump(ast.parse(source), indent=1)),
            ("2-checked.ir", print_program(program)),
            ("3-llvm.ll", text),
            ("4-optimized.ll", optimized),
            ("5-object.o", object_file),
            ("6-module.wat", format_module(module)),
            ("7-module.wasm", binary),
        ]
        _write(dump, stages)
    return binary


def _write(directory: Path, stages: list[tuple[str, str | bytes]]) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in stages:
        (directory / name).write_bytes(content if isinstance(content, bytes) else content.encode())


@contextmanager
def _deep_recursion() -> Iterator[None]:
    """Room for the frames that nested syntax takes; how deeply it nests is limited."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, RECURSION_LIMIT))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
