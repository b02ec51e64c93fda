"""European options under Heston's stochastic variance (1993), by one integral along a contour made for each option.

    dF = √v F dW,   dv = kappa (theta − v) dt + xi √v dZ,   dW dZ = rho dt

The option out of the money is computed; the other follows by parity. A put is a call under the measure of the forward,
in which kappa becomes kappa − xi·rho and rho changes sign, so only calls with m = ln(strike/forward) ≥ 0 remain:

    call/forward = (1/2πi) ∫ M(p) exp(−(p − 1) m) / (p (p − 1)) dp,      M(p) = E[(F_T/F)**p],    Re p > 1

The contour crosses the real axis at the saddle point of the integrand, so that no digits cancel however small the
price, and is p = c + b (sin ω cosh y + i cos ω sinh y), y real (Boyarchenko and Levendorskiĭ, "sinh-acceleration",
2019): on it the integrand decays doubly exponentially, and the trapezoidal rule converges exponentially. Where moments
just above 1 explode, the saddle is squeezed against the pole at 1; the contour then crosses between 0 and 1 and the
residue is added.

M is written so that nothing cancels for small xi, kappa or expiry, and so that the logarithm's argument never winds
(the second form of Heston's formula: Albrecher, Mayer, Schoutens and Tistaert, "The little Heston trap", 2007; Lord and
Kahl, "Complex logarithms in Heston-like models", 2010).

Inputs: forward, strike in quote units; expiry in years; variance, theta ≥ 0 (0.04 = 20 % volatility); kappa ≥ 0 per
year; xi ≥ 0; −1 ≤ rho ≤ 1. What is out of its domain gives NaN. Where the expected deviation √∫E[v] is below 1e-9 the
result is the discounted intrinsic value.
"""

from typing import Literal

from corten.contracts.math import atan2, cos_bounded, exp, expm1, log, log1p, sin_bounded
from corten.contracts.numeric.complex import Complex, add, multiply, scaled, subtract
from corten.contracts.pricing.black import LARGEST, SMALLEST_PRICE, CallPut, is_factor, log_ratio, not_a_number
from corten.contracts.pricing.implied import undiscounted_implied_vol
from corten.lang import Array, f64, inline, no_inline, sqrt, struct

NODES = 96
POINTS = 97
FURTHEST = 40.0  # of y
NEGLIGIBLE = -40.0  # what the logarithm of a term may fall to, below the first, before it no longer counts
SMALLEST_VARIANCE = 1.0e-18
TINY = 1.0e-300
GOLDEN = 0.6180339887498949
SEARCHES = 26
WIDTH = 0.7  # of the contour, in deviations of the integrand at the saddle
OVER_PI = 0.3183098861837907
HALF_PI = 1.5707963267948966
STEP = 0.5
BOUND = 1.0e6  # of angles that matter


@struct
class Heston:
    """The model up to an expiry, in the measure in which the option is a call out of the money."""

    expiry: f64
    variance: f64
    kappa: f64
    pull: f64  # kappa·theta of the original measure
    xi: f64
    rho: f64
    distance: f64  # m = |ln(forward/strike)|


@struct
class Moment:
    """ln M(p), and its derivative by the variance today."""

    log: Complex
    by_variance: Complex


@struct
class Contour:
    """p = centre + reach·(sin angle·cosh y + i cos angle·sinh y) for y = 0, spacing, …, NODES·spacing."""

    centre: f64
    reach: f64
    sine: f64
    cosine: f64
    spacing: f64
    peak: f64  # logarithm of the integrand's scale
    residue: f64


@struct
class Values:
    """One number for each node, and one."""

    values: Array[f64, Literal[97]]


@struct
class CallGreeks:
    """A call with forward 1 and strike exp(distance): its price and F·∂/∂F, F²·∂²/∂F², ∂/∂v."""

    price: f64
    delta: f64
    gamma: f64
    by_variance: f64


@struct
class HestonGreeks:
    """Call and put, and derivatives, discounted. F is the forward, v the variance today."""

    call: f64
    put: f64
    call_delta: f64  # ∂/∂F
    put_delta: f64
    gamma: f64  # ∂²/∂F²
    variance_vega: f64  # ∂/∂v, of call and put


@inline
def _quotient(a: Complex, b: Complex) -> Complex:
    """a/b for moduli between 1e-150 and 1e150; 0 for b = 0."""
    square = b.real * b.real + b.imaginary * b.imaginary
    factor = 1.0 / max(square, TINY)
    real = a.real * b.real + a.imaginary * b.imaginary
    return Complex(real * factor, (a.imaginary * b.real - a.real * b.imaginary) * factor)


@inline
def _clamped(angle: f64) -> f64:
    """An angle; larger ones belong to exponentials that vanish."""
    return min(max(angle, -BOUND), BOUND)


