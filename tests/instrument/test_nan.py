"""NaN canonicalization: canonical where bits show, untouched where a value was only moved."""

from __future__ import annotations

import struct

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st

from corten.wasm.instrument import probe
from corten.wasm.instrument.taint import CANONICAL_F32, CANONICAL_F64, RULES, SOURCES
from corten.wasm.opcodes import OPCODES, Category
from corten.wasm.reader import read_module
from tests.instrument.host import Machine, options

NAN = "(i64.const 0x7ff4_1234_5678_9abc)"
BITS = [0x7FF4_1234_5678_9ABC, 0xFFF8_0000_0000_0001, 0xFFFF_FFFF_FFFF_FFFF, 0x7FC0_0001_FFC0_0002]


def result(body: str, content: bytes = b"", *, seed: int = 99, extra: str = "") -> bytes:
    """The 64 bytes at 64 after running `body`, with `content` at 0 and NaN bits chosen by `seed`."""
    text = f'(module (memory (export "memory") 1) {extra} (func (export "f") {body}))'
    guest = Machine(read_module(bytes(wasmtime.wat2wasm(text))), None, options(1, probes=(probe.randomize_nans,)))
    guest.write(probe.SEED, seed.to_bytes(8, "little"))
    guest.write(0, content, "memory")
    guest.call("corten.begin")
    guest.call("f")
    return guest.memory()[64:128]


def u64(content: bytes, index: int = 0) -> int:
    return int(struct.unpack_from("<Q", content, 8 * index)[0])


MOVES = [
    "(f64.store (i32.const 64) (f64.load (i32.const 0)))",
    "(v128.store (i32.const 64) (v128.load (i32.const 0)))",
    "(local f64) (local.set 0 (f64.load (i32.const 0))) (f64.store (i32.const 64) (local.get 0))",
    "(f64.store (i32.const 64) (f64.reinterpret_i64 (i64.load (i32.const 0))))",
    "(i64.store (i32.const 64) (i64.reinterpret_f64 (f64.load (i32.const 0))))",
    """(f64.store (i32.const 64)
       (select (f64.load (i32.const 0)) (f64.add (f64.load (i32.const 0)) (f64.const 1)) (i32.const 1)))""",
    "(f64.store (i32.const 64) (f64.neg (f64.neg (f64.load (i32.const 0)))))",
    """(f64.store (i32.const 64)
       (if (result f64) (i32.const 1) (then (f64.load (i32.const 0))) (else (f64.sqrt (f64.const -1)))))""",
    "(f64.store (i32.const 64) (f64x2.extract_lane 0 (v128.load (i32.const 0))))",
    "(v128.store (i32.const 64) (f64x2.splat (f64.load (i32.const 0))))",
    "(v128.store (i32.const 64) (f64x2.pmin (v128.load (i32.const 0)) (v128.load (i32.const 0))))",
    """(local f64) (local.set 0 (f64.sqrt (f64.const -1)))
       (if (i32.const 1) (then (local.set 0 (f64.load (i32.const 0))))) (f64.store (i32.const 64) (local.get 0))""",
    """(local f64 i32) (local.set 0 (f64.load (i32.const 0)))
       (loop (f64.store (i32.const 64) (local.get 0)) (local.set 0 (f64.add (local.get 0) (f64.const 1)))
         (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 1))))""",
    "(f64.store (i32.const 64) (call $same (f64.load (i32.const 0))))",
]
SAME = "(func $same (param f64) (result f64) (local.get 0))"


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("body", MOVES)
def test_bits_that_are_only_moved_stay(body: str, bits: int) -> None:
    assert u64(result(body, struct.pack("<QQ", bits, bits), extra=SAME)) == bits


