"""A module as plain data: what the reader makes, the passes rewrite and the writer encodes.

An instruction is a plain tuple `(opcode, *immediates)`; a body is one flat list of them, `block`, `else` and `end`
included, and the function's own final `end` too. `opcodes.Immediate` lists the immediates of each kind. Floats and
vectors are raw bits, so that NaN payloads survive.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TypeAlias

from corten.wasm.opcodes import FUNCREF, TYPE_NAMES

Instr: TypeAlias = tuple[Any, ...]


class Kind(IntEnum):
    """What an import or export is."""

    FUNCTION = 0
    TABLE = 1
    MEMORY = 2
    GLOBAL = 3


@dataclass(frozen=True, slots=True)
class FuncType:
    """Parameter and result types, as value type bytes (`opcodes.I32` …)."""

    params: tuple[int, ...] = ()
    results: tuple[int, ...] = ()

    def __str__(self) -> str:
        return " -> ".join(f"({' '.join(TYPE_NAMES[code] for code in part)})" for part in (self.params, self.results))


@dataclass(frozen=True, slots=True)
class Limits:
    """Size of a memory (64 KiB pages) or table (elements); `maximum` None means none declared."""

    minimum: int
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table of function references."""

    limits: Limits
    element_type: int = FUNCREF


@dataclass(frozen=True, slots=True)
class GlobalType:
    """Type of an imported global."""

    value_type: int
    mutable: bool


@dataclass(slots=True)
class Import:
    """`description` by kind: type index, `Table`, `Limits` (a memory) or `GlobalType`."""

    module: str
    name: str
    kind: Kind
    description: int | Table | Limits | GlobalType

    @property
    def type_index(self) -> int:
        """Type of an imported function; only for `Kind.FUNCTION`."""
        assert isinstance(self.description, int)
        return self.description


@dataclass(slots=True)
class Function:
    """A function that the module defines. `locals` has one entry per local, parameters excluded.

    `offset` is the byte at which the body (its size field excluded) began in the file, 0 if it was not read from one.
    """

    type_index: int
    locals: list[int]
    body: list[Instr]
    offset: int = field(default=0, compare=False)


@dataclass(slots=True)
class Global:
    """A global that the module defines; `init` is a constant expression, its `end` included."""

    value_type: int
    mutable: bool
    init: list[Instr]


@dataclass(slots=True)
class Export:
    """`index` counts imports first, as everywhere in Wasm."""

    name: str
    kind: Kind
    index: int


@dataclass(slots=True)
class Element:
    """An active segment of function indices; `offset` is a constant expression, its `end` included."""

    table: int
    offset: list[Instr]
    functions: list[int]


@dataclass(slots=True)
class Data:
    """A data segment: active at `offset` (a constant expression, its `end` included), or passive if that is None."""

    memory: int
    offset: list[Instr] | None
    content: bytes


@dataclass(slots=True)
class Custom:
    """A custom section; the writer puts them all at the end, in order."""

    name: str
    content: bytes


@dataclass(slots=True)
class Module:
    """A WebAssembly module. Index spaces count imports first; `functions` and `globals` hold only defined ones."""

    types: list[FuncType] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    functions: list[Function] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    memories: list[Limits] = field(default_factory=list)
    globals: list[Global] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    start: int | None = None
    elements: list[Element] = field(default_factory=list)
    data: list[Data] = field(default_factory=list)
    customs: list[Custom] = field(default_factory=list)
    places: dict[tuple[str, int], int] = field(default_factory=dict, compare=False, repr=False)

    def place(self, kind: str, number: int = 0) -> int | None:
        """The byte of the file at which an item began, counted without imports: type, import, table, memory, global,
        export, start, element, data, custom, or the code section; None if it was not read from one."""
        return self.places.get((kind, number))

    def imported(self, kind: Kind) -> list[Import]:
        """The imports of one kind, in index order."""
        return [item for item in self.imports if item.kind == kind]

    def function_type_indices(self) -> list[int]:
        """The type index of every function, imported ones first."""
        imported = [item.type_index for item in self.imported(Kind.FUNCTION)]
        return imported + [function.type_index for function in self.functions]

    def global_types(self) -> list[GlobalType]:
        """The type of every global, imported ones first."""
        types = [item.description for item in self.imported(Kind.GLOBAL)]
        imported = [item for item in types if isinstance(item, GlobalType)]
        return imported + [GlobalType(item.value_type, item.mutable) for item in self.globals]

    def custom(self, name: str) -> bytes | None:
        """Content of the first custom section of that name, if any."""
        return next((item.content for item in self.customs if item.name == name), None)
