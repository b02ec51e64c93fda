"""Typed access to Corten's custom sections: `corten.abi` (entries, events, types), `corten.lines` (places in source).

Both are JSON that a stranger may have written: every key, type, offset and size is checked, nothing is coerced, and
sizes are bounded. Form: docs/spec/module.md, section 1; layout rules: docs/spec/language.md, "Struct layout".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NoReturn, TypeAlias

from corten.base.calls import FIRST_RESERVED_CODE
from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.json_nodes import Node, dumps, load
from corten.wasm.module import Module
from corten.wasm.opcodes import F64, I32, I64

ABI_SECTION: Final = "corten.abi"
LINES_SECTION: Final = "corten.lines"
ABI_VERSION: Final = 1

RESULT_RECORD: Final = 0xFFFF  # record type of a result; event numbers stay below it
RECORD_BYTES: Final = 1 << 20  # of a payload, event or result
SCALAR_COUNT: Final = 256  # that a record is flattened to; larger ones travel as bytes
ERROR_COUNT: Final = FIRST_RESERVED_CODE - 1  # a code has 12 bits, 0 is none, and the last ones are the machine's
SITE_COUNT: Final = 1 << 20  # a site has 20 bits
ENTRY_KINDS: Final = ("init", "message", "view")
TYPE_DEPTH: Final = 32
_U32: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Scalar:
    """One Wasm value of a flattened record: where it stands and how it is read and written."""

    path: str  # "order.price", "levels[3].size"; "amount.lo" and "amount.hi" of an i128, "key.word0" … of a bytes32
    offset: int
    kind: str  # bool, u8 … i64, f64
    members: tuple[int, ...] = ()  # of an enum: the values it may have

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return _ACCESSES[self.kind].size

    @property
    def value_type(self) -> int:
        """Value type on the operand stack (`opcodes.I32` …)."""
        return _ACCESSES[self.kind].value_type

    @property
    def load(self) -> int:
        """The opcode that reads it, zero- or sign-extended."""
        return _ACCESSES[self.kind].load

    @property
    def store(self) -> int:
        """The opcode that writes it."""
        return _ACCESSES[self.kind].store


@dataclass(frozen=True, slots=True)
class _Access:
    size: int
    value_type: int
    load: int
    store: int


_ACCESSES: Final = {
    "bool": _Access(1, I32, op.I32_LOAD8_U, op.I32_STORE8),
    "u8": _Access(1, I32, op.I32_LOAD8_U, op.I32_STORE8),
    "i8": _Access(1, I32, op.I32_LOAD8_S, op.I32_STORE8),
    "u16": _Access(2, I32, op.I32_LOAD16_U, op.I32_STORE16),
    "i16": _Access(2, I32, op.I32_LOAD16_S, op.I32_STORE16),
    "u32": _Access(4, I32, op.I32_LOAD, op.I32_STORE),
    "i32": _Access(4, I32, op.I32_LOAD, op.I32_STORE),
    "u64": _Access(8, I64, op.I64_LOAD, op.I64_STORE),
    "i64": _Access(8, I64, op.I64_LOAD, op.I64_STORE),
    "f64": _Access(8, F64, op.F64_LOAD, op.F64_STORE),
}
# Scalars of the language that flatten to several words: the words' names.
_WIDE: Final = {"i128": ("lo", "hi"), "bytes32": ("word0", "word1", "word2", "word3")}
SCALAR_SIZES: Final = {kind: access.size for kind, access in _ACCESSES.items()} | {
    kind: 8 * len(words) for kind, words in _WIDE.items()
}
_UNIT_BASES: Final = ("u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "i128")


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or field: `type` is a spelling, `offset` counts from the start of its record or struct."""

    name: str
    type: str
    offset: int


@dataclass(frozen=True, slots=True)
class StructType:
    """A record by name."""

    size: int
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class EnumType:
    """Named values of an unsigned byte."""

    base: str
    members: dict[str, int]


@dataclass(frozen=True, slots=True)
class UnitType:
    """A distinct integer type; laid out as its base."""

    base: str


@dataclass(frozen=True, slots=True)
class ScalarType:
    """A scalar of the language; a handle is a u32."""

    kind: str


