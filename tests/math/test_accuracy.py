"""Every function against mpmath: the error is below the bound that docs/mathematics.md states."""

from __future__ import annotations

import pytest

from tools.accuracy import FUNCTIONS, Function, error_in_ulps, largest_error

POINTS = 600


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
def test_bound(function: Function) -> None:
    for draw in function.draws:
        worst, place = largest_error(function, draw, POINTS)
        assert worst <= function.bound, f"{function.name}: {worst:.3f} ulp at {place}"


def test_what_a_unit_in_the_last_place_is() -> None:
    assert error_in_ulps(1.0 + 2.0**-52, 1.0) == 1.0
    assert error_in_ulps(5e-324, 0.0) == 1.0
    assert error_in_ulps(float("inf"), 1.0) == float("inf")
    assert error_in_ulps(float("inf"), float("inf")) == 0.0
