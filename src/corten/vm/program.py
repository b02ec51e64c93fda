"""From a contract's source or module to something that can be instantiated, through the cache on disk.

    source ── compile ──> native module ── instrument ──> plain Wasm ── Wasmtime ──> machine code
              (cached by the sources)      (cached by the module and the options)    (cached by the engine)

The keys also cover the bytes of Corten's own compiler, library and passes: an upgrade never meets its predecessor's
artifacts.
"""

from __future__ import annotations

import hashlib
import re
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from corten.base.errors import InvalidInput
from corten.base.source import is_source_file
from corten.vm.cache import Cache
from corten.vm.host import check_available
from corten.vm.instance import Code, Engine
from corten.vm.interface import Interface
from corten.vm.layout import PAGE_BYTES, WASM_PAGE_BYTES, Layout
from corten.wasm.instrument.calls import WAYS_OUT
from corten.wasm.module import Module
from corten.wasm.sections import ABI_SECTION, LINES_SECTION, Lines, parse_abi, parse_lines

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_TOOLCHAIN: Final = ("base", "host", "lang", "wasm", "compiler", "contracts")
_IMPORT: Final = re.compile(r"\b(?:from|import)[\s\\]+([\w.]+)")  # anywhere: a file too many in a key does no harm
_PART: Final = struct.Struct("<I")


@dataclass(frozen=True)
class Passes:
    """Which instrumentation passes are on. Switching one off is for measuring what it costs, and only for that."""

    gas: bool = True
    stack: bool = True
    nan: bool = True
    undo: bool = True


@dataclass(frozen=True)
class Program:
    """A deployable contract: its interface, its instrumented module, an engine's code of that, and its initial pages.

    `module_hash` is the SHA-256 of the native module, custom sections included, before instrumentation: of `native`. A
    module with bare exports has a `bare_name`.
    """

    module_hash: bytes
    interface: Interface
    module: bytes
    engine: str
    code: Code
    layout: Layout
    initial_pages: tuple[int, ...]
    directory: Path | None
    native: bytes
    bare_name: str | None = None


@dataclass(frozen=True)
class Artifact:
    """An instrumented module and what the host must know about it."""

    abi: bytes
    lines: bytes
    initial_pages: tuple[int, ...]
    module: bytes

    def dump(self) -> bytes:
        """The form that the cache keeps: four parts, each behind its length."""
        pages = np.array(self.initial_pages, "<u4").tobytes()
        return b"".join(_PART.pack(len(part)) + part for part in (self.abi, self.lines, pages, self.module))

    @classmethod
    def parse(cls, content: bytes) -> Artifact:
        """The inverse of `dump`."""
        parts, offset = [], 0
        while offset < len(content):
            (size,) = _PART.unpack_from(content, offset)
            parts.append(content[offset + _PART.size : offset + _PART.size + size])
            offset += _PART.size + size
        abi, lines, pages, module = parts
        return cls(abi, lines, tuple(np.frombuffer(pages, "<u4").tolist()), module)


class Loader:
    """Loads contracts for one memory limit and one set of passes."""

    def __init__(
        self, engine: Engine, cache: Cache | None, layout: Layout, passes: Passes, is_replay: bool = False
    ) -> None:
        self._engine = engine
        self._cache = cache
        self._layout = layout
        self._passes = passes
        self._is_replay = is_replay

    def load(self, source: str | Path | bytes) -> Program:
        """Contract source (`.py`), a native module (`.wasm`) or its bytes.

        DiagnosticError when the source is wrong, InvalidModule when the module is, InvalidInput when it is neither.
        """
        if isinstance(source, bytes):
            return self.load_module(source, None)
        path = Path(source)
        if not path.is_file():
            raise InvalidInput("contract", "the path of a contract's source or module", f"{str(path)!r}: no such file")
        if path.suffix == ".py":
            return self.load_module(compiled(path, self._cache), path.resolve().parent)
        return self.load_module(path.read_bytes(), path.resolve().parent)

    def load_bare(self, module: bytes, name: str) -> Program:
        """A module with bare exports, as the contract `name` whose entries they are."""
        return self._program(module, None, name)

    def load_again(self, program: Program) -> Program:
        """A program of another variant of instrumentation, as this loader makes it."""
        return self._program(program.native, program.directory, program.bare_name)

    def load_module(self, module: bytes, directory: Path | None) -> Program:
        """A native module; `directory` is where its sources are looked for."""
        return self._program(module, directory, None)

    def _program(self, module: bytes, directory: Path | None, bare_name: str | None) -> Program:
        artifact = self.instrumented(module, bare_name)
        lines = parse_lines(artifact.lines) if artifact.lines else Lines(())
        return Program(
            module_hash=hashlib.sha256(module).digest(),
            interface=Interface(parse_abi(artifact.abi), lines),
            module=artifact.module,
            engine=self._engine.name,
            code=load_code(self._engine, artifact.module, self._is_replay),
            layout=self._layout,
            initial_pages=artifact.initial_pages,
            directory=directory,
            native=module,
            bare_name=bare_name,
        )

    def instrumented(self, module: bytes, bare_name: str | None = None) -> Artifact:
        """What `instrument_native` makes of it; from the cache if it is there."""
        options = repr((self._layout, self._layout.system_pages, self._passes, bare_name))
        key = _key(b"instrumented", module, options.encode())
        stored = self._cache.get(key) if self._cache is not None else None
        if stored is not None:
            return Artifact.parse(stored)
        artifact = instrument_native(module, self._layout, self._passes, bare_name)
        self._put(key, artifact.dump())
        return artifact

    def _put(self, key: bytes, content: bytes) -> None:
        if self._cache is not None:
            self._cache.put(key, content)


