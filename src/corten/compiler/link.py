"""Links the one object file that LLVM makes into a module: applies relocations, lays out data, drops the unreached.

Memory below the state: the shadow stack grows down from DATA_ADDRESS to 0, so that running over it leaves the memory
and traps; LLVM's constants stand between DATA_ADDRESS and the state.
"""

from __future__ import annotations

from dataclasses import dataclass

from corten.base.errors import CompilerBug
from corten.compiler.llvmtypes import CANONICAL, OPAQUE, STATE_HEADER
from corten.wasm import op
from corten.wasm.module import Custom, Data, Export, Function, FuncType, Global, Import, Instr, Kind, Limits, Module
from corten.wasm.opcodes import I32
from corten.wasm.reader import read_module, read_u32

DATA_ADDRESS = 0xC000
_ONE, _MINUS_ONE = 0x3FF0_0000_0000_0000, 0xBFF0_0000_0000_0000
#: what stands in place of calls that only LLVM was to take for calls; `.v2` for two numbers
_INLINED: dict[str, list[Instr]] = {
    CANONICAL: [(op.F64_CONST, _ONE), (op.F64_MUL,)],
    f"{CANONICAL}.v2": [(op.V128_CONST, _ONE << 64 | _ONE), (op.F64X2_MUL,)],
    OPAQUE: [],
    f"{OPAQUE}.v2": [],
}
_FUNCTION_INDEX_LEB, _MEMORY_LEB, _MEMORY_SLEB, _MEMORY_I32, _TYPE_LEB, _GLOBAL_LEB = 0, 3, 4, 5, 6, 7
_UNDEFINED, _EXPLICIT_NAME = 0x10, 0x40
_CODE_SECTION, _DATA_SECTION = 10, 11


@dataclass(frozen=True)
class Symbol:
    """A symbol of the object: function or global by `index`, data by `index` (segment) and `offset`."""

    kind: int
    index: int
    offset: int
    name: str
    defined: bool


class _Cursor:
    """Reads an object's own sections; LLVM wrote them, so a surprise is our bug."""

    def __init__(self, data: bytes, position: int = 0) -> None:
        self.data, self.position = data, position

    def u32(self) -> int:
        value, self.position = read_u32(self.data, self.position)
        return value

    def i32(self) -> int:
        result = shift = 0
        while True:
            byte = self.data[self.position]
            self.position += 1
            result |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return result - (1 << shift) if byte & 0x40 else result

    def byte(self) -> int:
        self.position += 1
        return self.data[self.position - 1]

    def text(self) -> str:
        length = self.u32()
        self.position += length
        return self.data[self.position - length : self.position].decode()


def link(object_file: bytes, heap_start: int, entries: list[str], customs: list[Custom]) -> Module:
    """The module of an object file. Raises CompilerBug for anything that LLVM should not have made."""
    sections = _sections(object_file)
    patched = bytearray(object_file)
    raw = read_module(object_file)
    linking = raw.custom("linking")
    if linking is None:
        raise CompilerBug("the object file has no linking section")
    symbols = _symbols(_Cursor(linking), raw)
    segments, data = _place_data(raw)
    for name, section in (("reloc.CODE", _CODE_SECTION), ("reloc.DATA", _DATA_SECTION)):
        content = raw.custom(name)
        if content is not None:
            _relocate(patched, sections[section], _Cursor(content), symbols, segments)
    if raw.custom("reloc.DATA") is not None:
        data = _place_data(read_module(bytes(patched)))[1]
    return _assemble(read_module(bytes(patched)), data, heap_start, entries, customs)


def _sections(data: bytes) -> dict[int, int]:
    """Start of the content of each known section."""
    cursor, found = _Cursor(data, 8), {}
    while cursor.position < len(data):
        number, size = cursor.byte(), cursor.u32()
        found[number] = cursor.position
        cursor.position += size
    return found


