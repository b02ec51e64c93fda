"""European options under a normal forward: Bachelier (1900). Forward and strike may be negative.

With s = vol·√expiry (vol in quote units per √year), d = |forward − strike| and z = d/s the price out of the money is
s·φ(z)·[1 − z·M(z)], M the Mills ratio.
"""

from corten.contracts.math import exp, log, log1p
from corten.contracts.pricing.black import LARGEST, SMALLEST_PRICE, CallPut, is_factor, not_a_number
from corten.contracts.pricing.mills import FARTHEST, INVERSE_SQRT_TWO_PI, SQRT_TWO_PI, mills_slope
from corten.lang import f64, inline, sqrt

SMALL_STEP: f64 = 1.0e-4  # as in implied.py


@inline
def bachelier(forward: f64, strike: f64, expiry: f64, vol: f64, discount: f64) -> CallPut:
    """Call and put on a normally distributed forward, in quote units; the intrinsic value where vol·√expiry is 0."""
    is_finite = abs(forward) + abs(strike) + expiry + vol <= LARGEST
    is_positive = min(expiry, vol) >= 0.0
    is_discounted = is_factor(discount)
    is_valid = is_finite and is_positive and is_discounted
    factor = discount if is_valid else not_a_number()
    deviation = vol * sqrt(expiry)
    intrinsic = forward - strike
    z = min(abs(intrinsic) / max(deviation, SMALLEST_PRICE), FARTHEST)
    value = deviation * (INVERSE_SQRT_TWO_PI * exp(-0.5 * (z * z))) * mills_slope(z)
    return CallPut(call=factor * (value + max(intrinsic, 0.0)), put=factor * (value + max(-intrinsic, 0.0)))


@inline
def _step(price: f64, distance: f64, deviation: f64) -> f64:
    """The next vol·√expiry: a Householder step of third order on 1/ln(price/distance), on the ln above −1."""
    over_deviation = 1.0 / deviation
    z = min(distance * over_deviation, FARTHEST)
    bracket = deviation * mills_slope(z)  # price/∂price
    scale = distance if distance > 0.0 else 1.0
    target = log(price / scale)
    value = log(INVERSE_SQRT_TWO_PI * bracket / scale) - 0.5 * (z * z)
    is_low = max(target, value - 0.5) < -1.0 and distance > 0.0
    over_bracket = 1.0 / bracket
    inverse_value = 1.0 / value
    over_value = inverse_value if is_low else 0.0
    newton = bracket * (target - value) * (value / target if is_low else 1.0)
    second = z * z * over_deviation
    third = second * second - 3.0 * (z * over_deviation) * (z * over_deviation)
    log_second = second - over_bracket
    log_third = third - over_bracket * (3.0 * second - 2.0 * over_bracket)
    slope = over_bracket * over_value
    objective_second = log_second - 2.0 * slope
    objective_third = log_third - 6.0 * slope * (log_second - slope)
    numerator = newton * (1.0 + 0.5 * objective_second * newton)
    change = numerator / (1.0 + newton * (objective_second + objective_third * newton * (1.0 / 6.0)))
    return deviation + min(max(change, -0.5 * deviation), deviation)


@inline
def bachelier_implied_vol(price: f64, forward: f64, strike: f64, expiry: f64, discount: f64, kind: f64) -> f64:
    """The normal volatility of a price; 0 at the intrinsic value, NaN below it or for an input out of its domain.

    The guess is z = d/s as a rational function of √(−2 ln(1 − ρ²)), ρ = d over the straddle's price;
    its relative error is 2e-3.
    """
    intrinsic = forward - strike
    distance = abs(intrinsic)
    value = price / discount - max(kind * intrinsic, 0.0)
    is_positive = min(expiry, discount) > 0.0
    is_finite = abs(forward) + abs(strike) + (expiry + discount) <= LARGEST
    is_kind = abs(kind) == 1.0
    is_valid = is_positive and is_finite and is_kind
    is_priceable = value <= LARGEST
    is_priced = value > 0.0 and is_priceable
    safe = value if is_priced else 1.0
    over_straddle = 1.0 / (distance + 2.0 * safe)
    ratio = distance * over_straddle
    outside = 4.0 * (safe * over_straddle) * ((distance + safe) * over_straddle)  # 1 − ρ²
    near = log1p(-(ratio * ratio))
    far = log(outside)
    tau = sqrt(-2.0 * (near if ratio < 0.5 else far))
    top = 0.5642107100482479 + tau * (0.015554715591351041 + tau * (0.043089226040569306 + tau * 0.010029747634039434))
    bottom = 1.0 + tau * (0.026777381270999 + tau * (0.048836234286323825 + tau * 0.009936718020967105))
    near_money = SQRT_TWO_PI * (safe + 0.5 * distance)
    away = distance * bottom / (tau * top)
    guess = away if tau > 0.0 else near_money
    first = _step(safe, distance, guess)
    second = _step(safe, distance, first)
    is_found = abs(second - first) < SMALL_STEP * second
    found = second if is_found and is_priced else not_a_number()
    vol = (0.0 if value == 0.0 else found) / sqrt(expiry)
    return vol if is_valid else not_a_number()
