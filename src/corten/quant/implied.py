"""Implied volatility over columns, and forwards from put-call parity (docs/pricing.md).

Columns go through the quick kernel: two rows at once, without branches. The rows that it leaves as NaN, few or none, go
through the safeguarded function, which also tells what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from corten.base.errors import InvalidInput
from corten.contracts.pricing import implied
from corten.contracts.pricing.implied import ImpliedStatus
from corten.quant.kinds import signs
from corten.vm.kernels import Kernel, kernel
from corten.vm.kernels.containers import unwrapped, wrapping

Column = Any

_VOL: Final = kernel(implied.implied_vol)
_VOL_INVERSE: Final = kernel(implied.implied_vol_inverse)
_FULL: Final = kernel(implied.implied)
_FULL_INVERSE: Final = kernel(implied.implied_inverse)
_FORWARD: Final = kernel(implied.parity_forward)
_FORWARD_INVERSE: Final = kernel(implied.parity_forward_inverse)
_DISCOUNT: Final = kernel(implied.parity_discount)

_EXPECTED: Final = {
    ImpliedStatus.BELOW_INTRINSIC: "at least the discounted intrinsic value",
    ImpliedStatus.ABOVE_MAXIMUM: "less than the discounted forward (call) or strike (put)",
    ImpliedStatus.INVALID_INPUT: "a number, and forward, strike, expiry, discount > 0",
    ImpliedStatus.NOT_CONVERGED: "a price that some volatility gives",
}


class ImpliedVol(NamedTuple):
    """Volatilities, and for each what became of it: the number of an `ImpliedStatus`. NaN for 2 and above."""

    vol: Column
    status: Column


def implied_vol(
    price: Column,
    forward: Column,
    strike: Column,
    expiry: Column,
    kind: Any,
    discount: Column = 1.0,
    *,
    full: bool = False,
    threads: int = 1,
    errors: str = "raise",
) -> Any:
    """Black-76 volatilities of prices in quote units, to machine precision; 0 at the intrinsic value.

    With `full` an ImpliedVol of volatilities and status codes, which never raises for a row. Without, `errors="raise"`
    raises InvalidInput for the first price beyond its no-arbitrage bounds, "nan" gives NaN. Source: Jäckel (2015).
    """
    columns = {"price": price, "forward": forward, "strike": strike, "expiry": expiry, "discount": discount}
    return _implied(_VOL, _FULL, {**columns, "kind": signs(kind)}, full, threads, errors)


def implied_vol_inverse(
    price: Column,
    forward: Column,
    strike: Column,
    expiry: Column,
    kind: Any,
    *,
    full: bool = False,
    threads: int = 1,
    errors: str = "raise",
) -> Any:
    """Volatilities of coin-settled options' prices in coin, as `implied_vol`."""
    columns = {"price": price, "forward": forward, "strike": strike, "expiry": expiry, "kind": signs(kind)}
    return _implied(_VOL_INVERSE, _FULL_INVERSE, columns, full, threads, errors)


def parity_forward(call: Column, put: Column, strike: Column, discount: Column = 1.0, **options: Any) -> Any:
    """Forwards that calls and puts of one strike and expiry imply: strike + (call − put)/discount."""
    return _FORWARD(call, put, strike, discount, **options)


def parity_forward_inverse(call: Column, put: Column, strike: Column, **options: Any) -> Any:
    """Forwards that coin-settled calls and puts imply, prices in coin: strike/(1 − (call − put))."""
    return _FORWARD_INVERSE(call, put, strike, **options)


def parity_discount(
    call_low: Column,
    put_low: Column,
    strike_low: Column,
    call_high: Column,
    put_high: Column,
    strike_high: Column,
    **options: Any,
) -> Any:
    """Discount factors that calls and puts of two strikes imply (boxes)."""
    return _DISCOUNT(call_low, put_low, strike_low, call_high, put_high, strike_high, **options)


def _implied(quick: Kernel, safe: Kernel, columns: dict[str, Any], full: bool, threads: int, errors: str) -> Any:
    if errors not in ("raise", "nan"):
        raise InvalidInput("errors", "'raise' or 'nan'", repr(errors))
    names, values = list(columns), list(columns.values())
    if not full and all(isinstance(value, float | int) for value in values):
        found = quick(*map(float, values), errors="nan")
        if found == found:  # no NaN
            return found
    wrap = wrapping(values, names)
    arrays = [np.asarray(unwrapped(value, name)) for value, name in zip(values, names, strict=True)]
    vol = np.asarray(quick(*arrays, threads=threads, errors="nan"), dtype=np.float64)
    status = np.where(vol == 0.0, ImpliedStatus.AT_INTRINSIC.value, ImpliedStatus.CONVERGED.value).astype(np.uint8)
    missing = np.isnan(vol)
    if missing.any():
        vol = vol.copy()
        rows = [np.broadcast_to(array, vol.shape)[missing] for array in arrays]
        again = safe(*rows, errors="nan")
        vol[missing], status[missing] = again.vol, again.status
        if errors == "raise" and not full:
            _refuse(status, dict(zip(names, arrays, strict=True)))
    return _result(vol, status, wrap, full)


def _refuse(status: Any, arrays: dict[str, Any]) -> None:
    """InvalidInput for the first row without a volatility."""
    bad = status >= ImpliedStatus.BELOW_INTRINSIC.value
    if not bad.any():
        return
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), status.shape))
    row = {name: float(np.broadcast_to(array, status.shape)[index]) for name, array in arrays.items()}
    where = f"price[{', '.join(map(str, index))}]" if index else "price"
    rest = ", ".join(f"{name}={value!r}" for name, value in row.items() if name != "price")
    expected = _EXPECTED[ImpliedStatus(int(status[index]))]
    raise InvalidInput(where, expected, f"{row['price']!r} with {rest}; errors='nan' lets it pass")


def _result(vol: Any, status: Any, wrap: Callable[..., Any] | None, full: bool) -> Any:
    if vol.ndim == 0:
        return ImpliedVol(float(vol), int(status)) if full else float(vol)
    if wrap is not None:
        vol, status = wrap(vol, "implied_vol"), wrap(status, "status")
    return ImpliedVol(vol, status) if full else vol
