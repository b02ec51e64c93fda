"""The same options in 50 digits, from the textbook formulas; derivatives by numerical differentiation."""

from __future__ import annotations

from typing import Any

import mpmath as mp

mp.mp.dps = 50


def cdf(x: Any) -> Any:
    return mp.erfc(-x / mp.sqrt(2)) / 2


def black_scholes(kind: int, spot: Any, strike: Any, expiry: Any, vol: Any, rate: Any = 0, carry: Any = 0) -> Any:
    """Generalized Black-Scholes, carry = rate − dividend; carry 0 is Black-76."""
    spot, strike, expiry, vol, rate, carry = map(mp.mpf, (spot, strike, expiry, vol, rate, carry))
    asset, cash, deviation = (
        spot * mp.exp((carry - rate) * expiry),
        strike * mp.exp(-rate * expiry),
        vol * mp.sqrt(expiry),
    )
    d1 = mp.log(asset / cash) / deviation + deviation / 2
    return kind * (asset * cdf(kind * d1) - cash * cdf(kind * (d1 - deviation)))


def inverse(kind: int, forward: Any, strike: Any, expiry: Any, vol: Any) -> Any:
    """A coin-settled option, in coin."""
    return black_scholes(kind, forward, strike, expiry, vol) / mp.mpf(forward)


def bachelier(kind: int, forward: Any, strike: Any, expiry: Any, vol: Any) -> Any:
    forward, strike, deviation = mp.mpf(forward), mp.mpf(strike), mp.mpf(vol) * mp.sqrt(expiry)
    z = kind * (forward - strike) / deviation
    return deviation * (z * cdf(z) + mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi))


def derivative(function: Any, point: tuple[float, ...], orders: tuple[int, ...]) -> float:
    """A mixed partial derivative at a point, from central differences in 50 digits."""
    return float(mp.diff(function, tuple(map(mp.mpf, point)), orders, h=mp.mpf(10) ** -11))
