"""Every derivative of a European option's price up to the third order, from the terms that the price itself needs.

Generalized Black-Scholes (Haug, "The Complete Guide to Option Pricing Formulas", 2nd ed., section 1.1.6 and chapter 2)
with cost of carry b = rate − dividend; Black-76 is b = 0. Per unit of each argument: vega per 1.00 of vol, rho per 1.00
of rate, theta, charm, veta and color per year that passes (derivatives by expiry with the sign reversed).

Where vol·√expiry is zero the price is the discounted intrinsic value and the greeks are its derivatives: those that
hold φ are zero, a delta exactly at the money is half.
"""

from corten.contracts.math import exp
from corten.contracts.pricing.black import is_defined, not_a_number, terms
from corten.lang import f64, inline, sqrt, struct


@struct
class Greeks:
    """Price and derivatives. S is spot or forward, K strike, v vol, t time that passes, r rate."""

    price: f64
    delta: f64  # ∂/∂S
    gamma: f64  # ∂²/∂S²
    vega: f64  # ∂/∂v
    theta: f64  # ∂/∂t
    rho: f64  # ∂/∂r: spot options with the dividend fixed, options on a forward with the forward fixed
    carry_rho: f64  # spot: ∂/∂dividend with the rate fixed; forward: ∂/∂b, the forward growing as exp(b·expiry)
    vanna: f64  # ∂²/∂S∂v
    volga: f64  # ∂²/∂v², vomma
    charm: f64  # ∂²/∂S∂t
    veta: f64  # ∂²/∂v∂t
    speed: f64  # ∂³/∂S³
    zomma: f64  # ∂³/∂S²∂v
    color: f64  # ∂³/∂S²∂t
    ultima: f64  # ∂³/∂v³
    dual_delta: f64  # ∂/∂K
    dual_gamma: f64  # ∂²/∂K²


@struct
class InverseGreeks:
    """Price in coin and its derivatives. F is the forward, K strike, v vol, t time that passes."""

    price: f64
    black_delta: f64  # ±Φ(±d1): the delta that exchanges show, of the price in quote units
    net_delta: f64  # black_delta − price = F·∂/∂F: coins of the forward that hedge an option paid for in coin
    delta: f64  # ∂/∂F
    gamma: f64  # ∂²/∂F²
    vega: f64  # ∂/∂v
    theta: f64  # ∂/∂t
    vanna: f64  # ∂²/∂F∂v
    volga: f64  # ∂²/∂v²
    charm: f64  # ∂²/∂F∂t
    veta: f64  # ∂²/∂v∂t
    speed: f64  # ∂³/∂F³
    zomma: f64  # ∂³/∂F²∂v
    color: f64  # ∂³/∂F²∂t
    ultima: f64  # ∂³/∂v³
    dual_delta: f64  # ∂/∂K
    dual_gamma: f64  # ∂²/∂K²


@inline
def _sign(price: f64, strike: f64, expiry: f64, vol: f64, kind: f64) -> f64:
    """The kind; NaN for what has no greeks, which every greek is multiplied by."""
    is_finite = is_defined(price, strike, expiry, vol)
    is_positive = min(price, strike) > 0.0
    is_kind = abs(kind) == 1.0
    return kind if is_finite and is_positive and is_kind else not_a_number()