def _symbols(cursor: _Cursor, module: Module) -> list[Symbol]:
    if cursor.u32() != 2:
        raise CompilerBug("the object file's linking section is not version 2")
    imports = {kind: [item.name for item in module.imported(kind)] for kind in Kind}
    while cursor.position < len(cursor.data):
        kind, size = cursor.byte(), cursor.u32()
        if kind == 8:
            return [_symbol(cursor, imports) for _ in range(cursor.u32())]
        cursor.position += size
    return []


def _symbol(cursor: _Cursor, imports: dict[Kind, list[str]]) -> Symbol:
    kind, flags = cursor.byte(), cursor.u32()
    defined = not flags & _UNDEFINED
    if kind in (0, 2, 4, 5):
        index = cursor.u32()
        space = {0: Kind.FUNCTION, 2: Kind.GLOBAL, 5: Kind.TABLE}.get(kind, Kind.FUNCTION)
        name = cursor.text() if defined or flags & _EXPLICIT_NAME else imports[space][index]
        return Symbol(kind, index, 0, name, defined)
    if kind == 1:
        name = cursor.text()
        segment, offset = (cursor.u32(), cursor.u32()) if defined else (0, 0)
        if defined:
            cursor.u32()
        return Symbol(kind, segment, offset, name, defined)
    return Symbol(kind, cursor.u32(), 0, "", True)


