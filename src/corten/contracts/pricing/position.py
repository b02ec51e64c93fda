"""What a position is worth, now and after a shock, and how that changes: one formula for every instrument.

A position is `weight` times the price of a call (kind = 1), a put (−1) or a forward contract (0) on a forward F with
strike K. A future entered at K is the forward contract; so is spot, with K = 0. What is settled in coin is worth the
undiscounted price over F coins: an inverse option F⁻¹·B(F, K), an inverse future 1/K − 1/F = F⁻¹·(F − K)/K. So every
value is weight·(1 + x)ᵉ·price(F·(1 + x)) for a relative move x, with e = 0 in quote units and e = −1 in coin.

Units as `black.py`. Source of the shock of volatilities by expiry: Deribit, portfolio margin parameters.
"""

from corten.contracts.math import exp, pow
from corten.contracts.pricing.black import terms
from corten.contracts.pricing.greeks import generalized
from corten.lang import f64, inline, sqrt, struct

SHOCK_DAYS: f64 = 30.0  # where the shock of volatilities has its nominal size
POWER_BELOW: f64 = 0.3
POWER_ABOVE: f64 = 0.13


@struct
class PositionGreeks:
    """Derivatives of a position's value by the relative move x, vol v, time t that passes, rate r."""

    cash_delta: f64  # ∂/∂x
    cash_gamma: f64  # ∂²/∂x²
    vega: f64  # ∂/∂v
    theta: f64  # ∂/∂t
    rho: f64  # ∂/∂r, the forward fixed
    cash_vanna: f64  # ∂²/∂x∂v
    volga: f64  # ∂²/∂v²
    cash_charm: f64  # ∂²/∂x∂t


@inline
def shocked_vol(vol: f64, term: f64, factor: f64, term_factor: f64, points: f64, floor: f64) -> f64:
    """vol·(1 + factor + term_factor·term) + points, at least `floor`."""
    return max(vol * max(1.0 + factor + term_factor * term, 0.0) + points, floor)


@inline
def position_value(
    kind: f64,
    forward: f64,
    strike: f64,
    expiry: f64,
    vol: f64,
    rate: f64,
    weight: f64,
    term: f64,
    move: f64,
    vol_factor: f64,
    term_factor: f64,
    vol_points: f64,
    vol_floor: f64,
    years: f64,
    unit: f64,
) -> f64:
    """The value after a relative move of the forward, a shock of the vol, and `years` that passed; unit = (1 + x)ᵉ."""
    moved = forward * (1.0 + move)
    rest = max(expiry - years, 0.0)
    deviation = shocked_vol(vol, term, vol_factor, term_factor, vol_points, vol_floor) * sqrt(rest)
    intrinsic = moved - strike
    option = exp(-rate * rest) * (terms(moved, strike, deviation).out_of_the_money + max(kind * intrinsic, 0.0))
    price = intrinsic if kind == 0.0 else option
    return weight * price * unit


@inline
def position_greeks(
    kind: f64, forward: f64, strike: f64, expiry: f64, vol: f64, rate: f64, weight: f64, exponent: f64
) -> PositionGreeks:
    """Derivatives at x = 0, with `exponent` e = 0 for values in quote units and −1 for values in coin."""
    is_forward = kind == 0.0
    option = generalized(forward, strike, expiry, vol, rate, 0.0, 1.0 if is_forward else kind, True)
    price = forward - strike if is_forward else option.price
    first = forward if is_forward else forward * option.delta
    second = 0.0 if is_forward else forward * forward * option.gamma
    vega = 0.0 if is_forward else option.vega
    theta = 0.0 if is_forward else option.theta
    vanna = 0.0 if is_forward else forward * option.vanna
    charm = 0.0 if is_forward else forward * option.charm
    rho = 0.0 if is_forward else option.rho
    volga = 0.0 if is_forward else option.volga
    return PositionGreeks(
        cash_delta=weight * (first + exponent * price),
        cash_gamma=weight * (second + exponent * (2.0 * first + (exponent - 1.0) * price)),
        vega=weight * vega,
        theta=weight * theta,
        rho=weight * rho,
        cash_vanna=weight * (vanna + exponent * vega),
        volga=weight * volga,
        cash_charm=weight * (charm + exponent * theta),
    )


def shock_term(days: f64) -> f64:
    """How much a shock of volatilities grows towards expiry: (30/max(days, 1))^p, p = 0.3 up to 30 days, else 0.13."""
    ratio = SHOCK_DAYS / max(days, 1.0)
    return pow(ratio, POWER_BELOW if days <= SHOCK_DAYS else POWER_ABOVE)
