"""Implied volatility by the method of Jäckel, "Let's Be Rational" (2015), over Mills ratios.

Everything is normalized to the option out of the money: p = price/min(forward, strike), 0 < p < 1, and distance =
|ln(forward/strike)|; p is the paper's β·exp(distance/2). A four-branch rational guess of s = vol·√expiry is improved by
two Householder steps of third order (fourth-order convergence). Steps work on logarithms: with G = p/p'(s), which
holds no exponential, ln p = −(h + t)²/2 + ln(φ(0)·G), so a price of 1e-300 is inverted like any other.

All branches are computed and selected, so that a compiler can do several options at once.
"""

from corten.contracts.math import exp, log
from corten.contracts.pricing.black import (
    LARGEST,
    SERIES_T,
    SERIES_X,
    SMALLEST_PRICE,
    bracket_series,
    is_defined,
    log_ratio,
    not_a_number,
)
from corten.contracts.pricing.mills import (
    FARTHEST,
    INVERSE_SQRT_TWO_PI,
    SQRT_TWO_PI,
    half_less_tail,
    mills_ratio,
)
from corten.lang import Enum, f64, inline, is_nan, sqrt, struct

SQRT_HALF_PI: f64 = 1.2533141373155003
INVERSE_SQRT_THREE: f64 = 0.5773502691896258
LOWER_SCALE: f64 = 1.2091995761561452  # 2π/(3√3)
LARGEST_CONTROL: f64 = 1.0e15
SMALL_STEP: f64 = 1.0e-4  # a last step this small, relative, leaves an error of at most its fourth power


class ImpliedStatus(Enum):
    """What became of an inversion."""

    CONVERGED = 0
    AT_INTRINSIC = 1  # the price is the discounted intrinsic value: volatility 0
    BELOW_INTRINSIC = 2
    ABOVE_MAXIMUM = 3  # at or above the discounted forward (call) or strike (put)
    INVALID_INPUT = 4  # negative or not finite; forward, strike or expiry 0; kind neither 1 nor −1
    NOT_CONVERGED = 5


@struct
class Implied:
    """An implied volatility and what became of it. `vol` is NaN unless the status is CONVERGED or AT_INTRINSIC."""

    vol: f64
    status: ImpliedStatus


@struct
class Normalized:
    """A price as the inversion sees it: out of the money, over min(forward, strike)."""

    price: f64  # p
    gap: f64  # 1 − p, from the inputs
    distance: f64  # |ln(forward/strike)|
    root_ratio: f64  # exp(−distance/2)


@struct
class Step:
    """A total volatility and the relative change of the step that led to it."""

    deviation: f64
    change: f64


@inline
def inverse_tail(log_probability: f64) -> f64:
    """v with Φ(−v) = exp(log_probability), for v ≥ 0.3; relative error 2e-5: it serves a guess."""
    tau = sqrt(-2.0 * log_probability)
    numerator = 2.7319069932219313 + tau * (2.117956407292385 + tau * 0.11048041770779188)
    denominator = 1.0 + tau * (2.225069519198233 + tau * (0.6633860509467563 + tau * 0.017922987344701893))
    return tau - numerator / denominator


