"""American options under a lognormal spot price: price and early-exercise boundary.

L. Andersen, M. Lake, D. Offengenden, "High-performance American option pricing", Journal of Computational Finance
20(1), 2016. The boundary B(τ) of a put of strike 1, τ years before expiry, solves the fixed-point system A,

    B(τ) = exp(−(r − q)τ) · N/D,     N = φ(d₋(τ, B))/(σ√τ) + r ∫ e^(ru) φ(d₋(τ − u, B/B(u))) / (σ√(τ − u)) du
    D = φ(d₊(τ, B))/(σ√τ) + Φ(d₊(τ, B)) + q ∫ e^(qu) [Φ(d₊(…)) + φ(d₊(τ − u, B/B(u))) / (σ√(τ − u))] du

over 0 ≤ u ≤ τ. Where carry dominates, (r − q) > 4σ², its steps diverge, and those of system B do not:

    N = Φ(d₋(τ, B)) + r ∫ e^(ru) Φ(d₋(τ − u, B/B(u))) du,    D = Φ(d₊(τ, B)) + q ∫ e^(qu) Φ(d₊(τ − u, B/B(u))) du

ln²(B/X), X the boundary at expiry, is a polynomial through Chebyshev points. What differs from the
paper: the points are of (τ/T)^(1/3), not of √(τ/T), as the boundary is singular at expiry; quadrature is
Gauss-Legendre in an angle (american_grid.py); after the first step, of Newton-Jacobi, and a plain one, steps are
extrapolated by the last two (Anderson 1965, depth 1); and the guess is a closed form between X and the perpetual
boundary. At the boundary found the option must be worth what exercise is, to TOLERANCE of the strike; where
it is not after the steps of system A, those of system B are tried, and where it is not then, there is no price.

A call is a put with spot and strike, rate and dividend exchanged (McDonald and Schroder 1998).
"""

from typing import Literal

from corten.contracts.math import exp, log
from corten.contracts.pricing.american_grid import (
    COARSE,
    FINE,
    NODES,
    Coarse,
    CoarseLength,
    Fine,
    Nodes,
    NodesLength,
    fill_coarse,
    fill_fine,
    fill_nodes,
)
from corten.contracts.pricing.black import is_defined, not_a_number, terms
from corten.contracts.pricing.mills import FARTHEST, INVERSE_SQRT_TWO_PI, SQRT_TWO_PI, mills_ratio
from corten.lang import Array, f64, i64, inline, sqrt, struct

STEPS = 8
STEPS_OF_CARRY = 20
LARGEST_CARRY = 4.0  # (r − q)/σ²: beyond it system B
TOLERANCE: f64 = 1.0e-6  # of the strike: value less exercise at the boundary
SMALLEST_DEVIATION: f64 = 1.0e-8  # below it vol·√expiry counts as zero
INFINITY = 1e999
FLOOR = 0.1  # ln²(B(u)/X) is at least this share of what a straight line gives


@struct
class American:
    """A price, and the spot price at which exercise is right today (0 or infinite: at none)."""

    price: f64
    boundary: f64


@struct
class Put:
    """What the method works with: a put of strike 1, and how its boundary starts at expiry."""

    expiry: f64
    vol: f64
    rate: f64
    dividend: f64
    log_start: f64  # ln X


@struct
class Boundary:
    """b = ln(B/X) ≤ 0 at the nodes, and the Chebyshev coefficients of b²."""

    log: Array[f64, NodesLength]
    coefficients: Array[f64, NodesLength]


@struct
class Steps:
    """The last step's results and what they changed."""

    result: Array[f64, NodesLength]
    change: Array[f64, NodesLength]
    following: Array[f64, NodesLength]


@struct
class Sums:
    """The integrands of N and D at the quadrature points, and of their derivatives by ln B; over φ(0)."""

    growth: Array[f64, Literal[192]]  # exp(q·u)/φ(0), weighted
    n: Array[f64, CoarseLength]
    d: Array[f64, CoarseLength]
    n_slope: Array[f64, CoarseLength]
    d_slope: Array[f64, CoarseLength]


