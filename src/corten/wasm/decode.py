"""Integers and instructions of the binary format, decoded from a position of some bytes.

Functions return (value, position after it). They raise IndexError where the bytes end and MalformedError where they
are wrong; `reader` turns both into InvalidModule at a file offset.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from corten.wasm.module import Instr
from corten.wasm.opcodes import OPCODES, PREFIXES, TYPE_NAMES, VALUE_TYPES, Immediate, describe_refused

_MULTI_MEMORY_FLAG: Final = 0x40


class MalformedError(Exception):
    """Something is wrong at `position` of the chunk being read; translated to a file offset by the chunk's reader."""

    def __init__(self, message: str, position: int) -> None:
        self.message, self.position = message, position
        super().__init__(message)


# Integers


def read_u32(data: bytes, position: int) -> tuple[int, int]:
    """Unsigned LEB128 of at most 32 bits: (value, position after it)."""
    start = position
    byte = data[position]
    value = byte & 0x7F
    shift = 7
    while byte & 0x80:
        position += 1
        byte = data[position]
        if shift == 28 and byte > 0x0F:
            raise MalformedError("expected an unsigned 32-bit LEB128 integer, found a longer one", start)
        value |= (byte & 0x7F) << shift
        shift += 7
    return value, position + 1


def _read_signed(data: bytes, position: int, bits: int) -> tuple[int, int]:
    start = position
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
        if shift >= bits:
            raise MalformedError(f"expected a signed {bits}-bit LEB128 integer, found a longer one", start)
    if byte & 0x40:
        value -= 1 << shift
    if not -(1 << (bits - 1)) <= value < 1 << (bits - 1):
        raise MalformedError(f"expected a signed {bits}-bit LEB128 integer, found {value}", start)
    return value, position


def type_text(code: int) -> str:
    return TYPE_NAMES.get(code, f"0x{code:02X}")


def expected_value_type(code: int) -> str:
    return f"expected a value type (i32, i64, f32, f64, v128), found {type_text(code)}"


# Instructions


def _read_block_type(data: bytes, position: int) -> tuple[int, int]:
    value, after = _read_signed(data, position, 33)
    if value < 0 and value not in _BLOCK_TYPES:
        raise MalformedError(f"expected a block type, found {type_text(value & 0x7F)}", position)
    return value, after


def _read_labels(data: bytes, position: int) -> tuple[tuple[int, ...], int]:
    count, after = read_u32(data, position)
    if count > len(data) - after:
        raise MalformedError(f"expected {count} branch targets, found {len(data) - after} bytes left", position)
    targets = []
    position = after
    for _ in range(count):
        depth, position = read_u32(data, position)
        targets.append(depth)
    return tuple(targets), position


def _read_types(data: bytes, position: int) -> tuple[tuple[int, ...], int]:
    count, after = read_u32(data, position)
    types = tuple(data[after : after + count])
    if len(types) < count:
        raise IndexError
    for place, value_type in enumerate(types):
        if value_type not in VALUE_TYPES:
            raise MalformedError(expected_value_type(value_type), after + place)
    return types, after + count


def _read_access(code: int, data: bytes, position: int) -> tuple[Instr, int]:
    alignment, after = read_u32(data, position)
    memory = 0
    if alignment & _MULTI_MEMORY_FLAG:
        alignment ^= _MULTI_MEMORY_FLAG
        memory, after = read_u32(data, after)
    if alignment >= _MULTI_MEMORY_FLAG:
        raise MalformedError(f"expected an alignment exponent, found {alignment}", position)
    offset, after = read_u32(data, after)
    return (code, alignment, offset, memory), after


def _read_access_lane(code: int, data: bytes, position: int) -> tuple[Instr, int]:
    access, position = _read_access(code, data, position)
    return (*access, data[position]), position + 1


def _read_bits(data: bytes, position: int, size: int) -> tuple[int, int]:
    raw = data[position : position + size]
    if len(raw) < size:
        raise IndexError
    return int.from_bytes(raw, "little"), position + size


def _one(read: Callable[[bytes, int], tuple[object, int]]) -> Callable[[int, bytes, int], tuple[Instr, int]]:
    def reader(code: int, data: bytes, position: int) -> tuple[Instr, int]:
        value, position = read(data, position)
        return (code, value), position

    return reader


def _two(
    first: Callable[[bytes, int], tuple[object, int]], second: Callable[[bytes, int], tuple[object, int]]
) -> Callable[[int, bytes, int], tuple[Instr, int]]:
    def reader(code: int, data: bytes, position: int) -> tuple[Instr, int]:
        one, position = first(data, position)
        two, position = second(data, position)
        return (code, one, two), position

    return reader


def _read_shuffle(data: bytes, position: int) -> tuple[tuple[int, ...], int]:
    lanes = tuple(data[position : position + 16])
    if len(lanes) < 16:
        raise IndexError
    return lanes, position + 16


