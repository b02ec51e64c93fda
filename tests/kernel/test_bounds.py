"""What `corten.compiler.bounds` knows of an expression holds for every value of its parameters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from corten.compiler import ir
from corten.compiler.bounds import is_never_nan, known
from corten.compiler.types import U64

ALL = (1 << 64) - 1
WORDS = st.one_of(st.integers(0, ALL), st.sampled_from([0, ALL, 1 << 63, 0x7FF << 52, 0x3FF << 52, (1 << 52) - 1]))
COMPUTE = {
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "wrapping_add": lambda a, b: a + b & ALL,
    "wrapping_sub": lambda a, b: a - b & ALL,
    "shr": lambda a, b: a >> b,
    "wrapping_shl": lambda a, b: a << b & ALL,
}


def expressions():
    leaves = st.one_of(
        WORDS.map(lambda value: ir.Constant(U64, 1, value)), st.integers(0, 2).map(lambda n: ir.ReadLocal(U64, 1, n))
    )

    def combined(inner):
        plain = st.sampled_from(["and", "or", "xor", "wrapping_add", "wrapping_sub"])
        shifts = st.sampled_from(["shr", "wrapping_shl"])
        counts = st.integers(0, 63).map(lambda count: ir.Constant(U64, 1, count))
        return st.one_of(
            st.builds(lambda name, a, b: ir.Binary(U64, 1, name, a, b), plain, inner, inner),
            st.builds(lambda name, a, b: ir.Binary(U64, 1, name, a, b), shifts, inner, counts),
        )

    return st.recursive(leaves, combined, max_leaves=8)


def value(node, locals_):
    match node:
        case ir.Constant(value=number):
            return number
        case ir.ReadLocal(local=local):
            return locals_[local]
    return COMPUTE[node.operator](value(node.left, locals_), value(node.right, locals_))


@given(expressions(), st.tuples(WORDS, WORDS, WORDS))
def test_bounds_hold(expression, locals_):
    found, most, mask = value(expression, locals_), *known(expression)
    assert found <= most
    assert found & ~mask == 0
    if is_never_nan(expression):
        magnitude = found & (ALL >> 1)
        assert not magnitude > 0x7FF << 52


def read(number):
    return ir.ReadLocal(U64, 1, number)


def test_what_exponentials_and_logarithms_do_is_known():
    def binary(name, left, right):
        return ir.Binary(U64, 1, name, left, ir.Constant(U64, 1, right) if isinstance(right, int) else right)

    assert is_never_nan(binary("wrapping_shl", binary("wrapping_add", read(0), 1023), 52))
    assert not is_never_nan(binary("wrapping_shl", read(0), 51))
    assert is_never_nan(binary("or", binary("shr", read(0), 52), 0x433 << 52))
    assert not is_never_nan(binary("or", binary("shr", read(0), 52), 0x7FF << 52))
    assert is_never_nan(binary("wrapping_add", binary("and", read(0), (1 << 52) - 1), 0x3FE6_A09E_667F_3BCD))
    assert not is_never_nan(read(0))