@inline
def _root(a: Complex) -> Complex:
    """The square root with a real part ≥ 0, for moduli as above."""
    size = sqrt(a.real * a.real + a.imaginary * a.imaginary)
    larger = sqrt(0.5 * (size + abs(a.real)))
    smaller = 0.5 * a.imaginary / max(larger, TINY)
    is_right = a.real >= 0.0
    return Complex(
        larger if is_right else abs(smaller), smaller if is_right else (larger if a.imaginary >= 0.0 else -larger)
    )


@inline
def log_moment(model: Heston, p: Complex) -> Moment:
    """ln M(p) for p of the strip where M is finite, or of the cone about it that a contour passes.

    With β = kappa − xi·rho·p, q = p² − p, D² = β² − xi²·q, r = (β − D)/xi², ε = (1 − exp(−D·T))/D, w = xi²·r·ε/2:
    ln M = kappa·theta·r·[T − ε·ln(1 + w)/w] + v·q·ε/(2(1 + w)).
    """
    xi_square = model.xi * model.xi
    slope = model.xi * model.rho
    beta = Complex(model.kappa - slope * p.real, -slope * p.imaginary)
    q = Complex(p.real * p.real - p.imaginary * p.imaginary - p.real, 2.0 * p.real * p.imaginary - p.imaginary)
    d = _root(subtract(multiply(beta, beta), scaled(q, xi_square)))
    is_right = beta.real >= 0.0  # then β + D does not cancel, else β − D does not
    upper = Complex(
        q.real if is_right else beta.real - d.real, q.imaginary if is_right else beta.imaginary - d.imaginary
    )
    lower = Complex(beta.real + d.real if is_right else xi_square, beta.imaginary + d.imaginary if is_right else 0.0)
    r = _quotient(upper, lower)

    loss = expm1(-d.real * model.expiry)
    half = _clamped(0.5 * d.imaginary * model.expiry)
    sine = sin_bounded(half)
    cosine = cos_bounded(half)
    turned = (loss + 1.0) * (2.0 * sine)
    gone = Complex(turned * sine - loss, turned * cosine)  # 1 − exp(−D·T)
    share = _quotient(gone, d)
    is_still = d.real == 0.0 and d.imaginary == 0.0
    epsilon = Complex(model.expiry if is_still else share.real, share.imaginary)

    w = scaled(multiply(r, epsilon), 0.5 * xi_square)
    outer = Complex(1.0 + w.real, w.imaginary)
    logarithm = Complex(
        0.5 * log1p(max(2.0 * w.real + (w.real * w.real + w.imaginary * w.imaginary), -1.0)),
        atan2(w.imaginary, outer.real),
    )
    over_w = _quotient(logarithm, w)
    is_flat = w.real * w.real + w.imaginary * w.imaginary < TINY
    ratio = Complex(1.0 if is_flat else over_w.real, 0.0 if is_flat else over_w.imaginary)
    held = multiply(epsilon, ratio)
    pulled = multiply(r, Complex(model.expiry - held.real, -held.imaginary))
    by_variance = scaled(_quotient(multiply(q, epsilon), outer), 0.5)
    return Moment(log=add(scaled(pulled, model.pull), scaled(by_variance, model.variance)), by_variance=by_variance)


def log_real_moment(model: Heston, p: f64) -> f64:
    """ln M(p) for real p, inf where the moment is infinite; accurate enough to find a saddle."""
    xi_square = max(model.xi * model.xi, TINY)
    beta = model.kappa - model.xi * model.rho * p
    q = p * p - p
    square = beta * beta - xi_square * q
    expiry = model.expiry
    if square > 0.0:
        d = sqrt(square)
        r = q / (beta + d) if beta >= 0.0 else (beta - d) / xi_square
        epsilon = -expm1(-d * expiry) / d
        w = 0.5 * xi_square * r * epsilon
        if not w > -1.0:
            return 1e999
        ratio = log1p(w) / w if abs(w) > TINY else 1.0
        return model.pull * r * (expiry - epsilon * ratio) + model.variance * q * epsilon / (2.0 * (1.0 + w))
    d = sqrt(-square)
    half = 0.5 * d * expiry
    if not half < HALF_PI * 2.0:
        return 1e999
    epsilon = sin_bounded(half) / d if d > 0.0 else 0.5 * expiry
    rest = cos_bounded(half) + beta * epsilon  # falls to 0 where the moment explodes
    if not rest > 0.0:
        return 1e999
    return model.pull / xi_square * (beta * expiry - 2.0 * log(rest)) + model.variance * q * epsilon / rest


@inline
def _point(z: f64, is_between: bool) -> f64:
    """p − 1 of a search variable on the whole line: p > 1, or between 0 and 1."""
    return -1.0 / (1.0 + exp(z)) if is_between else exp(z)


