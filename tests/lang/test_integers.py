"""Every integer operator on every type against exact integer arithmetic."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corten.base.errors import TrapCode, Trapped
from corten.lang import Handle, Unit, f64, i8, i16, i64, u8, u16, u32, u64
from corten.lang.integers import INTEGERS
from corten.lang.refusal import LanguageError

KINDS = {kind.__name__: kind for kind in INTEGERS}


def edges(kind):
    values = {
        kind.low,
        kind.low + 1,
        -1,
        0,
        1,
        2,
        3,
        kind.bits - 1,
        kind.bits,
        kind.high // 2,
        kind.high - 1,
        kind.high,
    }
    return sorted(value for value in values if kind.low <= value <= kind.high)


def values_of(kind):
    return st.integers(kind.low, kind.high) | st.sampled_from(edges(kind))


pairs = st.sampled_from(INTEGERS).flatmap(lambda kind: st.tuples(st.just(kind), values_of(kind), values_of(kind)))


def outcome(function):
    """A result, or the trap's code."""
    try:
        return function()
    except Trapped as trap:
        return trap.code


def fitting(kind, exact):
    return exact if kind.low <= exact <= kind.high else TrapCode.INTEGER_OVERFLOW


EXACT = {
    operator.add: operator.add,
    operator.sub: operator.sub,
    operator.mul: operator.mul,
    operator.floordiv: operator.floordiv,
    operator.mod: operator.mod,
    operator.and_: operator.and_,
    operator.or_: operator.or_,
    operator.xor: operator.xor,
}


@given(pairs, st.sampled_from(list(EXACT)))
def test_binary_operators(operands, compute):
    kind, left, right = operands
    if compute in (operator.floordiv, operator.mod) and right == 0:
        expected = TrapCode.DIVISION_BY_ZERO
    else:
        expected = fitting(kind, compute(left, right))
    for one, other in ((kind(left), kind(right)), (kind(left), right), (left, kind(right))):
        result = outcome(lambda one=one, other=other: compute(one, other))
        assert result == expected
        assert isinstance(expected, TrapCode) or type(result) is kind


@pytest.mark.parametrize("kind", INTEGERS, ids=list(KINDS))
@pytest.mark.parametrize("compute", EXACT, ids=lambda compute: compute.__name__)
def test_binary_operators_at_the_edges(kind, compute):
    for left in edges(kind):
        for right in edges(kind):
            if right == 0 and compute in (operator.floordiv, operator.mod):
                expected = TrapCode.DIVISION_BY_ZERO
            else:
                expected = fitting(kind, compute(left, right))
            assert outcome(lambda a=left, b=right: compute(kind(a), kind(b))) == expected


@given(pairs)
def test_unary_operators(operands):
    kind, value, _ = operands
    assert outcome(lambda: -kind(value)) == fitting(kind, -value)
    assert outcome(lambda: abs(kind(value))) == fitting(kind, abs(value))
    assert int(~kind(value)) == (~value if kind.signed else kind.high - value)
    assert type(~kind(value)) is kind


@given(pairs, st.integers(-2, 130))
def test_shifts(operands, count):
    kind, value, _ = operands
    inside = 0 <= count < kind.bits
    left = fitting(kind, value << count) if inside else TrapCode.SHIFT_OUT_OF_RANGE
    right = value >> count if inside else TrapCode.SHIFT_OUT_OF_RANGE
    assert outcome(lambda: kind(value) << i16(count)) == left
    assert outcome(lambda: kind(value) >> i64(count)) == right
    assert outcome(lambda: kind(value) << count) == left


@given(pairs)
def test_comparisons(operands):
    kind, left, right = operands
    for compare in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne):
        assert compare(kind(left), kind(right)) is compare(left, right)
        assert compare(kind(left), right) is compare(left, right)
        assert compare(left, kind(right)) is compare(left, right)


@given(pairs, st.sampled_from(INTEGERS))
def test_conversions_trap_when_the_value_does_not_fit(operands, target):
    kind, value, _ = operands
    assert outcome(lambda: target(kind(value))) == fitting(target, value)


@given(st.floats(), st.sampled_from(INTEGERS))
def test_conversion_from_f64_truncates(value, target):
    finite = value - value == 0
    fits = finite and target.low <= int(value) <= target.high
    assert outcome(lambda: target(f64(value))) == (int(value) if fits else TrapCode.INVALID_CONVERSION)


