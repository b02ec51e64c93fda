"""European options under a lognormal forward: Black (1976), Black-Scholes-Merton (1973), coin-settled (inverse).

The option out of the money is computed; the one in the money follows by parity,
call − put = discount·(forward − strike). With x = |ln(forward/strike)|, s = vol·√expiry, h = −x/s, t = s/2 the price
out of the money, over min(forward, strike), is

    φ(h + t) · [Y(h + t) − Y(h − t)],      Y(z) = Φ(z)/φ(z) = M(−z)         (Jäckel, "Let's Be Rational", 2015)

Where both terms are nearly equal (t < 0.2 and x < 1) the bracket is its Taylor series in t about h, whose terms are
positive. Elsewhere what cancels is less than what an error of one unit in the last place of s changes.

Inputs: forward, spot, strike in quote units (0 gives the limit); expiry in years; vol annualized, 0.6 = 60 %; rates
continuously compounded per year. An input that is negative (rates excepted) or not finite gives NaN. Where vol·√expiry
is below 1e-60 the result is the discounted intrinsic value.
"""

from corten.contracts.math import exp, log
from corten.contracts.pricing.mills import FARTHEST, INVERSE_SQRT_TWO_PI, mills_ratio
from corten.lang import f64, f64_from_bits, inline, sqrt, struct

SMALLEST_DEVIATION: f64 = 1.0e-60  # below it vol·√expiry counts as zero
SERIES_T: f64 = 0.2
SERIES_X: f64 = 1.0
SMALLEST_PRICE: f64 = 1.0e-300  # stands for zero in a logarithm
LARGEST: f64 = 1.7976931348623157e308


@struct
class CallPut:
    """A call and a put of the same terms."""

    call: f64
    put: f64


@struct
class Terms:
    """What every price and greek of one option is made of; undiscounted.

    `near` = min(forward, strike)·Φ(h + t) and `far` = max(forward, strike)·Φ(h − t); out_of_the_money = near − far.
    For forward ≤ strike they are forward·N(d1) and strike·N(d2); else strike·N(−d2) and forward·N(−d1).
    """

    near: f64
    far: f64
    out_of_the_money: f64
    density: f64  # forward·φ(d1) = strike·φ(d2)
    d1: f64
    d2: f64
    inverse_deviation: f64  # 1/(vol·√expiry)


@inline
def not_a_number() -> f64:
    return f64_from_bits(0x7FF8_0000_0000_0000)


@inline
def log_ratio(numerator: f64, denominator: f64) -> f64:
    """ln(numerator/denominator), with relative accuracy also where the two are close."""
    inverse = 1.0 / denominator
    ratio = numerator * inverse
    distance = (numerator - denominator) * inverse  # ratio − 1 without its cancellation
    lost = distance - (ratio - 1.0)
    return log(ratio) + (lost if abs(distance) < 0.5 else 0.0)


@inline
def bracket_series(h: f64, t: f64, mills_h: f64) -> f64:
    """Y(h + t) − Y(h − t) for small t: 2 Σ t^(2k+1)/(2k+1)! · Y^(2k+1)(h), Y' = 1 + hY, Y^(n+1) = hY^(n) + nY^(n−1)."""
    y1 = 1.0 + h * mills_h
    y2 = h * y1 + mills_h
    y3 = h * y2 + 2.0 * y1
    y4 = h * y3 + 3.0 * y2
    y5 = h * y4 + 4.0 * y3
    y6 = h * y5 + 5.0 * y4
    y7 = h * y6 + 6.0 * y5
    y8 = h * y7 + 7.0 * y6
    y9 = h * y8 + 8.0 * y7
    y10 = h * y9 + 9.0 * y8
    y11 = h * y10 + 10.0 * y9
    y12 = h * y11 + 11.0 * y10
    y13 = h * y12 + 12.0 * y11
    u = t * t
    tail = y9 * 2.755731922398589e-06 + u * (y11 * 2.505210838544172e-08 + u * y13 * 1.6059043836821613e-10)
    middle = y5 * 8.333333333333333e-03 + u * (y7 * 1.984126984126984e-04 + u * tail)
    return 2.0 * t * (y1 + u * (y3 * 1.6666666666666666e-01 + u * middle))


