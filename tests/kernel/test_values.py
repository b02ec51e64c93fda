"""What kernels give: the bits of the language, in every engine, however rows are grouped."""

from __future__ import annotations

import struct

import numpy as np
import pytest

import corten
from tests.kernel import kernels

CANONICAL = 0x7FF8_0000_0000_0000
SPECIAL = [
    0, 1 << 63, 1, CANONICAL, 0xFFF8_0000_0000_0001, 0x7FF0_0000_0000_0001, 0x7FF0 << 48, 0xFFF0 << 48,
    0x000F_FFFF_FFFF_FFFF, 0x8000_0000_0000_0001, 0x0010_0000_0000_0000, 0x7FEF_FFFF_FFFF_FFFF, 0x3FF0 << 48,
]  # fmt: skip


def doubles(count: int, seed: int = 1) -> np.ndarray:
    """All kinds: any bits at all, ordinary numbers, and each special one."""
    generator = np.random.default_rng(seed)
    anything = generator.integers(0, 1 << 64, count, dtype=np.uint64)
    ordinary = generator.normal(0.0, 10.0, count).view(np.uint64)
    mixed = np.where(generator.random(count) < 0.3, anything, ordinary)
    places = generator.random(count) < 0.1
    mixed[places] = generator.choice(np.array(SPECIAL, np.uint64), int(places.sum()))
    return mixed.view(np.float64)


def same_bits(left: np.ndarray, right: np.ndarray) -> bool:
    return bool((np.asarray(left).view(np.uint64) == np.asarray(right).view(np.uint64)).all())


FLOATS = [
    kernels.payoff,
    kernels.twice,
    kernels.sign_games,
    kernels.bits,
    kernels.negated_bits,
    kernels.root,
    kernels.newton,
]


def arguments(kernel: corten.Kernel, count: int) -> list[np.ndarray]:
    return [doubles(count, seed) for seed in range(len(kernel.program.inputs))]


@pytest.mark.parametrize("kernel", FLOATS, ids=lambda each: each.__name__)
def test_equal_to_cpython(kernel):
    columns = arguments(kernel, 400)
    expected = [kernel.interpreted(*map(float, row)) for row in zip(*columns, strict=True)]
    found = kernel(*columns, errors="nan")
    assert same_bits(found, np.array(expected, found.dtype))


@pytest.mark.parametrize("kernel", FLOATS, ids=lambda each: each.__name__)
def test_one_row_as_many(kernel):
    """The loop of two rows at once, its odd remainder, and the short way for scalars give the same bits."""
    columns = arguments(kernel, 257)
    together = kernel(*columns, errors="nan")
    singly = np.array([kernel(*map(float, row), errors="nan") for row in zip(*columns, strict=True)], together.dtype)
    assert same_bits(together, singly)
    for count in (1, 2, 3):
        assert same_bits(kernel(*(column[:count] for column in columns), errors="nan"), together[:count])


@pytest.mark.parametrize("kernel", FLOATS, ids=lambda each: each.__name__)
def test_threads_and_engines(kernel):
    pytest.importorskip("py_mini_racer")
    columns = arguments(kernel, 100_003)
    once = kernel(*columns, errors="nan")
    assert same_bits(once, kernel(*columns, errors="nan", threads=3))
    assert same_bits(once, kernel.on("v8")(*columns, errors="nan"))


def test_one_nan():
    """NaNs of any bits come in, and the one NaN goes out and is what `f64_bits` sees."""
    values = np.array(SPECIAL, np.uint64).view(np.float64)
    nan = np.isnan(values)
    for kernel in (kernels.bits, kernels.negated_bits):
        assert set(kernel(values)[nan].tolist()) == {CANONICAL}
    for found in (
        kernels.root(values, errors="nan"),
        kernels.from_bits(values.view(np.uint64), errors="nan"),
        kernels.sign_games(values, values, errors="nan"),
        kernels.signed(0, values, errors="nan"),
        kernels.signed(1, values, errors="nan"),
    ):
        assert (found[nan].view(np.uint64) == CANONICAL).all()
        assert (found.view(np.uint64)[np.isnan(found)] == CANONICAL).all()
    rows = np.stack([values] * 4, axis=-1)
    found = kernels.polynomial(rows, 0.5, errors="nan")
    assert (found[nan].view(np.uint64) == CANONICAL).all()


def test_structs():
    result = kernels.greeks(np.array([100.0, 50.0]), 40.0)
    assert result._fields == ("price", "delta", "rank", "is_large")
    assert result.price.tolist() == [60.0, 10.0]
    assert result.delta.tolist() == [0.6, 0.2]
    assert result.rank.tolist() == [60, 10]
    assert result.rank.dtype == np.int32
    assert result.is_large.tolist() == [True, False]
    one = kernels.greeks(100.0, 40.0)
    assert one == (60.0, 0.6, 60, True)
    assert type(one.is_large) is bool


def test_struct_parameters_and_enums():
    legs = {"strike": np.array([90.0, 110.0]), "side": [kernels.Side.CALL, kernels.Side.PUT]}
    assert kernels.leg_value(100.0, legs).tolist() == [10.0, 10.0]
    assert kernels.signed(np.array([0, 1], np.uint8), 2.0).tolist() == [2.0, -2.0]
    assert kernels.signed("PUT", 2.0) == -2.0
    with pytest.raises(corten.InvalidInput, match=r"side: expected CALL = 0, PUT = 1, found 2"):
        kernels.signed(np.array([0, 2]), 1.0)
    with pytest.raises(corten.InvalidInput, match=r"leg: expected a field side"):
        kernels.leg_value(1.0, {"strike": 1.0})


def test_arrays():
    coefficients = np.array([1.0, 2.0, 3.0, 4.0])
    assert kernels.polynomial(coefficients, 2.0) == 26.0
    assert kernels.polynomial(coefficients, np.array([0.0, 1.0, 2.0])).tolist() == [4.0, 10.0, 26.0]
    many = np.arange(12.0).reshape(3, 4)
    assert kernels.polynomial(many, np.array([1.0, 1.0, 2.0])).tolist() == [6.0, 22.0, 131.0]
    found = kernels.powers(np.array([2.0, 3.0]))
    assert found.tolist() == [[2.0, 4.0, 8.0], [3.0, 9.0, 27.0]]
    assert kernels.powers(2.0).tolist() == [2.0, 4.0, 8.0]
    with pytest.raises(corten.InvalidInput, match=r"coefficients: expected a last axis of 4 .* found shape \(3,\)"):
        kernels.polynomial(np.zeros(3), 1.0)


def test_integers_and_bools():
    found = kernels.integers(np.array([1, 2]), np.array([3, 4], np.int32), 5)
    assert found.tolist() == [8, 13]
    assert found.dtype == np.int64
    assert kernels.above(np.array([1.0, 3.0]), 2.0).tolist() == [False, True]
    assert kernels.above(1.0, 2.0) is False


def test_a_kernel_is_still_its_function():
    assert kernels.payoff.__name__ == "payoff"
    assert kernels.payoff.function(2.0, 1.0, 0.0, 0.0) == 1.0
    assert struct.pack("<d", kernels.payoff.interpreted(2.0, 1.0, 1.0, 0.5)) == struct.pack(
        "<d", kernels.payoff(2.0, 1.0, 1.0, 0.5)
    )
