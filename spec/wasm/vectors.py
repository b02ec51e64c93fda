"""The vector operators by name: WebAssembly Core 2.0, section 4.3.4. A vector is its 128 bits; lane 0 is the lowest."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

from spec.wasm import floats, integers
from spec.wasm.floats import Format
from spec.wasm.integers import iextend_s, saturate_s, saturate_u, signed, wrap
from spec.wasm.scalars import FLOAT_COMPARISONS, FLOAT_OPERATORS, INTEGER_COMPARISONS, Operator, identity

BITS: Final = 128

LANE_OPERATORS: Final[dict[str, Operator]] = {
    "abs": integers.iabs,
    "neg": integers.ineg,
    "popcnt": integers.ipopcnt,
    "add": integers.iadd,
    "sub": integers.isub,
    "mul": integers.imul,
    "min_s": integers.imin_s,
    "min_u": integers.imin_u,
    "max_s": integers.imax_s,
    "max_u": integers.imax_u,
    "add_sat_s": integers.iadd_sat_s,
    "add_sat_u": integers.iadd_sat_u,
    "sub_sat_s": integers.isub_sat_s,
    "sub_sat_u": integers.isub_sat_u,
    "avgr_u": integers.iavgr_u,
    "q15mulr_sat_s": integers.iq15mulr_sat_s,
}
LANE_SHIFTS: Final[dict[str, Operator]] = {"shl": integers.ishl, "shr_s": integers.ishr_s, "shr_u": integers.ishr_u}
FLOAT_LANE_OPERATORS: Final = FLOAT_OPERATORS | {"pmin": floats.fpmin, "pmax": floats.fpmax}


def lanes(n: int, v: int) -> list[int]:
    """The lanes of n bits, lowest first."""
    return [wrap(n, v >> shift) for shift in range(0, BITS, n)]


def vector(n: int, values: Iterable[int]) -> int:
    """The vector of these lanes; missing ones are zero."""
    return sum(value << n * index for index, value in enumerate(values))


# ── lane by lane ─────────────────────────────────────────────────────────────────────────────────────────────────────


def lanewise(n: int, operator: Operator, *operands: int) -> int:
    """The operator applied to every lane."""
    return vector(n, map(operator, *(lanes(n, v) for v in operands)))


def shifted(n: int, operator: Operator, v: int, count: int) -> int:
    """Every lane shifted by the same count."""
    return vector(n, [operator(lane, count) for lane in lanes(n, v)])


def compared(n: int, operator: Operator, v: int, w: int) -> int:
    """All bits of a lane set where the comparison holds."""
    return vector(n, [(2**n - 1) * operator(x, y) for x, y in zip(lanes(n, v), lanes(n, w), strict=True)])


# ── lanes moved ──────────────────────────────────────────────────────────────────────────────────────────────────────


def splat(n: int, x: int) -> int:
    """Every lane the low n bits of x."""
    return vector(n, [wrap(n, x)] * (BITS // n))


def extract_u(n: int, v: int, lane: int) -> int:
    """One lane."""
    return lanes(n, v)[lane]


def extract_s(n: int, v: int, lane: int) -> int:
    """One lane as a signed number of 32 bits."""
    return iextend_s(n, 32, lanes(n, v)[lane])


def replace(n: int, v: int, x: int, lane: int) -> int:
    """One lane replaced by the low n bits of x."""
    values = lanes(n, v)
    values[lane] = wrap(n, x)
    return vector(n, values)


def shuffle(v: int, w: int, indices: tuple[int, ...]) -> int:
    """Bytes of both vectors, chosen by immediates."""
    both = lanes(8, v) + lanes(8, w)
    return vector(8, [both[index] for index in indices])


def swizzle(v: int, w: int) -> int:
    """Bytes of v, chosen by the bytes of w; 0 where there is none."""
    values = lanes(8, v)
    return vector(8, [values[index] if index < len(values) else 0 for index in lanes(8, w)])


# ── lanes of another width ───────────────────────────────────────────────────────────────────────────────────────────


def widen(n: int, is_signed: bool, values: Iterable[int]) -> list[int]:
    """Lanes of n bits as ones of twice the width."""
    return [iextend_s(n, 2 * n, x) if is_signed else x for x in values]


def half(n: int, is_high: bool, v: int) -> list[int]:
    """The low or the high half of the lanes."""
    values = lanes(n, v)
    middle = len(values) // 2
    return values[middle:] if is_high else values[:middle]


def extend(n: int, is_high: bool, is_signed: bool, v: int) -> int:
    """Half of the lanes, widened."""
    return vector(2 * n, widen(n, is_signed, half(n, is_high, v)))


def extmul(n: int, is_high: bool, is_signed: bool, v: int, w: int) -> int:
    """Products of widened lanes."""
    pairs = zip(widen(n, is_signed, half(n, is_high, v)), widen(n, is_signed, half(n, is_high, w)), strict=True)
    return vector(2 * n, [wrap(2 * n, x * y) for x, y in pairs])


def extadd_pairwise(n: int, is_signed: bool, v: int) -> int:
    """Sums of neighbours, widened."""
    wide = widen(n, is_signed, lanes(n, v))
    return vector(2 * n, [wrap(2 * n, x + y) for x, y in zip(wide[::2], wide[1::2], strict=True)])


def dot(v: int, w: int) -> int:
    """Sums of neighbouring products of signed 16-bit lanes."""
    products = [signed(16, x) * signed(16, y) for x, y in zip(lanes(16, v), lanes(16, w), strict=True)]
    return vector(32, [wrap(32, x + y) for x, y in zip(products[::2], products[1::2], strict=True)])


def narrow_s(n: int, v: int, w: int) -> int:
    """Signed lanes of n bits of both vectors, saturated to half the width, signed."""
    return vector(n // 2, [saturate_s(n // 2, signed(n, x)) for x in lanes(n, v) + lanes(n, w)])


def narrow_u(n: int, v: int, w: int) -> int:
    """Signed lanes of n bits of both vectors, saturated to half the width, unsigned."""
    return vector(n // 2, [saturate_u(n // 2, signed(n, x)) for x in lanes(n, v) + lanes(n, w)])


def from_low_lanes(source: int, target: int, operator: Operator, v: int) -> int:
    """As many of the lowest lanes as fit, each converted; lanes left over are zero."""
    count = min(BITS // source, BITS // target)
    return vector(target, [operator(x) for x in lanes(source, v)[:count]])


# ── whole vectors ────────────────────────────────────────────────────────────────────────────────────────────────────


def any_true(v: int) -> int:
    """Some bit is set."""
    return int(v != 0)


def all_true(n: int, v: int) -> int:
    """No lane is zero."""
    return int(0 not in lanes(n, v))


def bitmask(n: int, v: int) -> int:
    """The sign bits of the lanes."""
    return vector(1, [x >> n - 1 for x in lanes(n, v)])


def bitselect(v: int, w: int, mask: int) -> int:
    """Bits of v where the mask is set, of w elsewhere."""
    return v & mask | w & ~mask


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────────


def vector_operators(f32: Format, f64: Format) -> dict[str, Operator]:
    """Every vector operator, its name as in the text format, and some that the text format lacks."""
    table: dict[str, Operator] = {
        "v128.const": identity,
        "v128.not": partial(integers.inot, BITS),
        "v128.and": partial(integers.iand, BITS),
        "v128.andnot": partial(integers.iandnot, BITS),
        "v128.or": partial(integers.ior, BITS),
        "v128.xor": partial(integers.ixor, BITS),
        "v128.bitselect": bitselect,
        "v128.any_true": any_true,
        "i8x16.shuffle": shuffle,
        "i8x16.swizzle": swizzle,
        "i32x4.dot_i16x8_s": dot,
    }
    for n in (8, 16, 32, 64):
        table |= integer_lanes(n)
    for n in (8, 16, 32):
        table |= wider_lanes(n)
    for f in (f32, f64):
        table |= float_lanes(f)
    return table | lane_conversions(f32, f64)


def integer_lanes(n: int) -> dict[str, Operator]:
    """Operators on lanes of one width."""
    shape = f"i{n}x{BITS // n}"
    table: dict[str, Operator] = {
        f"{shape}.splat": partial(splat, n),
        f"{shape}.extract_lane": partial(extract_u, n),
        f"{shape}.extract_lane_u": partial(extract_u, n),
        f"{shape}.extract_lane_s": partial(extract_s, n),
        f"{shape}.replace_lane": partial(replace, n),
        f"{shape}.all_true": partial(all_true, n),
        f"{shape}.bitmask": partial(bitmask, n),
    }
    table |= {f"{shape}.{name}": partial(lanewise, n, partial(op, n)) for name, op in LANE_OPERATORS.items()}
    table |= {f"{shape}.{name}": partial(shifted, n, partial(op, n)) for name, op in LANE_SHIFTS.items()}
    table |= {f"{shape}.{name}": partial(compared, n, partial(op, n)) for name, op in INTEGER_COMPARISONS.items()}
    return table


def wider_lanes(n: int) -> dict[str, Operator]:
    """Operators between lanes of n bits and lanes of twice as many."""
    narrow, wide = f"i{n}x{BITS // n}", f"i{2 * n}x{BITS // n // 2}"
    table: dict[str, Operator] = {
        f"{narrow}.narrow_{wide}_s": partial(narrow_s, 2 * n),
        f"{narrow}.narrow_{wide}_u": partial(narrow_u, 2 * n),
    }
    for suffix, is_signed in (("s", True), ("u", False)):
        table[f"{wide}.extadd_pairwise_{narrow}_{suffix}"] = partial(extadd_pairwise, n, is_signed)
        for name, is_high in (("low", False), ("high", True)):
            table[f"{wide}.extend_{name}_{narrow}_{suffix}"] = partial(extend, n, is_high, is_signed)
            table[f"{wide}.extmul_{name}_{narrow}_{suffix}"] = partial(extmul, n, is_high, is_signed)
    return table


def float_lanes(f: Format) -> dict[str, Operator]:
    """Operators on lanes of floats."""
    n = f.width
    shape = f"f{n}x{BITS // n}"
    table: dict[str, Operator] = {
        f"{shape}.splat": partial(splat, n),
        f"{shape}.extract_lane": partial(extract_u, n),
        f"{shape}.replace_lane": partial(replace, n),
    }
    table |= {f"{shape}.{name}": partial(lanewise, n, partial(op, f)) for name, op in FLOAT_LANE_OPERATORS.items()}
    table |= {f"{shape}.{name}": partial(compared, n, partial(op, f)) for name, op in FLOAT_COMPARISONS.items()}
    return table


def lane_conversions(f32: Format, f64: Format) -> dict[str, Operator]:
    """Between lanes of integers and of floats, and between the formats of floats."""
    return {
        "i32x4.trunc_sat_f32x4_s": partial(lanewise, 32, partial(floats.trunc_sat_s, f32, 32)),
        "i32x4.trunc_sat_f32x4_u": partial(lanewise, 32, partial(floats.trunc_sat_u, f32, 32)),
        "i32x4.trunc_sat_f64x2_s_zero": partial(from_low_lanes, 64, 32, partial(floats.trunc_sat_s, f64, 32)),
        "i32x4.trunc_sat_f64x2_u_zero": partial(from_low_lanes, 64, 32, partial(floats.trunc_sat_u, f64, 32)),
        "f32x4.convert_i32x4_s": partial(lanewise, 32, partial(floats.convert_s, 32, f32)),
        "f32x4.convert_i32x4_u": partial(lanewise, 32, partial(floats.convert_u, 32, f32)),
        "f64x2.convert_low_i32x4_s": partial(from_low_lanes, 32, 64, partial(floats.convert_s, 32, f64)),
        "f64x2.convert_low_i32x4_u": partial(from_low_lanes, 32, 64, partial(floats.convert_u, 32, f64)),
        "f32x4.demote_f64x2_zero": partial(from_low_lanes, 64, 32, partial(floats.convert_float, f64, f32)),
        "f64x2.promote_low_f32x4": partial(from_low_lanes, 32, 64, partial(floats.convert_float, f32, f64)),
    }