@dataclass(frozen=True, slots=True)
class ArrayType:
    """`count` elements at stride size."""

    element: str
    count: int


NamedType: TypeAlias = StructType | EnumType | UnitType
AnyType: TypeAlias = NamedType | ScalarType | ArrayType


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry; its number is its position. `size` is the payload's, `result_size` the result record's."""

    name: str
    kind: str
    parameters: tuple[Field, ...]
    size: int
    returns: str | None
    result_size: int

    @property
    def result(self) -> tuple[Field, ...]:
        """The result record: one field, or none for an entry that returns nothing."""
        return () if self.returns is None else (Field("result", self.returns, 0),)


@dataclass(frozen=True, slots=True)
class EventType:
    """A record that the contract may emit; its number is its position."""

    name: str
    fields: tuple[Field, ...]
    size: int


@dataclass(frozen=True, slots=True)
class State:
    """The contract's state in memory. Its fields may be containers, whose layout is the contract's own affair."""

    address: int
    size: int
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Abi:
    """What a contract looks like from outside."""

    name: str
    types: dict[str, NamedType]
    entries: tuple[Entry, ...]
    events: tuple[EventType, ...]
    errors: tuple[str, ...]
    state: State

    def resolve(self, spelling: str) -> AnyType:
        """The type that a spelling names. Raises InvalidModule for an unknown one."""
        named = self.types.get(spelling)
        if named is not None:
            return named
        if spelling in SCALAR_SIZES:
            return ScalarType(spelling)
        if spelling.startswith("Handle[") and spelling.endswith("]"):
            return ScalarType("u32")
        array = _ARRAY.fullmatch(spelling)
        if array is None:
            raise InvalidModule(f"{ABI_SECTION}: expected a known type, found {spelling!r}")
        return ArrayType(array[1], int(array[2]))

    def layout(self, spelling: str) -> Layout:
        """Size and alignment of a type. Raises InvalidModule for an unknown or unbounded one."""
        return _Layouts(self).of(spelling)

    def flatten(self, fields: Sequence[Field]) -> list[Scalar]:
        """The scalars of a record, in order: the parameters of `entry.<name>` or `emit.<Event>`.

        Raises InvalidModule if they are more than `SCALAR_COUNT` (`scalar_count` tells without listing them).
        """
        count = self.scalar_count(fields)
        if count > SCALAR_COUNT:
            raise InvalidModule(f"{ABI_SECTION}: expected a record of at most {SCALAR_COUNT} scalars, found {count}")
        layouts = _Layouts(self)
        return [scalar for item in fields for scalar in layouts.scalars(item.type, item.offset, item.name)]

    def scalar_count(self, fields: Sequence[Field]) -> int:
        """How many scalars a record flattens to."""
        layouts = _Layouts(self)
        return sum(layouts.of(item.type).scalars for item in fields)

    def dumps(self) -> bytes:
        """The section's content: compact JSON, keys in the order of the specification."""
        document = {
            "version": ABI_VERSION,
            "name": self.name,
            "types": {name: _named_json(item) for name, item in self.types.items()},
            "entries": [_entry_json(item) for item in self.entries],
            "events": [
                {"name": item.name, "fields": _fields_json(item.fields), "size": item.size} for item in self.events
            ],
            "errors": list(self.errors),
            "state": {
                "address": self.state.address,
                "size": self.state.size,
                "fields": _fields_json(self.state.fields),
            },
        }
        return dumps(document)


_ARRAY: Final = re.compile(r"Array\[(.+), ?([1-9][0-9]{0,6})\]")


@dataclass(frozen=True, slots=True)
class Layout:
    """Bytes that a value takes, what its address is a multiple of, how many scalars it flattens to."""

    size: int
    alignment: int
    scalars: int


