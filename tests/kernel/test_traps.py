"""Traps in a loop that computes two rows at once: rows that trap under CPython trap, with that code; others do not."""

from __future__ import annotations

import numpy as np
import pytest

import corten
from corten.base.errors import Trapped
from corten.vm.kernels.program import compiled
from corten.wasm.reader import read_module
from corten.wasm.text import format_module
from tests.kernel import trapping

KERNELS = [each for each in vars(trapping).values() if isinstance(each, corten.Kernel)]
SCALAR_LOOPS = {"products"}


def columns(kernel: corten.Kernel, count: int) -> list[np.ndarray]:
    """Small numbers mostly, so that most rows do not trap, and those at which something happens."""
    generator = np.random.default_rng(11)
    found = []
    for column in kernel.program.inputs:
        shape = (count, *column.tail)
        if column.dtype.kind == "f":
            values = np.where(generator.random(shape) < 0.8, generator.normal(0.0, 1e4, shape), 0.0)
            special = [2.0**31, 2.0**31 - 0.5, -(2.0**31) - 0.5, -(2.0**31) - 1.0, 2.0**63, -(2.0**63), np.nan, np.inf]
        else:
            limits = np.iinfo(column.dtype)
            if kernel in (trapping.element, trapping.colored):
                found.append(generator.choice(np.array([1, 1, 1, 1, 1, 1, 5, 5, 0, 4, 9]), shape).astype(column.dtype))
                continue
            values = generator.integers(max(limits.min, -6), min(limits.max, 70), shape)
            special = [limits.min, limits.max, limits.min + 1, limits.max // 2, min(limits.max, 1 << 31), 0, 5]
        picks = generator.random(shape) < 0.25
        values = np.where(
            picks,
            generator.choice(np.array(special, values.dtype if values.dtype.kind == "f" else object), shape),
            values,
        )
        found.append(values.astype(column.dtype))
    return found


def outcome(kernel: corten.Kernel, row) -> object:
    def plain(value):
        if np.ndim(value):
            array = trapping.Array[trapping.f64, 5]()
            for index, each in enumerate(value.tolist()):
                array[index] = each
            return array
        return value.item()

    try:
        return kernel.interpreted(*map(plain, row))
    except Trapped as error:
        return error.code


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda each: each.__name__)
def test_rows_that_trap(kernel):
    given = columns(kernel, 240)
    outcomes = [outcome(kernel, row) for row in zip(*given, strict=True)]
    traps = [index for index, each in enumerate(outcomes) if isinstance(each, corten.TrapCode)]
    assert 3 < len(traps) < 220, "the test says little"
    fine = np.array([index for index in range(240) if index not in traps])
    found = kernel(*(column[fine] for column in given), errors="nan")
    expected = np.array([outcomes[index] for index in fine.tolist()], found.dtype)
    assert found.tobytes() == expected.tobytes()
    for first in traps[:6]:
        with pytest.raises(corten.KernelTrapped) as raised:
            kernel(*(column[np.append(fine[fine < first], [first, *traps])] for column in given), errors="nan")
        assert raised.value.row == (int((fine < first).sum()),)
        assert raised.value.code == outcomes[first]


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda each: each.__name__)
def test_traps_do_not_keep_rows_from_being_computed_together(kernel):
    assert kernel.program.loops in (["exact", "run"], ["exact", "run", "uniform"])
    if kernel is trapping.element or kernel is trapping.colored:
        return  # elements are gathered one by one; bools are bytes
    text = format_module(read_module(compiled(kernel._source)))
    assert "v128.load" in text or "v128.store" in text or "v128.load64_zero" in text


def test_large_factors_are_no_trap():
    """Products of 64 bits are only estimated at first."""
    large = np.full(9000, 1 << 40)
    assert trapping.products(large, 5).tolist() == [5 << 40] * 9000
    assert trapping.products(1 << 40, 5) == 5 << 40


def test_one_array_for_all_rows():
    values = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    places = np.tile([1, 2, 3, 4], 5000)
    expected = (values[places] + values[places - 1]).tolist()
    assert trapping.element(values, places).tolist() == expected
    assert trapping.element(np.broadcast_to(values, (20_000, 5)), places).tolist() == expected
    places[19_999] = 0
    for array in (values, np.broadcast_to(values, (20_000, 5))):
        with pytest.raises(corten.KernelTrapped, match="index_out_of_range in row 19999"):
            trapping.element(array, places)
