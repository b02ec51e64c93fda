"""American and exotic options over columns (docs/exotics.md).

Arguments, units, `threads`, `errors` and `out` are those of European options (corten.quant.vanilla); `rate` and
`dividend` are per year, continuously compounded.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

import numpy as np

from corten.base.errors import InvalidInput, KernelNaN
from corten.contracts.pricing import american as early
from corten.contracts.pricing import asian as averages
from corten.contracts.pricing import barrier as barriers
from corten.contracts.pricing import lookback as lookbacks
from corten.quant.kinds import signs
from corten.quant.vanilla import Column, located, paired
from corten.vm.kernels import Kernel, kernel

_AMERICAN: Final = kernel(early.american)
_BARRIER: Final = kernel(barriers.barrier_option)
_DOUBLE_BARRIER: Final = kernel(barriers.double_barrier)
_TOUCH: Final = kernel(barriers.touch)
_ASIAN: Final = kernel(averages.asian)
_ASIAN_GEOMETRIC: Final = kernel(averages.asian_geometric)
_ASIAN_LEVY: Final = kernel(averages.asian_levy)
_LOOKBACK_FLOATING: Final = kernel(lookbacks.lookback_floating)
_LOOKBACK_FIXED: Final = kernel(lookbacks.lookback_fixed)

_NOT_NEGATIVE: Final = frozenset("spot strike expiry vol barrier lower upper rebate observations fixings first".split())
_KNOCKS: Final = {"up-in": (1.0, 1.0), "up-out": (1.0, -1.0), "down-in": (-1.0, 1.0), "down-out": (-1.0, -1.0)}
_ACTIONS: Final = {"in": 1.0, "out": -1.0}
_TWO_BOUNDARIES: Final = (
    "a rate ≥ 0 or ≤ dividend (put), a dividend ≥ 0 or ≤ rate (call): else exercise has two boundaries"
)

_LOST: Final = (
    "a vol whose square is not that small beside |rate − dividend|: the early-exercise boundary was not found to 1e-6 "
    "of the strike; a price between those of a larger vol and of vol = 0 is right"
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
    is right between two prices only, is refused (InvalidInput; NaN with errors="nan"). So are options whose boundary
    is not found to 1e-6 of the strike: some where |rate − dividend| is 15·vol² and more (docs/exotics.md).
    """
    return _called(_AMERICAN, (spot, strike, expiry, vol, rate, dividend, signs(kind)), options)


def barrier_option(
    spot: Column,
    strike: Column,
    barrier: Column,
    expiry: Column,
    vol: Column,
    kind: Any,
    knock: str,
    rate: Column = 0.0,
    dividend: Column = 0.0,
    rebate: Column = 0.0,
    observations: Column = 0.0,
    **options: Any,
) -> Any:
    """Prices of calls and puts with a barrier, in quote units; `knock` is "down-in", "down-out", "up-in" or "up-out".

    `rebate` is paid when a knock-out ends, or at expiry if a knock-in never began. `observations` at equidistant times
    count, the last at expiry; 0: every price counts. A spot price at the barrier or beyond it has reached it. Reiner
    and Rubinstein (1991); Broadie, Glasserman and Kou (1997) for observations.
    """
    direction, action = _known("knock", knock, _KNOCKS)
    terms = (spot, strike, barrier, expiry, vol, rate, dividend, signs(kind), direction, action, rebate, observations)
    return _called(_BARRIER, terms, options)


def double_barrier(
    spot: Column,
    strike: Column,
    lower: Column,
    upper: Column,
    expiry: Column,
    vol: Column,
    kind: Any,
    knock: str,
    rate: Column = 0.0,
    dividend: Column = 0.0,
    observations: Column = 0.0,
    **options: Any,
) -> Any:
    """Prices of calls and puts that the first of two barriers knocks "in" or "out", in quote units, without rebate."""
    action = _known("knock", knock, _ACTIONS)
    terms = (spot, strike, lower, upper, expiry, vol, rate, dividend, signs(kind), action, observations)
    return _called(_DOUBLE_BARRIER, terms, options)


def touch(
    spot: Column,
    barrier: Column,
    expiry: Column,
    vol: Column,
    rate: Column = 0.0,
    dividend: Column = 0.0,
    observations: Column = 0.0,
    **options: Any,
) -> Any:
    """What one unit of money is worth that is paid if a barrier is touched, or not: (at_hit, at_expiry, no_touch).

    `at_hit` is paid when it is touched, `at_expiry` at expiry if it was, `no_touch` at expiry if it was not. The
    barrier is above the spot price or below it.
    """
    return _called(_TOUCH, (spot, barrier, expiry, vol, rate, dividend, observations), options)