@dataclass(slots=True)
class _Layouts:
    """Layouts of an ABI's types, each computed once; `open` are the structs being laid out."""

    abi: Abi
    known: dict[str, Layout] = field(default_factory=dict)
    open: list[str] = field(default_factory=list)

    def of(self, spelling: str) -> Layout:
        if spelling not in self.known:
            if spelling in self.open or len(self.open) >= TYPE_DEPTH:
                raise InvalidModule(
                    f"{ABI_SECTION}: expected types nested at most {TYPE_DEPTH} deep, found {spelling!r}"
                )
            self.open.append(spelling)
            layout = self._compute(spelling)
            self.open.pop()
            if not 0 < layout.size <= RECORD_BYTES:
                raise InvalidModule(
                    f"{ABI_SECTION}: {spelling}: expected a size of 1 to {RECORD_BYTES} bytes, found {layout.size}"
                )
            self.known[spelling] = layout
        return self.known[spelling]

    def least_size(self, spelling: str) -> int:
        """The size of a type that a record may hold; of any other one, a container, only that it is something."""
        try:
            return self.of(spelling).size
        except InvalidModule:
            self.open.clear()
            return 1

    def _compute(self, spelling: str) -> Layout:
        match self.abi.resolve(spelling):
            case ScalarType(kind):
                return Layout(SCALAR_SIZES[kind], min(SCALAR_SIZES[kind], 8), len(_WIDE.get(kind, (kind,))))
            case UnitType(base) | EnumType(base):
                return self.of(base)
            case ArrayType(element, count):
                inner = self.of(element)
                return Layout(inner.size * count, inner.alignment, inner.scalars * count)
            case StructType(size, fields):
                end, alignment = self.check_fields(f"types.{spelling}", fields)
                _check_size(f"types.{spelling}", size, _align(end, alignment))
                return Layout(size, alignment, sum(self.of(item.type).scalars for item in fields))

    def scalars(self, spelling: str, offset: int, path: str) -> Iterator[Scalar]:
        """The scalars of a value at `offset` of a record, in order."""
        match self.abi.resolve(spelling):
            case ScalarType(kind) if kind in _WIDE:
                for place, word in enumerate(_WIDE[kind]):
                    yield Scalar(f"{path}.{word}", offset + 8 * place, "i64" if word == "hi" else "u64")
            case ScalarType(kind):
                yield Scalar(path, offset, kind)
            case UnitType(base):
                yield from self.scalars(base, offset, path)
            case EnumType(base, members):
                yield Scalar(path, offset, base, tuple(sorted(members.values())))
            case StructType(_, fields):
                for item in fields:
                    yield from self.scalars(item.type, offset + item.offset, f"{path}.{item.name}")
            case ArrayType(element, count):
                stride = self.of(element).size
                for place in range(count):
                    yield from self.scalars(element, offset + place * stride, f"{path}[{place}]")

    def check_fields(self, where: str, fields: Sequence[Field]) -> tuple[int, int]:
        """Check that fields stand where the layout rules put them: (end, largest alignment)."""
        end, largest = 0, 1
        for item in fields:
            layout = self.of(item.type)
            expected = _align(end, layout.alignment)
            if item.offset != expected:
                _fail(f"{where}.{item.name}", f"offset {expected}", f"{item.offset}")
            end = expected + layout.size
            largest = max(largest, layout.alignment)
        return end, largest

    def check_record(self, where: str, fields: Sequence[Field], size: int) -> None:
        """Check a payload, event or result: fields in order, size padded to 8."""
        end, _ = self.check_fields(where, fields)
        _check_size(where, size, _align(end, 8))
        if size > RECORD_BYTES:
            _fail(f"{where}.size", f"at most {RECORD_BYTES}", f"{size}")


