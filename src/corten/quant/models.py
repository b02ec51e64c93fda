"""European options and smiles beyond Black-Scholes, over columns (docs/models.md).

Conventions are those of `vanilla`: columns or scalars, quote units, years; `kind`, `errors`, `threads`, `out` likewise.
"""

from __future__ import annotations

from typing import Any, Final

from corten.contracts.pricing import heston as stochastic
from corten.quant.vanilla import Column, called, pair_of
from corten.vm.kernels import kernel

_HESTON: Final = kernel(stochastic.heston)
_HESTON_GREEKS: Final = kernel(stochastic.heston_greeks)
_HESTON_IMPLIED: Final = kernel(stochastic.heston_implied_vol)


def heston(
    forward: Column,
    strike: Column,
    expiry: Column,
    variance: Column,
    kappa: Column,
    theta: Column,
    xi: Column,
    rho: Column,
    discount: Column = 1.0,
    *,
    kind: Any = None,
    **options: Any,
) -> Any:
    """Calls and puts, in quote units: a named tuple (call, put), or the one that `kind` says. Heston (1993).

    variance is today's, theta its long-run mean (0.04 = 20 % volatility), kappa per year how fast it gets there, xi its
    volatility, rho its correlation with the price.
    """
    return pair_of(_HESTON, (forward, strike, expiry, variance, kappa, theta, xi, rho, discount), kind, options)


def heston_greeks(
    forward: Column,
    strike: Column,
    expiry: Column,
    variance: Column,
    kappa: Column,
    theta: Column,
    xi: Column,
    rho: Column,
    discount: Column = 1.0,
    **options: Any,
) -> Any:
    """Calls, puts, deltas, gamma, ∂/∂variance: a named tuple (`HestonGreeks` of contracts/pricing/heston.py)."""
    return called(_HESTON_GREEKS, (forward, strike, expiry, variance, kappa, theta, xi, rho, discount), options)


def heston_implied_vol(
    forward: Column,
    strike: Column,
    expiry: Column,
    variance: Column,
    kappa: Column,
    theta: Column,
    xi: Column,
    rho: Column,
    **options: Any,
) -> Any:
    """The model's smile: Black-76 volatilities of its prices."""
    return called(_HESTON_IMPLIED, (forward, strike, expiry, variance, kappa, theta, xi, rho), options)
