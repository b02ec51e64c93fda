"""Digital (binary) options under a lognormal forward: cash-or-nothing and asset-or-nothing.

Reiner and Rubinstein (1991); Haug, "The Complete Guide to Option Pricing Formulas", 2nd ed., sections 4.19.2, 4.19.3.
At expiry, exactly at the money, a digital counts half.
"""

from corten.contracts.pricing.black import CallPut, is_defined, is_factor, not_a_number, terms
from corten.lang import f64, inline, sqrt


@inline
def cash_or_nothing(forward: f64, strike: f64, expiry: f64, vol: f64, discount: f64) -> CallPut:
    """What pays 1 when the forward ends above (call) or below (put) the strike: discount·Φ(±d2). Strike > 0."""
    is_finite = is_defined(forward, strike, expiry, vol)
    is_discounted = is_factor(discount)
    factor = discount if is_finite and is_discounted and strike > 0.0 else not_a_number()
    parts = terms(forward, strike, vol * sqrt(expiry))
    tail = (
        parts.near if forward > strike else parts.far
    ) / strike  # the smaller of Φ(±d2) on the out-of-the-money side
    rest = 1.0 - tail
    return CallPut(
        call=factor * (rest if forward > strike else tail),
        put=factor * (tail if forward > strike else rest),
    )


@inline
def asset_or_nothing(forward: f64, strike: f64, expiry: f64, vol: f64, discount: f64) -> CallPut:
    """What pays the asset when it ends above (call) or below (put) the strike: discount·forward·Φ(±d1)."""
    is_finite = is_defined(forward, strike, expiry, vol)
    is_discounted = is_factor(discount)
    factor = discount if is_finite and is_discounted else not_a_number()
    parts = terms(forward, strike, vol * sqrt(expiry))
    tail = parts.far if forward > strike else parts.near
    rest = forward - tail
    return CallPut(
        call=factor * (rest if forward > strike else tail),
        put=factor * (tail if forward > strike else rest),
    )


@inline
def cash_or_nothing_inverse(forward: f64, strike: f64, expiry: f64, vol: f64) -> CallPut:
    """What pays one coin when the price ends above or below the strike: Φ(±d1), in coin. Forward > 0."""
    pair = asset_or_nothing(forward, strike, expiry, vol, 1.0)
    over_forward = 1.0 / forward
    factor = over_forward if forward > 0.0 else not_a_number()
    return CallPut(call=factor * pair.call, put=factor * pair.put)