@inline
def guess(option: Normalized) -> f64:
    """s = vol·√expiry with a relative error that two steps remove.

    Vega is largest at the centre s = √(2·distance); the tangent there meets price 0 and price 1 at the probes. Between
    a probe and the centre s is interpolated; beyond, a transform of s that is nearly linear in price: the paper's
    f_lower and f_upper, here with factors of exp(distance/2). Interpolation: Delbourgo and Gregory (1985), a rational
    cubic through two points with their slopes and, by its control parameter, one second derivative.
    """
    price = option.price
    distance = option.distance
    centre = sqrt(2.0 * distance)
    centre_price = half_less_tail(centre)
    is_lower = price < centre_price
    probe = centre + SQRT_TWO_PI * ((0.0 if is_lower else 1.0) - centre_price)
    over_probe = 1.0 / probe
    t = 0.5 * probe
    h = -distance * over_probe
    bell = exp(-0.5 * ((h + t) * (h + t)))
    growth = exp(0.5 * (t * t))
    mills_upper = mills_ratio(abs(h + t))
    mills_lower = mills_ratio(t - h)
    tail = INVERSE_SQRT_TWO_PI * bell * (mills_upper - mills_lower if is_lower else mills_upper + mills_lower)
    probe_price = tail if is_lower else 1.0 - tail
    is_outer = price < probe_price if is_lower else price > probe_price
    slope = SQRT_TWO_PI / bell  # ∂s/∂p

    v = -h * INVERSE_SQRT_THREE if is_lower else t
    mills_v = mills_ratio(v)
    probability = INVERSE_SQRT_TWO_PI * mills_v  # Φ(−v)·exp(v²/2)
    lower_value = LOWER_SCALE * distance * (probability * probability * probability) * (bell * growth)
    lower_slope = (v * mills_v) * (v * mills_v) * growth
    lower_bend = lower_slope * slope * (over_probe * 2.0 * (v / mills_v - 1.0 - v * v) + 0.5 * t)
    over_both = 1.0 / (bell * growth)
    upper_value = probability / growth
    upper_slope = -0.5 * over_both
    upper_bend = SQRT_HALF_PI * (h * h) * over_probe * over_both / bell
    value = lower_value if is_lower else upper_value
    value_slope = lower_slope if is_lower else upper_slope
    value_bend = lower_bend if is_lower else upper_bend
    bend = value_bend if is_outer else 0.0

    outer_slope = 1.0 if is_lower else -0.5 * option.root_ratio
    outer_price = 0.0 if is_lower else 1.0
    end_value = 0.0 if is_outer else centre
    end_slope = outer_slope if is_outer else SQRT_TWO_PI
    end_price = outer_price if is_outer else centre_price
    probe_value = value if is_outer else probe
    probe_slope = value_slope if is_outer else slope
    is_probe_left = is_lower != is_outer
    left_price = probe_price if is_probe_left else end_price
    right_price = end_price if is_probe_left else probe_price
    left_value = probe_value if is_probe_left else end_value
    right_value = end_value if is_probe_left else probe_value
    left_slope = probe_slope if is_probe_left else end_slope
    right_slope = end_slope if is_probe_left else probe_slope

    width = right_price - left_price
    over_width = 1.0 / width
    chord = (right_value - left_value) * over_width
    pivot = right_slope - chord if is_lower else chord - left_slope
    bent = (0.5 * width * bend + (right_slope - left_slope)) / pivot
    monotone = (left_slope + right_slope) / chord  # the least control without a turning point
    control = min(bent if bent > monotone else monotone, LARGEST_CONTROL)
    right = (price - left_price) * over_width
    left_distance = option.gap if is_outer and not is_lower else right_price - price
    left = left_distance * over_width
    numerator = (
        right_value * (right * right * right)
        + (control * right_value - width * right_slope) * (right * right * left)
        + (control * left_value + width * left_slope) * (right * left * left)
        + left_value * (left * left * left)
    )
    interpolated = numerator / (1.0 + (control - 3.0) * (right * left))

    unscaled = interpolated / (LOWER_SCALE * distance) if is_lower else interpolated
    logarithm = log(unscaled if is_outer else 0.25)
    tail_point = inverse_tail((logarithm - 0.5 * distance) * (1.0 / 3.0) if is_lower else logarithm)
    outer = distance * INVERSE_SQRT_THREE / tail_point if is_lower else 2.0 * tail_point
    return outer if is_outer else interpolated


