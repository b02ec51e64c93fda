"""Complex arithmetic against mpmath, in units of half the last place of the modulus; branch cuts; the range's ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpc

from tests.math import complex_kernels as kernels

COUNT = 300
RANDOM = np.random.default_rng(7)


def columns(z: Any) -> dict[str, Any]:
    return {"real": z.real.copy(), "imaginary": z.imag.copy()}


def common() -> Any:
    return RANDOM.normal(size=COUNT) + 1j * RANDOM.normal(size=COUNT)


def wide(limit: float) -> Any:
    return np.exp(RANDOM.uniform(-limit, limit, COUNT)) * np.exp(1j * RANDOM.uniform(-math.pi, math.pi, COUNT))


def largest_error(kernel: Any, exact: Callable[..., Any], *numbers: Any) -> float:
    """The largest relative error, in units of 2**-53."""
    found = kernel(*map(columns, numbers))
    worst = 0.0
    with mp.workprec(120):
        for index in range(COUNT):
            value = exact(*[mpc(complex(z[index])) for z in numbers])
            error = abs(mpc(float(found[0][index]), float(found[1][index])) - value) / abs(value)
            worst = max(worst, float(error) * 2.0**53)
    return worst


CASES = [
    (kernels.product, lambda a, b: a * b, (common, common), 3.0),
    (kernels.quotient, lambda a, b: a / b, (common, common), 5.0),
    (kernels.quotient, lambda a, b: a / b, (lambda: wide(300), lambda: wide(300)), 5.0),
    (kernels.combination, lambda a, b: 2 * a + mp.conj(b) + b, (common, common), 1e3),
    (kernels.exponential, mp.exp, (lambda: 5 * common(),), 3.0),
    (kernels.logarithm, mp.log, (common,), 3.0),
    (kernels.logarithm, mp.log, (lambda: wide(700),), 3.0),
    (kernels.logarithm, mp.log, (lambda: np.exp(1j * RANDOM.uniform(-0.1, 0.1, COUNT) ** 3),), 3.0),
    (kernels.root, mp.sqrt, (common,), 3.0),
    (kernels.root, mp.sqrt, (lambda: wide(700),), 3.0),
    (kernels.root, mp.sqrt, (lambda: -abs(common()) + 1e-9j * RANDOM.normal(size=COUNT),), 3.0),
    (kernels.power, lambda a, b: a**b, (common, lambda: 2 * common()), 60.0),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].__name__)
def test_errors(case: tuple[Any, Callable[..., Any], tuple[Callable[[], Any], ...], float]) -> None:
    kernel, exact, draws, bound = case
    assert largest_error(kernel, exact, *[draw() for draw in draws]) < bound


def test_branch_cuts() -> None:
    """The sign of a zero says on which side of the cut an argument lies."""
    above, below = columns(np.array([complex(-4.0, 0.0)])), columns(np.array([complex(-4.0, -0.0)]))
    assert (kernels.root(above)[0][0], kernels.root(above)[1][0]) == (0.0, 2.0)
    assert (kernels.root(below)[0][0], kernels.root(below)[1][0]) == (0.0, -2.0)
    assert kernels.logarithm(above)[1][0] == math.pi
    assert kernels.logarithm(below)[1][0] == -math.pi


def test_zeros() -> None:
    zero, two = columns(np.zeros(1, complex)), columns(np.array([2.0 + 1.0j]))
    assert [part[0] for part in kernels.root(zero)] == [0.0, 0.0]
    assert [part[0] for part in kernels.power(zero, two)] == [0.0, 0.0]
    assert kernels.logarithm(zero)[0][0] == -math.inf
    assert kernels.size(columns(np.array([3e300 + 4e300j])))[0] == 5e300
