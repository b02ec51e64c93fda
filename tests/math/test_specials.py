"""Special values as in C99's Annex F, and what is exact."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest

from tools.accuracy import Library

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
}  # fmt: skip


def bits(value: float) -> str:
    """A double to the bit; there is one NaN."""
    return struct.pack(">d", value).hex()


@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name: str, library: Library) -> None:
    arguments, expected = zip(*SPECIAL[name], strict=True)
    found = library.map(name, np.array(arguments))
    shown = [(x, value) for x, value in zip(arguments, found.tolist(), strict=True)]
    assert [bits(value) for value in found] == [bits(value) for value in expected], shown
