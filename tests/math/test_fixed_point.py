"""Fixed-point functions: bounds that hold, how far apart they are, and the same numbers compiled and under CPython."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mpmath import mp, mpf

import corten
from corten.base.errors import Status, TrapCode
from tests.compiler.test_integers import outcomes

WAD = 10**18
SOURCE = Path(__file__).parent / "contracts/vault.py"
COUNT = 250


@pytest.fixture(scope="module")
def vault() -> corten.Contract:
    return corten.Machine(memory_limit=1 << 20, cache=False).deploy(SOURCE)


@pytest.fixture(scope="module")
def interpreted() -> corten.Contract:
    return corten.Machine(memory_limit=1 << 20, engine="python").deploy(SOURCE)


def both(vault: corten.Contract, entry: str, *columns: list[int]) -> tuple[list[Any], list[Any]]:
    """Lower and upper bounds of each row."""
    count = len(columns[0])
    return (
        outcomes(vault, f"{entry}_bounds", [*columns, [False] * count]),
        outcomes(vault, f"{entry}_bounds", [*columns, [True] * count]),
    )


def spread(random_numbers: random.Random, digits: int) -> int:
    return random_numbers.randint(1, 10 ** random_numbers.randint(1, digits))


CASES: dict[str, tuple[Callable[[random.Random], tuple[int, ...]], Callable[..., Any]]] = {
    "exp": (lambda r: (r.randint(-45 * WAD, 46 * WAD),), mp.exp),
    "ln": (lambda r: (spread(r, 38),), mp.log),
    "normal_cdf": (lambda r: (r.randint(-11 * WAD, 11 * WAD),), mp.ncdf),
    "pow": (lambda r: (r.randint(WAD // 100, 100 * WAD), r.randint(-9 * WAD, 9 * WAD)), lambda x, y: x**y),
}


@pytest.mark.parametrize("name", CASES)
def test_bounds(name: str, vault: corten.Contract) -> None:
    """What is true lies between the bounds, which are two units or a relative 2**-86 (times the exponent) apart."""
    draw, exact = CASES[name]
    numbers = random.Random(name)
    rows = [draw(numbers) for _ in range(COUNT)]
    lower, upper = both(vault, name, *map(list, zip(*rows, strict=True)))
    with mp.workprec(300):
        for row, low, high in zip(rows, lower, upper, strict=True):
            value = exact(*[mpf(number) / WAD for number in row]) * WAD
            relative = mpf(2) ** -86 * (abs(mpf(row[-1])) / WAD + 2 if name == "pow" else 1)
            assert low <= value <= high, (name, row)
            assert high - low <= 2 + (relative * value if name != "ln" else 0), (name, row)


def test_square_roots_are_exact(vault: corten.Contract) -> None:
    numbers = random.Random(1)
    squares = [numbers.randint(0, 10**17) ** 2 for _ in range(50)]
    values = [0, 1, WAD, 4 * WAD, 2**127 - 1, *[spread(numbers, 38) for _ in range(COUNT)]]
    values += [square // WAD for square in squares] + [WAD * square for square in range(20)]
    lower, upper = both(vault, "sqrt", values)
    for value, low, high in zip(values, lower, upper, strict=True):
        root = math.isqrt(value * WAD)
        assert low == root
        assert high == root + (root * root != value * WAD), value


def test_edges(vault: corten.Contract) -> None:
    most = 2**127 - 1
    assert both(vault, "exp", [0, -43 * WAD, -(2**127)]) == ([WAD - 1, 0, 0], [WAD + 1, 1, 1])
    assert both(vault, "ln", [WAD]) == ([-1], [1])
    assert both(vault, "normal_cdf", [-most - 1, most, 0]) == ([0, WAD - 1, WAD // 2 - 1], [1, WAD, WAD // 2 + 1])
    lowest = {bound[0] for bound in both(vault, "ln", [1])}
    assert all(abs(mpf(bound) / WAD - mp.log(mpf(10) ** -18)) < 3e-18 for bound in lowest)
    assert both(vault, "pow", [WAD, 10 * WAD], [5 * WAD, 0])[0] == [WAD - 1, WAD - 1]


def test_what_has_no_result(vault: corten.Contract) -> None:
    assert both(vault, "exp", [47 * WAD])[0] == [TrapCode.INTEGER_OVERFLOW]
    for entry, arguments in (("ln", {"x": 0}), ("sqrt", {"x": -1}), ("pow", {"x": -WAD, "y": WAD})):
        receipt = vault.call(f"{entry}_bounds", {**arguments, "up": False})
        assert receipt.status is Status.REJECTED, entry


def test_cpython(vault: corten.Contract, interpreted: corten.Contract) -> None:
    for name, (draw, _) in CASES.items():
        numbers = random.Random(name)
        for _ in range(3):
            arguments = dict(zip(("x", "y"), draw(numbers), strict=False))
            found = [each.call(f"{name}_bounds", {**arguments, "up": True}).result for each in (vault, interpreted)]
            assert found[0] == found[1], (name, arguments)
