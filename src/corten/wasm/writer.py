"""`Module` to bytes: canonical (shortest) LEB128 integers, sections in order, custom sections last."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, Final, TypeAlias

from corten.wasm.module import Data, Element, Function, FuncType, GlobalType, Import, Instr, Limits, Module, Table
from corten.wasm.opcodes import OPCODES, Immediate
from corten.wasm.reader import MAGIC, VERSION


def write_module(module: Module) -> bytes:
    """Encode a module; `read_module` of the result equals `module` (offsets aside). The module must be well-formed."""
    sections = [
        (1, [_func_type(item) for item in module.types]),
        (2, [_import(item) for item in module.imports]),
        (3, [unsigned(function.type_index) for function in module.functions]),
        (4, [_table(item) for item in module.tables]),
        (5, [_limits(item) for item in module.memories]),
        (6, [bytes((item.value_type, item.mutable)) + encode_instructions(item.init) for item in module.globals]),
        (7, [_name(item.name) + bytes((item.kind,)) + unsigned(item.index) for item in module.exports]),
    ]
    parts = [MAGIC, VERSION, *(_section(number, _vector(items)) for number, items in sections if items)]
    if module.start is not None:
        parts.append(_section(8, unsigned(module.start)))
    if module.elements:
        parts.append(_section(9, _vector([_element(item) for item in module.elements])))
    if module.data:
        parts.append(_section(12, unsigned(len(module.data))))
    if module.functions:
        known = dict(_PLAIN)
        parts.append(_section(10, _vector([_function(item, known) for item in module.functions])))
    if module.data:
        parts.append(_section(11, _vector([_data(item) for item in module.data])))
    parts += [_section(0, _name(item.name) + item.content) for item in module.customs]
    return b"".join(parts)


def unsigned(value: int) -> bytes:
    """Shortest unsigned LEB128."""
    if value < 0x80:
        return _ONE_BYTE[value]
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value: int) -> bytes:
    """Shortest signed LEB128."""
    out = bytearray()
    while not -0x40 <= value < 0x40:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


_ONE_BYTE: Final = [bytes((value,)) for value in range(0x80)]


# Instructions


def encode_instructions(body: Iterable[Instr], known: dict[Instr, bytes] | None = None) -> bytes:
    """Encode a sequence of instructions; `known` keeps the encodings from one sequence to the next."""
    known = dict(_PLAIN) if known is None else known
    parts = []
    for instr in body:
        encoded = known.get(instr)
        if encoded is None:
            code = instr[0]
            encoded = known[instr] = _CODE_BYTES[code] + _WRITERS[code](instr)
        parts.append(encoded)
    return b"".join(parts)


def _code_bytes(code: int) -> bytes:
    return bytes((code,)) if code <= 0xFF else bytes((code >> 16,)) + unsigned(code & 0xFFFF)


def _access(instr: Instr) -> bytes:
    _, alignment, offset, memory = instr[:4]
    if memory:
        return unsigned(alignment | 0x40) + unsigned(memory) + unsigned(offset)
    return unsigned(alignment) + unsigned(offset)


InstructionWriter: TypeAlias = Callable[[Instr], bytes]


def _index(instr: Instr) -> bytes:
    return unsigned(instr[1])


def _two_indices(instr: Instr) -> bytes:
    return unsigned(instr[1]) + unsigned(instr[2])


def _signed(instr: Instr) -> bytes:
    return signed(instr[1])


def _labels(instr: Instr) -> bytes:
    return _vector([unsigned(depth) for depth in instr[1]]) + unsigned(instr[2])


def _bits(size: int) -> InstructionWriter:
    def write(instr: Instr) -> bytes:
        value: Any = instr[1]
        return int(value).to_bytes(size, "little")

    return write


_IMMEDIATE_WRITERS: Final[dict[Immediate, InstructionWriter]] = {
    Immediate.NONE: lambda _: b"",
    Immediate.BLOCK: _signed,
    Immediate.LABEL: _index,
    Immediate.LABELS: _labels,
    Immediate.FUNCTION: _index,
    Immediate.INDIRECT: _two_indices,
    Immediate.TYPES: lambda instr: unsigned(len(instr[1])) + bytes(instr[1]),
    Immediate.LOCAL: _index,
    Immediate.GLOBAL: _index,
    Immediate.ACCESS: _access,
    Immediate.ACCESS_LANE: lambda instr: _access(instr) + bytes((instr[4],)),
    Immediate.MEMORY: _index,
    Immediate.MEMORY_COPY: _two_indices,
    Immediate.MEMORY_INIT: _two_indices,
    Immediate.I32: _signed,
    Immediate.I64: _signed,
    Immediate.F32: _bits(4),
    Immediate.F64: _bits(8),
    Immediate.V128: _bits(16),
    Immediate.LANE: lambda instr: bytes((instr[1],)),
    Immediate.SHUFFLE: lambda instr: bytes(instr[1]),
}
_WRITERS: Final = {code: _IMMEDIATE_WRITERS[row.immediate] for code, row in OPCODES.items()}
_CODE_BYTES: Final = {code: _code_bytes(code) for code in OPCODES}
_PLAIN: Final[dict[Instr, bytes]] = {
    (code,): _CODE_BYTES[code] for code, row in OPCODES.items() if row.immediate == Immediate.NONE
}


# Sections


def _section(number: int, content: bytes) -> bytes:
    return bytes((number,)) + unsigned(len(content)) + content


def _vector(items: list[bytes]) -> bytes:
    return unsigned(len(items)) + b"".join(items)


def _name(text: str) -> bytes:
    raw = text.encode()
    return unsigned(len(raw)) + raw


def _func_type(item: FuncType) -> bytes:
    return b"\x60" + unsigned(len(item.params)) + bytes(item.params) + unsigned(len(item.results)) + bytes(item.results)


def _limits(item: Limits) -> bytes:
    if item.maximum is None:
        return b"\0" + unsigned(item.minimum)
    return b"\1" + unsigned(item.minimum) + unsigned(item.maximum)


def _table(item: Table) -> bytes:
    return bytes((item.element_type,)) + _limits(item.limits)


def _description(item: int | Table | Limits | GlobalType) -> bytes:
    if isinstance(item, int):
        return unsigned(item)
    if isinstance(item, Table):
        return _table(item)
    if isinstance(item, Limits):
        return _limits(item)
    return bytes((item.value_type, item.mutable))


def _import(item: Import) -> bytes:
    return _name(item.module) + _name(item.name) + bytes((item.kind,)) + _description(item.description)


def _element(item: Element) -> bytes:
    functions = _vector([unsigned(index) for index in item.functions])
    if item.table:
        return b"\2" + unsigned(item.table) + encode_instructions(item.offset) + b"\0" + functions
    return b"\0" + encode_instructions(item.offset) + functions


def _function(item: Function, known: dict[Instr, bytes]) -> bytes:
    groups = [(len(list(group)), value_type) for value_type, group in groupby(item.locals)]
    declarations = _vector([unsigned(count) + bytes((value_type,)) for count, value_type in groups])
    content = declarations + encode_instructions(item.body, known)
    return unsigned(len(content)) + content


def _data(item: Data) -> bytes:
    content = unsigned(len(item.content)) + item.content
    if item.offset is None:
        return b"\1" + content
    if item.memory:
        return b"\2" + unsigned(item.memory) + encode_instructions(item.offset) + content
    return b"\0" + encode_instructions(item.offset) + content
