"""A tolerant look at any WebAssembly module: what it links, and every construct outside the profile, with its place.

`reader` stops at the first construct that the profile lacks; this goes on behind it, as far as lengths are known. It
makes no module. Only a file whose framing is broken is refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.decode import MalformedError, read_instruction, read_u32
from corten.wasm.opcodes import FUNCREF, OPCODES, PREFIXES, VALUE_TYPES, describe_refused
from corten.wasm.reader import MAGIC, SECTION_NAMES, VERSION

T = TypeVar("T")

KINDS: Final = ("function", "table", "memory", "global", "tag")
_TAG_SECTION: Final = 13
_COMPONENT_LAYER: Final = 1
_TYPED_REFERENCES: Final = (0x63, 0x64)
_BLOCKS: Final = frozenset((op.BLOCK, op.LOOP, op.IF, 0x06))  # 0x06: try
_SELECT_T: Final = 0x1C
_TRY_TABLE: Final = 0x1F

_SKIPPED_NUMBERS: Final = {
    **dict.fromkeys((0x07, 0x08, 0x09, 0x12, 0x14, 0x15, 0x18, 0x25, 0x26, 0xD0, 0xD2, 0xD5, 0xD6), 1),
    **dict.fromkeys((0x0A, 0x19, 0xD1, 0xD3, 0xD4), 0),
    0x13: 2,
    **dict.fromkeys((0xFC_0009, 0xFC_000D, 0xFC_000F, 0xFC_0010, 0xFC_0011, 0xFC_0012), 1),
    **dict.fromkeys((0xFC_000C, 0xFC_000E), 2),
    **dict.fromkeys(range(0xFC_0013, 0xFC_0017), 0),
    **dict.fromkeys(range(0xFD_0100, 0xFD_0114), 0),
    **dict.fromkeys((0xFE_0000, 0xFE_0001, 0xFE_0002, *range(0xFE_0010, 0xFE_004F)), 2),
    0xFE_0003: 1,
}
"""How many LEB128 integers follow an opcode outside the profile; behind any other one a function is not read on."""


@dataclass(frozen=True, slots=True)
class Link:
    """An import or (`module` empty) an export; `offset` is its byte in the file."""

    module: str
    name: str
    kind: str
    offset: int


@dataclass(slots=True)
class Finding:
    """A construct that the profile lacks: how often it occurs, and where first."""

    what: str
    offset: int
    count: int = 1


@dataclass(slots=True)
class Scan:
    """What a module holds. `sizes` has a name of `limits.ModuleLimits` for each that could be counted."""

    imports: list[Link] = field(default_factory=list)
    exports: list[Link] = field(default_factory=list)
    customs: list[str] = field(default_factory=list)
    opcodes: dict[str, Finding] = field(default_factory=dict)
    constructs: dict[str, Finding] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def add(self, found: dict[str, Finding], what: str, offset: int) -> None:
        """Count one more of a construct."""
        if what in found:
            found[what].count += 1
        else:
            found[what] = Finding(what, offset)

    def largest(self, name: str, size: int) -> None:
        """Keep the largest size of a name."""
        self.sizes[name] = max(size, self.sizes.get(name, 0))


def scan(data: bytes) -> Scan:
    """Look through a file; InvalidModule with the byte offset if it is no module or cut short."""
    if data[:4] != MAGIC:
        raise InvalidModule(f"module: expected the magic number {MAGIC!r}, found {data[:4]!r}", 0)
    if data[4:8] != VERSION:
        is_component = len(data) >= 8 and data[6] == _COMPONENT_LAYER
        found = "a component, which holds modules" if is_component else repr(data[4:8])
        raise InvalidModule(f"module: expected the version 1 {VERSION!r}, found {found}", 4)
    scanner = _Scanner(data)
    try:
        scanner.sections()
    except IndexError:
        raise InvalidModule("module: unexpected end", len(data)) from None
    except MalformedError as error:
        raise InvalidModule(f"module: {error.message}", error.position) from None
    scanner.found.sizes["module_bytes"] = len(data)
    return scanner.found


class _UnreadableError(Exception):
    """The rest of a section or function has no known length."""


class _Scanner:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 8
        self.end = len(data)
        self.found = Scan()
        self.readers: dict[int, Callable[[], object]] = {
            0: self._custom,
            1: lambda: self._count("types"),
            2: lambda: self._each("imports", self._import),
            4: lambda: self._each("tables", self._table),
            5: lambda: self._each("memories", lambda: self._limits("memory")),
            6: lambda: self._count("globals"),
            7: lambda: self._each("exports", self._export),
            8: self._start,
            9: lambda: self._each("", self._element),
            10: lambda: self._each("functions", self._function),
            11: lambda: self._each("data_segments", self._data),
            _TAG_SECTION: lambda: self.found.add(
                self.found.constructs, "a section of tags (exceptions)", self.position
            ),
        }

    # ---- framing ----------------------------------------------------------------------------------------------------

    def sections(self) -> None:
        while self.position < len(self.data):
            start = self.position
            number = self._byte()
            if number not in SECTION_NAMES and number != _TAG_SECTION:
                raise MalformedError(f"expected a section number (0 to 13), found {number}", start)
            size = self._u32()
            if size > len(self.data) - self.position:
                left = len(self.data) - self.position
                raise MalformedError(f"expected a section of {size} bytes, found {left} left", start)
            self._within(self.position + size, self.readers.get(number, lambda: None))

    def _within(self, end: int, read: Callable[[], object]) -> None:
        """Read something that ends at `end`, and go there whatever was read."""
        outer, self.end = self.end, end
        with contextlib.suppress(_UnreadableError):
            read()
        self.position, self.end = end, outer

    def _call(self, read: Callable[[bytes, int], tuple[T, int]]) -> T:
        value, position = read(self.data, self.position)
        if position > self.end:
            raise MalformedError("expected something shorter: it ends behind what holds it", self.position)
        self.position = position
        return value

    def _byte(self) -> int:
        return self._call(lambda data, position: (data[position], position + 1))

    def _u32(self) -> int:
        return self._call(read_u32)

    def _number(self) -> None:
        """Skip a LEB128 integer of any width."""
        while self._byte() & 0x80:
            pass

    def _bytes(self) -> bytes:
        start = self.position
        size = self._u32()
        if size > self.end - self.position:
            raise MalformedError(f"expected {size} bytes, found {self.end - self.position} left", start)
        self.position += size
        return self.data[self.position - size : self.position]

    def _name(self) -> str:
        start = self.position
        try:
            return self._bytes().decode()
        except UnicodeDecodeError:
            raise MalformedError("expected a name in UTF-8", start) from None

    def _count(self, size_name: str) -> int:
        start = self.position
        count = self._u32()
        if count > self.end - self.position:
            raise MalformedError(f"expected {count} items, found {self.end - self.position} bytes left", start)
        if size_name:
            self.found.sizes[size_name] = self.found.sizes.get(size_name, 0) + count
        return count

    def _each(self, size_name: str, read: Callable[[], object]) -> None:
        for _ in range(self._count(size_name)):
            read()

    def _construct(self, what: str, offset: int) -> None:
        self.found.add(self.found.constructs, what, offset)

    # ---- sections ---------------------------------------------------------------------------------------------------

    def _custom(self) -> None:
        self.found.customs.append(self._name())

    def _import(self) -> None:
        start = self.position
        module, name = self._name(), self._name()
        kind = self._kind()
        self.found.imports.append(Link(module, name, kind, start))
        if kind == "function":
            self._u32()
        elif kind == "table":
            self._table()
        elif kind == "memory":
            self._limits("memory")
        elif kind == "global":
            self._value_type()
            self._byte()
        else:
            self._byte()
            self._u32()

    def _kind(self) -> str:
        value = self._byte()
        if value >= len(KINDS):
            raise MalformedError(f"expected a kind (0 to {len(KINDS) - 1}), found {value}", self.position - 1)
        return KINDS[value]

    def _export(self) -> None:
        start = self.position
        name, kind = self._name(), self._kind()
        self._u32()
        self.found.exports.append(Link("", name, kind, start))

    def _start(self) -> None:
        self._construct(f"a start function ({self._u32()}), which would run before gas is set", self.position)

    def _table(self) -> None:
        start = self.position
        first = self._byte()
        if first == 0x40:
            self._construct("a table with an initial value", start)
            raise _UnreadableError
        self.position = start
        if self._value_type() != FUNCREF:
            self._construct("a table of other references than funcref", start)
        self._limits("table")

    def _limits(self, what: str) -> int:
        start = self.position
        flags = self._byte()
        for bit, feature in ((2, "shared"), (4, "64-bit"), (8, "custom page size")):
            if flags & bit:
                self._construct(f"a {what} with flag {feature!r}", start)
        if flags > 15:
            raise MalformedError(f"expected limits, found 0x{flags:02X}", start)
        if flags & 12:
            for _ in range(1 + (flags & 1) + (flags >> 3 & 1)):
                self._number()
            return 0
        minimum = self._u32()
        if flags & 1:
            self._u32()
        if what == "table":
            self.found.sizes["table_elements"] = self.found.sizes.get("table_elements", 0) + minimum
        return minimum

    def _value_type(self) -> int:
        code = self._byte()
        if code in _TYPED_REFERENCES:
            self._number()
        return code

    def _element(self) -> None:
        start = self.position
        flags = self._u32()
        if flags in (0, 2):
            if flags:
                self._u32()
            self._expression()
            if flags:
                self._byte()
            self._each("", self._u32)
            return
        kind = "an element segment of expressions" if flags & 4 else "a passive or declared element segment"
        self._construct(kind, start)
        raise _UnreadableError

    def _data(self) -> None:
        flags = self._u32()
        if flags > 2:
            raise MalformedError(f"expected a data segment (0, 1 or 2), found {flags}", self.position - 1)
        if flags == 2:
            self._u32()
        if flags != 1:
            self._expression()
        self.found.sizes["data_bytes"] = self.found.sizes.get("data_bytes", 0) + len(self._bytes())

    def _expression(self) -> None:
        while self._instruction() != op.END:
            pass

    # ---- code -------------------------------------------------------------------------------------------------------

    def _function(self) -> None:
        start = self.position
        size = self._u32()
        if size > self.end - self.position:
            raise MalformedError(f"expected a function of {size} bytes, found {self.end - self.position} left", start)
        self._within(self.position + size, self._body)

    def _body(self) -> None:
        total = 0
        for _ in range(self._count("")):
            total += self._u32()
            start = self.position
            value_type = self._value_type()
            if value_type not in VALUE_TYPES:
                self._construct("a local that holds a reference", start)
        self.found.largest("locals_per_function", total)
        self.found.sizes["locals_total"] = self.found.sizes.get("locals_total", 0) + total
        count = depth = 0
        try:
            while self.position < self.end:
                code = self._instruction()
                count += 1
                depth += (code in _BLOCKS or code == _TRY_TABLE) - (code == op.END)
                self.found.largest("nesting_depth", depth)
        finally:
            self.found.largest("instructions_per_function", count)

    def _instruction(self) -> int:
        """Skip one instruction, noting what the profile lacks; its opcode."""
        start = self.position
        code = self.data[start]
        if code in _BLOCKS:
            self.position += 1
            self._block_type()
        elif code == _SELECT_T:
            self.position += 1
            for _ in range(self._count("")):
                if self._value_type() not in VALUE_TYPES:
                    self._construct("a select of references", start)
        elif code in OPCODES:
            instr = self._call(read_instruction)
            if code == op.BR_TABLE:
                self.found.largest("branch_table_targets", len(instr[1]))
        else:
            code = self._skip_prefixed(start)
        if code not in OPCODES:
            self.found.add(self.found.opcodes, describe_refused(code), start)
            self._skip(code)
        return code

    def _skip_prefixed(self, start: int) -> int:
        """The opcode, its immediates skipped if the profile has it."""
        code = self._byte()
        if code not in PREFIXES:
            return code
        code = code << 16 | min(self._u32(), 0xFFFF)
        if code in OPCODES:
            self.position = start
            self._call(read_instruction)
        return code

    def _block_type(self) -> None:
        start = self.position
        value_type = self.data[start]
        if value_type in _TYPED_REFERENCES or (value_type in range(0x64, 0x7B) and value_type != 0x40):
            self._construct("a block that yields a reference", start)
        self._value_type() if value_type in _TYPED_REFERENCES else self._number()

    def _skip(self, code: int) -> None:
        """The immediates of an opcode outside the profile."""
        if code == 0x06:
            return  # its block type is read already
        if code == _TRY_TABLE:
            self._block_type()
            for _ in range(self._count("")):
                kind = self._byte()
                for _ in range(2 if kind < 2 else 1):
                    self._u32()
        elif code in _SKIPPED_NUMBERS:
            for _ in range(_SKIPPED_NUMBERS[code]):
                self._number()
        else:
            raise _UnreadableError


assert not _SKIPPED_NUMBERS.keys() & OPCODES.keys()
