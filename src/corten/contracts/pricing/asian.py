"""Asian options under a lognormal spot price: the payoff counts the average of m prices at equidistant times.

The geometric average is lognormal: Kemna and Vorst (1990). The arithmetic average is priced by conditioning on the
geometric one, max(E[A | G] − K, 0): Curran (1994), Rogers and Shi (1995). That is a lower bound, whose error is the
variance of A that G does not tell. `asian_levy` gives the average a lognormal distribution with its exact first two
moments: Levy (1992), Turnbull and Wakeman (1991).

The m fixings are at `first`, …, `expiry`; fixings = 0 is the average over all of 0 … expiry (not for `asian`). Where
fixings have happened give the option that is left: `seasoned`.
"""

from corten.contracts.math import exp, expm1, log, normal_cdf
from corten.contracts.pricing.black import CallPut, call_and_put, is_defined, not_a_number
from corten.lang import f64, floor, i64, inline, sqrt, struct

STEPS = 8
TERMS = 30
MOST_FIXINGS: f64 = 100000.0
SMALLEST_DEVIATION: f64 = 1.0e-12
INFINITY = 1e999


@struct
class Moments:
    """E[A] and E[A²] of the arithmetic average."""

    mean: f64
    square: f64


@struct
class Remaining:
    """What is left of a seasoned option: `scale` options of this strike on the average of the fixings to come."""

    strike: f64
    scale: f64


@inline
def _is_defined(
    spot: f64, strike: f64, expiry: f64, vol: f64, rate: f64, dividend: f64, fixings: f64, first: f64
) -> bool:
    is_market = is_defined(spot, strike, expiry, vol) and abs(rate) + abs(dividend) < INFINITY
    is_counted = 0.0 <= fixings <= MOST_FIXINGS and floor(fixings) == fixings
    return is_market and is_counted and 0.0 <= first <= expiry


@inline
def _spacing(expiry: f64, first: f64, fixings: f64) -> f64:
    return (expiry - first) / max(fixings - 1.0, 1.0)


@inline
def _start(expiry: f64, first: f64, fixings: f64) -> f64:
    """The first fixing's time; the only one is at expiry."""
    return expiry if fixings == 1.0 else first


@inline
def _variance_time(expiry: f64, first: f64, fixings: f64) -> f64:
    """The variance of the average of Brownian motion at the fixings."""
    later = (fixings - 1.0) * (2.0 * fixings - 1.0) / (6.0 * max(fixings, 1.0))
    discrete = _start(expiry, first, fixings) + _spacing(expiry, first, fixings) * later
    return expiry / 3.0 if fixings == 0.0 else discrete


@inline
def asian_geometric(
    spot: f64, strike: f64, expiry: f64, vol: f64, rate: f64, dividend: f64, fixings: f64, first: f64
) -> CallPut:
    """Call and put on the geometric average: exact. The control variate of a simulated arithmetic one."""
    variance = vol * vol * _variance_time(expiry, first, fixings)
    middle = 0.5 * expiry if fixings == 0.0 else 0.5 * (_start(expiry, first, fixings) + expiry)
    forward = spot * exp((rate - dividend - 0.5 * vol * vol) * middle + 0.5 * variance)
    pair = call_and_put(forward, strike, sqrt(variance))
    is_valid = _is_defined(spot, strike, expiry, vol, rate, dividend, fixings, first)
    factor = exp(-rate * expiry) if is_valid else not_a_number()
    return CallPut(call=factor * pair.call, put=factor * pair.put)


def asian_moments(spot: f64, expiry: f64, vol: f64, rate: f64, dividend: f64, fixings: f64, first: f64) -> Moments:
    """The first two moments of the arithmetic average, exact."""
    if not _is_defined(spot, 0.0, expiry, vol, rate, dividend, fixings, first):
        return Moments(not_a_number(), not_a_number())
    carry = rate - dividend
    variance = vol * vol
    if fixings == 0.0:
        return _continuous_moments(spot, carry * expiry, variance * expiry)
    time = _start(expiry, first, fixings)
    spacing = _spacing(expiry, first, fixings)
    total = 0.0  # Σ F_i
    weighted = 0.0  # Σ F_i·exp(σ²t_i), of the fixings before
    square = 0.0
    for _ in range(i64(fixings)):
        forward = exp(carry * time)
        grown = forward * exp(variance * time)
        square = square + forward * (grown + 2.0 * weighted)
        weighted = weighted + grown
        total = total + forward
        time = time + spacing
    mean = spot * total / fixings
    return Moments(mean, spot * spot * square / (fixings * fixings))


