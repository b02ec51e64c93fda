"""Lookback options under a lognormal spot price, the extreme counted at all times.

Goldman, Sosin and Gatto (1979), floating strike; Conze and Viswanathan (1991), fixed strike; Haug, "The Complete Guide
to Option Pricing Formulas", 2nd ed., 4.15. All are parts of one price: what the extreme gains over a level,
max(maximum − level, 0) or max(level − minimum, 0), for a level that the spot price is not beyond.
"""

from corten.contracts.math import exp, log, normal_cdf
from corten.contracts.pricing.black import is_defined, not_a_number
from corten.contracts.pricing.mills import FARTHEST, INVERSE_SQRT_TWO_PI, mills_ratio
from corten.lang import f64, inline, sqrt

SMALLEST_DEVIATION: f64 = 1.0e-12
NEAR_ZERO: f64 = 1.0e-4  # carry over half the variance: nearer, by the parabola through this, −this and the limit
INFINITY = 1e999


@inline
def _reflected(d1: f64, ratio: f64, deviation: f64, way: f64, side: f64) -> f64:
    """(e^b·Φ(±d1) − (S/L)^(−ratio)·Φ(±(d1 − ratio·s))) / ratio, ratio = 2b/s² not zero, way = ln(S/L)."""
    growth = 0.5 * ratio * (deviation * deviation)
    argument = side * (d1 - ratio * deviation)
    tail = exp(growth - 0.5 * (d1 * d1)) * (INVERSE_SQRT_TWO_PI * mills_ratio(min(max(-argument, 0.0), FARTHEST)))
    whole = exp(min(-ratio * way, 700.0)) * normal_cdf(argument)
    return (exp(growth) * normal_cdf(side * d1) - (whole if argument > 0.0 else tail)) / ratio


@inline
def _d1(ratio: f64, deviation: f64, way: f64) -> f64:
    return way / deviation + 0.5 * deviation * (ratio + 1.0)


@inline
def _gain(spot: f64, level: f64, expiry: f64, vol: f64, rate: f64, dividend: f64, side: f64) -> f64:
    """What the maximum (side = 1) or minimum (−1) gains over a level that is at the spot price or beyond it."""
    deviation = max(vol * sqrt(expiry), SMALLEST_DEVIATION)
    ratio = 2.0 * ((rate - dividend) * expiry) / (deviation * deviation)
    way = log(spot / level)
    d1 = _d1(ratio, deviation, way)
    is_near = abs(ratio) < NEAR_ZERO
    outer = _reflected(d1, 1.0 if is_near else ratio, deviation, way, side)
    middle = _d1(0.0, deviation, way)
    limit = deviation * (
        side * INVERSE_SQRT_TWO_PI * exp(-0.5 * (middle * middle)) + middle * normal_cdf(side * middle)
    )
    above = _reflected(_d1(NEAR_ZERO, deviation, way), NEAR_ZERO, deviation, way, side)
    below = _reflected(_d1(-NEAR_ZERO, deviation, way), -NEAR_ZERO, deviation, way, side)
    place = ratio / NEAR_ZERO
    inner = limit + 0.5 * place * ((above - below) + place * ((above - limit) + (below - limit)))
    asset = spot * exp(-dividend * expiry)
    cash = exp(-rate * expiry)
    plain = asset * normal_cdf(side * d1) - level * cash * normal_cdf(side * (d1 - deviation))
    return max(side * (plain + spot * cash * (inner if is_near else outer)), 0.0)


@inline
def _is_defined(spot: f64, extreme: f64, expiry: f64, vol: f64, rate: f64, dividend: f64, kind: f64) -> bool:
    is_positive = min(spot, extreme) > 0.0 and abs(kind) == 1.0
    return is_positive and is_defined(spot, extreme, expiry, vol) and abs(rate) + abs(dividend) < INFINITY


@inline
def lookback_floating(spot: f64, extreme: f64, expiry: f64, vol: f64, rate: f64, dividend: f64, kind: f64) -> f64:
    """Pays the last price less the minimum (call, kind = 1), or the maximum less the last price (put, −1).

    `extreme` is the minimum (call) or maximum (put) so far; a spot price beyond it is the extreme.
    """
    is_call = kind > 0.0
    level = min(extreme, spot) if is_call else max(extreme, spot)
    gain = _gain(spot, level, expiry, vol, rate, dividend, -kind)
    price = gain + kind * (spot * exp(-dividend * expiry) - level * exp(-rate * expiry))
    is_valid = _is_defined(spot, extreme, expiry, vol, rate, dividend, kind)
    return max(price, 0.0) if is_valid else not_a_number()


@inline
def lookback_fixed(
    spot: f64, extreme: f64, strike: f64, expiry: f64, vol: f64, rate: f64, dividend: f64, kind: f64
) -> f64:
    """Pays max(maximum − strike, 0) (call, kind = 1), or max(strike − minimum, 0) (put, −1).

    `extreme` is the maximum (call) or minimum (put) so far. Strike > 0.
    """
    is_call = kind > 0.0
    reached = max(extreme, spot) if is_call else min(extreme, spot)
    level = max(reached, strike) if is_call else min(reached, strike)
    gain = _gain(spot, level, expiry, vol, rate, dividend, kind)
    price = gain + exp(-rate * expiry) * max(kind * (reached - strike), 0.0)
    is_valid = _is_defined(spot, extreme, expiry, vol, rate, dividend, kind) and 0.0 < strike < INFINITY
    return price if is_valid else not_a_number()