@no_inline
def log_integrand(model: Heston, z: f64, is_between: bool) -> f64:
    """The logarithm of |M(p)·exp(−(p − 1)·m)/(p·(p − 1))| for real p: convex, infinite at both ends."""
    excess = _point(z, is_between)
    return log_real_moment(model, 1.0 + excess) - excess * model.distance - log(abs(excess) * (1.0 + excess))


@no_inline
def saddle(model: Heston, is_between: bool) -> f64:
    """The search variable where the integrand on the real axis is least, by golden sections."""
    low = -12.0
    high = 12.0 if is_between else 25.0
    first = high - GOLDEN * (high - low)
    second = low + GOLDEN * (high - low)
    at_first = log_integrand(model, first, is_between)
    at_second = log_integrand(model, second, is_between)
    for _ in range(SEARCHES):
        if at_first <= at_second:
            high = second
            second = first
            at_second = at_first
            first = high - GOLDEN * (high - low)
            at_first = log_integrand(model, first, is_between)
        else:
            low = first
            first = second
            at_first = at_second
            second = low + GOLDEN * (high - low)
            at_second = log_integrand(model, second, is_between)
    return first if at_first <= at_second else second


def contour(model: Heston) -> Contour:
    """Where to integrate: through the saddle, as wide as the integrand there, bent to where it decays, far enough."""
    z = saddle(model, False)
    peak = log_integrand(model, z, False)
    is_between = not peak < 0.0
    if is_between:
        z = saddle(model, True)
        peak = log_integrand(model, z, True)
    excess = _point(z, is_between)
    shift = 0.05
    above = log_integrand(model, z + shift, is_between)
    while not above < 1e300 and shift > 1.0e-9:
        shift = shift * 0.25
        above = log_integrand(model, z + shift, is_between)
    bend = (above - 2.0 * peak + log_integrand(model, z - shift, is_between)) / (shift * shift)
    scale = -excess * (1.0 + excess) if is_between else excess  # ∂p/∂z
    bend = bend if bend < 1e300 else 0.0
    reach = WIDTH * scale / sqrt(max(bend, 0.05))

    # far out ln M ≈ −(v + kappa·theta·T)/xi·(√(1 − rho²) − i·rho)·Im p; near, it is a Gaussian's with its narrower cone
    xi = max(model.xi, 1.0e-12)
    mass = model.variance + model.pull * model.expiry
    slope = mass / xi
    best = atan2(model.distance + slope * model.rho, slope * sqrt(max(1.0 - model.rho * model.rho, 0.0)))
    gaussian = 4.0 * slope * (2.0 / model.expiry + abs(model.kappa)) / xi
    angle = best / (2.0 + (1.25 - 1.25 / (1.0 + gaussian)))
    sine = sin_bounded(angle)
    cosine = cos_bounded(angle)
    centre = 1.0 + excess - reach * sine

    far = STEP
    is_far = False
    while far < FURTHEST and not is_far:
        growth = exp(far)
        rise = 0.5 * (growth + 1.0 / growth)
        run = 0.5 * (growth - 1.0 / growth)
        p = Complex(centre + reach * (sine * rise), reach * (cosine * run))
        level = log_moment(model, p).log.real - (p.real - 1.0) * model.distance
        height = level + far - log(p.real * p.real + p.imaginary * p.imaginary)  # |dp/dy| is at most reach·exp(y)
        is_far = height < peak + NEGLIGIBLE
        far = far if is_far else far + STEP
    return Contour(
        centre=centre,
        reach=reach,
        sine=sine,
        cosine=cosine,
        spacing=far / NODES,
        peak=peak,
        residue=1.0 if is_between else 0.0,
    )


@no_inline
def call_greeks(model: Heston) -> CallGreeks:
    """The trapezoidal rule on the contour; by conjugate symmetry on its upper half."""
    path = contour(model)
    prices = Values()  # type: ignore[call-arg]  # zero
    deltas = Values()  # type: ignore[call-arg]  # zero
    gammas = Values()  # type: ignore[call-arg]  # zero
    by_variances = Values()  # type: ignore[call-arg]  # zero
    for i in range(POINTS):
        y = f64(i) * path.spacing
        growth = exp(y)
        shrunk = 1.0 / growth
        rise = 0.5 * (growth + shrunk)
        run = 0.5 * (growth - shrunk)
        p = Complex(path.centre + path.reach * (path.sine * rise), path.reach * (path.cosine * run))
        motion = Complex(path.reach * (path.cosine * rise), -path.reach * (path.sine * run))  # ∂p/∂y over i
        less_one = Complex(p.real - 1.0, p.imaginary)
        moment = log_moment(model, p)
        size = exp(moment.log.real - less_one.real * model.distance - path.peak)
        phase = _clamped(moment.log.imaginary - p.imaginary * model.distance)
        moved = multiply(Complex(size * cos_bounded(phase), size * sin_bounded(phase)), motion)
        slope = _quotient(moved, less_one)
        price = _quotient(slope, p)
        prices.values[i] = price.real
        deltas.values[i] = slope.real
        gammas.values[i] = moved.real
        by_variances.values[i] = multiply(price, moment.by_variance).real
    scale = exp(path.peak) * path.spacing * OVER_PI
    return CallGreeks(
        price=path.residue + scale * _sum(prices),
        delta=path.residue + scale * _sum(deltas),
        gamma=scale * _sum(gammas),
        by_variance=scale * _sum(by_variances),
    )


