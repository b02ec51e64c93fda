"""From a kernel's source to code that runs: compiled, instrumented, through the cache on disk as contracts are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from corten.base.errors import Diagnostic, DiagnosticError, InvalidModule
from corten.vm.cache import Cache
from corten.vm.interface import located
from corten.vm.kernels.columns import Column, input_columns, output_columns
from corten.vm.kernels.source import FunctionSource
from corten.vm.layout import WASM_PAGE_BYTES
from corten.vm.program import sources, toolchain_fingerprint
from corten.wasm.instrument import Options, instrument
from corten.wasm.instrument.layout import host_begin
from corten.wasm.profile import check_profile
from corten.wasm.reader import read_module
from corten.wasm.sections import Abi, Lines, parse_abi, parse_lines
from corten.wasm.validate import validate
from corten.wasm.writer import write_module

if TYPE_CHECKING:
    from corten.wasm.module import Module

KERNEL_SECTION: Final = "corten.kernel"
CHUNK_BYTES: Final = 512 << 10
"""Of all columns together: the half of a server's L2 cache. Half as much costs Black-76 3 % more in Python's part."""
MOST_ROWS: Final = 8192
FEWEST_ROWS: Final = 64
_FIRST_COLUMN: Final = 0x11000  # behind the constants and the header of a state that kernels do not have
_STAGGER: Final = 192  # so that columns do not fall on the same lines of a cache


@dataclass(frozen=True)
class Layout:
    """How many rows a chunk has, and the address of each column in the guest's memory."""

    rows: int
    addresses: tuple[int, ...]
    memory_pages: int

    @classmethod
    def of(cls, columns: list[Column]) -> Layout:
        """Room for a chunk of these columns, inputs and outputs."""
        row_bytes = sum(column.row_bytes for column in columns)
        rows = MOST_ROWS
        while rows > FEWEST_ROWS and rows * row_bytes > CHUNK_BYTES:
            rows //= 2
        addresses, end = [], _FIRST_COLUMN
        for column in columns:
            addresses.append(end)
            end += -(-rows * column.row_bytes // 64) * 64 + _STAGGER
        return cls(rows, tuple(addresses), -(-end // WASM_PAGE_BYTES))

    @property
    def system_pages(self) -> int:
        """64 KiB pages of system memory: the control block, and a map that nobody reads."""
        return -(-host_begin(self.memory_pages) // WASM_PAGE_BYTES)


class KernelProgram:
    """A compiled kernel: `native` as the compiler made it, what its parameters and result are."""

    def __init__(self, native: bytes) -> None:
        self.native = native
        module = read_module(native)
        check_profile(module, source=native)
        validate(module, native)
        self.native_module: Module = module
        content = module.custom(KERNEL_SECTION)
        if content is None:
            raise InvalidModule(f"expected a custom section {KERNEL_SECTION}, found none")
        self.abi: Abi = parse_abi(content)
        self.name = self.abi.name
        self.lines = parse_lines(module.custom("corten.lines") or b"") if module.custom("corten.lines") else Lines(())
        exported = (item.name.removeprefix("entry.") for item in module.exports if item.name.startswith("entry."))
        self.loops = sorted(exported)
        self.inputs = input_columns(self.abi)
        self.outputs = output_columns(self.abi)
        self.layout = Layout.of([*self.inputs, *self.outputs])

    @cached_property
    def result_name(self) -> str:
        """The spelling of the result's type."""
        return self.abi.entries[0].returns or ""

    def instrumented(self, gas: bool) -> bytes:
        """The module as it runs: NaNs canonical, recursion bounded, gas counted if it is to be limited."""
        layout = self.layout
        options = Options(layout.memory_pages, layout.system_pages, gas=gas, stack=True, nan=True, undo=False)
        return write_module(instrument(self.native_module, None, options))


def load_program(source: FunctionSource, cache: Cache | None) -> KernelProgram:
    """The kernel of a function. DiagnosticError when its source is wrong."""
    key = cache_key(source)
    stored = cache.get(key) if cache is not None else None
    if stored is None:
        stored = compiled(source)
        if cache is not None:
            cache.put(key, stored)
    return KernelProgram(stored)


def compiled(source: FunctionSource, dump: Path | None = None, by_row: frozenset[str] | None = None) -> bytes:
    """The native module; with `dump` every stage of the compiler is written there. `by_row`: see `KernelSource`."""
    from corten.compiler import KernelSource, compile_kernel

    kernel = KernelSource(source.path, source.shown, source.content, source.name, source.node, source.preamble, by_row)
    try:
        return compile_kernel(kernel, dump)
    except DiagnosticError as error:
        raise DiagnosticError([_located(each, source) for each in error.diagnostics]) from None


def _located(diagnostic: Diagnostic, source: FunctionSource) -> Diagnostic:
    """With the file as the person who wrote it can open it."""
    span = diagnostic.span
    file = source.file if span.file == source.shown else located(span.file, source.path.parent)
    return replace(diagnostic, span=replace(span, file=file))


def cache_key(source: FunctionSource) -> bytes:
    """Hash of everything that the compiled kernel depends on."""
    files = b"".join(hashlib.sha256(path.read_bytes()).digest() for path in _imported(source))
    return hashlib.sha256(b"kernel" + toolchain_fingerprint() + source.key() + files).digest()


def _imported(source: FunctionSource) -> Iterator[Path]:
    """Files that the kernel's file imports, however deep."""
    import ast

    for statement in source.statements:
        if isinstance(statement, ast.ImportFrom) and statement.module:
            beside = source.path.parent.joinpath(*statement.module.split(".")).with_suffix(".py")
            if beside.is_file():
                yield from sources(beside)
