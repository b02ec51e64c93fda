"""American and exotic options over columns (docs/exotics.md).

Arguments, units, `threads`, `errors` and `out` are those of European options (corten.quant.vanilla); `rate` and
`dividend` are per year, continuously compounded.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np

from corten.base.errors import KernelNaN
from corten.contracts.pricing import american as early
from corten.quant.kinds import signs
from corten.quant.vanilla import Column, located
from corten.vm.kernels import Kernel, kernel

_AMERICAN: Final = kernel(early.american)

_NOT_NEGATIVE: Final = frozenset("spot strike expiry vol".split())
_TWO_BOUNDARIES: Final = (
    "a rate ≥ 0 or ≤ dividend (put), a dividend ≥ 0 or ≤ rate (call): else exercise has two boundaries"
)


def american(
    spot: Column,
    strike: Column,
    expiry: Column,
    vol: Column,
    kind: Any,
    rate: Column = 0.0,
    dividend: Column = 0.0,
    **options: Any,
) -> Any:
    """American calls and puts, in quote units: a named tuple (price, boundary).

    `boundary` is the spot price at and beyond which exercise is right today, `expiry` years before the end: 0 for a
    put, infinite for a call that is never exercised early. The boundary over time is that of other expiries.
    Andersen, Lake and Offengenden (2016). A negative rate below a dividend yield that is negative, too, where exercise
    is right between two prices only, is refused (InvalidInput; NaN with errors="nan").
    """
    return _called(_AMERICAN, (spot, strike, expiry, vol, rate, dividend, signs(kind)), options)


def _called(function: Kernel, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    try:
        return function(*arguments, **options)
    except KernelNaN as error:
        raise located(error, partial(_expected, error.kernel)) from error


def _expected(function: str, name: str, value: float) -> str:
    """What an argument must be, empty if it is."""
    if name in _NOT_NEGATIVE:
        return "" if 0.0 <= value < np.inf else "a number ≥ 0"
    if not np.isfinite(value):
        return "a number"
    if function == "american" and name == "kind":  # the last, and the others are as they must be
        return _TWO_BOUNDARIES
    return ""