@inline
def terms(forward: f64, strike: f64, deviation: f64) -> Terms:
    """The terms of an option with vol·√expiry = `deviation`. All arguments ≥ 0 and finite."""
    is_certain = deviation < SMALLEST_DEVIATION
    positive_deviation = 1.0 if is_certain else deviation
    inverse_deviation = 1.0 / positive_deviation
    x = log_ratio(max(forward, SMALLEST_PRICE), max(strike, SMALLEST_PRICE))
    distance = abs(x)
    t = 0.5 * deviation
    h = max(-distance * inverse_deviation, -FARTHEST)
    upper = h + t
    lower = h - t
    is_near = distance < SERIES_X
    is_series = t < SERIES_T and is_near
    mills_first = mills_ratio(min(-(h if is_series else lower), FARTHEST))
    mills_upper = mills_ratio(min(abs(upper), FARTHEST))
    smaller = min(forward, strike)
    weight = smaller * (INVERSE_SQRT_TWO_PI * exp(-0.5 * (upper * upper)))
    tail = weight * mills_upper
    upper_value = smaller - tail if upper > 0.0 else tail
    direct = upper_value - weight * mills_first
    series = weight * bracket_series(h, t, mills_first)
    at_expiry = 0.5 * smaller if distance == 0.0 else 0.0
    value = 0.0 if is_certain else (series if is_series else direct)
    near = at_expiry if is_certain else upper_value
    is_call_rich = forward > strike
    return Terms(
        near=near,
        far=near - value,
        out_of_the_money=value,
        density=0.0 if is_certain else weight,
        d1=-lower if is_call_rich else upper,
        d2=-upper if is_call_rich else lower,
        inverse_deviation=0.0 if is_certain else inverse_deviation,
    )


@inline
def is_defined(first: f64, second: f64, expiry: f64, vol: f64) -> bool:
    """Whether an option's price, strike, expiry and vol are all ≥ 0 and finite; infinities and NaN fail the sum."""
    is_positive = min(min(first, second), min(expiry, vol)) >= 0.0
    is_finite = (first + second) + (expiry + vol) <= LARGEST
    return is_positive and is_finite


@inline
def is_factor(discount: f64) -> bool:
    """Whether a discount factor is ≥ 0 and finite."""
    is_positive = discount >= 0.0
    is_finite = discount <= LARGEST
    return is_positive and is_finite


@inline
def call_and_put(forward: f64, strike: f64, deviation: f64) -> CallPut:
    """Undiscounted; the option in the money by parity."""
    value = terms(forward, strike, deviation).out_of_the_money
    intrinsic = forward - strike
    return CallPut(call=value + max(intrinsic, 0.0), put=value + max(-intrinsic, 0.0))


@inline
def black76(forward: f64, strike: f64, expiry: f64, vol: f64, discount: f64) -> CallPut:
    """Call and put on a forward, in quote units: discount·E[max(±(forward_T − strike), 0)]. Black (1976)."""
    is_valid = is_defined(forward, strike, expiry, vol)
    is_discounted = is_factor(discount)
    factor = discount if is_valid and is_discounted else not_a_number()
    pair = call_and_put(forward, strike, vol * sqrt(expiry))
    return CallPut(call=factor * pair.call, put=factor * pair.put)


@inline
def black_scholes(spot: f64, strike: f64, expiry: f64, vol: f64, rate: f64, dividend: f64) -> CallPut:
    """Call and put on a spot price that pays `dividend` (a yield, or the base currency's rate), quote units."""
    factor = 1.0 if is_defined(spot, strike, expiry, vol) else not_a_number()
    asset = spot * exp(-dividend * expiry)
    cash = strike * exp(-rate * expiry)
    pair = call_and_put(asset, cash, vol * sqrt(expiry))
    return CallPut(call=factor * pair.call, put=factor * pair.put)


@inline
def black76_inverse(forward: f64, strike: f64, expiry: f64, vol: f64) -> CallPut:
    """Coin-settled call and put, in coin: max(±(S − strike), 0)/S is worth the undiscounted price over forward.

    The numéraire is the coin. A put may be worth more than one coin.
    """
    over_forward = 1.0 / forward
    is_valid = is_defined(forward, strike, expiry, vol)
    factor = over_forward if is_valid and forward > 0.0 else not_a_number()
    pair = call_and_put(forward, strike, vol * sqrt(expiry))
    return CallPut(call=factor * pair.call, put=factor * pair.put)


@inline
def one_of(pair: CallPut, kind: f64) -> f64:
    """The call for kind = 1, the put for −1; NaN for any other."""
    put_or_nothing = pair.put if kind == -1.0 else not_a_number()
    return pair.call if kind == 1.0 else put_or_nothing
