"""A module as WebAssembly text: indented, one instruction a line, the same for the same module.

The text is valid WAT of the same module, except that custom sections are only named. Indices are numbers, as in the
binary; a comment says what an imported or exported function is called.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from corten.wasm import op
from corten.wasm.module import Function, FuncType, Global, GlobalType, Import, Instr, Kind, Limits, Module, Table
from corten.wasm.opcodes import EMPTY_BLOCK, OPCODES, TYPE_NAMES, Immediate

_INDENT: Final = "  "
_EXTERNAL_NAMES: Final = {Kind.FUNCTION: "func", Kind.TABLE: "table", Kind.MEMORY: "memory", Kind.GLOBAL: "global"}


def format_module(module: Module) -> str:
    """The whole module, ending in a newline."""
    names = function_names(module)
    lines = ["(module"]
    lines += [_INDENT + line for line in _declarations(module)]
    first = len(module.imported(Kind.FUNCTION))
    for index, function in enumerate(module.functions, first):
        lines += [_INDENT + line for line in _function_lines(module, index, function, names)]
    lines += [_INDENT + line for line in _segments(module)]
    return "\n".join([*lines, ")", ""])


def format_function(module: Module, index: int) -> str:
    """Function `index` (imports counted) that the module defines, ending in a newline."""
    function = module.functions[index - len(module.imported(Kind.FUNCTION))]
    return "\n".join([*_function_lines(module, index, function, function_names(module)), ""])


def format_instructions(body: Sequence[Instr], names: dict[int, str] | None = None) -> str:
    """A sequence of instructions, indented by nesting, ending in a newline; `names` of functions go beside calls."""
    return "\n".join([*_instruction_lines(body, names or {}), ""])


def function_names(module: Module) -> dict[int, str]:
    """The first export's name of each function, or `module.name` of an imported one."""
    names = {index: f"{item.module}.{item.name}" for index, item in enumerate(module.imported(Kind.FUNCTION))}
    for item in module.exports:
        if item.kind == Kind.FUNCTION:
            names.setdefault(item.index, item.name)
    return names


def format_instruction(instr: Instr) -> str:
    """One instruction without indentation."""
    row = OPCODES[instr[0]]
    name = "select" if instr[0] == op.SELECT_T else row.name
    immediates = _FORMATS[row.immediate](instr)
    return f"{name} {immediates}" if immediates else name


# Instructions


def _instruction_lines(body: Sequence[Instr], names: dict[int, str]) -> Iterator[str]:
    depth = 0
    for instr in body:
        code = instr[0]
        depth -= code in (op.ELSE, op.END)
        text = format_instruction(instr)
        if code == op.CALL and instr[1] in names:
            text += _comment(names[instr[1]])
        yield _INDENT * max(depth, 0) + text
        depth += code in (op.BLOCK, op.LOOP, op.IF, op.ELSE)


def _comment(text: str) -> str:
    return f" (;{_string(text.encode())[1:-1].replace(';', ',')};)"


def _block_type(instr: Instr) -> str:
    if instr[1] == EMPTY_BLOCK:
        return ""
    return f"(type {instr[1]})" if instr[1] >= 0 else f"(result {TYPE_NAMES[instr[1] + 0x80]})"


def _access(instr: Instr) -> str:
    code, alignment, offset, memory = instr[:4]
    parts = [f"{memory}"] if memory else []
    if offset:
        parts.append(f"offset={offset}")
    if 1 << alignment != OPCODES[code].access_bytes:
        parts.append(f"align={1 << alignment}")
    return " ".join([*parts, *(f"{lane}" for lane in instr[4:])])


def _plain(instr: Instr) -> str:
    return " ".join(str(value) for value in instr[1:])


def _indirect(instr: Instr) -> str:
    table = f"{instr[2]} " if instr[2] else ""
    return f"{table}(type {instr[1]})"


def _memories(instr: Instr) -> str:
    return _plain(instr) if any(instr[1:]) else ""


def _memory_init(instr: Instr) -> str:
    return f"{instr[2]} {instr[1]}" if instr[2] else f"{instr[1]}"


def _float(bits: int, exponent_bits: int, fraction_bits: int, formats: tuple[str, str]) -> str:
    fraction = bits & ((1 << fraction_bits) - 1)
    exponent = bits >> fraction_bits & ((1 << exponent_bits) - 1)
    if exponent == (1 << exponent_bits) - 1:
        sign = "-" if bits >> (fraction_bits + exponent_bits) else ""
        return f"{sign}nan:{fraction:#x}" if fraction else f"{sign}inf"
    integer, real = formats
    value: float = struct.unpack(f"<{real}", struct.pack(f"<{integer}", bits))[0]
    return repr(value)


def _vector(instr: Instr) -> str:
    words = struct.unpack("<4I", int(instr[1]).to_bytes(16, "little"))
    return " ".join(["i32x4", *(f"0x{word:08x}" for word in words)])