@inline
def _growth(x: f64) -> f64:
    """(e^x − 1)/x."""
    return 1.0 if x == 0.0 else expm1(x) / x


@inline
def _growth_slope(x: f64, apart: f64) -> f64:
    """((e^y − 1)/y − (e^x − 1)/x)/apart for y = x + apart; near zero by series, which cancel nothing."""
    y = x + apart
    if max(abs(x), abs(y)) > 1.0 and abs(apart) > 1e-3:
        return (_growth(y) - _growth(x)) / apart
    quotient = 0.0  # (y^n − x^n)/apart
    power = 1.0
    factor = 1.0
    total = 0.0
    for n in range(1, TERMS):
        quotient = y * quotient + power
        power = power * x
        factor = factor / f64(n + 1)
        total = total + quotient * factor
    return total


@inline
def _continuous_moments(spot: f64, growth: f64, variance: f64) -> Moments:
    """Turnbull and Wakeman (1991); growth = carry·expiry."""
    square = 2.0 * _growth_slope(growth, growth + variance)
    return Moments(spot * _growth(growth), spot * spot * square)


def asian_levy(
    spot: f64, strike: f64, expiry: f64, vol: f64, rate: f64, dividend: f64, fixings: f64, first: f64
) -> CallPut:
    """Call and put on an average that is lognormal with the arithmetic average's first two moments."""
    moments = asian_moments(spot, expiry, vol, rate, dividend, fixings, first)
    if not (is_defined(spot, strike, expiry, vol) and moments.mean >= 0.0):
        return CallPut(not_a_number(), not_a_number())
    spread = moments.square / (moments.mean * moments.mean) if moments.mean > 0.0 else 1.0
    pair = call_and_put(moments.mean, strike, sqrt(log(max(spread, 1.0))))
    discount = exp(-rate * expiry)
    return CallPut(call=discount * pair.call, put=discount * pair.put)


@inline
def _shared(index: f64, start: f64, spacing: f64, fixings: f64) -> f64:
    """The covariance of Brownian motion at a fixing (counted from 0) with its average."""
    return start + spacing * index * (1.0 - 0.5 * (index + 1.0) / fixings)


def asian(spot: f64, strike: f64, expiry: f64, vol: f64, rate: f64, dividend: f64, fixings: f64, first: f64) -> CallPut:
    """Call and put on the arithmetic average of at least one fixing, by conditioning on the geometric average."""
    is_valid = _is_defined(spot, strike, expiry, vol, rate, dividend, fixings, first)
    if not is_valid or fixings < 1.0:
        return CallPut(not_a_number(), not_a_number())
    start = _start(expiry, first, fixings)
    spacing = _spacing(expiry, first, fixings)
    count = i64(fixings)
    carry = rate - dividend
    deviation = vol * sqrt(_variance_time(expiry, first, fixings))
    discount = exp(-rate * expiry)
    if deviation < SMALLEST_DEVIATION or spot == 0.0 or strike == 0.0:
        mean = asian_moments(spot, expiry, vol, rate, dividend, fixings, first).mean
        return CallPut(discount * max(mean - strike, 0.0), discount * max(strike - mean, 0.0))
    slope = vol * vol / deviation
    scale = spot / fixings
    middle = (carry - 0.5 * vol * vol) * 0.5 * (start + expiry)
    z = (log(strike / spot) - middle) / deviation
    for _ in range(STEPS):  # E[A | z] = strike by Newton's method on logarithms: convex, so it converges
        total = 0.0
        rise = 0.0
        for i in range(count):
            loading = slope * _shared(f64(i), start, spacing, fixings)
            value = exp(carry * (start + spacing * f64(i)) + loading * (z - 0.5 * loading))
            total = total + value
            rise = rise + loading * value
        z = z - log(scale * total / strike) * total / rise
    call = 0.0
    put = 0.0
    for i in range(count):
        loading = slope * _shared(f64(i), start, spacing, fixings)
        forward = exp(carry * (start + spacing * f64(i)))
        call = call + forward * normal_cdf(loading - z)
        put = put + forward * normal_cdf(z - loading)
    call = scale * call - strike * normal_cdf(-z)
    put = strike * normal_cdf(z) - scale * put
    return CallPut(call=discount * max(call, 0.0), put=discount * max(put, 0.0))


@inline
def seasoned(strike: f64, fixings: f64, past_fixings: f64, past_average: f64) -> Remaining:
    """An option on all fixings, of which `past_fixings` averaged `past_average`, as one on the `fixings` to come.

    A strike below zero: the call pays for sure.
    """
    count = fixings + past_fixings
    return Remaining(strike=(strike * count - past_average * past_fixings) / fixings, scale=fixings / count)
