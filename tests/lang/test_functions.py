"""The language's functions on integers and f64, against exact arithmetic and IEEE-754."""

from __future__ import annotations

import math
import struct
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from corten import lang
from corten.base.errors import TrapCode
from corten.lang import bytes32, f64, i64, u8, u32, u64
from corten.lang.arithmetic import largest, smallest
from corten.lang.integers import INTEGERS
from corten.lang.refusal import LanguageError
from tests.lang.test_integers import outcome, pairs, values_of

NAN = 0x7FF8_0000_0000_0000
INFINITY = float("inf")


def low_bits(kind, value):
    value %= 1 << kind.bits
    return value - (1 << kind.bits) if value > kind.high else value


@given(pairs)
def test_wrapping(operands):
    kind, left, right = operands
    for function, exact in (
        (lang.wrapping_add, left + right),
        (lang.wrapping_sub, left - right),
        (lang.wrapping_mul, left * right),
    ):
        result = function(kind(left), right)
        assert (type(result), int(result)) == (kind, low_bits(kind, exact))


@given(pairs, st.integers(-1, 128))
def test_wrapping_shl(operands, count):
    kind, value, _ = operands
    expected = low_bits(kind, value << count) if 0 <= count < kind.bits else TrapCode.SHIFT_OUT_OF_RANGE
    assert outcome(lambda: lang.wrapping_shl(kind(value), i64(count))) == expected


@given(pairs, st.sampled_from(INTEGERS))
def test_casts(operands, target):
    kind, value, _ = operands
    assert int(lang.wrapping_cast(target, kind(value))) == low_bits(target, value)
    assert int(lang.saturating_cast(target, kind(value))) == min(max(value, target.low), target.high)


@given(st.floats(), st.sampled_from(INTEGERS))
def test_saturating_cast_of_f64(value, target):
    if math.isnan(value):
        expected = 0
    elif math.isinf(value):
        expected = target.high if value > 0 else target.low
    else:
        expected = min(max(int(value), target.low), target.high)
    assert int(lang.saturating_cast(target, f64(value))) == expected


@given(st.sampled_from(INTEGERS).flatmap(lambda kind: st.tuples(st.just(kind), *[values_of(kind)] * 3)))
def test_mul_div(operands):
    kind, left, right, divisor = operands
    for function, rounded in ((lang.mul_div_floor, math.floor), (lang.mul_div_ceil, math.ceil)):
        if divisor == 0:
            expected = TrapCode.DIVISION_BY_ZERO
        else:
            exact = rounded(Fraction(left * right, divisor))
            expected = exact if kind.low <= exact <= kind.high else TrapCode.INTEGER_OVERFLOW
        assert outcome(lambda f=function: f(kind(left), kind(right), kind(divisor))) == expected


@given(pairs)
def test_bit_counts(operands):
    kind, value, _ = operands
    bits = format(value % (1 << kind.bits), f"0{kind.bits}b")
    assert int(lang.leading_zeros(kind(value))) == len(bits) - len(bits.lstrip("0"))
    assert int(lang.trailing_zeros(kind(value))) == len(bits) - len(bits.rstrip("0"))
    assert int(lang.population_count(kind(value))) == bits.count("1")
    assert type(lang.leading_zeros(kind(value))) is u32


def test_min_and_max_adopt_literals():
    assert type(smallest(u8(3), 1)) is u8
    assert type(largest(1, u8(3), 7)) is u8
    assert type(smallest(1, 2)) is i64
    with pytest.raises(LanguageError):
        smallest(u8(3), u32(1))


def mix(word):
    """The mixing step of docs/spec/language.md, written out."""
    word = (word * 0x9E3779B97F4A7C15) % 2**64
    word ^= word >> 32
    word = (word * 0xD6E8FEB86659FD93) % 2**64
    return word ^ (word >> 32)