_FORMATS: Final[dict[Immediate, Callable[[Instr], str]]] = dict.fromkeys(Immediate, _plain) | {
    Immediate.BLOCK: _block_type,
    Immediate.LABELS: lambda instr: " ".join(str(depth) for depth in (*instr[1], instr[2])),
    Immediate.INDIRECT: _indirect,
    Immediate.TYPES: lambda instr: f"(result {' '.join(TYPE_NAMES[item] for item in instr[1])})",
    Immediate.ACCESS: _access,
    Immediate.ACCESS_LANE: _access,
    Immediate.MEMORY: _memories,
    Immediate.MEMORY_COPY: _memories,
    Immediate.MEMORY_INIT: _memory_init,
    Immediate.F32: lambda instr: _float(instr[1], 8, 23, ("I", "f")),
    Immediate.F64: lambda instr: _float(instr[1], 11, 52, ("Q", "d")),
    Immediate.V128: _vector,
    Immediate.SHUFFLE: lambda instr: " ".join(str(lane) for lane in instr[1]),
}


# Declarations


def _declarations(module: Module) -> Iterator[str]:
    for index, item in enumerate(module.types):
        yield f"(type (;{index};) (func{_signature(item)}))"
    counts = dict.fromkeys(Kind, 0)
    for imported in module.imports:
        yield _import(imported, counts[imported.kind])
        counts[imported.kind] += 1
    for index, table in enumerate(module.tables, counts[Kind.TABLE]):
        yield f"(table (;{index};) {_table(table)})"
    for index, memory in enumerate(module.memories, counts[Kind.MEMORY]):
        yield f"(memory (;{index};) {_limits(memory)})"
    for index, variable in enumerate(module.globals, counts[Kind.GLOBAL]):
        yield _global(variable, index)
    for export in module.exports:
        yield f"(export {_string(export.name.encode())} ({_EXTERNAL_NAMES[export.kind]} {export.index}))"
    if module.start is not None:
        yield f"(start {module.start})"


def _segments(module: Module) -> Iterator[str]:
    for index, element in enumerate(module.elements):
        functions = " ".join(str(item) for item in element.functions)
        table = f"(table {element.table}) "
        yield f"(elem (;{index};) {table}(offset {_expression(element.offset)}) func {functions})".replace(" )", ")")
    for index, data in enumerate(module.data):
        memory = f"(memory {data.memory}) " if data.memory else ""
        offset = "" if data.offset is None else f"{memory}(offset {_expression(data.offset)}) "
        yield f"(data (;{index};) {offset}{_string(data.content)})"
    for custom in module.customs:
        yield f";; custom section {_string(custom.name.encode())}, {len(custom.content)} bytes"


def _function_lines(module: Module, index: int, function: Function, names: dict[int, str]) -> Iterator[str]:
    kind = module.types[function.type_index]
    name = _comment(names[index]) if index in names else ""
    yield f"(func (;{index};){name} (type {function.type_index}){_signature(kind)}"
    if function.locals:
        yield f"{_INDENT}(local {_types(function.locals)})"
    for line in _instruction_lines(function.body[:-1], names):
        yield _INDENT + line
    yield ")"


def _types(types: Sequence[int]) -> str:
    return " ".join(TYPE_NAMES[item] for item in types)


def _signature(item: FuncType) -> str:
    params = f" (param {_types(item.params)})" if item.params else ""
    results = f" (result {_types(item.results)})" if item.results else ""
    return params + results


def _limits(item: Limits) -> str:
    return f"{item.minimum}" if item.maximum is None else f"{item.minimum} {item.maximum}"


def _table(item: Table) -> str:
    return f"{_limits(item.limits)} {TYPE_NAMES[item.element_type]}"


def _global_type(value_type: int, mutable: bool) -> str:
    return f"(mut {TYPE_NAMES[value_type]})" if mutable else TYPE_NAMES[value_type]


def _global(item: Global, index: int) -> str:
    return f"(global (;{index};) {_global_type(item.value_type, item.mutable)} {_expression(item.init)})"


def _import(item: Import, index: int) -> str:
    return (
        f"(import {_string(item.module.encode())} {_string(item.name.encode())} "
        f"({_EXTERNAL_NAMES[item.kind]} (;{index};) {_description(item.description)}))"
    )


def _description(item: int | Table | Limits | GlobalType) -> str:
    if isinstance(item, int):
        return f"(type {item})"
    if isinstance(item, Table):
        return _table(item)
    return _limits(item) if isinstance(item, Limits) else _global_type(item.value_type, item.mutable)


def _expression(body: Sequence[Instr]) -> str:
    return " ".join(format_instruction(instr) for instr in body[:-1])


def _string(raw: bytes) -> str:
    return '"' + "".join(_CHARACTERS[byte] for byte in raw) + '"'


_CHARACTERS: Final = [
    chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\{byte:02x}" for byte in range(0x100)
]
