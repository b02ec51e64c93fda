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

from corten.contracts.math import exp
from corten.contracts.pricing.mills import FARTHEST, INVERSE_SQRT_TWO_PI, mills_ratio
from corten.lang import (
    f64,
    f64_bits,
    f64_from_bits,
    inline,
    sqrt,
    struct,
    u64,
    wrapping_add,
    wrapping_shl,
    wrapping_sub,
)

SMALLEST_DEVIATION: f64 = 1.0e-60  # below it vol·√expiry counts as zero
SERIES_T: f64 = 0.2
SERIES_X: f64 = 1.0
SMALLEST_PRICE: f64 = 1.0e-300  # stands for zero in a logarithm
LN2_HIGH = 0.6931471805598903  # 42 bits: its product with an exponent is exact
LN2_LOW = 5.497923018708371e-14
ROUND_AND_FLIP: u64 = 0x8008_0000_0000_0000  # half a unit of the exponent, and 2048 units
TWO_52: u64 = 0x4330_0000_0000_0000
BIASED_52 = 4503599627372544.0  # 2**52 + 2048
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
    """ln(numerator/denominator) of normal numbers > 0, with relative accuracy also where the two are close.

    With one division: 2 artanh((a − b)/(a + b)) + e·ln 2 for a = numerator, b = denominator·2**e, e the nearest integer
    to the difference of their bits, read as logarithms. The difference a − b is exact where they are close.
    """
    offset = wrapping_add(wrapping_sub(f64_bits(numerator), f64_bits(denominator)), ROUND_AND_FLIP)
    biased = offset >> 52  # e + 2048
    exponent = f64_from_bits(biased | TWO_52) - BIASED_52
    negated = f64_from_bits(wrapping_add(f64_bits(denominator), wrapping_shl(biased, 52)))  # −b: 2048 flips the sign
    s = (numerator + negated) / (numerator - negated)
    z = s * s
    square = z * z
    odd = 0.40000000000012037 + square * (
        0.22222223336620348 + square * (0.15389718263641888 + square * 0.137300490066644)
    )
    even = 0.28571428565490653 + square * (0.1818171568257997 + square * 0.13193475586569775)
    series = 0.6666666666666666 + (z * odd + square * even)
    return exponent * LN2_HIGH + (s * 2.0 + (s * z * series + exponent * LN2_LOW))


@inline
def bracket_series(depth: f64, t: f64, mills_h: f64) -> f64:
    """Y(h + t) − Y(h − t) for h = −depth ≤ 0 and small t: 2t Σ t^(2k)·b_k, b_k = Y^(2k+1)(h)/(2k+1)!.

    Y' = 1 + hY and Y^(n+1) = hY^(n) + nY^(n−1) give (2k + 2)(2k + 3)·b_(k+1) = (h² + 4k + 3)·b_k − b_(k−1), b_(−1) = 1.
    """
    square = depth * depth
    b0 = 1.0 - depth * mills_h
    b1 = (square * 0.16666666666666666 + 0.5) * b0 - 0.16666666666666666
    b2 = (square * 0.05 + 0.35) * b1 - 0.05 * b0
    b3 = (square * 0.023809523809523808 + 0.2619047619047619) * b2 - 0.023809523809523808 * b1
    b4 = (square * 0.013888888888888888 + 0.20833333333333334) * b3 - 0.013888888888888888 * b2
    b5 = (square * 0.00909090909090909 + 0.17272727272727273) * b4 - 0.00909090909090909 * b3
    b6 = (square * 0.00641025641025641 + 0.14743589743589744) * b5 - 0.00641025641025641 * b4
    u = t * t
    u2 = u * u
    low = (b0 + u * b1) + u2 * (b2 + u * b3)
    high = (b4 + u * b5) + u2 * b6
    return (2.0 * t) * (low + (u2 * u2) * high)


@inline
def terms(forward: f64, strike: f64, deviation: f64) -> Terms:
    """The terms of an option with vol·√expiry = `deviation`. All arguments ≥ 0 and finite."""
    is_certain = deviation < SMALLEST_DEVIATION
    positive_deviation = 1.0 if is_certain else deviation
    inverse_deviation = 1.0 / positive_deviation
    x = log_ratio(max(forward, SMALLEST_PRICE), max(strike, SMALLEST_PRICE))
    distance = abs(x)
    t = 0.5 * deviation
    depth = min(distance * inverse_deviation, FARTHEST)  # −h; signs are kept out of the way: negation is an operation
    upper = t - depth
    below = depth + t
    is_near = distance < SERIES_X
    is_series = t < SERIES_T and is_near
    mills_first = mills_ratio(min(depth if is_series else below, FARTHEST))
    mills_upper = mills_ratio(min(abs(upper), FARTHEST))
    smaller = min(forward, strike)
    weight = smaller * (INVERSE_SQRT_TWO_PI * exp(-0.5 * (upper * upper)))
    tail = weight * mills_upper
    upper_value = smaller - tail if upper > 0.0 else tail
    direct = upper_value - weight * mills_first
    series = weight * bracket_series(depth, t, mills_first)
    at_expiry = 0.5 * smaller if distance == 0.0 else 0.0
    value = 0.0 if is_certain else (series if is_series else direct)
    near = at_expiry if is_certain else upper_value
    is_call_rich = forward > strike
    return Terms(
        near=near,
        far=near - value,
        out_of_the_money=value,
        density=0.0 if is_certain else weight,
        d1=below if is_call_rich else upper,
        d2=-upper if is_call_rich else -below,
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
def valid_factor(first: f64, second: f64, expiry: f64, vol: f64, discount: f64) -> f64:
    """`discount`, NaN unless `is_defined` and `is_factor`: infinities and NaN times 0 are NaN, in fewer operations."""
    positive = 0.0 if min(min(min(first, second), min(expiry, vol)), discount) >= 0.0 else not_a_number()
    finite = ((first + second) + (expiry + vol)) * 0.0 + discount * 0.0
    return discount + (finite + positive)


@inline
def call_and_put(forward: f64, strike: f64, deviation: f64) -> CallPut:
    """Undiscounted; the option in the money by parity."""
    value = terms(forward, strike, deviation).out_of_the_money
    intrinsic = forward - strike
    positive = max(intrinsic, 0.0)
    return CallPut(call=value + positive, put=value + (positive - intrinsic))


@inline
def black76(forward: f64, strike: f64, expiry: f64, vol: f64, discount: f64) -> CallPut:
    """Call and put on a forward, in quote units: discount·E[max(±(forward_T − strike), 0)]. Black (1976)."""
    factor = valid_factor(forward, strike, expiry, vol, discount)
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
