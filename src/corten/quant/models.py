"""European options and smiles beyond Black-Scholes, over columns (docs/models.md).

Conventions are those of `vanilla`: columns or scalars, quote units, years; `kind`, `errors`, `threads`, `out` likewise.
"""

from __future__ import annotations

from typing import Any, Final

from corten.contracts.pricing import heston as stochastic
from corten.contracts.pricing import merton as jumps
from corten.contracts.pricing import sabr as smiles
from corten.quant.vanilla import Column, called, pair_of
from corten.vm.kernels import kernel

_HESTON: Final = kernel(stochastic.heston)
_HESTON_GREEKS: Final = kernel(stochastic.heston_greeks)
_HESTON_IMPLIED: Final = kernel(stochastic.heston_implied_vol)
_SABR: Final = kernel(smiles.sabr)
_SABR_OBLOJ: Final = kernel(smiles.sabr_obloj)
_SABR_NORMAL: Final = kernel(smiles.sabr_normal)
_MERTON: Final = kernel(jumps.merton)


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


def sabr(
    forward: Column,
    strike: Column,
    expiry: Column,
    alpha: Column,
    beta: Column,
    rho: Column,
    nu: Column,
    shift: Column = 0.0,
    *,
    obloj: bool = False,
    **options: Any,
) -> Any:
    """Black volatilities of the SABR model by the expansion of Hagan et al. (2002), (2.17); shifted by `shift`.

    With `obloj` its leading order is exact (Obłój 2008).
    """
    function = _SABR_OBLOJ if obloj else _SABR
    return called(function, (forward, strike, expiry, alpha, beta, rho, nu, shift), options)


def sabr_normal(
    forward: Column,
    strike: Column,
    expiry: Column,
    alpha: Column,
    beta: Column,
    rho: Column,
    nu: Column,
    shift: Column = 0.0,
    **options: Any,
) -> Any:
    """Bachelier volatilities of the SABR model, leading order exact; with beta = 0 of any forward and strike."""
    return called(_SABR_NORMAL, (forward, strike, expiry, alpha, beta, rho, nu, shift), options)


def merton(
    forward: Column,
    strike: Column,
    expiry: Column,
    vol: Column,
    intensity: Column,
    jump_mean: Column,
    jump_deviation: Column,
    discount: Column = 1.0,
    *,
    kind: Any = None,
    **options: Any,
) -> Any:
    """Calls and puts under jump-diffusion, a named tuple (call, put), or the one that `kind` says. Merton (1976).

    intensity: jumps per year; jump_mean and jump_deviation: of the logarithm of what a jump multiplies the price by.
    """
    arguments = (forward, strike, expiry, vol, intensity, jump_mean, jump_deviation, discount)
    return pair_of(_MERTON, arguments, kind, options)
