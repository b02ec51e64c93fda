"""The library's functions over columns: what contracts compute, for every row."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

import corten
from corten import quant
from corten.quant import functions
from corten.vm.kernels import Kernel
from corten.wasm.reader import read_module
from corten.wasm.text import format_module


@pytest.mark.parametrize("name", sorted(name for name, one in vars(functions).items() if isinstance(one, Kernel)))
def test_columns_are_what_contracts_compute(name):
    kernel = getattr(quant, name)
    values = np.random.default_rng(7).normal(0.0, 3.0, 64)
    expected = np.array([kernel.interpreted(float(value)) for value in values])
    assert (kernel(values, errors="nan").view(np.uint64) == expected.view(np.uint64)).all()


def test_logarithm_of_a_negative_column_is_an_error():
    with pytest.raises(ArithmeticError, match=r"log: result is nan .the kernel produced it"):
        quant.log(np.array([1.0, -1.0]))


@pytest.mark.parametrize(
    "module", ["black.black76", "black.black_scholes", "greeks.black76_greeks", "implied.implied_vol"]
)
def test_pricing_computes_two_rows_at_once(module):
    """What these are made of (conditions, bits of numbers, structs as results) must not fall back to one row."""
    home, _, name = module.partition(".")
    function = getattr(importlib.import_module(f"corten.contracts.pricing.{home}"), name)
    text = format_module(read_module(corten.kernel(function).module))
    assert text.count("f64x2.mul") > text.count("f64.mul")