@given(pairs)
def test_hash_of_integers(operands):
    kind, value, _ = operands
    unsigned = value % (1 << kind.bits)
    expected = mix(unsigned) if kind.bits <= 64 else mix(mix(unsigned % 2**64) ^ (unsigned >> 64))
    assert int(lang.hash_of(kind(value))) == expected


def test_hash_of_other_keys():
    assert int(lang.hash_of(True)) == mix(1)
    assert int(lang.hash_of(bytes32(1, 2, 3, 4))) == mix(mix(mix(mix(1) ^ 2) ^ 3) ^ 4)
    with pytest.raises(LanguageError):
        lang.hash_of(f64(1.0))


def bits(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


doubles = st.floats() | st.integers(0, 2**64 - 1).map(lambda word: struct.unpack("<d", struct.pack("<Q", word))[0])


def quotient(left, right):
    if right != 0:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(INFINITY, left) * math.copysign(1, right)


@given(doubles, doubles)
def test_f64_arithmetic_never_traps_and_has_one_nan(left, right):
    results = [
        (f64(left) + f64(right), left + right),
        (f64(left) - right, left - right),
        (left * f64(right), left * right),
        (f64(left) / f64(right), quotient(left, right)),
    ]
    for result, expected in results:
        assert type(result) is f64
        assert bits(result) == (NAN if math.isnan(expected) else bits(expected))


@given(st.integers(0, 2**64 - 1))
def test_sign_operations_keep_the_other_bits(word):
    """Of numbers; there is one NaN, whatever the bits it is made from."""
    value = lang.f64_from_bits(u64(word))
    if lang.is_nan(value):
        results = [value, -value, abs(value), lang.copysign(value, f64(-1.0))]
        assert [bits(one) for one in results] == [NAN] * 4
        return
    assert int(lang.f64_bits(value)) == word
    assert int(lang.f64_bits(-value)) == word ^ 1 << 63
    assert int(lang.f64_bits(abs(value))) == word & ~(1 << 63)
    assert int(lang.f64_bits(lang.copysign(value, f64(-1.0)))) == word | 1 << 63


@given(doubles)
def test_rounding(value):
    result = [function(f64(value)) for function in (lang.floor, lang.ceil, lang.trunc, lang.nearest)]
    if math.isnan(value):
        assert [bits(one) for one in result] == [NAN] * 4
    elif math.isinf(value):
        assert [bits(one) for one in result] == [bits(value)] * 4
    else:
        exact = [math.floor(value), math.ceil(value), math.trunc(value), round(value)]
        assert [bits(one) for one in result] == [bits(math.copysign(float(one), value)) for one in exact]


@given(doubles)
def test_sqrt(value):
    root = lang.sqrt(f64(value))
    if math.isnan(value) or value < 0:
        assert bits(root) == NAN
    else:
        assert bits(root) == bits(math.sqrt(value))


@given(doubles, doubles)
def test_f64_comparisons(left, right):
    assert (f64(left) < f64(right)) is (left < right)
    assert (f64(left) == f64(right)) is (left == right)
    assert (f64(left) != f64(right)) is (left != right)
    assert lang.is_nan(f64(left)) is math.isnan(left)


@given(pairs)
def test_f64_of_integers_rounds_to_nearest(operands):
    kind, value, _ = operands
    assume(kind.bits > 32)
    assert bits(f64(kind(value))) == bits(float(value))


def test_f64_refusals():
    for wrong in (
        lambda: f64(1) // f64(2),
        lambda: f64(1) % 2,
        lambda: f64(1) ** 2,
        lambda: f64(1) + i64(1),
        lambda: f64(1) < i64(1),
        lambda: bool(f64(1)),
        lambda: f64(True),
    ):
        with pytest.raises(LanguageError):
            wrong()


def test_bytes32_is_opaque():
    assert bytes32(1, 0, 0, 0) == bytes32.of(b"\1" + bytes(31)) != bytes32(0, 0, 0, 1)
    with pytest.raises(LanguageError):
        bytes32(1, 0, 0, 0) == 1  # noqa: B015
