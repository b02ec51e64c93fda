"""Bytes to `Module`: strict, bounded by the input's size, and exact about the byte at which something is wrong.

The reader decodes; it does not type-check (`validate`) or judge policy (`profile`), except that it refuses what
`Module` cannot express: opcodes outside the table, reference values, passive or expression element segments.
Specification: WebAssembly Core 2.0, section 5, with the multi-memory encoding of memory immediates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.decode import (
    MalformedError,
    expected_value_type,
    read_instruction,
    read_instructions,
    read_u32,
)
from corten.wasm.limits import DEFAULT_LIMITS, ModuleLimits
from corten.wasm.module import (
    Custom,
    Data,
    Element,
    Export,
    Function,
    FuncType,
    Global,
    GlobalType,
    Import,
    Instr,
    Kind,
    Limits,
    Module,
    Table,
)
from corten.wasm.opcodes import FUNCREF, VALUE_TYPES

__all__ = ["MAGIC", "SECTION_NAMES", "VERSION", "instruction_offset", "read_instruction", "read_module", "read_u32"]

MAGIC: Final = b"\0asm"
VERSION: Final = b"\1\0\0\0"

SECTION_NAMES: Final = {
    0: "custom",
    1: "type",
    2: "import",
    3: "function",
    4: "table",
    5: "memory",
    6: "global",
    7: "export",
    8: "start",
    9: "element",
    10: "code",
    11: "data",
    12: "data count",
}
_SECTION_ORDER: Final = {number: place for place, number in enumerate((1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11))}

T = TypeVar("T")


def read_module(data: bytes, limits: ModuleLimits = DEFAULT_LIMITS) -> Module:
    """Decode a module. Raises InvalidModule with the byte offset of the first thing that is wrong.

    Time and memory are linear in `len(data)`; of `limits` only those that guard this are applied here (module size,
    locals), the rest by `profile.check_profile`.
    """
    return _ModuleReader(bytes(data), limits).read()


def instruction_offset(data: bytes, function: Function, index: int) -> int:
    """The file offset of instruction `index` of a function as `read_module(data)` returned it."""
    position = function.offset
    groups, position = read_u32(data, position)
    for _ in range(groups):
        _, position = read_u32(data, position)
        position += 1
    for _ in range(index):
        _, position = read_instruction(data, position)
    return position


# Sections


class _Chunk:
    """A stretch of the file with a cursor; anything wrong in it becomes InvalidModule at a file offset."""

    def __init__(self, data: bytes, base: int, what: str) -> None:
        self.data, self.base, self.what = data, base, what
        self.position = 0

    def fail(self, message: str, position: int | None = None) -> NoReturn:
        raise InvalidModule(f"{self.what}: {message}", self.base + (self.position if position is None else position))

    def call(self, read: Callable[[bytes, int], tuple[T, int]]) -> T:
        """Decode one item at the cursor."""
        try:
            value, self.position = read(self.data, self.position)
        except IndexError:
            self.fail("unexpected end", len(self.data))
        except MalformedError as error:
            self.fail(error.message, error.position)
        return value

    def u32(self) -> int:
        return self.call(read_u32)

    def byte(self, expected: str) -> int:
        if self.position >= len(self.data):
            self.fail(f"expected {expected}, found the end")
        self.position += 1
        return self.data[self.position - 1]

    def take(self, expected: str) -> bytes:
        """A length and as many bytes."""
        start = self.position
        size = self.u32()
        if size > len(self.data) - self.position:
            self.fail(f"expected {expected} of {size} bytes, found {len(self.data) - self.position} left", start)
        self.position += size
        return self.data[self.position - size : self.position]

    def name(self) -> str:
        raw = self.take("a name")
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            self.fail("expected a name in UTF-8", self.position - len(raw) + error.start)

    def count(self, expected: str) -> int:
        """A number of items that each take at least one of the bytes left."""
        start = self.position
        count = self.u32()
        if count > len(self.data) - self.position:
            self.fail(f"expected {count} {expected}, found {len(self.data) - self.position} bytes left", start)
        return count

    def vector(self, expected: str, read: Callable[[], T]) -> list[T]:
        return [read() for _ in range(self.count(expected))]

    def items(self, kind: str, expected: str, places: dict[tuple[str, int], int], read: Callable[[], T]) -> list[T]:
        """A vector of a module's items, whose places are kept."""
        found = []
        for number in range(self.count(expected)):
            places[kind, number] = self.base + self.position
            found.append(read())
        return found

    def value_type(self) -> int:
        code = self.byte("a value type")
        if code not in VALUE_TYPES:
            self.fail(expected_value_type(code), self.position - 1)
        return code

    def flag(self, expected: str) -> bool:
        value = self.byte(expected)
        if value > 1:
            self.fail(f"expected {expected} (0 or 1), found {value}", self.position - 1)
        return bool(value)

    def expression(self) -> list[Instr]:
        """Instructions up to and with the first `end`."""
        body: list[Instr] = []
        while not body or body[-1][0] != op.END:
            body.append(self.call(read_instruction))
        return body

    def finish(self) -> None:
        if self.position != len(self.data):
            self.fail(f"expected the end of the section, found {len(self.data) - self.position} more bytes")