ROOT = "(f64.sqrt (f64.const -1))"
SHOWN = [
    f"(f64.store (i32.const 64) {ROOT})",
    f"(i64.store (i32.const 64) (i64.reinterpret_f64 {ROOT}))",
    f"(f64.store (i32.const 64) (f64.abs {ROOT}))",
    f"(f64.store (i32.const 64) (f64.neg (f64.neg {ROOT})))",
    f"(f64.store (i32.const 64) (f64.copysign {ROOT} (f64.const 1)))",
    f"(f64.store (i32.const 64) (call $same {ROOT}))",
    f"(global.set 0 {ROOT}) (f64.store (i32.const 64) (global.get 0))",
    f"(v128.store (i32.const 64) (f64x2.splat {ROOT}))",
    f"(f64.store (i32.const 64) (select {ROOT} (f64.const 1) (i32.const 1)))",
    "(v128.store (i32.const 64) (f64x2.sqrt (v128.const f64x2 -1 -1)))",
    "(v128.store (i32.const 64) (i64x2.add (f64x2.sqrt (v128.const f64x2 -1 -1)) (v128.const i64x2 0 0)))",
    "(v128.store (i32.const 64) (v128.or (f64x2.abs (f64x2.sqrt (v128.const f64x2 -1 -1))) (v128.const i64x2 0 0)))",
    """(v128.store (i32.const 64)
       (f64x2.pmax (f64x2.sqrt (v128.const f64x2 -1 -1)) (f64x2.sqrt (v128.const f64x2 -1 -1))))""",
    f"""(local f64 i32) (loop (local.set 0 (f64.add (local.get 0) {ROOT}))
       (br_if 0 (i32.lt_u (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 5))))
       (f64.store (i32.const 64) (local.get 0))""",
    f"(f64.store (i32.const 64) (block (result f64) (br 0 {ROOT})))",
]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("body", SHOWN)
def test_nans_that_show_are_canonical(body: str, seed: int) -> None:
    extra = SAME + "(global (mut f64) (f64.const 0))"
    assert u64(result(body, seed=seed, extra=extra)) == CANONICAL_F64


def test_the_sign_of_a_nan_comes_from_the_canonical_one() -> None:
    assert u64(result(f"(f64.store (i32.const 64) (f64.neg {ROOT}))")) == CANONICAL_F64 | 1 << 63
    copied = f"(f64.store (i32.const 64) (f64.copysign (f64.const 1) {ROOT}))"
    assert struct.unpack("<d", result(copied)[:8]) == (1.0,)


def test_integers_made_of_a_vector_of_nans() -> None:
    """A conversion reads lanes as integers, so it must read the canonical ones."""
    root = "(f32x4.sqrt (v128.const f32x4 -1 -1 -1 -1))"
    found = result(f"(v128.store (i32.const 64) (f32x4.convert_i32x4_s {root}))")
    assert struct.unpack("<4f", found[:16]) == (float(CANONICAL_F32),) * 4


@settings(max_examples=40, deadline=None)
@given(bits=st.integers(0, (1 << 128) - 1))
def test_lanes_of_another_interpretation(bits: int) -> None:
    """Integers that look like NaNs go through vectors, next to float arithmetic on the same local, unchanged."""
    body = """(local v128 v128)
      (local.set 0 (v128.load (i32.const 0)))
      (local.set 1 (f32x4.add (local.get 0) (local.get 0)))
      (v128.store (i32.const 96) (local.get 1))
      (local.set 1 (local.get 0))
      (v128.store (i32.const 64) (local.get 1))
      (v128.store (i32.const 80) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get 1) (local.get 0)))"""
    content = bits.to_bytes(16, "little")
    found = result(body, content)
    assert found[:32] == content * 2
    for (word,) in struct.iter_unpack("<I", found[32:48]):
        assert word & 0x7FFF_FFFF <= 0x7F80_0000 or word == CANONICAL_F32


def test_every_float_operator_has_a_rule() -> None:
    """Arithmetic is a source; what reads NaNs only as NaNs may keep them; all else asks for canonical operands."""
    assert {OPCODES[code].category for code in SOURCES} == {Category.FLOAT, Category.SIMD_FLOAT}
    keeping = {OPCODES[code].category for code, rule in RULES.items() if rule.keeps}
    assert keeping == {
        *(Category.FLOAT, Category.SIMD_FLOAT, Category.FLOAT_COMPARE, Category.SIMD_FLOAT_COMPARE),
        *(Category.CONVERT, Category.SIMD_CONVERT, Category.FLOAT_SIGN, Category.SIMD_FLOAT_SIGN),
        *(Category.SIMD_FLOAT_SELECT, Category.SIMD_LANE),
    }
    signs = {OPCODES[code].name for code, rule in RULES.items() if rule.keeps and "sign" in OPCODES[code].category}
    assert signs == {"f32.abs", "f64.abs", "f32x4.abs", "f64x2.abs"}


TAINTED = "(f64x2.sqrt (v128.const f64x2 -1 -1))"
NUMBERS = "(f64x2.add (v128.const f64x2 1 1) (v128.const f64x2 1 1))"
MASK = "(f64x2.lt (v128.const f64x2 1 2) (v128.const f64x2 2 1))"
ZEROS = "(v128.const i64x2 0 0)"
HALVES = "(v128.const i64x2 0x00000000ffffffff 0xffffffff00000000)"