@pytest.mark.parametrize("compute", [*EXACT, operator.lt, operator.eq, operator.ne], ids=lambda one: one.__name__)
def test_different_types_never_mix(compute):
    for other in (u64(1), i8(1), f64(1), True, 1.5):
        with pytest.raises(LanguageError):
            compute(u32(1), other)


def test_a_literal_must_fit():
    for wrong in (lambda: u8(5) + 256, lambda: -1 + u8(5), lambda: u8(300), lambda: i8(0) < 128):
        with pytest.raises(LanguageError):
            wrong()


def test_refused_operators():
    for wrong in (lambda: i64(1) / i64(2), lambda: i64(2) ** 2, lambda: divmod(i64(2), 1), lambda: bool(i64(1))):
        with pytest.raises(LanguageError):
            wrong()


def test_bool_converts_explicitly():
    assert type(u8(True)) is u8
    with pytest.raises(LanguageError):
        i64(1) + True


class Ticks(Unit[i64]):
    """Prices."""


class Lots(Unit[i64]):
    """Sizes."""


class Steps(Unit[u16]):
    """Small and unsigned."""


def kind_and_value(value):
    return type(value), int(value)


def test_unit_algebra():
    assert kind_and_value(Ticks(7) + Ticks(2)) == (Ticks, 9)
    assert kind_and_value(Ticks(7) - 2) == (Ticks, 5)
    assert kind_and_value(9 - Ticks(2)) == (Ticks, 7)
    assert kind_and_value(Ticks(7) * i64(2)) == (Ticks, 14)
    assert kind_and_value(i64(2) * Ticks(7)) == (Ticks, 14)
    assert kind_and_value(3 * Ticks(7)) == (Ticks, 21)
    assert kind_and_value(Ticks(7) // Ticks(2)) == (i64, 3)
    assert kind_and_value(Ticks(-7) // i64(2)) == (Ticks, -4)
    assert kind_and_value(Ticks(7) // 2) == (Ticks, 3)
    assert kind_and_value(Ticks(-7) % Ticks(4)) == (Ticks, 1)
    assert kind_and_value(-Ticks(7)) == (Ticks, -7)
    assert kind_and_value(i64(Ticks(7))) == (i64, 7)
    assert kind_and_value(Ticks(i64(7))) == (Ticks, 7)
    assert Ticks(1) < Ticks(2) <= 2


def test_unit_traps_like_its_base():
    assert outcome(lambda: Steps(1) - Steps(2)) == TrapCode.INTEGER_OVERFLOW
    assert outcome(lambda: Steps(40000) * u16(2)) == TrapCode.INTEGER_OVERFLOW
    assert outcome(lambda: Ticks(1) // Ticks(0)) == TrapCode.DIVISION_BY_ZERO
    assert outcome(lambda: Ticks(Ticks.low) // i64(-1)) == TrapCode.INTEGER_OVERFLOW
    assert outcome(lambda: Steps(i64(70000))) == TrapCode.INTEGER_OVERFLOW


def test_units_never_mix():
    refused = [
        lambda: Ticks(1) + Lots(1),
        lambda: Ticks(1) + i64(1),
        lambda: i64(1) + Ticks(1),
        lambda: Ticks(1) * Ticks(1),
        lambda: Ticks(1) * Lots(1),
        lambda: Ticks(1) // Lots(1),
        lambda: i64(1) // Ticks(1),
        lambda: Ticks(1) % i64(1),
        lambda: Ticks(1) < Lots(1),
        lambda: Ticks(1) == i64(1),
        lambda: Ticks(1) << 1,
        lambda: Ticks(1) & 1,
        lambda: ~Ticks(1),
    ]
    for wrong in refused:
        with pytest.raises(LanguageError):
            wrong()


def test_handles_are_equal_or_not():
    assert Handle[Ticks](3) == Handle[Ticks](u32(3)) != Handle[Ticks](4)
    assert Handle[Ticks] is Handle[Ticks]
    assert Handle[Ticks] is not Handle[Lots]
    for wrong in (
        lambda: Handle[Ticks](3) == Handle[Lots](3),
        lambda: Handle[Ticks](3) + 1,
        lambda: Handle[Ticks](3) < Handle[Ticks](4),
    ):
        with pytest.raises(LanguageError):
            wrong()