@inline
def _clenshaw(coefficients: Array[f64, NodesLength], z: f64) -> f64:
    """Σ c_i T_i(z)."""
    first = 0.0
    second = 0.0
    twice = z + z
    for i in range(NODES):
        following = (coefficients[NODES - i] - second) + twice * first
        second = first
        first = following
    return (coefficients[0] - second) + z * first


@inline
def _perpetual(put: Put) -> f64:
    """The boundary without expiry: λ/(λ − 1), λ the negative root of σ²λ²/2 + (r − q − σ²/2)λ − r = 0."""
    variance = put.vol * put.vol
    half = (put.rate - put.dividend) / variance - 0.5
    product = 2.0 * put.rate / variance
    root = sqrt(max(half * half + product, 0.0))
    minus_root = half + root if half > 0.0 else product / max(root - half, 1e-300)
    return minus_root / (1.0 + minus_root)


@inline
def _guess(put: Put, nodes: Nodes, boundary: Boundary) -> None:
    """Starts like 2σ√τ, or like 0.64σ√τ where the boundary starts below the strike; ends at the perpetual boundary."""
    start = exp(-put.log_start)
    room = max(1.0 / max(_perpetual(put), 1e-12), 1.0001 * start) - start
    against = max(put.dividend - put.rate, 0.0) / put.vol
    boundary.log[NODES] = 0.0
    for i in range(NODES):
        root = sqrt(put.expiry) * nodes.square_root[i]
        slope = 0.64 + 1.36 / (1.0 + 8.0 * against * root)
        reach = 1.0 - exp(-slope * put.vol * root * start / room)
        boundary.log[i] = -log(1.0 + room * reach / start)


@inline
def _interpolate(nodes: Nodes, boundary: Boundary) -> None:
    """The coefficients of b², by the discrete cosine transform."""
    values = Boundary()  # type: ignore[call-arg]  # all zero
    for i in range(NODES + 1):
        values.coefficients[i] = boundary.log[i] * boundary.log[i]
    values.coefficients[0] = 0.5 * values.coefficients[0]
    for i in range(NODES + 1):
        boundary.coefficients[i] = _clenshaw(values.coefficients, nodes.z[i]) * (2.0 / 12.0)
    boundary.coefficients[0] = 0.5 * boundary.coefficients[0]
    boundary.coefficients[NODES] = 0.5 * boundary.coefficients[NODES]


@inline
def _integrands(put: Put, nodes: Nodes, grid: Coarse, boundary: Boundary, sums: Sums, i: i64) -> None:
    """What is summed for N and D at node i."""
    root_time = sqrt(put.expiry) * nodes.square_root[i]
    time = root_time * root_time
    here = boundary.log[i]
    farthest = boundary.log[0] * boundary.log[0] * FLOOR
    carry = put.rate - put.dividend
    share = nodes.square_root[i] * nodes.square_root[i] * farthest
    place = nodes.root[i] + nodes.root[i]
    for k in range(COARSE):
        square = _clenshaw(boundary.coefficients, place * grid.root[k] - 1.0)
        there = sqrt(max(square, share * grid.share[k]))
        x = root_time * grid.sine[k]
        deviation = put.vol * x
        inverse = 1.0 / deviation
        d_minus = (here + there + carry * (x * x)) * inverse - 0.5 * deviation
        d_plus = d_minus + deviation
        u = time * grid.share[k]
        weight = grid.weight[k] * inverse
        near = exp(put.rate * u - 0.5 * (d_minus * d_minus)) * weight
        far = exp(put.dividend * u - 0.5 * (d_plus * d_plus))
        tail = far * mills_ratio(min(abs(d_plus), FARTHEST)) * grid.weight[k]
        whole = sums.growth[i * COARSE + k] - tail
        far = far * weight
        sums.n[k] = near
        sums.d[k] = (whole if d_plus > 0.0 else tail) + far
        slope = d_minus * inverse
        sums.n_slope[k] = near * slope
        sums.d_slope[k] = far * slope