def selection(mask: str, before: str = "") -> str:
    return f"""{before} (v128.store (i32.const 64)
        (i64x2.add (v128.const i64x2 0 0) (v128.bitselect {TAINTED} {NUMBERS} {mask})))"""


def test_taint_passes_through_a_mask_of_whole_lanes() -> None:
    content = result(selection(MASK))
    assert u64(content) == CANONICAL_F64
    assert u64(content, 1) == 0x4000_0000_0000_0000


@pytest.mark.parametrize(
    "body",
    [
        selection(HALVES),
        selection("(i32x4.eq (v128.const i32x4 1 2 3 4) (v128.const i32x4 1 3 4 4))"),
        selection(f"(v128.or {MASK} {HALVES})"),
        selection(f"(v128.xor {MASK} (i32x4.eq (v128.const i32x4 1 2 3 4) (v128.const i32x4 1 3 4 4)))"),
        selection("(f64x2.abs (v128.not (v128.const i64x2 0 0)))"),
        selection(
            "(local.get 0)", f"(local v128) (local.set 0 {HALVES}) (if (i32.const 0) (then (local.set 0 {MASK})))"
        ),
        selection(
            "(local.get 0)",
            "(local v128) (local.set 0 (v128.const i64x2 0x3ff000007f7fffff 1)) (if (i32.const 0) (then (local.set 0 "
            + MASK
            + ")))",
        ),
    ],
)
def test_bits_selected_by_what_is_no_mask_do_not_depend_on_the_engines_nan(body: str) -> None:
    assert len({result(body, seed=seed) for seed in (1, 2, 3, 99)}) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("clearing", ["(v128.and {t} {m})", "(v128.and {m} {t})", "(v128.andnot {t} (v128.not {m}))"])
def test_taint_passes_where_a_mask_clears_lanes(clearing: str, seed: int) -> None:
    cleared = clearing.format(t=TAINTED, m=MASK)
    for shown in (cleared, f"(f64x2.add {cleared} {NUMBERS})"):
        content = result(f"(v128.store (i32.const 64) {shown})", seed=seed)
        assert u64(content) == CANONICAL_F64
        assert u64(content, 1) == (0 if shown == cleared else 0x4000_0000_0000_0000)


@pytest.mark.parametrize("mask", [HALVES, "(i32x4.eq (v128.const i32x4 1 2 3 4) (v128.const i32x4 1 3 4 4))"])
@pytest.mark.parametrize("clearing", ["(v128.and {t} {m})", "(v128.and {m} {t})", "(v128.andnot {t} {m})"])
def test_bits_cleared_by_what_is_no_mask_do_not_depend_on_the_engines_nan(clearing: str, mask: str) -> None:
    body = f"(v128.store (i32.const 64) {clearing.format(t=TAINTED, m=mask)})"
    assert len({result(body, seed=seed) for seed in (1, 2, 3, 99)}) == 1


@pytest.mark.parametrize("seed", [1, 2, 3, 99])
@pytest.mark.parametrize("operator", ["pmin", "pmax"])
def test_pmin_and_pmax_take_no_nan_from_their_second_operand(operator: str, seed: int) -> None:
    one = "(v128.const f64x2 1 1)"
    found = result(f"(v128.store (i32.const 64) (i64x2.add (f64x2.{operator} {one} {TAINTED}) {ZEROS}))", seed=seed)
    assert (u64(found), u64(found, 1)) == (0x3FF0_0000_0000_0000,) * 2
    found = result(f"(v128.store (i32.const 64) (i64x2.add (f64x2.{operator} {TAINTED} {one}) {ZEROS}))", seed=seed)
    assert (u64(found), u64(found, 1)) == (CANONICAL_F64,) * 2
    loaded = "(v128.load (i32.const 0))"  # a NaN with a payload in the first operand stays, whatever the second is
    content = struct.pack("<QQ", 0x7FF0_0000_0000_0001, 0xFFF8_0000_0000_0007)
    found = result(f"(v128.store (i32.const 64) (f64x2.{operator} {loaded} {TAINTED}))", content, seed=seed)
    assert found[:16] == content


def test_lanes_of_a_mask_are_exact_bits() -> None:
    body = f"(f64.store (i32.const 64) (select (f64x2.extract_lane 0 {MASK}) {ROOT} (i32.const 1)))"
    assert u64(result(body)) == 0xFFFF_FFFF_FFFF_FFFF
    mixed = f"(v128.store (i32.const 64) (v128.bitselect {MASK} {TAINTED} {MASK}))"
    assert u64(result(mixed)) == 0xFFFF_FFFF_FFFF_FFFF
    assert u64(result(mixed), 1) == CANONICAL_F64