def _place_data(module: Module) -> tuple[list[int], list[Data]]:
    """An address for each segment, and the segments at their addresses."""
    address, addresses, placed = DATA_ADDRESS, [], []
    for segment in module.data:
        address = -(-address // 16) * 16
        addresses.append(address)
        if any(segment.content):
            placed.append(Data(0, [(op.I32_CONST, address), (op.END,)], segment.content))
        address += len(segment.content)
    if address > STATE_HEADER:
        message = f"constants take {address - DATA_ADDRESS} bytes, there is room for {STATE_HEADER - DATA_ADDRESS}"
        raise CompilerBug(message)
    return addresses, placed


def _relocate(data: bytearray, base: int, cursor: _Cursor, symbols: list[Symbol], segments: list[int]) -> None:
    cursor.u32()
    for _ in range(cursor.u32()):
        kind, offset, index = cursor.byte(), cursor.u32(), cursor.u32()
        place = base + offset
        if kind in (_MEMORY_LEB, _MEMORY_SLEB, _MEMORY_I32):
            addend, symbol = cursor.i32(), symbols[index]
            if symbol.kind != 1 or not symbol.defined:
                raise CompilerBug(f"undefined data symbol {symbol.name}")
            value = segments[symbol.index] + symbol.offset + addend
            if kind == _MEMORY_I32:
                data[place : place + 4] = (value & 0xFFFFFFFF).to_bytes(4, "little")
            else:
                data[place : place + 5] = _padded(value, signed=kind == _MEMORY_SLEB)
        elif kind in (_FUNCTION_INDEX_LEB, _GLOBAL_LEB):
            data[place : place + 5] = _padded(symbols[index].index, signed=False)
        elif kind == _TYPE_LEB:
            data[place : place + 5] = _padded(index, signed=False)
        else:
            raise CompilerBug(f"relocation of kind {kind} is not supported")


def _padded(value: int, signed: bool) -> bytes:
    """A LEB128 of five bytes."""
    value &= 0xFFFFFFFF
    if signed and value >= 1 << 31:
        value |= 0x7 << 32
    return bytes((value >> 7 * i) & 0x7F | (0x80 if i < 4 else 0) for i in range(5))


def _assemble(raw: Module, data: list[Data], heap_start: int, entries: list[str], customs: list[Custom]) -> Module:
    imports = raw.imported(Kind.FUNCTION)
    unknown = sorted(item.name for item in imports if item.module != "corten" and _is_called(raw, imports.index(item)))
    if unknown:
        raise CompilerBug(f"undefined symbols: {', '.join(unknown)}")
    roots = [_defined_index(raw, f"entry.{name}") for name in entries]
    inlined = {i: _INLINED[item.name] for i, item in enumerate(imports) if item.name in _INLINED}
    kept = [index for index in _reachable(raw, len(imports), roots) if index not in inlined]
    numbers = {old: new for new, old in enumerate(kept)}
    types: dict[FuncType, int] = {}

    def type_index(old: int) -> int:
        return types.setdefault(raw.types[old], len(types))

    stack_used = False
    new_imports, functions = [], []
    for old in kept:
        if old < len(imports):
            item = imports[old]
            new_imports.append(Import("corten", item.name, Kind.FUNCTION, type_index(item.type_index)))
            continue
        source = raw.functions[old - len(imports)]
        body = [part for instr in source.body for part in _rewritten(instr, numbers, inlined)]
        stack_used = stack_used or any(instr[0] in (op.GLOBAL_GET, op.GLOBAL_SET) for instr in body)
        functions.append(Function(type_index(source.type_index), source.locals, body))
    header = Data(0, [(op.I32_CONST, STATE_HEADER), (op.END,)], heap_start.to_bytes(4, "little"))
    stack = Global(I32, True, [(op.I32_CONST, DATA_ADDRESS), (op.END,)])
    exports = [Export("memory", Kind.MEMORY, 0)]
    exports += [
        Export(f"entry.{name}", Kind.FUNCTION, numbers[root]) for name, root in zip(entries, roots, strict=True)
    ]
    return Module(
        types=list(types),
        imports=new_imports,
        functions=functions,
        memories=[Limits(-(-heap_start // 0x10000))],
        globals=[stack] if stack_used else [],
        exports=exports,
        data=[*data, header],
        customs=customs,
    )


def _is_called(raw: Module, index: int) -> bool:
    return any(instr == (op.CALL, index) for function in raw.functions for instr in function.body)


def _defined_index(raw: Module, name: str) -> int:
    for export in raw.exports:
        if export.name == name:
            return export.index
    cursor_symbols = raw.custom("linking")
    assert cursor_symbols is not None
    for symbol in _symbols(_Cursor(cursor_symbols), raw):
        if symbol.kind == 0 and symbol.defined and symbol.name == name:
            return symbol.index
    raise CompilerBug(f"entry {name} was not emitted")


def _reachable(raw: Module, imported: int, roots: list[int]) -> list[int]:
    """Functions that the roots reach, in index order."""
    seen, work = set(roots), list(roots)
    while work:
        index = work.pop()
        if index < imported:
            continue
        for instr in raw.functions[index - imported].body:
            if instr[0] == op.CALL and instr[1] not in seen:
                seen.add(instr[1])
                work.append(instr[1])
            elif instr[0] == op.CALL_INDIRECT:
                raise CompilerBug("the compiler does not make function references")
    return sorted(seen)


def _rewritten(instr: Instr, numbers: dict[int, int], inlined: dict[int, list[Instr]]) -> list[Instr]:
    """An instruction as it stands in the module.

    `canonical(x)` becomes a product with 1, `opaque(x)` is `x`.

    A negation becomes a product with -1, which is the same for every number, and makes NaN the canonical one as
    all arithmetic does: LLVM turns products and differences into negations and back, as if NaN had no sign.
    """
    if instr[0] == op.CALL and instr[1] in inlined:
        return inlined[instr[1]]
    if instr[0] == op.CALL:
        return [(op.CALL, numbers[instr[1]])]
    if instr[0] == op.F64_NEG:
        return [(op.F64_CONST, _MINUS_ONE), (op.F64_MUL,)]
    if instr[0] == op.F64X2_NEG:
        return [(op.V128_CONST, _MINUS_ONE << 64 | _MINUS_ONE), (op.F64X2_MUL,)]
    return [instr]