class _ModuleReader:
    def __init__(self, data: bytes, limits: ModuleLimits) -> None:
        self.data, self.limits = data, limits
        self.module = Module()
        self.function_types: list[int] = []
        self.data_count: int | None = None
        self.locals_total = 0
        self.sections: dict[int, Callable[[_Chunk], None]] = {
            0: self._custom,
            1: self._types,
            2: self._imports,
            3: self._functions,
            4: self._tables,
            5: self._memories,
            6: self._globals,
            7: self._exports,
            8: self._start,
            9: self._elements,
            10: self._code,
            11: self._data,
            12: self._data_count,
        }

    def read(self) -> Module:
        data = self.data
        if len(data) > self.limits.module_bytes:
            raise InvalidModule(f"module: expected at most {self.limits.module_bytes} bytes, found {len(data)}", 0)
        for expected, start, what in ((MAGIC, 0, "magic number"), (VERSION, 4, "version 1")):
            found = data[start : start + 4]
            if found != expected:
                raise InvalidModule(f"module: expected the {what} {expected!r}, found {found!r}", min(start, len(data)))
        position, last = 8, -1
        while position < len(data):
            position, last = self._section(position, last)
        self._check_counts()
        return self.module

    def _section(self, position: int, last: int) -> tuple[int, int]:
        header = _Chunk(self.data, 0, "module")
        header.position = position
        number = header.byte("a section number")
        if number not in SECTION_NAMES:
            header.fail(f"expected a section number (0 to 12), found {number}", position)
        name = f"{SECTION_NAMES[number]} section"
        place = _SECTION_ORDER.get(number, last)
        if number and place <= last:
            header.fail(f"{name} is out of order or repeated", position)
        content = header.take(name)
        chunk = _Chunk(content, header.position - len(content), name)
        self.sections[number](chunk)
        chunk.finish()
        return header.position, place

    def _check_counts(self) -> None:
        functions, data, end = len(self.module.functions), len(self.module.data), len(self.data)
        if functions != len(self.function_types):
            raise InvalidModule(f"module: expected {len(self.function_types)} function bodies, found {functions}", end)
        if self.data_count is not None and data != self.data_count:
            raise InvalidModule(f"module: expected {self.data_count} data segments, found {data}", end)

    def _custom(self, chunk: _Chunk) -> None:
        self.module.places["custom", len(self.module.customs)] = chunk.base
        name = chunk.name()
        self.module.customs.append(Custom(name, chunk.data[chunk.position :]))
        chunk.position = len(chunk.data)

    def _types(self, chunk: _Chunk) -> None:
        def read() -> FuncType:
            form = chunk.byte("a function type")
            if form != 0x60:
                chunk.fail(f"expected a function type (0x60), found 0x{form:02X}", chunk.position - 1)
            params = tuple(chunk.vector("parameters", chunk.value_type))
            return FuncType(params, tuple(chunk.vector("results", chunk.value_type)))

        self.module.types = chunk.items("type", "types", self.module.places, read)

    def _imports(self, chunk: _Chunk) -> None:
        def read() -> Import:
            module, name, kind = chunk.name(), chunk.name(), self._kind(chunk)
            if kind == Kind.FUNCTION:
                return Import(module, name, kind, chunk.u32())
            if kind == Kind.TABLE:
                return Import(module, name, kind, self._table(chunk))
            if kind == Kind.MEMORY:
                return Import(module, name, kind, self._limits(chunk))
            return Import(module, name, kind, GlobalType(chunk.value_type(), chunk.flag("mutability")))

        self.module.imports = chunk.items("import", "imports", self.module.places, read)

    def _kind(self, chunk: _Chunk) -> Kind:
        value = chunk.byte("a kind")
        if value > 3:
            chunk.fail(f"expected function, table, memory or global (0 to 3), found {value}", chunk.position - 1)
        return Kind(value)

    def _limits(self, chunk: _Chunk) -> Limits:
        flags = chunk.byte("limits")
        if flags > 1:
            feature = "a shared memory" if flags < 4 else "64-bit addresses" if flags < 8 else "custom page sizes"
            chunk.fail(f"expected limits (0 or 1), found 0x{flags:02X}: {feature}", chunk.position - 1)
        minimum = chunk.u32()
        return Limits(minimum, chunk.u32() if flags else None)

    def _table(self, chunk: _Chunk) -> Table:
        element_type = chunk.byte("a table type")
        if element_type != FUNCREF:
            chunk.fail(f"expected a table of funcref (0x70), found 0x{element_type:02X}", chunk.position - 1)
        return Table(self._limits(chunk))

    def _functions(self, chunk: _Chunk) -> None:
        self.function_types = chunk.vector("functions", chunk.u32)

    def _tables(self, chunk: _Chunk) -> None:
        self.module.tables = chunk.items("table", "tables", self.module.places, lambda: self._table(chunk))

    def _memories(self, chunk: _Chunk) -> None:
        self.module.memories = chunk.items("memory", "memories", self.module.places, lambda: self._limits(chunk))

    def _globals(self, chunk: _Chunk) -> None:
        def read() -> Global:
            return Global(chunk.value_type(), chunk.flag("mutability"), chunk.expression())

        self.module.globals = chunk.items("global", "globals", self.module.places, read)

    def _exports(self, chunk: _Chunk) -> None:
        def read() -> Export:
            return Export(chunk.name(), self._kind(chunk), chunk.u32())

        self.module.exports = chunk.items("export", "exports", self.module.places, read)

    def _start(self, chunk: _Chunk) -> None:
        self.module.places["start", 0] = chunk.base
        self.module.start = chunk.u32()

    def _elements(self, chunk: _Chunk) -> None:
        def read() -> Element:
            start = chunk.position
            flags = chunk.u32()
            if flags not in (0, 2):
                chunk.fail(f"expected an active segment of function indices (0 or 2), found {flags}", start)
            table = chunk.u32() if flags else 0
            offset = chunk.expression()
            if flags and (kind := chunk.byte("an element kind")):
                chunk.fail(f"expected element kind 0 (funcref), found {kind}", chunk.position - 1)
            return Element(table, offset, chunk.vector("function indices", chunk.u32))

        self.module.elements = chunk.items("element", "element segments", self.module.places, read)

    def _data_count(self, chunk: _Chunk) -> None:
        self.data_count = chunk.u32()

    def _code(self, chunk: _Chunk) -> None:
        start = chunk.position
        self.module.places["code", 0] = chunk.base
        count = chunk.count("function bodies")
        if count != len(self.function_types):
            chunk.fail(f"expected {len(self.function_types)} function bodies, found {count}", start)
        first = sum(item.kind == Kind.FUNCTION for item in self.module.imports)
        functions = self.module.functions
        for index, type_index in enumerate(self.function_types, first):
            content = chunk.take(f"the body of function {index}")
            offset = chunk.base + chunk.position - len(content)
            functions.append(self._function(type_index, _Chunk(content, offset, f"function {index}")))

    def _function(self, type_index: int, chunk: _Chunk) -> Function:
        function = Function(type_index, self._locals(chunk), [], chunk.base)
        try:
            read_instructions(chunk.data, chunk.position, function.body)
        except IndexError:
            chunk.fail("expected the function's end, found the end of its body", len(chunk.data))
        except MalformedError as error:
            chunk.fail(error.message, error.position)
        if self.data_count is None and any(instr[0] == op.MEMORY_INIT for instr in function.body):
            chunk.fail("memory.init needs a data count section", 0)
        return function

    def _locals(self, chunk: _Chunk) -> list[int]:
        types: list[int] = []
        for _ in range(chunk.count("groups of locals")):
            start = chunk.position
            count = chunk.u32()
            value_type = chunk.value_type()
            self.locals_total += count
            self._check_locals(len(types) + count, chunk, start)
            types += [value_type] * count
        return types

    def _check_locals(self, count: int, chunk: _Chunk, start: int) -> None:
        if count > self.limits.locals_per_function:
            chunk.fail(f"expected at most {self.limits.locals_per_function} locals, found {count}", start)
        if self.locals_total > self.limits.locals_total:
            chunk.fail(f"expected at most {self.limits.locals_total} locals in the module, found more", start)

    def _data(self, chunk: _Chunk) -> None:
        def read() -> Data:
            start = chunk.position
            flags = chunk.u32()
            if flags > 2:
                chunk.fail(f"expected a data segment (0, 1 or 2), found {flags}", start)
            memory = chunk.u32() if flags == 2 else 0
            offset = None if flags == 1 else chunk.expression()
            return Data(memory, offset, chunk.take("data"))

        self.module.data = chunk.items("data", "data segments", self.module.places, read)
