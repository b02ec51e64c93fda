"""Barrier options and touches under a lognormal spot price.

A knock-out is the payoff that survives less its image in the barrier: with f(S) the price of what is paid at expiry on
the barrier's living side, f(S) − (H/S)^(2μ)·f(H²/S) is a solution that vanishes at H, μ = (rate − dividend)/σ² − ½.
Merton (1973), Reiner and Rubinstein (1991); Haug, "The Complete Guide to Option Pricing Formulas", 2nd ed., 4.17 and
4.19. Two barriers: images in both, Ikeda and Kunitomo (1992), as long as few matter, else the sine series (Pelsser
2000).
What counts at m equidistant times is continuous with a barrier moved away by exp(0.5826 σ√(T/m)): Broadie, Glasserman
and Kou (1997).

Arguments as in black.py; an argument that is negative (rates excepted) or not finite gives NaN. A barrier that the spot
price has reached is hit.
"""

from corten.contracts.math import cos, exp, log, normal_cdf, sin
from corten.contracts.pricing.black import call_and_put, is_defined, not_a_number, one_of
from corten.lang import f64, inline, sqrt, struct

DISCRETE: f64 = 0.5825971579390107  # −ζ(½)/√(2π)
SMALLEST_DEVIATION: f64 = 1.0e-12  # what is less counts as this much
INFINITY = 1e999
IMAGES = 5
WAVES = 6
PI = 3.141592653589793


@struct
class Market:
    """The lognormal spot price to an expiry."""

    deviation: f64  # vol·√expiry
    drift: f64  # (rate − dividend)·expiry
    asset: f64  # exp(−dividend·expiry)
    cash: f64  # exp(−rate·expiry)
    power: f64  # 2μ


@struct
class Touch:
    """What pays 1: when the barrier is reached; at expiry if it was; at expiry if it was not."""

    at_hit: f64
    at_expiry: f64
    no_touch: f64


@inline
def _market(expiry: f64, vol: f64, rate: f64, dividend: f64) -> Market:
    deviation = max(vol * sqrt(expiry), SMALLEST_DEVIATION)
    drift = (rate - dividend) * expiry
    return Market(
        deviation=deviation,
        drift=drift,
        asset=exp(-dividend * expiry),
        cash=exp(-rate * expiry),
        power=2.0 * drift / (deviation * deviation) - 1.0,
    )


@inline
def _bounded_exp(x: f64) -> f64:
    """An image's weight; where it overflows, what it weighs is nothing."""
    return exp(min(x, 700.0))


@inline
def _is_market(spot: f64, strike: f64, expiry: f64, vol: f64, rate: f64, dividend: f64) -> bool:
    is_rates = abs(rate) + abs(dividend) < INFINITY
    return is_defined(spot, strike, expiry, vol) and is_rates


@inline
def _between(market: Market, log_spot: f64, strike: f64, low: f64, high: f64) -> f64:
    """What pays S − strike if ln S ends in low … high, at ln S = log_spot; negative below the strike."""
    first = (log_spot + market.drift - low) / market.deviation - 0.5 * market.deviation
    second = (log_spot + market.drift - high) / market.deviation - 0.5 * market.deviation
    cash = _mass(first, second)
    asset = _mass(first + market.deviation, second + market.deviation)
    is_some = low < high
    value = exp(log_spot) * market.asset * asset - strike * market.cash * cash
    return value if is_some else 0.0


@inline
def _mass(first: f64, second: f64) -> f64:
    """Φ(first) − Φ(second) for first ≥ second, by the tails on their side."""
    is_right = second > 0.0
    high = normal_cdf(-second if is_right else first)
    low = normal_cdf(-first if is_right else second)
    return high - low