InstructionReader: TypeAlias = Callable[[int, bytes, int], tuple[Instr, int]]

_BLOCK_TYPES: Final = frozenset({-64} | {value_type - 0x80 for value_type in VALUE_TYPES})
_read_index = _one(read_u32)
_IMMEDIATE_READERS: Final[dict[Immediate, InstructionReader]] = {
    Immediate.NONE: lambda code, _, position: ((code,), position),
    Immediate.BLOCK: _one(_read_block_type),
    Immediate.LABEL: _read_index,
    Immediate.LABELS: _two(_read_labels, read_u32),
    Immediate.FUNCTION: _read_index,
    Immediate.INDIRECT: _two(read_u32, read_u32),
    Immediate.TYPES: _one(_read_types),
    Immediate.LOCAL: _read_index,
    Immediate.GLOBAL: _read_index,
    Immediate.ACCESS: _read_access,
    Immediate.ACCESS_LANE: _read_access_lane,
    Immediate.MEMORY: _read_index,
    Immediate.MEMORY_COPY: _two(read_u32, read_u32),
    Immediate.MEMORY_INIT: _two(read_u32, read_u32),
    Immediate.I32: _one(lambda data, position: _read_signed(data, position, 32)),
    Immediate.I64: _one(lambda data, position: _read_signed(data, position, 64)),
    Immediate.F32: _one(lambda data, position: _read_bits(data, position, 4)),
    Immediate.F64: _one(lambda data, position: _read_bits(data, position, 8)),
    Immediate.V128: _one(lambda data, position: _read_bits(data, position, 16)),
    Immediate.LANE: _one(lambda data, position: (data[position], position + 1)),
    Immediate.SHUFFLE: _one(_read_shuffle),
}
_READERS: Final = {code: _IMMEDIATE_READERS[row.immediate] for code, row in OPCODES.items()}


def _one_byte_values(kind: Immediate) -> list[int | None] | None:
    """What a single-byte immediate of this kind decodes to, by byte; None where it takes the long way."""
    if kind in (Immediate.LABEL, Immediate.FUNCTION, Immediate.LOCAL, Immediate.GLOBAL, Immediate.MEMORY):
        return list(range(0x80))
    if kind in (Immediate.I32, Immediate.I64):
        return [byte - 0x80 if byte & 0x40 else byte for byte in range(0x80)]
    if kind == Immediate.BLOCK:
        values = [byte - 0x80 if byte & 0x40 else byte for byte in range(0x80)]
        return [value if value >= 0 or value in _BLOCK_TYPES else None for value in values]
    return None


def _short_forms() -> list[list[Instr | None]]:
    """By opcode byte and following byte: the finished instruction, if it is one with a one-byte immediate."""
    table: list[list[Instr | None]] = [[None] * 0x100 for _ in range(0x100)]
    for code, row in OPCODES.items():
        values = _one_byte_values(row.immediate) if code <= 0xFF else None
        if values is not None:
            table[code][:0x80] = [None if value is None else (code, value) for value in values]
    return table


_PLAIN: Final[dict[int, Instr]] = {code: (code,) for code, row in OPCODES.items() if row.immediate == Immediate.NONE}
_PLAIN_BYTES: Final = [_PLAIN.get(code) for code in range(0x100)]
_SHORT: Final = _short_forms()


def _read_code(data: bytes, position: int) -> tuple[int, int]:
    code = data[position]
    if code in PREFIXES:
        sub, after = read_u32(data, position + 1)
        if sub > 0xFFFF:
            raise MalformedError(f"expected an opcode, found {sub} after prefix 0x{code:02X}", position)
        return code << 16 | sub, after
    return code, position + 1


def read_instruction(data: bytes, position: int) -> tuple[Instr, int]:
    """Decode one instruction of the profile: (instruction, position after it)."""
    code, after = _read_code(data, position)
    reader = _READERS.get(code)
    if reader is None:
        raise MalformedError(f"{describe_refused(code)} is outside the profile", position)
    return reader(code, data, after)


def read_instructions(data: bytes, position: int, body: list[Instr]) -> None:
    """Decode a function's instructions up to the end of `data`, where its final `end` must stand."""
    plain, short, read, append, size = _PLAIN_BYTES, _SHORT, read_instruction, body.append, len(data)
    depth = 1
    while position < size:
        code = data[position]
        instr = plain[code]
        if instr is not None:
            position += 1
            if code == 0x0B:
                depth -= 1
                if not depth:
                    append(instr)
                    break
        else:
            instr = short[code][data[position + 1]]
            if instr is None:
                instr, position = read(data, position)
            else:
                position += 2
            if code <= 0x04:
                depth += 1
        append(instr)
    if depth:
        raise IndexError
    if position != size:
        raise MalformedError(f"expected the end of the function body, found {size - position} more bytes", position)