@inline
def _growth(put: Put, nodes: Nodes, grid: Coarse, sums: Sums) -> None:
    for i in range(NODES):
        time = put.expiry * (nodes.square_root[i] * nodes.square_root[i])
        for k in range(COARSE):
            sums.growth[i * COARSE + k] = SQRT_TWO_PI * grid.weight[k] * exp(put.dividend * (time * grid.share[k]))


@inline
def _normal(d: f64) -> f64:
    """√(2π)·Φ(d)."""
    tail = exp(-0.5 * (d * d)) * mills_ratio(min(abs(d), FARTHEST))
    return SQRT_TWO_PI - tail if d > 0.0 else tail


@inline
def _carried(put: Put, nodes: Nodes, grid: Coarse, boundary: Boundary, i: i64, is_newton: bool) -> f64:
    """ln(B/X) at node i that system B gives, or its Newton step by this node alone."""
    root_time = sqrt(put.expiry) * nodes.square_root[i]
    time = root_time * root_time
    deviation = put.vol * root_time
    here = boundary.log[i]
    farthest = boundary.log[0] * boundary.log[0] * FLOOR
    carry = put.rate - put.dividend
    drift = carry * time + put.log_start
    share = nodes.square_root[i] * nodes.square_root[i] * farthest
    place = nodes.root[i] + nodes.root[i]
    d_minus = (here + drift) / deviation - 0.5 * deviation
    d_plus = d_minus + deviation
    n = _normal(d_minus)
    d = _normal(d_plus)
    n_slope = exp(-0.5 * (d_minus * d_minus)) / deviation
    d_slope = exp(-0.5 * (d_plus * d_plus)) / deviation
    for k in range(COARSE):
        square = _clenshaw(boundary.coefficients, place * grid.root[k] - 1.0)
        there = sqrt(max(square, share * grid.share[k]))
        x = root_time * grid.sine[k]
        spread = put.vol * x
        minus = (here + there + carry * (x * x)) / spread - 0.5 * spread
        plus = minus + spread
        u = time * grid.share[k]
        cash = put.rate * time * grid.weight[k] * exp(put.rate * u)
        asset = put.dividend * time * grid.weight[k] * exp(put.dividend * u)
        n = n + cash * _normal(minus)
        d = d + asset * _normal(plus)
        n_slope = n_slope + cash * (exp(-0.5 * (minus * minus)) / spread)
        d_slope = d_slope + asset * (exp(-0.5 * (plus * plus)) / spread)
    image = log(n / d) - drift
    return here + (image - here) / (1.0 - min(n_slope / n - d_slope / d, 0.5)) if is_newton else image


@inline
def _step(put: Put, nodes: Nodes, boundary: Boundary, sums: Sums, i: i64, is_newton: bool) -> f64:
    """ln(B/X) at node i that the fixed-point system gives, or its Newton step by this node alone."""
    root_time = sqrt(put.expiry) * nodes.square_root[i]
    time = root_time * root_time
    deviation = put.vol * root_time
    inverse = 1.0 / deviation
    drift = (put.rate - put.dividend) * time + put.log_start
    d_minus = (boundary.log[i] + drift) * inverse - 0.5 * deviation
    d_plus = d_minus + deviation
    near = exp(-0.5 * (d_minus * d_minus))
    far = exp(-0.5 * (d_plus * d_plus))
    tail = far * mills_ratio(min(abs(d_plus), FARTHEST))
    n = 0.0
    d = 0.0
    for k in range(COARSE):
        n = n + sums.n[k]
        d = d + sums.d[k]
    numerator = near * inverse + (put.rate * time) * n
    denominator = (far * inverse + (SQRT_TWO_PI - tail if d_plus > 0.0 else tail)) + (put.dividend * time) * d
    image = log(numerator / denominator) - drift
    if is_newton:
        n_slope = 0.0
        d_slope = 0.0
        for k in range(COARSE):
            n_slope = n_slope + sums.n_slope[k]
            d_slope = d_slope + sums.d_slope[k]
        slope = d_minus * (inverse * inverse)
        by_numerator = (near * slope + (put.rate * time) * n_slope) / numerator
        by_denominator = (far * slope + (put.dividend * time) * d_slope) / denominator
        image = boundary.log[i] + (image - boundary.log[i]) / (1.0 - min(by_denominator - by_numerator, 0.5))
    return image


