"""The library's functions over columns: what contracts compute, for every row."""

from __future__ import annotations

import numpy as np
import pytest

from corten import quant


@pytest.mark.parametrize("name", quant.__all__)
def test_columns_are_what_contracts_compute(name):
    kernel = getattr(quant, name)
    values = np.random.default_rng(7).normal(0.0, 3.0, 64)
    expected = np.array([kernel.interpreted(float(value)) for value in values])
    assert (kernel(values, errors="nan").view(np.uint64) == expected.view(np.uint64)).all()


def test_logarithm_of_a_negative_column_is_an_error():
    with pytest.raises(ArithmeticError, match=r"log: result is nan .the kernel produced it"):
        quant.log(np.array([1.0, -1.0]))