@inline
def step(option: Normalized, log_price: f64, log_gap: f64, deviation: f64) -> Step:
    """One Householder step of third order. The objective is 1/ln p; for h + t > 0 and not tiny s, ln(1 − p)."""
    distance = option.distance
    over_deviation = 1.0 / deviation
    t = 0.5 * deviation
    depth = min(distance * over_deviation, FARTHEST)
    h = -depth
    upper = t - depth
    is_near = distance < SERIES_X
    is_series = t < SERIES_T and is_near
    is_low = upper <= 0.0 or is_series
    mills_first = mills_ratio(min(depth if is_series else depth + t, FARTHEST))
    mills_upper = mills_ratio(min(abs(upper), FARTHEST))
    series = bracket_series(depth, t, mills_first)
    apart = mills_upper - mills_first if is_low else mills_upper + mills_first
    bracket = series if is_series else apart  # p/p', or (1 − p)/p'
    signed = bracket if is_low else -bracket
    value = log(INVERSE_SQRT_TWO_PI * bracket) - 0.5 * (upper * upper)
    target = log_price if is_low else log_gap
    over_signed = 1.0 / signed  # derivative of `value`
    over_value = 1.0 / value if is_low else 0.0
    newton = signed * (target - value) * (value / target if is_low else 1.0)
    # p''/p' and p'''/p', then the same ratios of `value`, then of the objective
    second = (h * h - t * t) * over_deviation
    third = second * second - 3.0 * (h * over_deviation) * (h * over_deviation) - 0.25
    log_second = second - over_signed
    log_third = third - over_signed * (3.0 * second - 2.0 * over_signed)
    slope = over_signed * over_value
    objective_second = log_second - 2.0 * slope
    objective_third = log_third - 6.0 * slope * (log_second - slope)
    numerator = newton * (1.0 + 0.5 * objective_second * newton)
    change = numerator / (1.0 + newton * (objective_second + objective_third * newton * (1.0 / 6.0)))
    bounded = min(max(change, -0.5 * deviation), deviation)
    return Step(deviation=deviation + bounded, change=abs(bounded) * over_deviation)


@inline
def normalized(value: f64, forward: f64, strike: f64, kind: f64) -> Normalized:
    """An undiscounted price; one in the money by parity."""
    smaller = min(forward, strike)
    out_of_the_money = value - max(kind * (forward - strike), 0.0)
    over_smaller = 1.0 / smaller
    return Normalized(
        price=out_of_the_money * over_smaller,
        gap=(smaller - out_of_the_money) * over_smaller,
        distance=abs(log_ratio(forward, strike)),
        root_ratio=sqrt(smaller / max(forward, strike)),
    )


@inline
def implied_deviation(option: Normalized) -> f64:
    """s = vol·√expiry of a price strictly between its bounds; NaN elsewhere, and where two steps do not suffice."""
    log_price = log(option.price)
    log_gap = log(option.gap)
    first = step(option, log_price, log_gap, guess(option))
    second = step(option, log_price, log_gap, first.deviation)
    is_inside = min(option.price, option.gap) > 0.0
    is_found = second.change < SMALL_STEP and is_inside
    return second.deviation if is_found else not_a_number()


def safeguarded_deviation(option: Normalized) -> f64:
    """The same by steps kept in a bracket, which is bisected when a step leaves it; NaN if 200 do not suffice."""
    log_price = log(option.price)
    log_gap = log(option.gap)
    least = SMALLEST_PRICE
    most = 1.0e4
    deviation = 1.0
    for _ in range(200):
        taken = step(option, log_price, log_gap, deviation)
        if taken.change < SMALL_STEP:
            return taken.deviation
        if taken.deviation > deviation:
            least = deviation
        else:
            most = deviation
        is_inside = least < taken.deviation and taken.deviation < most
        deviation = taken.deviation if is_inside else sqrt(least) * sqrt(most)
    return not_a_number()


@inline
def undiscounted(price: f64, discount: f64) -> f64:
    """price/discount; NaN unless the discount factor is > 0 and finite."""
    value = price / discount
    is_positive = discount > 0.0
    is_finite = discount <= LARGEST
    return value if is_positive and is_finite else not_a_number()


