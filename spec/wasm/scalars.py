"""The scalar operators by name: WebAssembly Core 2.0, section 4.3. Every operand and result is its bits, unsigned.

An operator takes its operands, then its immediates.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

from spec.wasm import floats, integers
from spec.wasm.floats import Format
from spec.wasm.integers import iextend_s, wrap

Operator: TypeAlias = Callable[..., int]

INTEGER_OPERATORS: Final[dict[str, Operator]] = {
    "clz": integers.iclz,
    "ctz": integers.ictz,
    "popcnt": integers.ipopcnt,
    "add": integers.iadd,
    "sub": integers.isub,
    "mul": integers.imul,
    "div_s": integers.idiv_s,
    "div_u": integers.idiv_u,
    "rem_s": integers.irem_s,
    "rem_u": integers.irem_u,
    "and": integers.iand,
    "or": integers.ior,
    "xor": integers.ixor,
    "shl": integers.ishl,
    "shr_s": integers.ishr_s,
    "shr_u": integers.ishr_u,
    "rotl": integers.irotl,
    "rotr": integers.irotr,
    "eqz": integers.ieqz,
}

INTEGER_COMPARISONS: Final[dict[str, Operator]] = {
    "eq": integers.ieq,
    "ne": integers.ine,
    "lt_s": integers.ilt_s,
    "lt_u": integers.ilt_u,
    "gt_s": integers.igt_s,
    "gt_u": integers.igt_u,
    "le_s": integers.ile_s,
    "le_u": integers.ile_u,
    "ge_s": integers.ige_s,
    "ge_u": integers.ige_u,
}

FLOAT_OPERATORS: Final[dict[str, Operator]] = {
    "abs": floats.fabs,
    "neg": floats.fneg,
    "ceil": floats.fceil,
    "floor": floats.ffloor,
    "trunc": floats.ftrunc,
    "nearest": floats.fnearest,
    "sqrt": floats.fsqrt,
    "add": floats.fadd,
    "sub": floats.fsub,
    "mul": floats.fmul,
    "div": floats.fdiv,
    "min": floats.fmin,
    "max": floats.fmax,
    "copysign": floats.fcopysign,
}

FLOAT_COMPARISONS: Final[dict[str, Operator]] = {
    "eq": floats.feq,
    "ne": floats.fne,
    "lt": floats.flt,
    "gt": floats.fgt,
    "le": floats.fle,
    "ge": floats.fge,
}


def scalar_operators(f32: Format, f64: Format) -> dict[str, Operator]:
    """Every scalar operator, its name as in the text format."""
    table: dict[str, Operator] = {"f32.const": identity, "f64.const": identity}
    for n in (32, 64):
        table |= {f"i{n}.{name}": partial(define, n) for name, define in INTEGER_OPERATORS.items()}
        table |= {f"i{n}.{name}": partial(define, n) for name, define in INTEGER_COMPARISONS.items()}
        table |= {f"i{n}.extend{m}_s": partial(iextend_s, m, n) for m in (8, 16, 32) if m < n}
        table[f"i{n}.const"] = partial(wrap, n)
    for f in (f32, f64):
        table |= {f"f{f.width}.{name}": partial(define, f) for name, define in FLOAT_OPERATORS.items()}
        table |= {f"f{f.width}.{name}": partial(define, f) for name, define in FLOAT_COMPARISONS.items()}
        table |= conversions(f)
    table |= {
        "i32.wrap_i64": partial(wrap, 32),
        "i64.extend_i32_u": identity,
        "i64.extend_i32_s": partial(iextend_s, 32, 64),
        "f32.demote_f64": partial(floats.convert_float, f64, f32),
        "f64.promote_f32": partial(floats.convert_float, f32, f64),
    }
    return table


def conversions(f: Format) -> dict[str, Operator]:
    """Between the integers and one format of floats."""
    table: dict[str, Operator] = {
        f"i{f.width}.reinterpret_f{f.width}": identity,
        f"f{f.width}.reinterpret_i{f.width}": identity,
    }
    for n in (32, 64):
        table |= {
            f"i{n}.trunc_f{f.width}_s": partial(floats.trunc_s, f, n),
            f"i{n}.trunc_f{f.width}_u": partial(floats.trunc_u, f, n),
            f"i{n}.trunc_sat_f{f.width}_s": partial(floats.trunc_sat_s, f, n),
            f"i{n}.trunc_sat_f{f.width}_u": partial(floats.trunc_sat_u, f, n),
            f"f{f.width}.convert_i{n}_s": partial(floats.convert_s, n, f),
            f"f{f.width}.convert_i{n}_u": partial(floats.convert_u, n, f),
        }
    return table


def identity(bits: int) -> int:
    """The same bits under another type."""
    return bits