def compiled(path: Path, cache: Cache | None) -> bytes:
    """The native module of a contract's source; DiagnosticError when the source is wrong."""
    key = _key(b"native", *(file.read_bytes() for file in sources(path)), path.name.encode())
    stored = cache.get(key) if cache is not None else None
    if stored is None:
        from corten.compiler import compile_contract

        stored = compile_contract(path)
        if cache is not None:
            cache.put(key, stored)
    return stored


def load_code(engine: Engine, module: bytes, is_replay: bool = False) -> Code:
    """An engine's code of an instrumented module; InvalidInput for host functions that it does not serve.

    In a replay nobody computes them: `HostFunctions.replay` has their answers.
    """
    code = engine.load(module)
    if not is_replay:
        check_available([name for name in code.imports if name not in WAYS_OUT], engine.name)
    return code


def instrument_native(content: bytes, layout: Layout, passes: Passes, bare_name: str | None = None) -> Artifact:
    """Check a native module against the profile and instrument it; InvalidModule says at which byte it is wrong.

    With `bare_name`, the module is one with bare exports, which becomes a native one of that name first.
    """
    from corten.wasm.admission import admit
    from corten.wasm.instrument import Options
    from corten.wasm.writer import write_module

    options = Options(
        memory_pages=layout.memory_bytes // WASM_PAGE_BYTES,
        system_pages=layout.system_pages,
        gas=passes.gas,
        stack=passes.stack,
        nan=passes.nan,
        undo=passes.undo,
        access=layout.records_access,
    )
    admitted = admit(content, options, bare_name)
    native = admitted.native
    sections = [native.custom(name) or b"" for name in (ABI_SECTION, LINES_SECTION)]
    initial_pages = tuple(_initial_pages(native))
    return Artifact(sections[0], sections[1], initial_pages, write_module(admitted.instrumented))


def check_memory_limit(memory_limit: int) -> None:
    """InvalidInput unless it is a multiple of 64 KiB that a 32-bit guest can address."""
    if memory_limit % WASM_PAGE_BYTES or not 2 * WASM_PAGE_BYTES <= memory_limit < 1 << 32:
        raise InvalidInput("memory_limit", "a multiple of 65536 bytes, 131072 … 2**32 - 65536", str(memory_limit))


def _initial_pages(module: Module) -> list[int]:
    """4 KiB pages that active data segments fill."""
    pages: set[int] = set()
    for segment in module.data:
        if segment.offset is None or not segment.content:
            continue
        begin = segment.offset[0][1] & 0xFFFFFFFF
        pages.update(range(begin // PAGE_BYTES, (begin + len(segment.content) - 1) // PAGE_BYTES + 1))
    return sorted(pages)


def sources(path: Path) -> Iterator[Path]:
    """A contract file and the files beside it that it imports, however deep; library files are the toolchain's."""
    waiting, seen = [path.resolve()], set[Path]()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        yield file
        text = unicodedata.normalize("NFKC", file.read_bytes().decode(errors="replace"))
        for match in _IMPORT.finditer(text):
            name = match[1].lstrip(".")
            beside = file.parent.joinpath(*name.split(".")).with_suffix(".py")
            if is_source_file(beside):
                waiting.append(beside)


def _key(kind: bytes, *parts: bytes) -> bytes:
    digests = (hashlib.sha256(part).digest() for part in parts)
    return hashlib.sha256(kind + toolchain_fingerprint() + b"".join(digests)).digest()


@cache
def toolchain_fingerprint() -> bytes:
    """SHA-256 over the files that decide what a contract compiles to."""
    hasher = hashlib.sha256()
    for package in _TOOLCHAIN:
        for file in sorted((_PACKAGE / package).rglob("*")):
            if file.suffix in (".py", ".ll", ".toml"):
                hasher.update(hashlib.sha256(file.read_bytes()).digest())
    return hasher.digest()
