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


def heston(forward: Any, strike: Any, expiry: Any, *model: Any, digits: int = 22) -> Any:
    """The option out of the money: Lewis's integral on the line Re p = 1/2, refined until so many digits stand."""
    forward, strike, expiry, variance, kappa, theta, xi, rho = map(mp.mpf, (forward, strike, expiry, *model))
    x = mp.log(forward / strike)

    def moment(p: Any) -> Any:
        beta = kappa - rho * xi * p
        d = mp.sqrt(beta * beta - xi * xi * (p * p - p))
        g, decay = (beta - d) / (beta + d), mp.exp(-d * expiry)
        drift = (beta - d) * expiry - 2 * mp.log((1 - g * decay) / (1 - g))
        return mp.exp((kappa * theta * drift + variance * (beta - d) * (1 - decay) / (1 - g * decay)) / (xi * xi))

    def term(y: Any) -> Any:
        u = mp.sinh(y) / 2
        return mp.re(moment(mp.mpf(0.5) + 1j * u) * mp.exp(1j * u * x)) / (u * u + mp.mpf(0.25)) * mp.cosh(y)

    def sum_from(start: Any, step: Any) -> Any:
        """Until terms vanish for good."""
        total, y = mp.mpf(0), start
        while y < 2 or abs(moment(mp.mpf(0.5) + 0.5j * mp.sinh(y))) > mp.mpf(10) ** (-8 - digits):
            total, y = total + term(y), y + step
        return total

    with mp.workdps(digits + 15):
        step = mp.mpf(1) / 8
        total = term(mp.mpf(0)) / 2 + sum_from(step, step)
        before, now = mp.mpf(0), total * step
        while abs(now - before) > mp.mpf(10) ** -digits:
            total = total + sum_from(step / 2, step)
            step, before = step / 2, now
            now = total * step
        return min(forward, strike) - mp.sqrt(forward * strike) / (2 * mp.pi) * now