def _align(offset: int, alignment: int) -> int:
    return -(-offset // alignment) * alignment


def _check_size(where: str, found: int, expected: int) -> None:
    if found != expected:
        _fail(f"{where}.size", f"{expected}", f"{found}")


def check_state(abi: Abi, memory_bytes: int) -> None:
    """The state lies in memory, its fields in the state, one behind the other; containers' sizes are their own affair.

    Raises InvalidModule. No code relies on it, but whoever shows or compares a state by its ABI does.
    """
    state, layouts, end = abi.state, _Layouts(abi), 0
    if state.address + state.size > memory_bytes:
        _fail("state", f"an end of at most {memory_bytes}, where memory ends", f"{state.address + state.size}")
    for item in state.fields:
        if item.offset < end:
            _fail(
                f"state.{item.name}", f"an offset of at least {end}, where the field before it ends", f"{item.offset}"
            )
        end = item.offset + layouts.least_size(item.type)
        if end > state.size:
            _fail(f"state.{item.name}", f"an end of at most {state.size}, where the state ends", f"{end}")


# Reading


def read_abi(module: Module) -> Abi:
    """The ABI that a module carries. Raises InvalidModule if it has none or a wrong one."""
    content = module.custom(ABI_SECTION)
    if content is None:
        raise InvalidModule(f"{ABI_SECTION}: expected a custom section of that name, found none")
    try:
        return parse_abi(content)
    except InvalidModule as error:
        number = next(number for number, custom in enumerate(module.customs) if custom.name == ABI_SECTION)
        raise error.at(module.place("custom", number)) from None


def parse_abi(content: bytes) -> Abi:
    """Parse and check the content of `corten.abi`. Raises InvalidModule with the path of what is wrong."""
    node = load(ABI_SECTION, content)
    node.keys("version", "name", "types", "entries", "events", "errors", "state")
    version = node.get("version").integer(0, _U32)
    if version != ABI_VERSION:
        _fail("version", f"{ABI_VERSION}", f"{version}")
    types = {name: _parse_named(name, item) for name, item in node.get("types").items()}
    abi = Abi(
        node.get("name").text(),
        types,
        node.get("entries").sequence(RESULT_RECORD, _parse_entry),
        node.get("events").sequence(RESULT_RECORD, _parse_event),
        node.get("errors").sequence(ERROR_COUNT, Node.text),
        _parse_state(node.get("state")),
    )
    _check_abi(abi)
    return abi


def _check_abi(abi: Abi) -> None:
    layouts = _Layouts(abi)
    for name in abi.types:
        layouts.of(name)
    for entry in abi.entries:
        layouts.check_record(f"entries.{entry.name}", entry.parameters, entry.size)
        layouts.check_record(f"entries.{entry.name}.result", entry.result, entry.result_size)
    for event in abi.events:
        layouts.check_record(f"events.{event.name}", event.fields, event.size)
    _check_unique("entries", [entry.name for entry in abi.entries])
    _check_unique("events", [event.name for event in abi.events])
    _check_unique("errors", abi.errors)
    _check_unique("entries of kind", [entry.kind for entry in abi.entries if entry.kind == "init"])


def _check_unique(where: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            _fail(where, "each name once", f"{name!r} twice")
        seen.add(name)


def _fail(where: str, expected: str, found: str) -> NoReturn:
    raise InvalidModule(f"{ABI_SECTION}: {where}: expected {expected}, found {found}")


def _parse_fields(node: Node) -> tuple[Field, ...]:
    fields = node.sequence(RECORD_BYTES, _parse_field)
    _check_unique(node.path, [item.name for item in fields])
    return fields


def _parse_field(node: Node) -> Field:
    node.keys("name", "type", "offset")
    return Field(node.get("name").text(), node.get("type").text(), node.get("offset").integer(0, _U32))


def _parse_named(name: str, node: Node) -> NamedType:
    if name in SCALAR_SIZES or name.startswith(("Array[", "Handle[")):
        _fail("types", "names that are not scalars, arrays or handles", repr(name))
    kind = node.value.get("kind") if isinstance(node.value, dict) else None
    if kind == "struct":
        node.keys("kind", "size", "fields")
        return StructType(node.get("size").integer(1, RECORD_BYTES), _parse_fields(node.get("fields")))
    if kind == "enum":
        node.keys("kind", "base", "members")
        members = {key: item.integer(0, 0xFF) for key, item in node.get("members").items()}
        for key in members:
            if not key.isidentifier() or key.startswith("_") or key == "mro":  # those mean something to Python's enums
                _fail(f"types.{name}.members", "identifiers that do not begin with _, nor mro", repr(key))
        if len(set(members.values())) != len(members):
            node.get("members").fail("each value once")
        return EnumType(node.get("base").one_of("u8"), members)
    if kind == "unit":
        node.keys("kind", "base")
        return UnitType(node.get("base").one_of(*_UNIT_BASES))
    return node.fail("a type of kind struct, enum or unit")


def _parse_entry(node: Node) -> Entry:
    node.keys("name", "kind", "parameters", "size", "returns", "result_size")
    return Entry(
        node.get("name").text(),
        node.get("kind").one_of(*ENTRY_KINDS),
        _parse_fields(node.get("parameters")),
        node.get("size").integer(0, RECORD_BYTES),
        None if node.value["returns"] is None else node.get("returns").text(),
        node.get("result_size").integer(0, RECORD_BYTES),
    )


def _parse_event(node: Node) -> EventType:
    node.keys("name", "fields", "size")
    size = node.get("size").integer(0, RECORD_BYTES)
    return EventType(node.get("name").text(), _parse_fields(node.get("fields")), size)


def _parse_state(node: Node) -> State:
    node.keys("address", "size", "fields")
    state = State(
        node.get("address").integer(0, _U32), node.get("size").integer(0, _U32), _parse_fields(node.get("fields"))
    )
    offsets = [item.offset for item in state.fields]
    if offsets != sorted(offsets) or any(offset > state.size for offset in offsets):
        node.get("fields").fail(f"ascending offsets up to {state.size}")
    return state


# Writing


def _fields_json(fields: Sequence[Field]) -> list[dict[str, Any]]:
    return [{"name": item.name, "type": item.type, "offset": item.offset} for item in fields]


def _named_json(item: NamedType) -> dict[str, Any]:
    match item:
        case StructType(size, fields):
            return {"kind": "struct", "size": size, "fields": _fields_json(fields)}
        case EnumType(base, members):
            return {"kind": "enum", "base": base, "members": members}
        case UnitType(base):
            return {"kind": "unit", "base": base}


def _entry_json(item: Entry) -> dict[str, Any]:
    return {
        "name": item.name,
        "kind": item.kind,
        "parameters": _fields_json(item.parameters),
        "size": item.size,
        "returns": item.returns,
        "result_size": item.result_size,
    }


# Lines


@dataclass(frozen=True, slots=True)
class Site:
    """A place in source: `line` counts from 1."""

    file: str
    function: str
    line: int


@dataclass(frozen=True, slots=True)
class Lines:
    """The places that sites stand for; a site is a position in `sites`, and site 0 means unknown."""

    sites: tuple[Site, ...]

    def locate(self, site: int) -> Site | None:
        """The place of a site, or None if it is unknown."""
        return self.sites[site] if 0 < site < len(self.sites) else None

    def dumps(self) -> bytes:
        """The section's content."""
        files = list(dict.fromkeys(site.file for site in self.sites if site.file))
        numbers = {file: number for number, file in enumerate(files)}
        sites = [[numbers.get(item.file, ""), item.function, item.line] for item in self.sites]
        return dumps({"files": files, "sites": sites})


def read_lines(module: Module) -> Lines:
    """The line table that a module carries; an empty one if it has none. Raises InvalidModule for a wrong one."""
    content = module.custom(LINES_SECTION)
    return Lines(()) if content is None else parse_lines(content)


def parse_lines(content: bytes) -> Lines:
    """Parse and check the content of `corten.lines`. Raises InvalidModule with the path of what is wrong."""
    node = load(LINES_SECTION, content)
    node.keys("files", "sites")
    files = node.get("files").sequence(SITE_COUNT, Node.text)
    return Lines(node.get("sites").sequence(SITE_COUNT, partial(_parse_site, files)))


def _parse_site(files: tuple[str, ...], node: Node) -> Site:
    """`[file, function, line]`, the file by position in `files` or by name; an unknown site's names are empty."""
    if not isinstance(node.value, list) or len(node.value) != 3:
        node.fail("[file, function, line]")
    file, function, line = (Node(node.section, f"{node.path}[{i}]", item) for i, item in enumerate(node.value))
    name = file.one_of("", *files) if isinstance(file.value, str) else files[file.integer(0, len(files) - 1)]
    return Site(name, function.text() if function.value != "" else "", line.integer(0, _U32))
