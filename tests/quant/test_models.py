"""Models beyond Black-Scholes over columns: the same bits as CPython and V8."""

from __future__ import annotations

import numpy as np
import pytest

from corten.quant import models, variance
from corten.vm.kernels import Kernel
from tests.quant.test_vanilla import DRAWS, bits

KERNELS = {
    name.strip("_").lower(): one
    for module in (models, variance)
    for name, one in vars(module).items()
    if isinstance(one, Kernel)
}
MODELS = DRAWS | {
    "variance": lambda draw, n: 10.0 ** draw.uniform(-4, 0, n),
    "theta": lambda draw, n: 10.0 ** draw.uniform(-4, 0, n),
    "kappa": lambda draw, n: 10.0 ** draw.uniform(-2, 1, n),
    "xi": lambda draw, n: 10.0 ** draw.uniform(-3, 0.7, n),
    "alpha": lambda draw, n: 10.0 ** draw.uniform(-2, 1, n),
    "beta": lambda draw, n: draw.uniform(0.0, 1.0, n),
    "nu": lambda draw, n: 10.0 ** draw.uniform(-2, 0.5, n),
    "shift": lambda draw, n: draw.uniform(0.0, 10.0, n),
    "intensity": lambda draw, n: 10.0 ** draw.uniform(-2, 1.5, n),
    "jump_mean": lambda draw, n: draw.uniform(-1.0, 0.5, n),
    "jump_deviation": lambda draw, n: draw.uniform(0.0, 0.5, n),
    "rho": lambda draw, n: draw.uniform(-1.0, 1.0, n),
}
ODD = [0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-310, 1e300]


def columns(kernel: Kernel, n: int, seed: int) -> list[np.ndarray]:
    """Random arguments, some of them out of their domain."""
    draw = np.random.default_rng(seed)
    found = [
        MODELS.get(column.path, lambda draw, n: 100.0 * np.exp(draw.normal(0.0, 0.3, n)))(draw, n)
        for column in kernel.program.inputs
    ]
    for column in found:
        column[draw.integers(0, n, n // 50)] = draw.choice(ODD, n // 50)
    return found


@pytest.mark.parametrize("name", KERNELS)
def test_v8_computes_the_same_bits(name: str):
    pytest.importorskip("py_mini_racer")
    inputs = columns(KERNELS[name], 3000, 2)
    assert bits(KERNELS[name](*inputs, errors="nan")) == bits(KERNELS[name].on("v8")(*inputs, errors="nan"))


@pytest.mark.parametrize("name", KERNELS)
def test_columns_are_what_cpython_computes(name: str):
    kernel = KERNELS[name]
    inputs = [column[:4] for column in columns(kernel, 300, 1)]
    found = kernel(*inputs, errors="nan")
    for row, arguments in enumerate(zip(*(column.tolist() for column in inputs), strict=True)):
        expected = kernel.interpreted(*arguments)
        outputs = kernel.program.outputs
        fields = [expected] if len(outputs) == 1 else [getattr(expected, one.path) for one in outputs]
        compiled = [column[row] for column in (found if isinstance(found, tuple) else (found,))]
        assert [np.float64(one).tobytes() for one in fields] == [one.tobytes() for one in compiled], arguments