@inline
def _bounded(image: f64, here: f64) -> f64:
    """A step that at most doubles or halves; none where there is no number."""
    bounded = max(min(image, 0.5 * here), 2.0 * here)
    return bounded if image == image else here


@inline
def _solve(put: Put, nodes: Nodes, boundary: Boundary, is_carried: bool) -> None:
    """The boundary, from today to expiry, by system A or B."""
    grid = Coarse()  # type: ignore[call-arg]  # all zero
    fill_coarse(grid)
    sums = Sums()  # type: ignore[call-arg]  # all zero
    steps = Steps()  # type: ignore[call-arg]  # all zero
    _growth(put, nodes, grid, sums)
    _guess(put, nodes, boundary)
    _interpolate(nodes, boundary)
    first = 0 if is_carried else 1  # the last step whose result nothing extrapolates
    for step in range(STEPS_OF_CARRY if is_carried else STEPS):
        square = 1e-300
        product = 0.0
        for i in range(NODES):
            image = 0.0
            if is_carried:
                image = _carried(put, nodes, grid, boundary, i, step == 0)
            else:
                _integrands(put, nodes, grid, boundary, sums, i)
                image = _step(put, nodes, boundary, sums, i, step == 0)
            change = image - boundary.log[i]
            difference = change - steps.change[i]
            square = square + difference * difference
            product = product + difference * change
            steps.following[i] = image - steps.result[i]
            steps.result[i] = image
            steps.change[i] = change
        share = max(min(product / square, 2.0), -2.0) if step > first else 0.0
        for i in range(NODES):
            boundary.log[i] = _bounded(steps.result[i] - share * steps.following[i], boundary.log[i])
        _interpolate(nodes, boundary)


@inline
def _premium(put: Put, spot: f64, boundary: Boundary) -> f64:
    """∫ r·exp(−r(τ − u))·Φ(−d₋(τ − u, S/B(u))) − q·S·exp(−q(τ − u))·Φ(−d₊(…)) du."""
    grid = Fine()  # type: ignore[call-arg]  # all zero
    fill_fine(grid)
    values = Fine()  # type: ignore[call-arg]  # all zero
    floor = boundary.log[0] * boundary.log[0] * FLOOR
    carry = put.rate - put.dividend
    moneyness = log(spot) - put.log_start
    asset = spot * put.dividend
    for k in range(FINE):
        square = _clenshaw(boundary.coefficients, grid.root[k] + grid.root[k] - 1.0)
        there = sqrt(max(square, floor * grid.share[k]))
        x = sqrt(put.expiry) * grid.sine[k]
        time = x * x
        deviation = put.vol * x
        d_minus = (moneyness + there + carry * time) / deviation - 0.5 * deviation
        d_plus = d_minus + deviation
        near = exp(-0.5 * (d_minus * d_minus)) * mills_ratio(min(abs(d_minus), FARTHEST))
        far = exp(-0.5 * (d_plus * d_plus)) * mills_ratio(min(abs(d_plus), FARTHEST))
        near = near if d_minus > 0.0 else SQRT_TWO_PI - near
        far = far if d_plus > 0.0 else SQRT_TWO_PI - far
        cash = put.rate * exp(-put.rate * time) * near
        values.weight[k] = grid.weight[k] * (cash - asset * exp(-put.dividend * time) * far)
    total = 0.0
    for k in range(FINE):
        total = total + values.weight[k]
    return total * (put.expiry * INVERSE_SQRT_TWO_PI)