@inline
def barrier_option(
    spot: f64,
    strike: f64,
    barrier: f64,
    expiry: f64,
    vol: f64,
    rate: f64,
    dividend: f64,
    kind: f64,
    direction: f64,
    action: f64,
    rebate: f64,
    observations: f64,
) -> f64:
    """A call (kind = 1) or put (−1), barrier above (direction = 1) or below (−1), knock-in (action = 1) or -out (−1).

    A knock-out pays `rebate` when it is knocked out, a knock-in at expiry if it never was knocked in. `observations` at
    equidistant times, the last at expiry; 0: always.
    """
    is_hit = direction * (spot - barrier) >= 0.0
    market = _market(expiry, vol, rate, dividend)
    shift = DISCRETE * market.deviation / sqrt(max(observations, 1.0)) if observations > 0.0 else 0.0
    log_spot = log(max(spot, 1e-300))
    log_barrier = log(max(barrier, 1e-300)) + direction * shift
    log_strike = log(max(strike, 1e-300))
    is_up = direction > 0.0
    is_call = kind > 0.0
    lowest = log_strike if is_call else -1000.0
    highest = 1000.0 if is_call else log_strike
    image = 2.0 * log_barrier - log_spot
    weight = _bounded_exp(market.power * (log_barrier - log_spot))
    low = lowest if is_up else max(lowest, log_barrier)
    high = min(highest, log_barrier) if is_up else highest
    alive = _between(market, log_spot, strike, low, high)
    mirrored = weight * _between(market, image, strike, low, high)
    other_low = max(lowest, log_barrier) if is_up else lowest
    other_high = highest if is_up else min(highest, log_barrier)
    dead = _between(market, log_spot, strike, other_low, other_high)
    plain = one_of(call_and_put(spot * market.asset, strike * market.cash, vol * sqrt(expiry)), kind)
    touch = _touch(market, log_spot, log_barrier, rate * expiry)
    is_in = action > 0.0
    knocked_in = plain if is_hit else kind * (dead + mirrored) + rebate * touch.no_touch
    knocked_out = rebate if is_hit else kind * (alive - mirrored) + (rebate * touch.at_hit if rebate > 0.0 else 0.0)
    is_valid = _is_market(spot, strike, expiry, vol, rate, dividend) and barrier + rebate < INFINITY
    is_valid = is_valid and min(min(barrier, rebate), observations) >= 0.0 and observations < INFINITY
    is_valid = is_valid and abs(direction) == 1.0 and abs(action) == 1.0 and abs(kind) == 1.0
    return (max(knocked_in, 0.0) if is_in else max(knocked_out, 0.0)) if is_valid else not_a_number()


@inline
def _touch(market: Market, log_spot: f64, log_barrier: f64, interest: f64) -> Touch:
    """Touches of a barrier on whichever side it is."""
    way = log_barrier - log_spot
    side = -1.0 if way > 0.0 else 1.0  # of the spot price, seen from the barrier
    deviation = market.deviation
    inverse = 1.0 / deviation
    half = 0.5 * market.power
    root = sqrt(half * half + 2.0 * interest * (inverse * inverse))
    at_end = (market.drift - way) * inverse - 0.5 * deviation
    mirrored = (market.drift + way) * inverse - 0.5 * deviation
    ends_alive = normal_cdf(side * at_end)
    returns = _bounded_exp(market.power * way) * normal_cdf(side * mirrored)
    z = way * inverse + root * deviation
    near = _bounded_exp((half + root) * way) * normal_cdf(side * z)
    far = _bounded_exp((half - root) * way) * normal_cdf(side * (z - 2.0 * root * deviation))
    alive = max(ends_alive - returns, 0.0)
    return Touch(at_hit=near + far, at_expiry=market.cash * (1.0 - alive), no_touch=market.cash * alive)


