"""Smiles of the SABR model: dF = α F^β dW, dα = ν α dZ, dW dZ = ρ dt. Hagan, Kumar, Lesniewski, Woodward (2002).

With L = ln(F/K), y = (1 − β)L/2, G = √(FK), z = (ν/α)·G^(1−β)·L and x(z) = ln[(√(1 − 2ρz + z²) + z − ρ)/(1 − ρ)]:

    lognormal  α·G^(β−1)/S(y)·z/x(z)·(1 + c·T),    normal  α·G^β·S(L/2)/S(y)·z/x(z)·(1 + c'·T)

`sabr` is the paper's formula (2.17) to the letter: S is the series of sinh(y)/y to y⁴. `sabr_obloj` has sinh(y)/y
itself in S and in z (Obłój, "Fine-tune your smile", 2008), which is the true limit for T → 0; `sabr_normal` likewise.
At the money every quotient is its limit, computed so that nothing cancels near it.

`shift` is added to forward and strike, for rates that may be negative; the lognormal volatility is then that of the
shifted Black model. Inputs: alpha > 0; 0 ≤ beta ≤ 1; −1 < rho < 1; nu ≥ 0; expiry ≥ 0; shifted forward and strike > 0
(any, for `sabr_normal` with beta = 0). What is out of its domain gives NaN.
"""

from corten.contracts.math import exp, log, log1p, sinh
from corten.contracts.pricing.black import LARGEST, SMALLEST_PRICE, log_ratio, not_a_number
from corten.lang import f64, inline, sqrt

SMALL: f64 = 1.0e-160  # below it the square vanishes: sinh(y)/y is 1


@inline
def stretch(z: f64, rho: f64) -> f64:
    """z/x(z), 1 for z = 0: x(z; ρ) = −x(−z; −ρ) = log1p(z·(1 + (z − 2ρ)/(s + 1))/(1 − ρ)), s = √(1 − 2ρz + z²)."""
    distance = abs(z)
    turned = rho if z >= 0.0 else -rho
    s = sqrt((distance - turned) * (distance - turned) + (1.0 - turned * turned))
    x = log1p(distance * (1.0 + (distance - 2.0 * turned) / (s + 1.0)) / (1.0 - turned))
    return distance / x if x > SMALL else 1.0


@inline
def sinh_ratio(y: f64) -> f64:
    """sinh(y)/y."""
    return sinh(y) / y if abs(y) > SMALL else 1.0


@inline
def sinh_series(y: f64) -> f64:
    """sinh(y)/y to the fourth order."""
    square = y * y
    return 1.0 + square * (1.0 / 6.0) + square * square * (1.0 / 120.0)


@inline
def _is_defined(expiry: f64, alpha: f64, beta: f64, rho: f64, nu: f64) -> bool:
    is_positive = min(expiry, nu) >= 0.0 and alpha > 0.0
    is_finite = expiry + nu + alpha <= LARGEST
    return is_positive and is_finite and beta >= 0.0 and beta <= 1.0 and abs(rho) < 1.0


@inline
def _lognormal(
    forward: f64, strike: f64, expiry: f64, alpha: f64, beta: f64, rho: f64, nu: f64, shift: f64, is_refined: bool
) -> f64:
    f = forward + shift
    k = strike + shift
    is_positive = min(f, k) > 0.0 and f + k <= LARGEST
    safe_f = max(f, SMALLEST_PRICE)
    safe_k = max(k, SMALLEST_PRICE)
    distance = log_ratio(safe_f, safe_k)
    power = exp(0.5 * (1.0 - beta) * (log(safe_f) + log(safe_k)))  # G^(1 − β)
    local = alpha / power
    y = 0.5 * (1.0 - beta) * distance
    spread = sinh_ratio(y) if is_refined else sinh_series(y)
    z = nu / local * distance * (spread if is_refined else 1.0)
    level = (1.0 - beta) * (1.0 - beta) * (1.0 / 24.0) * local * local
    correction = level + 0.25 * rho * beta * nu * local + (2.0 - 3.0 * rho * rho) * (1.0 / 24.0) * nu * nu
    vol = local / spread * stretch(z, rho) * (1.0 + correction * expiry)
    return vol if is_positive and _is_defined(expiry, alpha, beta, rho, nu) else not_a_number()


@inline
def sabr(forward: f64, strike: f64, expiry: f64, alpha: f64, beta: f64, rho: f64, nu: f64, shift: f64) -> f64:
    """The Black volatility of formula (2.17). May be below zero at very long expiries, as the formula."""
    return _lognormal(forward, strike, expiry, alpha, beta, rho, nu, shift, False)


@inline
def sabr_obloj(forward: f64, strike: f64, expiry: f64, alpha: f64, beta: f64, rho: f64, nu: f64, shift: f64) -> f64:
    """The Black volatility with the exact leading order."""
    return _lognormal(forward, strike, expiry, alpha, beta, rho, nu, shift, True)


@inline
def sabr_normal(forward: f64, strike: f64, expiry: f64, alpha: f64, beta: f64, rho: f64, nu: f64, shift: f64) -> f64:
    """The Bachelier volatility, in quote units per √year; for beta = 0 of any forward and strike."""
    f = forward + shift
    k = strike + shift
    is_normal = beta == 0.0
    is_finite = abs(f) + abs(k) <= LARGEST
    is_positive = (min(f, k) > 0.0 or is_normal) and is_finite
    safe_f = max(f, SMALLEST_PRICE)
    safe_k = max(k, SMALLEST_PRICE)
    distance = 0.0 if is_normal else log_ratio(safe_f, safe_k)
    root = 1.0 if is_normal else exp(0.5 * (log(safe_f) + log(safe_k)))  # G
    power = 1.0 if is_normal else exp(0.5 * (1.0 - beta) * (log(safe_f) + log(safe_k)))
    local = alpha / power
    spread = sinh_ratio(0.5 * (1.0 - beta) * distance)
    z = nu / alpha * (f - k) if is_normal else nu / local * distance * spread
    level = -beta * (2.0 - beta) * (1.0 / 24.0) * local * local
    correction = level + 0.25 * rho * beta * nu * local + (2.0 - 3.0 * rho * rho) * (1.0 / 24.0) * nu * nu
    backbone = local * root * sinh_ratio(0.5 * distance) / spread
    vol = backbone * stretch(z, rho) * (1.0 + correction * expiry)
    return vol if is_positive and _is_defined(expiry, alpha, beta, rho, nu) else not_a_number()