@inline
def _sum(terms: Values) -> f64:
    """The trapezoidal sum; smallest terms first."""
    total = 0.0
    for i in range(NODES):
        total = total + terms.values[NODES - i]
    return total + 0.5 * terms.values[0]


def _is_defined(forward: f64, strike: f64, discount: f64, model: Heston) -> bool:
    """Whether everything is in its domain; infinities and NaN fail the sum. The model's distance is not looked at."""
    least = min(min(forward, strike), min(model.expiry, model.variance))
    is_positive = min(least, min(model.kappa, min(model.pull, model.xi))) >= 0.0
    total = (forward + strike) + (model.expiry + model.variance) + (model.kappa + model.pull + model.xi)
    return is_positive and total <= LARGEST and abs(model.rho) <= 1.0 and is_factor(discount)


def heston_greeks(
    forward: f64,
    strike: f64,
    expiry: f64,
    variance: f64,
    kappa: f64,
    theta: f64,
    xi: f64,
    rho: f64,
    discount: f64,
) -> HestonGreeks:
    """Call and put, delta, gamma and the derivative by today's variance, from one row of nodes."""
    original = Heston(expiry=expiry, variance=variance, kappa=kappa, pull=kappa * theta, xi=xi, rho=rho, distance=0.0)
    if not _is_defined(forward, strike, discount, original) or not theta >= 0.0:
        nan = not_a_number()
        return HestonGreeks(call=nan, put=nan, call_delta=nan, put_delta=nan, gamma=nan, variance_vega=nan)
    held = -expm1(-kappa * expiry) / kappa if kappa > 0.0 else expiry
    expected = variance * held + theta * (expiry - held)
    is_call = strike >= forward
    intrinsic = forward - strike
    if min(forward, strike) < SMALLEST_PRICE or not expected > SMALLEST_VARIANCE:
        delta = 0.5 if intrinsic == 0.0 else (0.0 if is_call else 1.0)
        return HestonGreeks(
            call=discount * max(intrinsic, 0.0),
            put=discount * max(-intrinsic, 0.0),
            call_delta=discount * delta,
            put_delta=discount * (delta - 1.0),
            gamma=0.0,
            variance_vega=0.0,
        )
    model = Heston(
        expiry=expiry,
        variance=variance,
        kappa=kappa if is_call else kappa - xi * rho,
        pull=original.pull,
        xi=xi,
        rho=rho if is_call else -rho,
        distance=abs(log_ratio(forward, strike)),
    )
    found = call_greeks(model)
    unit = forward if is_call else strike
    ratio = unit / forward
    value = unit * max(found.price, 0.0)
    delta = found.delta if is_call else 1.0 + ratio * (found.price - found.delta)
    return HestonGreeks(
        call=discount * (value + max(intrinsic, 0.0)),
        put=discount * (value + max(-intrinsic, 0.0)),
        call_delta=discount * delta,
        put_delta=discount * (delta - 1.0),
        gamma=discount * ratio * found.gamma / forward,
        variance_vega=discount * unit * found.by_variance,
    )


def heston(
    forward: f64,
    strike: f64,
    expiry: f64,
    variance: f64,
    kappa: f64,
    theta: f64,
    xi: f64,
    rho: f64,
    discount: f64,
) -> CallPut:
    """Call and put, in quote units."""
    found = heston_greeks(forward, strike, expiry, variance, kappa, theta, xi, rho, discount)
    return CallPut(call=found.call, put=found.put)


def heston_implied_vol(
    forward: f64,
    strike: f64,
    expiry: f64,
    variance: f64,
    kappa: f64,
    theta: f64,
    xi: f64,
    rho: f64,
) -> f64:
    """The Black-76 volatility of Heston's price: the model's smile. From the option out of the money, so that it is
    accurate wherever the price has not underflowed; NaN where it has."""
    pair = heston(forward, strike, expiry, variance, kappa, theta, xi, rho, 1.0)
    is_call = strike >= forward
    return undiscounted_implied_vol(
        pair.call if is_call else pair.put, forward, strike, expiry, 1.0 if is_call else -1.0
    )
