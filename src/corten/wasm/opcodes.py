"""The opcodes of the deterministic profile, ready for use; their table stands in `opcode_table`.

An opcode is a Python int: the byte as it stands, or prefix << 16 | sub-opcode (`memory.copy` is 0xFC_000A).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from corten.wasm.opcode_table import REFUSED_TABLE, TABLE

I32: Final = 0x7F
I64: Final = 0x7E
F32: Final = 0x7D
F64: Final = 0x7C
V128: Final = 0x7B
FUNCREF: Final = 0x70

TYPE_NAMES: Final = {I32: "i32", I64: "i64", F32: "f32", F64: "f64", V128: "v128", FUNCREF: "funcref"}
VALUE_TYPES: Final = frozenset((I32, I64, F32, F64, V128))
TYPE_BYTES: Final = {I32: 4, I64: 8, F32: 4, F64: 8, V128: 16}

# Immediate of block, loop and if: a single value type as its signed LEB, or this, or a type index.
EMPTY_BLOCK: Final = -64


class Immediate(StrEnum):
    """What follows an opcode, and how it stands in an instruction tuple after the opcode."""

    NONE = "none"  # ()
    BLOCK = "block"  # (block type)
    LABEL = "label"  # (depth)
    LABELS = "labels"  # (tuple of depths, default depth)
    FUNCTION = "function"  # (function index)
    INDIRECT = "indirect"  # (type index, table index)
    TYPES = "types"  # (tuple of value types)
    LOCAL = "local"  # (local index)
    GLOBAL = "global"  # (global index)
    ACCESS = "access"  # (log2 of alignment, offset, memory index)
    ACCESS_LANE = "access_lane"  # (log2 of alignment, offset, memory index, lane)
    MEMORY = "memory"  # (memory index)
    MEMORY_COPY = "memory_copy"  # (destination memory, source memory)
    MEMORY_INIT = "memory_init"  # (data index, memory index)
    I32 = "i32"  # (signed int)
    I64 = "i64"  # (signed int)
    F32 = "f32"  # (the 32 bits as an unsigned int)
    F64 = "f64"  # (the 64 bits as an unsigned int)
    V128 = "v128"  # (the 128 bits as an unsigned int)
    LANE = "lane"  # (lane)
    SHUFFLE = "shuffle"  # (tuple of 16 lanes)


class Category(StrEnum):
    """What an instruction does, as gas and the NaN rule see it."""

    CONTROL = "control"
    CALL = "call"
    PARAMETRIC = "parametric"  # drop, select
    LOCAL = "local"
    GLOBAL = "global"
    CONST = "const"
    LOAD = "load"
    STORE = "store"
    MEMORY = "memory"  # memory.size, memory.grow
    BULK = "bulk"  # cost grows with an operand
    INTEGER = "integer"
    DIVIDE = "divide"
    COMPARE = "compare"
    FLOAT = "float"  # the specification leaves a NaN result's bits open
    FLOAT_SIGN = "float_sign"  # exact on bits: abs, neg, copysign
    FLOAT_COMPARE = "float_compare"
    CONVERT = "convert"  # between integer and float
    REINTERPRET = "reinterpret"
    SIMD_LOAD = "simd_load"
    SIMD_STORE = "simd_store"
    SIMD_LANE = "simd_lane"  # splat, extract, replace, shuffle, swizzle
    SIMD_BITS = "simd_bits"  # bitwise on the whole vector
    SIMD_INTEGER = "simd_integer"
    SIMD_COMPARE = "simd_compare"
    SIMD_FLOAT = "simd_float"  # the specification leaves a NaN lane's bits open
    SIMD_FLOAT_SIGN = "simd_float_sign"  # exact on bits: abs, neg
    SIMD_FLOAT_SELECT = "simd_float_select"  # pmin, pmax: one operand's lane, unchanged
    SIMD_FLOAT_COMPARE = "simd_float_compare"
    SIMD_CONVERT = "simd_convert"


@dataclass(frozen=True, slots=True)
class Opcode:
    """One row of the table. `signature` is None where it depends on the module or the operand stack."""

    code: int
    name: str
    immediate: Immediate
    category: Category
    access_bytes: int  # bytes of memory a load or store touches, else 0
    signature: tuple[tuple[int, ...], tuple[int, ...]] | None  # operands, results


_PREFIX_PROPOSALS: Final = {0xFB: "garbage collection", 0xFE: "threads and atomics"}
_PROPOSALS: Final = (
    (0x06, 0x0A, "exceptions"),
    (0x12, 0x15, "tail calls and typed references"),
    (0x18, 0x1F, "exceptions"),
    (0x25, 0x26, "table access"),
    (0xD0, 0xD6, "reference values"),
    (0xFC_0009, 0xFC_0009, "dropping segments"),
    (0xFC_000C, 0xFC_0011, "table access"),
    (0xFC_000D, 0xFC_000D, "dropping segments"),
    (0xFC_0012, 0xFC_0012, "memory control"),
    (0xFC_0013, 0xFC_0016, "wide arithmetic"),
    (0xFD_0100, 0xFD_0113, "relaxed SIMD"),
)

PREFIXES: Final = frozenset((0xFB, 0xFC, 0xFD, 0xFE))
_TYPES_BY_NAME: Final = {name: code for code, name in TYPE_NAMES.items()}


def _parse_signature(text: str) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    if text == "special":
        return None
    operands, results = (tuple(_TYPES_BY_NAME[name] for name in side.split()) for side in text.split("->"))
    return operands, results


def _parse_table() -> dict[int, Opcode]:
    table = {}
    signatures: dict[str, tuple[tuple[int, ...], tuple[int, ...]] | None] = {}
    for line in TABLE.strip().splitlines():
        number, name, immediate, category, access_bytes, text = line.split(None, 5)
        if text not in signatures:
            signatures[text] = _parse_signature(text)
        code = int(number, 16)
        table[code] = Opcode(code, name, Immediate(immediate), Category(category), int(access_bytes), signatures[text])
    return table


def _parse_refused() -> dict[int, str]:
    rows = REFUSED_TABLE.strip().replace("\n", " | ").split(" | ")
    return {int(number, 16): name for number, name in (row.split() for row in rows)}


OPCODES: Final = _parse_table()
BY_NAME: Final = {row.name: row for row in OPCODES.values()}
REFUSED: Final = _parse_refused()

assert not OPCODES.keys() & REFUSED.keys()
assert len(BY_NAME) == len(OPCODES)


def describe_refused(code: int) -> str:
    """Name an opcode outside the profile as well as it can be named, with the feature it belongs to."""
    name = REFUSED.get(code, f"opcode {format_code(code)}")
    feature = _PREFIX_PROPOSALS.get(code >> 16)
    for low, high, proposal in _PROPOSALS:
        if low <= code <= high:
            feature = proposal
    return f"{name} ({feature})" if feature else name


def format_code(code: int) -> str:
    """The opcode as hexadecimal text: `0x6A`, `0xFC_000A`."""
    return f"0x{code:02X}" if code <= 0xFF else f"0x{code >> 16:02X}_{code & 0xFFFF:04X}"