def asian(
    spot: Column,
    strike: Column,
    expiry: Column,
    vol: Column,
    fixings: Column,
    rate: Column = 0.0,
    dividend: Column = 0.0,
    first: Column = 0.0,
    *,
    kind: Any = None,
    **options: Any,
) -> Any:
    """Calls and puts on the arithmetic average of `fixings` prices at equidistant times, from `first` years to expiry.

    By conditioning on the geometric average: Curran (1994), Rogers and Shi (1995); a lower bound, see docs/exotics.md
    for its error. A single fixing is at expiry.
    """
    return paired(_called, _ASIAN, (spot, strike, expiry, vol, rate, dividend, fixings, first), kind, options)


def asian_geometric(
    spot: Column,
    strike: Column,
    expiry: Column,
    vol: Column,
    fixings: Column,
    rate: Column = 0.0,
    dividend: Column = 0.0,
    first: Column = 0.0,
    *,
    kind: Any = None,
    **options: Any,
) -> Any:
    """Calls and puts on the geometric average, exact; fixings = 0: the average over all of 0 … expiry."""
    return paired(_called, _ASIAN_GEOMETRIC, (spot, strike, expiry, vol, rate, dividend, fixings, first), kind, options)


def asian_levy(
    spot: Column,
    strike: Column,
    expiry: Column,
    vol: Column,
    fixings: Column,
    rate: Column = 0.0,
    dividend: Column = 0.0,
    first: Column = 0.0,
    *,
    kind: Any = None,
    **options: Any,
) -> Any:
    """Calls and puts on the arithmetic average as if it were lognormal with its exact moments: Levy (1992).

    fixings = 0: the average over all of 0 … expiry, with the moments of Turnbull and Wakeman (1991).
    """
    return paired(_called, _ASIAN_LEVY, (spot, strike, expiry, vol, rate, dividend, fixings, first), kind, options)


def lookback_floating(
    spot: Column,
    extreme: Column,
    expiry: Column,
    vol: Column,
    kind: Any,
    rate: Column = 0.0,
    dividend: Column = 0.0,
    **options: Any,
) -> Any:
    """Prices of what pays the last price less the minimum (call) or the maximum less the last price (put).

    `extreme` is the minimum or maximum so far. Goldman, Sosin and Gatto (1979).
    """
    return _called(_LOOKBACK_FLOATING, (spot, extreme, expiry, vol, rate, dividend, signs(kind)), options)


def lookback_fixed(
    spot: Column,
    extreme: Column,
    strike: Column,
    expiry: Column,
    vol: Column,
    kind: Any,
    rate: Column = 0.0,
    dividend: Column = 0.0,
    **options: Any,
) -> Any:
    """Prices of what pays the maximum above the strike (call) or the strike above the minimum (put).

    `extreme` is the maximum (call) or minimum (put) so far. Conze and Viswanathan (1991).
    """
    return _called(_LOOKBACK_FIXED, (spot, extreme, strike, expiry, vol, rate, dividend, signs(kind)), options)


# ── calls, and errors that name the row ──────────────────────────────────────────────────────────────────────────────


def _known(argument: str, value: str, known: dict[str, Any]) -> Any:
    if value not in known:
        raise InvalidInput(argument, ", ".join(map(repr, known)), repr(value))
    return known[value]


def _called(function: Kernel, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    try:
        return function(*arguments, **options)
    except KernelNaN as error:
        raise located(error, partial(_expected, error)) from error


def _expected(error: KernelNaN, name: str, value: float) -> str:
    """What an argument must be, empty if it is."""
    terms = {key: float(one) for key, one in error.arguments.items()}  # type: ignore[arg-type]
    if name in _NOT_NEGATIVE and not 0.0 <= value < np.inf:
        return "a number ≥ 0"
    if not np.isfinite(value):
        return "a number"
    if (
        all(np.isfinite(one) for one in terms.values())
        and not min(terms[key] for key in _NOT_NEGATIVE & set(terms)) < 0
    ):
        return _rules(error.kernel, name, value, terms)
    return ""


def _rules(function: str, name: str, value: float, terms: dict[str, float]) -> str:
    """What an argument must be beside the others, which are numbers."""
    if function == "american":
        rate, dividend = (terms[one] for one in (("dividend", "rate") if terms["kind"] > 0 else ("rate", "dividend")))
        has_two = rate < 0.0 and dividend < rate
        return (_TWO_BOUNDARIES if has_two else _LOST) if name == ("kind" if has_two else "vol") else ""
    if name in ("spot", "extreme", "barrier", "lower", "strike") and value <= 0.0:
        return "a number > 0"
    if name == "upper" and value <= terms["lower"]:
        return f"more than lower = {terms['lower']!r}"
    if name == "fixings" and not (value == np.floor(value) and value <= averages.MOST_FIXINGS):
        return f"a whole number ≤ {averages.MOST_FIXINGS:.0f}"
    if name == "fixings" and value == 0.0 and function == "asian":
        return "at least one fixing"
    if name == "first" and value > terms["expiry"]:
        return f"at most expiry = {terms['expiry']!r}"
    if name == "rate" and function in ("touch", "barrier_option"):
        return "a rate at which a perpetual touch has a price"
    return ""
