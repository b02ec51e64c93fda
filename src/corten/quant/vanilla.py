"""European options over columns: prices, greeks, implied volatility (docs/pricing.md).

Every argument is a scalar or a column (numpy, pandas, polars); they broadcast. Units: prices and strikes in quote units
(prices in coin where a name says `inverse`), expiry in years, vol annualized (0.6 = 60 %), rates per year, continuously
compounded. `kind` is "call" or "put" (also "C", "P", 1, −1, True for a call), or a column of those.

`threads` compute at once. `errors="raise"` raises InvalidInput that names the first row and the argument out of its
domain; `errors="nan"` gives NaN there. `out` receives the result, as a kernel's (docs/spec/kernels.md).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from corten.base.errors import InvalidInput, KernelNaN
from corten.contracts.pricing import bachelier as normal
from corten.contracts.pricing import black, digital
from corten.contracts.pricing import greeks as derivatives
from corten.quant.kinds import signs
from corten.vm.kernels import Kernel, kernel
from corten.vm.kernels.containers import unwrapped, wrapping

Column = Any  # a scalar, a numpy array, a pandas or polars Series

_BLACK76: Final = kernel(black.black76)
_BLACK_SCHOLES: Final = kernel(black.black_scholes)
_BLACK76_INVERSE: Final = kernel(black.black76_inverse)
_BACHELIER: Final = kernel(normal.bachelier)
_BACHELIER_IMPLIED: Final = kernel(normal.bachelier_implied_vol)
_CASH: Final = kernel(digital.cash_or_nothing)
_ASSET: Final = kernel(digital.asset_or_nothing)
_CASH_INVERSE: Final = kernel(digital.cash_or_nothing_inverse)
_BLACK76_GREEKS: Final = kernel(derivatives.black76_greeks)
_BLACK_SCHOLES_GREEKS: Final = kernel(derivatives.black_scholes_greeks)
_INVERSE_GREEKS: Final = kernel(derivatives.black76_inverse_greeks)

_NOT_NEGATIVE: Final = frozenset(
    "forward spot strike expiry vol discount variance kappa theta xi alpha nu shift intensity jump_deviation".split()
)
_WITHIN: Final = {"rho": (-1.0, 1.0), "beta": (0.0, 1.0)}
_POSITIVE: Final = {
    "black76_inverse": frozenset({"forward"}),
    "cash_or_nothing": frozenset({"strike"}),
    "cash_or_nothing_inverse": frozenset({"forward"}),
    "black76_greeks": frozenset({"forward", "strike"}),
    "black_scholes_greeks": frozenset({"spot", "strike"}),
    "black76_inverse_greeks": frozenset({"forward", "strike"}),
    "bachelier_implied_vol": frozenset({"expiry", "discount"}),
    "sabr": frozenset({"alpha"}),
    "sabr_obloj": frozenset({"alpha"}),
    "sabr_normal": frozenset({"alpha"}),
    "replication_weight": frozenset({"inner", "strike", "outer", "boundary", "expiry"}),
    "replication_rest": frozenset({"forward", "boundary", "expiry"}),
    "index_weight": frozenset({"strike", "expiry"}),
    "index_rest": frozenset({"forward", "boundary", "expiry"}),
}
_SIGNED: Final = {
    "bachelier": frozenset({"forward", "strike"}),
    "bachelier_implied_vol": frozenset({"forward", "strike"}),
    **dict.fromkeys(("sabr", "sabr_obloj", "sabr_normal"), frozenset({"forward", "strike", "shift"})),
}


def black76(
    forward: Column,
    strike: Column,
    expiry: Column,
    vol: Column,
    discount: Column = 1.0,
    *,
    kind: Any = None,
    **options: Any,
) -> Any:
    """Calls and puts on a forward or future, in quote units: a named tuple (call, put), or the one that `kind` says.

    discount is the factor from the payment to now; futures-style margining has 1. Black (1976).
    """
    return pair_of(_BLACK76, (forward, strike, expiry, vol, discount), kind, options)


def black_scholes(
    spot: Column,
    strike: Column,
    expiry: Column,
    vol: Column,
    rate: Column = 0.0,
    dividend: Column = 0.0,
    *,
    kind: Any = None,
    **options: Any,
) -> Any:
    """Calls and puts on a spot price, in quote units: a named tuple (call, put), or the one that `kind` says.

    dividend is a continuous yield, for a currency or coin its own interest rate. Black, Scholes, Merton (1973).
    """
    return pair_of(_BLACK_SCHOLES, (spot, strike, expiry, vol, rate, dividend), kind, options)


def black76_inverse(
    forward: Column, strike: Column, expiry: Column, vol: Column, *, kind: Any = None, **options: Any
) -> Any:
    """Coin-settled calls and puts, in coin, as Deribit's: the undiscounted Black price over the forward."""
    return pair_of(_BLACK76_INVERSE, (forward, strike, expiry, vol), kind, options)


def bachelier(
    forward: Column,
    strike: Column,
    expiry: Column,
    vol: Column,
    discount: Column = 1.0,
    *,
    kind: Any = None,
    **options: Any,
) -> Any:
    """Calls and puts on a normally distributed forward, vol in quote units per √year; prices may be negative."""
    return pair_of(_BACHELIER, (forward, strike, expiry, vol, discount), kind, options)