@inline
def _mismatch(put: Put, boundary: Boundary) -> f64:
    """By how much the put is not worth what exercise is, at the boundary; not a number, or infinite, if lost."""
    spot = exp(put.log_start + boundary.log[0])
    asset = spot * exp(-put.dividend * put.expiry)
    cash = exp(-put.rate * put.expiry)
    european = terms(asset, cash, put.vol * sqrt(put.expiry)).out_of_the_money + max(cash - asset, 0.0)
    return abs(european + _premium(put, spot, boundary) - (1.0 - spot))


@inline
def _without_risk(spot: f64, strike: f64, expiry: f64, rate: f64, dividend: f64) -> f64:
    """A put on what is certain: exercised today, at expiry, or when rate·cash = dividend·asset in between.

    A lower bound of every put: a holder may settle the time today, and a put is convex (Jensen).
    """
    today = strike - spot
    last = strike * exp(-rate * expiry) - spot * exp(-dividend * expiry)
    ratio = (rate * strike) / (dividend * spot)
    time = log(ratio) / (rate - dividend)
    between = strike * exp(-rate * time) - spot * exp(-dividend * time)
    best = max(max(today, last), 0.0)
    is_between = time > 0.0
    return max(best, between) if is_between and time < expiry else best


@inline
def _put(spot: f64, strike: f64, expiry: f64, vol: f64, rate: f64, dividend: f64) -> American:
    """A put; its boundary over the strike."""
    deviation = vol * sqrt(expiry)
    is_valid = is_defined(spot, strike, expiry, vol) and abs(rate) + abs(dividend) < INFINITY
    if not is_valid or (rate < 0.0 and dividend < rate):
        return American(not_a_number(), not_a_number())
    asset = spot * exp(-dividend * expiry)
    cash = strike * exp(-rate * expiry)
    european = terms(asset, cash, deviation).out_of_the_money + max(cash - asset, 0.0)
    if rate <= 0.0 and dividend >= rate:
        return American(european, 0.0)
    start = rate / dividend if dividend > rate else 1.0
    if deviation < SMALLEST_DEVIATION or strike == 0.0:
        return American(_without_risk(spot, strike, expiry, rate, dividend), start)
    put = Put(expiry, vol, rate, dividend, log(start))
    nodes = Nodes()  # type: ignore[call-arg]  # all zero
    fill_nodes(nodes)
    boundary = Boundary()  # type: ignore[call-arg]  # all zero
    is_found = False
    for system in range(2):
        is_carried = system == 1
        if not is_found and (is_carried or rate - dividend <= LARGEST_CARRY * vol * vol):
            _solve(put, nodes, boundary, is_carried)
            is_found = _mismatch(put, boundary) <= TOLERANCE
    if not is_found:
        return American(not_a_number(), not_a_number())
    critical = start * exp(boundary.log[0])
    floor = max(max(european, strike - spot), _without_risk(spot, strike, expiry, rate, dividend))
    if spot <= strike * critical:
        return American(floor, critical)
    return American(max(european + strike * _premium(put, spot / strike, boundary), floor), critical)


def american(spot: f64, strike: f64, expiry: f64, vol: f64, rate: f64, dividend: f64, kind: f64) -> American:
    """An American call (kind = 1) or put (−1), in quote units; `dividend` is a yield, or the base currency's rate.

    Where early exercise never pays (a put with rate ≤ 0 and dividend ≥ rate, a call with dividend ≤ 0 and rate ≥
    dividend) the price is the European one, the boundary 0 or infinite. NaN where exercise has two boundaries: a put
    with dividend < rate < 0, a call with rate < dividend < 0.
    """
    is_call = kind == 1.0
    first = strike if is_call else spot
    second = spot if is_call else strike
    put = _put(first, second, expiry, vol, dividend if is_call else rate, rate if is_call else dividend)
    factor = 1.0 if is_call or kind == -1.0 else not_a_number()
    return American(factor * put.price, strike / put.boundary if is_call else strike * put.boundary)