@inline
def _is_defined(forward: f64, strike: f64, expiry: f64, kind: f64) -> bool:
    is_finite = is_defined(forward, strike, expiry, 0.0)
    is_positive = min(min(forward, strike), expiry) > 0.0
    is_kind = abs(kind) == 1.0
    return is_finite and is_positive and is_kind


@inline
def undiscounted_implied_vol(value: f64, forward: f64, strike: f64, expiry: f64, kind: f64) -> f64:
    """The volatility of an undiscounted price; 0 at the intrinsic value; `undiscounted_implied` tells what NaN is."""
    option = normalized(value, forward, strike, kind)
    found = implied_deviation(option)  # computed in any case, not where it is needed: that would be a branch
    vol = (0.0 if option.price == 0.0 else found) / sqrt(expiry)
    is_valid = _is_defined(forward, strike, expiry, kind)
    return vol if is_valid else not_a_number()


@inline
def implied_vol(price: f64, forward: f64, strike: f64, expiry: f64, discount: f64, kind: f64) -> f64:
    """Black-76 volatility of a price in quote units, for numbers by the million: see `implied` for what NaN means."""
    return undiscounted_implied_vol(undiscounted(price, discount), forward, strike, expiry, kind)


@inline
def implied_vol_inverse(price: f64, forward: f64, strike: f64, expiry: f64, kind: f64) -> f64:
    """Volatility of a coin-settled option's price in coin."""
    return undiscounted_implied_vol(price * forward, forward, strike, expiry, kind)


def undiscounted_implied(value: f64, forward: f64, strike: f64, expiry: f64, kind: f64) -> Implied:
    """The volatility of an undiscounted price and what became of the inversion."""
    if not _is_defined(forward, strike, expiry, kind) or not abs(value) <= LARGEST:
        return Implied(vol=not_a_number(), status=ImpliedStatus.INVALID_INPUT)
    option = normalized(value, forward, strike, kind)
    if option.price == 0.0:
        return Implied(vol=0.0, status=ImpliedStatus.AT_INTRINSIC)
    if option.price < 0.0:
        return Implied(vol=not_a_number(), status=ImpliedStatus.BELOW_INTRINSIC)
    if option.gap <= 0.0:
        return Implied(vol=not_a_number(), status=ImpliedStatus.ABOVE_MAXIMUM)
    deviation = implied_deviation(option)
    if is_nan(deviation):
        deviation = safeguarded_deviation(option)
    if is_nan(deviation):
        return Implied(vol=deviation, status=ImpliedStatus.NOT_CONVERGED)
    return Implied(vol=deviation / sqrt(expiry), status=ImpliedStatus.CONVERGED)


def implied(price: f64, forward: f64, strike: f64, expiry: f64, discount: f64, kind: f64) -> Implied:
    """Black-76 volatility of a price in quote units, with its status."""
    return undiscounted_implied(undiscounted(price, discount), forward, strike, expiry, kind)


def implied_inverse(price: f64, forward: f64, strike: f64, expiry: f64, kind: f64) -> Implied:
    """Volatility of a coin-settled option's price in coin, with its status."""
    return undiscounted_implied(price * forward, forward, strike, expiry, kind)


@inline
def parity_forward(call: f64, put: f64, strike: f64, discount: f64) -> f64:
    """The forward that a call and a put of one strike and expiry imply, in quote units."""
    return strike + (call - put) / discount


@inline
def parity_forward_inverse(call: f64, put: f64, strike: f64) -> f64:
    """The same of coin-settled options, prices in coin: call − put = 1 − strike/forward. NaN unless call − put < 1."""
    share = 1.0 - (call - put)
    return strike / share if share > 0.0 else not_a_number()


@inline
def parity_discount(
    call_low: f64, put_low: f64, strike_low: f64, call_high: f64, put_high: f64, strike_high: f64
) -> f64:
    """The discount factor that calls and puts of two strikes imply (a box)."""
    return ((call_low - put_low) - (call_high - put_high)) / (strike_high - strike_low)