def cash_or_nothing(
    forward: Column,
    strike: Column,
    expiry: Column,
    vol: Column,
    discount: Column = 1.0,
    *,
    kind: Any = None,
    **options: Any,
) -> Any:
    """Digitals that pay one quote unit above (call) or below (put) the strike, in quote units."""
    return pair_of(_CASH, (forward, strike, expiry, vol, discount), kind, options)


def asset_or_nothing(
    forward: Column,
    strike: Column,
    expiry: Column,
    vol: Column,
    discount: Column = 1.0,
    *,
    kind: Any = None,
    **options: Any,
) -> Any:
    """Digitals that pay the asset above (call) or below (put) the strike, in quote units."""
    return pair_of(_ASSET, (forward, strike, expiry, vol, discount), kind, options)


def cash_or_nothing_inverse(
    forward: Column, strike: Column, expiry: Column, vol: Column, *, kind: Any = None, **options: Any
) -> Any:
    """Digitals that pay one coin above (call) or below (put) the strike, in coin."""
    return pair_of(_CASH_INVERSE, (forward, strike, expiry, vol), kind, options)


def black76_greeks(
    forward: Column, strike: Column, expiry: Column, vol: Column, kind: Any, rate: Column = 0.0, **options: Any
) -> Any:
    """Price and all greeks of options on a forward, a named tuple of columns (`Greeks` of contracts/pricing/greeks.py).

    vega, vanna … per 1.00 of vol; theta, charm, veta, color per year that passes, the forward fixed; rho per 1.00.
    """
    return called(_BLACK76_GREEKS, (forward, strike, expiry, vol, rate, signs(kind)), options)


def black_scholes_greeks(
    spot: Column,
    strike: Column,
    expiry: Column,
    vol: Column,
    kind: Any,
    rate: Column = 0.0,
    dividend: Column = 0.0,
    **options: Any,
) -> Any:
    """Price and all greeks of options on a spot price, a named tuple of columns; carry_rho is by the dividend yield."""
    return called(_BLACK_SCHOLES_GREEKS, (spot, strike, expiry, vol, rate, dividend, signs(kind)), options)


def black76_inverse_greeks(
    forward: Column, strike: Column, expiry: Column, vol: Column, kind: Any, **options: Any
) -> Any:
    """Price in coin and its derivatives, a named tuple of columns (`InverseGreeks` of contracts/pricing/greeks.py).

    black_delta is what exchanges show; net_delta = black_delta − price hedges an option that is paid for in coin.
    """
    return called(_INVERSE_GREEKS, (forward, strike, expiry, vol, signs(kind)), options)


def bachelier_implied_vol(
    price: Column, forward: Column, strike: Column, expiry: Column, kind: Any, discount: Column = 1.0, **options: Any
) -> Any:
    """Normal volatilities of prices, in quote units per √year; 0 at the intrinsic value."""
    return called(_BACHELIER_IMPLIED, (price, forward, strike, expiry, discount, signs(kind)), options)


# ── calls, and errors that name the row ──────────────────────────────────────────────────────────────────────────────


def pair_of(function: Kernel, arguments: tuple[Any, ...], kind: Any, options: dict[str, Any]) -> Any:
    """Both prices, or of each row the one of its kind."""
    return paired(called, function, arguments, kind, options)


def paired(
    price: Callable[..., Any], function: Kernel, arguments: tuple[Any, ...], kind: Any, options: dict[str, Any]
) -> Any:
    """As `pair_of`, of a function that calls the kernel and tells what is wrong with a row."""
    if kind is None:
        return price(function, arguments, options)
    if "out" in options:
        raise InvalidInput("out", "no `kind`: `out` receives calls and puts", "both")
    names = [column.path for column in function.program.inputs]
    sign = signs(kind)
    wrap = wrapping([*arguments, sign], [*names, "kind"])
    columns = tuple(unwrapped(value, name) for value, name in zip(arguments, names, strict=True))
    pair = price(function, columns, options)
    chosen = np.where(np.asarray(sign) > 0.0, pair.call, pair.put)
    if chosen.ndim == 0:
        return float(chosen)
    return chosen if wrap is None else wrap(chosen, function.function.__name__)


def called(function: Kernel, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    try:
        return function(*arguments, **options)
    except KernelNaN as error:
        raise located(error, _domains(error.kernel)) from error


def located(error: KernelNaN, expected: Callable[[str, float], str]) -> Exception:
    """What to tell of a row without result: the argument out of its domain; the kernel's own error if there is none."""
    for name, value in error.arguments.items():
        wanted = expected(name, float(value))  # type: ignore[arg-type]
        if wanted:
            row = "" if error.row is None else f"[{', '.join(map(str, error.row))}]"
            return InvalidInput(f"{name}{row}", wanted, f"{value!r} (errors='nan' lets it pass)")
    return error


def _domains(function: str) -> Callable[[str, float], str]:
    """What an argument must be, empty if it is."""
    positive, signed = _POSITIVE.get(function, frozenset()), _SIGNED.get(function, frozenset())

    def expected(name: str, value: float) -> str:
        if name in positive:
            return "" if 0.0 < value < np.inf else "a number > 0"
        if name in _NOT_NEGATIVE - signed:
            return "" if 0.0 <= value < np.inf else "a number ≥ 0"
        if name in _WITHIN:
            low, high = _WITHIN[name]
            return "" if low <= value <= high else f"a number from {low:g} to {high:g}"
        return "" if np.isfinite(value) else "a number"

    return expected
