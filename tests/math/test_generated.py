"""The polynomials that are checked in are those that the generator makes."""

from __future__ import annotations

import pytest

from tools.polynomials import FILE, fitted_coefficients, generate


@pytest.mark.parametrize("name", ["exp_remainder", "log_remainder"])
def test_coefficients(name: str) -> None:
    source = generate((name,))[name]
    coefficients = fitted_coefficients(source)
    assert len(coefficients) >= 7
    assert coefficients == fitted_coefficients(FILE.read_text(encoding="utf-8"), name)
