"""Which float values have NaN bits that the specification leaves open: what each instruction asks of its operands.

A state is a set of bits. `FREE` (none): never a NaN but the canonical one. `EXACT`: bits that must not change. The
others are taint, by the interpretation that canonicalizes it. A value with several bits is mixed: it came by several
ways.

A vector that a comparison made is a mask: each lane all ones or all zeroes. A `v128.bitselect` by a mask takes whole
lanes, as `select` takes whole values, so that taint passes through it; and so do `v128.and` and `v128.andnot`. A mask's
bits are exact; `NUMBER` marks constants, which are not masks.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from corten.wasm import op
from corten.wasm.module import Instr
from corten.wasm.opcodes import F32, F64, OPCODES, V128, Category

FREE: Final = 0
EXACT: Final = 2
TAINT_F32: Final = 1
TAINT_F64: Final = 4
TAINT_F32X4: Final = 8
TAINT_F64X2: Final = 16
TAINT: Final = TAINT_F32 | TAINT_F64 | TAINT_F32X4 | TAINT_F64X2
MASK_32: Final = 32
MASK_64: Final = 64
MASK: Final = MASK_32 | MASK_64
NUMBER: Final = 128
STATE: Final = TAINT | EXACT | MASK | NUMBER

CANONICAL_F32: Final = 0x7FC0_0000
CANONICAL_F64: Final = 0x7FF8_0000_0000_0000
_LANES: Final = {TAINT_F32X4: (32, CANONICAL_F32, 4), TAINT_F64X2: (64, CANONICAL_F64, 2)}

SOURCES: Final = frozenset(
    code for code, row in OPCODES.items() if row.category in (Category.FLOAT, Category.SIMD_FLOAT)
)


class Rule(NamedTuple):
    """Operand types, the taint they may keep, the state of the result; `merges`: the result is one of them."""

    operands: tuple[int, ...]
    keeps: int
    results: int
    state: int
    merges: bool = False
    lane: int = 0  # for a splat or lane of that float type: taint passes between scalar and vector


def _interpretation(name: str) -> int:
    """Taint of the values that a vector instruction works on, by its name."""
    return {"f32x4": TAINT_F32X4, "f64x2": TAINT_F64X2}.get(name.partition(".")[0], 0)


_CONVERT_INPUT: Final = {
    "f64x2.promote_low_f32x4": TAINT_F32X4,
    "f32x4.demote_f64x2_zero": TAINT_F64X2,
    "i32x4.trunc_sat_f32x4_s": TAINT_F32X4,
    "i32x4.trunc_sat_f32x4_u": TAINT_F32X4,
    "i32x4.trunc_sat_f64x2_s_zero": TAINT_F64X2,
    "i32x4.trunc_sat_f64x2_u_zero": TAINT_F64X2,
}
_LANE_TYPES: Final = {TAINT_F32X4: F32, TAINT_F64X2: F64}
_LANE_MASKS: Final = {"i32x4": MASK_32, "i64x2": MASK_64}
_SCALARS: Final = TAINT_F32 | TAINT_F64


def _rule(code: int) -> Rule:
    """The rule of an instruction with a fixed signature."""
    row = OPCODES[code]
    assert row.signature is not None
    operands, results = row.signature
    vector = _interpretation(row.name)
    match row.category:
        case Category.FLOAT:
            state = TAINT_F32 if results[0] == F32 else TAINT_F64
            return Rule(operands, _SCALARS, 1, state)
        case Category.SIMD_FLOAT:
            return Rule(operands, _CONVERT_INPUT.get(row.name, vector), 1, vector)
        case Category.FLOAT_COMPARE | Category.CONVERT:
            return Rule(operands, _SCALARS, 1, FREE if results[0] in (F32, F64) else EXACT)
        case Category.SIMD_FLOAT_COMPARE:
            return Rule(operands, vector, 1, MASK_64 if vector == TAINT_F64X2 else MASK_32)
        case Category.SIMD_COMPARE:
            return Rule(operands, 0, 1, _LANE_MASKS.get(row.name.partition(".")[0], EXACT))
        case Category.SIMD_CONVERT:
            return Rule(operands, _CONVERT_INPUT.get(row.name, 0), 1, EXACT)
        case Category.SIMD_FLOAT_SELECT:
            return Rule(operands, vector, 1, EXACT, merges=True)
        case Category.FLOAT_SIGN | Category.SIMD_FLOAT_SIGN if row.name.endswith(".abs"):
            return Rule(operands, vector or _SCALARS, 1, EXACT, merges=True)
        case Category.SIMD_LANE if vector:
            return Rule(operands, vector | _SCALARS, 1, EXACT, lane=_LANE_TYPES[vector])
        case _:
            return Rule(operands, 0, len(results), EXACT)


RULES: Final = {code: _rule(code) for code, row in OPCODES.items() if row.signature is not None}


def constant(instr: Instr) -> int:
    """State of a constant: exact only if it is a NaN, under any interpretation, other than the canonical one."""
    code, bits = instr
    if code == op.F32_CONST:
        return _exact_if_nan(bits, 32, CANONICAL_F32)
    if code == op.F64_CONST:
        return _exact_if_nan(bits, 64, CANONICAL_F64)
    if code == op.V128_CONST:
        states = (
            _exact_if_nan(bits >> lane * width & (1 << width) - 1, width, canonical)
            for width, canonical, lanes in _LANES.values()
            for lane in range(lanes)
        )
        return max(states) or NUMBER
    return EXACT


def _exact_if_nan(bits: int, width: int, canonical: int) -> int:
    exponent = 0x7F80_0000 if width == 32 else 0x7FF0_0000_0000_0000
    is_nan = bits & (1 << width - 1) - 1 > exponent
    return EXACT if is_nan and bits != canonical else FREE


def is_mixed(state: int) -> bool:
    """Whether a value is tainted on one path and exact, or tainted otherwise, on another."""
    taint = state & TAINT
    return bool(taint and (state & (EXACT | MASK) or taint & taint - 1))


def is_mask(state: int) -> bool:
    """Whether each lane of 32 bits, at least, is all ones or all zeroes."""
    return bool(state & MASK) and not state & STATE & ~MASK


def taint_through(mask: int) -> int:
    """The taint that a `v128.bitselect` by this mask passes on: of lanes that it takes or leaves as a whole."""
    if not is_mask(mask):
        return 0
    return TAINT_F32X4 if mask & MASK_32 else TAINT_F32X4 | TAINT_F64X2


def without_mask(state: int) -> int:
    """The state of a value that may no longer be a mask: its bits are exact."""
    return state & ~MASK | EXACT if state & MASK else state


def canonicalize(taint: int, local: int) -> list[Instr]:
    """Code that leaves the value of `local` with its NaNs made canonical."""
    get: Instr = (op.LOCAL_GET, local)
    if taint == TAINT_F32:
        return [(op.F32_CONST, CANONICAL_F32), get, get, get, (op.F32_NE,), (op.SELECT,)]
    if taint == TAINT_F64:
        return [(op.F64_CONST, CANONICAL_F64), get, get, get, (op.F64_NE,), (op.SELECT,)]
    width, canonical, lanes = _LANES[taint]
    bits = sum(canonical << width * lane for lane in range(lanes))
    differs = op.F32X4_NE if taint == TAINT_F32X4 else op.F64X2_NE
    return [(op.V128_CONST, bits), get, get, get, (differs,), (op.V128_BITSELECT,)]


def after_canonicalization(taint: int) -> int:
    """A canonical scalar is like any number; a vector's is canonical under one interpretation only."""
    return EXACT if taint & (TAINT_F32X4 | TAINT_F64X2) else FREE


def across_lane(state: int, value_type: int) -> int:
    """State of a splat or lane of a value: taint changes between scalar and vector, numbers become exact as vectors."""
    passed = {TAINT_F32: TAINT_F32X4, TAINT_F32X4: TAINT_F32, TAINT_F64: TAINT_F64X2, TAINT_F64X2: TAINT_F64}
    return passed.get(state & TAINT, EXACT if value_type == V128 or state & (EXACT | MASK) else FREE)
