"""`corten build`."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import click

from corten.cli.source import compile_kernel_of, compile_source

if TYPE_CHECKING:
    from pathlib import Path


def build_module(source: Path, output: Path, dump: Path | None) -> None:
    """Compile `source`, write the module, and say what came out; DiagnosticError when the contract is wrong."""
    begin = time.perf_counter()
    module = compile_source(source, dump)
    _write(module, output, time.perf_counter() - begin)
    if dump is not None:
        _write_last_stage(dump, _instrumented(module))


def build_kernel(source: Path, name: str, output: Path, dump: Path | None) -> None:
    """Compile the kernel `name` of `source`, write the module, and say what became of it."""
    from corten.vm.kernels.explanation import explained
    from corten.vm.kernels.program import KernelProgram
    from corten.wasm.reader import read_module
    from corten.wasm.text import format_module

    begin = time.perf_counter()
    module = compile_kernel_of(source, name, dump)
    _write(module, output, time.perf_counter() - begin)
    program = KernelProgram(module)
    click.echo(explained(program))
    if dump is not None:
        _write_last_stage(dump, format_module(read_module(program.instrumented(gas=False))))


def _write(module: bytes, output: Path, seconds: float) -> None:
    output.write_bytes(module)
    click.echo(f"{output}  {len(module):,} bytes  sha256 {hashlib.sha256(module).hexdigest()}  {seconds:.2f} s")


def _write_last_stage(dump: Path, text: str) -> None:
    (dump / "8-instrumented.wat").write_text(text, encoding="utf-8")
    click.echo(f"{dump}  {len(list(dump.iterdir()))} stages")


def _instrumented(module: bytes) -> str:
    """The module as a machine with default settings runs it, as text."""
    from corten.vm.layout import Layout
    from corten.vm.machine import DEFAULT_MEMORY_LIMIT
    from corten.vm.program import Passes, instrument_native
    from corten.wasm.reader import read_module
    from corten.wasm.text import format_module

    return format_module(read_module(instrument_native(module, Layout(DEFAULT_MEMORY_LIMIT), Passes()).module))
