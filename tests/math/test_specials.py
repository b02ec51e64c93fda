"""Special values as in C99's Annex F, and what is exact."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest

from tools.accuracy import kernel

INF, NAN = math.inf, math.nan
SPECIAL: dict[str, list[tuple[float, float]]] = {
    "exp": [
        (0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (NAN, NAN), (709.7827128933841, INF), (710.0, INF),
        (-745.1332191019412, 0.0), (-745.1332191019411, 5e-324), (5e-324, 1.0), (1e308, INF), (-1e308, 0.0),
    ],
    "expm1": [
        (0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (NAN, NAN), (5e-324, 5e-324), (-5e-324, -5e-324),
        (710.0, INF), (-1e308, -1.0), (1e-20, 1e-20),
    ],
    "log": [
        (1.0, 0.0), (0.0, -INF), (-0.0, -INF), (INF, INF), (-INF, NAN), (NAN, NAN), (-1.0, NAN), (-5e-324, NAN),
        (5e-324, -744.4400719213812), (1.7976931348623157e308, 709.782712893384),
    ],
    "log1p": [
        (0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (-1.0000000000000002, NAN), (INF, INF), (-INF, NAN), (NAN, NAN),
        (5e-324, 5e-324), (-5e-324, -5e-324), (1.7976931348623157e308, 709.782712893384),
    ],
    "erf": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (NAN, NAN), (5e-324, 5e-324), (6.0, 1.0)],
    "erfc": [(0.0, 1.0), (-0.0, 1.0), (INF, 0.0), (-INF, 2.0), (NAN, NAN), (27.3, 0.0), (1e308, 0.0), (27.22, 5e-324)],
    "erfcx": [(0.0, 1.0), (-0.0, 1.0), (INF, 0.0), (-INF, INF), (NAN, NAN), (-27.0, INF), (-1e308, INF)],
    "normal_cdf": [(0.0, 0.5), (-0.0, 0.5), (INF, 1.0), (-INF, 0.0), (NAN, NAN), (9.0, 1.0), (-39.0, 0.0)],
    "normal_pdf": [(0.0, 0.3989422804014327), (INF, 0.0), (-INF, 0.0), (NAN, NAN), (40.0, 0.0), (-1e308, 0.0)],
    "normal_inverse": [
        (0.0, -INF), (-0.0, -INF), (1.0, INF), (0.5, 0.0), (NAN, NAN), (-5e-324, NAN), (1.0000000000000002, NAN),
        (5e-324, -38.467405617144344), (INF, NAN), (-INF, NAN),
    ],
    "exp2": [(0.0, 1.0), (1.0, 2.0), (-1074.0, 5e-324), (1023.0, 2.0**1023), (1024.0, INF), (-1e9, 0.0), (NAN, NAN)],
    "log2": [(1.0, 0.0), (8.0, 3.0), (5e-324, -1074.0), (0.0, -INF), (-1.0, NAN), (INF, INF), (NAN, NAN)],
    "log10": [(1.0, 0.0), (1000.0, 3.0), (1e22, 22.0), (-0.0, -INF), (-1.0, NAN), (INF, INF), (NAN, NAN)],
    "cbrt": [(0.0, 0.0), (-0.0, -0.0), (27.0, 3.0), (-8.0, -2.0), (INF, INF), (-INF, -INF), (NAN, NAN)],
    "sin": [(0.0, 0.0), (-0.0, -0.0), (5e-324, 5e-324), (INF, NAN), (NAN, NAN), (1e22, -0.8522008497671888)],
    "cos": [(0.0, 1.0), (-0.0, 1.0), (INF, NAN), (NAN, NAN), (1e22, 0.523214785395139)],
    "tan": [(0.0, 0.0), (-0.0, -0.0), (5e-324, 5e-324), (INF, NAN), (NAN, NAN), (1e22, -1.6287782256068988)],
    "asin": [(0.0, 0.0), (-0.0, -0.0), (1.0, math.pi / 2), (-1.0, -math.pi / 2), (1.1, NAN), (INF, NAN), (NAN, NAN)],
    "acos": [(1.0, 0.0), (-1.0, math.pi), (0.0, math.pi / 2), (-0.0, math.pi / 2), (-1.1, NAN), (NAN, NAN)],
    "atan": [(0.0, 0.0), (-0.0, -0.0), (INF, math.pi / 2), (-INF, -math.pi / 2), (1e300, math.pi / 2), (NAN, NAN)],
    "sinh": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (710.5, INF), (5e-324, 5e-324), (NAN, NAN)],
    "cosh": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, INF), (-710.5, INF), (NAN, NAN)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (1e308, 1.0), (5e-324, 5e-324), (NAN, NAN)],
    "gamma": [
        (0.0, INF), (-0.0, -INF), (1.0, 1.0), (5.0, 24.0), (23.0, 1124000727777607680000.0), (-1.0, NAN),
        (INF, INF), (-INF, NAN), (NAN, NAN), (171.7, INF), (1e-310, INF), (-190.5, -0.0), (-9e15, NAN),
    ],
    "log_gamma": [(1.0, 0.0), (2.0, 0.0), (0.0, INF), (-3.0, INF), (INF, INF), (-INF, INF), (NAN, NAN)],
}  # fmt: skip
ODD = 9007199254740991.0  # the largest odd number that is a double
POWERS = [
    (NAN, 0.0, 1.0), (INF, 0.0, 1.0), (0.0, -0.0, 1.0), (1.0, NAN, 1.0), (1.0, -INF, 1.0), (-1.0, INF, 1.0),
    (-1.0, -INF, 1.0), (2.0, INF, INF), (2.0, -INF, 0.0), (0.5, INF, 0.0), (0.5, -INF, INF), (-2.0, INF, INF),
    (-0.5, -INF, INF), (INF, 2.0, INF), (INF, -2.0, 0.0), (-INF, 3.0, -INF), (-INF, 2.0, INF), (-INF, -3.0, -0.0),
    (-INF, -2.0, 0.0), (-INF, 0.5, INF), (-INF, -0.5, 0.0), (0.0, -1.0, INF), (-0.0, -1.0, -INF), (-0.0, -2.0, INF),
    (-0.0, -0.5, INF), (-0.0, 3.0, -0.0), (-0.0, 2.0, 0.0), (-0.0, 0.5, 0.0), (-0.0, INF, 0.0), (-0.0, -INF, INF),
    (-8.0, 1 / 3, NAN), (-2.0, 3.0, -8.0), (-2.0, 2.0, 4.0), (NAN, 1.0, NAN), (2.0, NAN, NAN), (-1.0, ODD, -1.0),
    (-1.0, 2.0 * ODD, 1.0), (2.0, -1074.0, 5e-324), (2.0, -1075.0, 0.0), (2.0, 1024.0, INF), (-2.0, 1e300, INF),
    (-3.0, -1e300, 0.0), (10.0, 22.0, 1e22), (3.0, 33.0, 5559060566555523.0), (5e-324, 1.0, 5e-324), (4.0, 0.5, 2.0),
    (0.9999999999999999, 1e300, 0.0), (1.0000000000000002, 1e300, INF),
]  # fmt: skip


def bits(value: float) -> str:
    """A double to the bit; there is one NaN."""
    return struct.pack(">d", value).hex()


def check(name: str, rows: list[tuple[float, ...]]) -> None:
    """Each row holds arguments and the result."""
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    found = kernel(name)(*columns[:-1], errors="nan").tolist()
    wrong = [(row, value) for row, value in zip(rows, found, strict=True) if bits(value) != bits(row[-1])]
    assert not wrong, f"{name}: (arguments and what is right), what was found: {wrong}"


@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name: str) -> None:
    check(name, SPECIAL[name])


def test_powers() -> None:
    check("pow", POWERS)


def test_angles_of_zeros_and_infinities() -> None:
    values = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN]
    check("atan2", [(y, x, math.atan2(y, x)) for y in values for x in values])


def test_hypot_of_infinities() -> None:
    values = [0.0, -0.0, 3.0, -4.0, INF, -INF, NAN]
    check("hypot", [(x, y, math.hypot(x, y)) for x in values for y in values])


def test_integer_powers_are_exact() -> None:
    bases = np.repeat(np.arange(2.0, 12.0), 12)
    exponents = np.tile(np.arange(1.0, 13.0), 10)
    expected = [float(int(b) ** int(e)) for b, e in zip(bases, exponents, strict=True)]
    assert kernel("pow")(bases, exponents).tolist() == expected


def test_bounded_functions_are_the_others_within_their_bound() -> None:
    x = np.random.default_rng(3).uniform(-(2.0**20), 2.0**20, 2000)
    beyond = np.array([1048577.0, -1e300, INF])
    for name in ("sin", "cos", "tan"):
        bounded = kernel(f"{name}_bounded")
        assert np.array_equal(bounded(x), kernel(name)(x))
        assert np.isnan(bounded(beyond, errors="nan")).all()