@inline
def touch(spot: f64, barrier: f64, expiry: f64, vol: f64, rate: f64, dividend: f64, observations: f64) -> Touch:
    """One unit of money if the spot price reaches a barrier, or if it does not; Reiner and Rubinstein (1991), binary
    barriers. NaN in `at_hit` for a rate so negative that the price of a perpetual touch is none: rate < −μ²σ²/2.
    """
    is_valid = _is_market(spot, barrier, expiry, vol, rate, dividend) and min(spot, barrier) > 0.0
    is_valid = is_valid and observations >= 0.0 and observations < INFINITY
    factor = 1.0 if is_valid else not_a_number()
    market = _market(expiry, vol, rate, dividend)
    shift = DISCRETE * market.deviation / sqrt(max(observations, 1.0)) if observations > 0.0 else 0.0
    log_spot = log(max(spot, 1e-300))
    found = _touch(market, log_spot, log(max(barrier, 1e-300)) + (shift if barrier > spot else -shift), rate * expiry)
    is_hit = spot == barrier
    return Touch(
        at_hit=factor * (1.0 if is_hit else found.at_hit),
        at_expiry=factor * (market.cash if is_hit else found.at_expiry),
        no_touch=factor * (0.0 if is_hit else found.no_touch),
    )


@inline
def _wave(power: f64, omega: f64, at: f64) -> f64:
    """∫ e^(power·y)·sin(omega·y) dy, at `at`."""
    return exp(power * at) * (power * sin(omega * at) - omega * cos(omega * at)) / (power * power + omega * omega)


@inline
def _sine_series(market: Market, way: f64, width: f64, low: f64, high: f64, floor: f64, strike: f64) -> f64:
    """What pays S − strike for ln(S/floor) in low … high and survives in 0 … width, now at `way`."""
    variance = market.deviation * market.deviation
    power = 0.5 * market.power
    total = 0.0
    for k in range(WAVES):
        omega = f64(k + 1) * (PI / width)
        decay = exp(-0.5 * variance * (omega * omega + power * power) - power * way)
        assets = floor * (_wave(power + 1.0, omega, high) - _wave(power + 1.0, omega, low))
        cash = strike * (_wave(power, omega, high) - _wave(power, omega, low))
        total = total + decay * sin(omega * way) * (assets - cash)
    return (market.cash * (2.0 / width)) * total


@inline
def _images(market: Market, log_spot: f64, lower: f64, width: f64, low: f64, high: f64, strike: f64) -> f64:
    """The same by images in both barriers."""
    total = 0.0
    mirror = 2.0 * lower - log_spot
    for k in range(2 * IMAGES + 1):
        shift = f64(k - IMAGES) * width
        direct = exp(market.power * shift) * _between(market, log_spot + 2.0 * shift, strike, low, high)
        weight = exp(market.power * (lower - log_spot - shift))
        total = total + (direct - weight * _between(market, mirror - 2.0 * shift, strike, low, high))
    return total


def double_barrier(
    spot: f64,
    strike: f64,
    lower: f64,
    upper: f64,
    expiry: f64,
    vol: f64,
    rate: f64,
    dividend: f64,
    kind: f64,
    action: f64,
    observations: f64,
) -> f64:
    """A call or put that the first of two barriers knocks in (action = 1) or out (−1); no rebate. lower < upper."""
    is_valid = _is_market(spot, strike, expiry, vol, rate, dividend) and 0.0 < lower < upper < INFINITY
    is_valid = is_valid and 0.0 <= observations < INFINITY and abs(kind) == 1.0 and abs(action) == 1.0
    if not is_valid:
        return not_a_number()
    plain = one_of(call_and_put(spot * exp(-dividend * expiry), strike * exp(-rate * expiry), vol * sqrt(expiry)), kind)
    if spot <= lower or spot >= upper:
        return plain if action > 0.0 else 0.0
    market = _market(expiry, vol, rate, dividend)
    shift = DISCRETE * market.deviation / sqrt(observations) if observations > 0.0 else 0.0
    log_spot = log(spot)
    bottom = log(lower) - shift
    top = log(upper) + shift
    log_strike = log(max(strike, 1e-300))
    low = max(bottom, log_strike) if kind > 0.0 else bottom
    high = top if kind > 0.0 else min(top, log_strike)
    width = top - bottom
    alive = 0.0
    if low < high and market.deviation < width:
        alive = kind * _images(market, log_spot, bottom, width, low, high, strike)
    elif low < high:
        alive = kind * _sine_series(market, log_spot - bottom, width, low - bottom, high - bottom, exp(bottom), strike)
    alive = min(max(alive, 0.0), plain)
    return plain - alive if action > 0.0 else alive