@inline
def generalized(
    spot: f64, strike: f64, expiry: f64, vol: f64, rate: f64, carry: f64, kind: f64, is_forward: bool
) -> Greeks:
    """The greeks of a call (kind = 1) or put (−1). `is_forward` says what rho and carry_rho hold fixed."""
    sign = _sign(spot, strike, expiry, vol, kind)
    root = sqrt(expiry)
    asset = spot * exp((carry - rate) * expiry)
    cash = strike * exp(-rate * expiry)
    parts = terms(asset, cash, vol * root)
    is_rich = asset > cash
    is_in_the_money = is_rich == (kind > 0.0)
    tail_asset = parts.far if is_rich else parts.near
    tail_cash = parts.near if is_rich else parts.far
    signed_asset = sign * (asset - tail_asset if is_in_the_money else tail_asset)  # ±asset·Φ(±d1)
    signed_cash = sign * (cash - tail_cash if is_in_the_money else tail_cash)  # ±cash·Φ(±d2)
    price = (parts.out_of_the_money + (abs(asset - cash) if is_in_the_money else 0.0)) * (sign * sign)

    d1 = parts.d1
    d2 = parts.d2
    product = d1 * d2
    density = parts.density * (sign * sign)
    over_deviation = parts.inverse_deviation
    over_spot = 1.0 / spot
    over_strike = 1.0 / strike
    over_vol = root * over_deviation
    vol_over_root = vol * vol * over_deviation
    half_over_expiry = 0.5 * (vol * over_deviation) * (vol * over_deviation)
    drift = carry * over_deviation
    gamma = density * over_deviation * over_spot * over_spot
    vega = density * root
    volga = vega * product * over_vol
    carried = (rate - carry) * signed_asset
    return Greeks(
        price=price,
        delta=signed_asset * over_spot,
        gamma=gamma,
        vega=vega,
        theta=carried - rate * signed_cash - 0.5 * density * vol_over_root,
        rho=-expiry * price if is_forward else expiry * signed_cash,
        carry_rho=expiry * signed_asset if is_forward else -expiry * signed_asset,
        vanna=-density * over_spot * d2 * over_vol,
        volga=volga,
        charm=over_spot * (carried - density * (drift - d2 * half_over_expiry)),
        veta=vega * ((rate - carry) + d1 * drift - (1.0 + product) * half_over_expiry),
        speed=-gamma * over_spot * (1.0 + d1 * over_deviation),
        zomma=gamma * (product - 1.0) * over_vol,
        color=gamma * ((rate - carry) + d1 * drift + (1.0 - product) * half_over_expiry),
        ultima=vega * over_vol * over_vol * (product * (product - 1.0) - (d1 * d1 + d2 * d2)),
        dual_delta=-signed_cash * over_strike,
        dual_gamma=density * over_deviation * over_strike * over_strike,
    )


@inline
def black76_greeks(forward: f64, strike: f64, expiry: f64, vol: f64, rate: f64, kind: f64) -> Greeks:
    """Greeks of an option on a forward, discounted at `rate`; theta holds the forward fixed."""
    return generalized(forward, strike, expiry, vol, rate, 0.0, kind, True)


@inline
def black_scholes_greeks(spot: f64, strike: f64, expiry: f64, vol: f64, rate: f64, dividend: f64, kind: f64) -> Greeks:
    """Greeks of an option on a spot price with a continuous dividend yield."""
    return generalized(spot, strike, expiry, vol, rate, rate - dividend, kind, False)


@inline
def black76_inverse_greeks(forward: f64, strike: f64, expiry: f64, vol: f64, kind: f64) -> InverseGreeks:
    """Greeks of a coin-settled option: derivatives of C = ±[Φ(±d1) − strike/forward·Φ(±d2)], a price in coin."""
    sign = _sign(forward, strike, expiry, vol, kind)
    root = sqrt(expiry)
    over_forward = 1.0 / forward
    over_strike = 1.0 / strike
    parts = terms(forward, strike, vol * root)
    is_rich = forward > strike
    is_in_the_money = is_rich == (kind > 0.0)
    tail_asset = parts.far if is_rich else parts.near
    tail_cash = parts.near if is_rich else parts.far
    black_delta = sign * (forward - tail_asset if is_in_the_money else tail_asset) * over_forward
    signed_cash = sign * (strike - tail_cash if is_in_the_money else tail_cash)
    net_delta = signed_cash * over_forward
    price = parts.out_of_the_money + (abs(forward - strike) if is_in_the_money else 0.0)

    d1 = parts.d1
    d2 = parts.d2
    product = d1 * d2
    density = parts.density * over_forward * (sign * sign)  # φ(d1)
    over_deviation = parts.inverse_deviation
    over_vol = root * over_deviation
    half_over_expiry = 0.5 * (vol * over_deviation) * (vol * over_deviation)
    over_square = over_forward * over_forward
    curvature = density * over_deviation * over_square
    delta = net_delta * over_forward
    vega = density * root
    vanna = -density * d1 * over_vol * over_forward
    charm = density * d1 * half_over_expiry * over_forward
    return InverseGreeks(
        price=price * over_forward * (sign * sign),
        black_delta=black_delta,
        net_delta=net_delta,
        delta=delta,
        gamma=curvature - 2.0 * delta * over_forward,
        vega=vega,
        theta=-0.5 * density * vol * vol * over_deviation,
        vanna=vanna,
        volga=vega * product * over_vol,
        charm=charm,
        veta=-vega * (1.0 + product) * half_over_expiry,
        speed=over_forward * (6.0 * delta * over_forward - curvature * (4.0 + d1 * over_deviation)),
        zomma=curvature * (product - 1.0) * over_vol - 2.0 * vanna * over_forward,
        color=curvature * (1.0 - product) * half_over_expiry - 2.0 * charm * over_forward,
        ultima=vega * over_vol * over_vol * (product * (product - 1.0) - (d1 * d1 + d2 * d2)),
        dual_delta=-signed_cash * over_strike * over_forward,
        dual_gamma=density * over_deviation * over_strike * over_strike,
    )
