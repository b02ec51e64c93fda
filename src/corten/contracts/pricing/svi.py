"""Volatility smiles and surfaces in total variance w = vol²·expiry over log-moneyness k = ln(strike/forward).

    raw SVI   w = a + b·(ρ(k − m) + √((k − m)² + σ²))                                       Gatheral (2004)
    eSSVI     w = θ/2·(1 + ρφk + √((φk + ρ)² + 1 − ρ²)),  φ = ψ/θ, a (θ, ρ, ψ) per expiry    Hendriks, Martini (2019)

g(k) = (1 − k·w'/(2w))² − w'²/4·(1/w + 1/4) + w''/2 has the sign of the risk-neutral density (Durrleman). A contract
that stores the few numbers of each expiry evaluates the same surface, with the same bits, as `corten.quant.surface`.
"""

from corten.contracts.pricing.black import log_ratio
from corten.lang import f64, inline, sqrt, struct


@struct
class RawSvi:
    """One expiry's smile: level a, slope b ≥ 0, −1 < rho < 1, place m, width sigma > 0."""

    a: f64
    b: f64
    rho: f64
    m: f64
    sigma: f64


@struct
class Essvi:
    """One expiry's smile: total variance theta > 0 at the money, −1 < rho < 1, psi = θφ > 0."""

    theta: f64
    rho: f64
    psi: f64


@struct
class Variance:
    """Total variance and its first two derivatives by k."""

    total: f64
    slope: f64
    curvature: f64


@inline
def raw_svi(k: f64, smile: RawSvi) -> Variance:
    """Total variance of a raw SVI smile."""
    x = k - smile.m
    root = sqrt(x * x + smile.sigma * smile.sigma)
    over_root = 1.0 / root
    ratio = smile.sigma * over_root
    return Variance(
        total=smile.a + smile.b * (smile.rho * x + root),
        slope=smile.b * (smile.rho + x * over_root),
        curvature=smile.b * (ratio * ratio) * over_root,
    )


@inline
def essvi(k: f64, smile: Essvi) -> Variance:
    """Total variance of an SSVI or eSSVI smile."""
    phi = smile.psi / smile.theta
    x = phi * k + smile.rho
    rest = 1.0 - smile.rho * smile.rho
    root = sqrt(x * x + rest)
    over_root = 1.0 / root
    half = 0.5 * smile.psi
    return Variance(
        total=0.5 * smile.theta * (1.0 + smile.rho * (phi * k) + root),
        slope=half * (smile.rho + x * over_root),
        curvature=half * phi * rest * (over_root * over_root * over_root),
    )


@inline
def durrleman(k: f64, variance: Variance) -> f64:
    """g(k): negative where the smile admits a butterfly arbitrage."""
    first = 1.0 - 0.5 * k * variance.slope / variance.total
    return (
        first * first
        - 0.25 * variance.slope * variance.slope * (1.0 / variance.total + 0.25)
        + (0.5 * variance.curvature)
    )


@inline
def raw_svi_durrleman(k: f64, smile: RawSvi) -> f64:
    """g(k) of a raw SVI smile."""
    return durrleman(k, raw_svi(k, smile))


@inline
def log_moneyness(forward: f64, strike: f64) -> f64:
    """k = ln(strike/forward)."""
    return log_ratio(strike, forward)


@inline
def share(expiry: f64, near: f64, far: f64) -> f64:
    """How far `expiry` lies between two others, 0 … 1; more than 1 beyond the second."""
    return (expiry - near) / (far - near)


@inline
def essvi_between(near: Essvi, far: Essvi, weight: f64) -> Essvi:
    """θ, ψ and ρψ are linear: between two smiles without arbitrage no arbitrage arises (docs/surfaces.md)."""
    rest = 1.0 - weight
    psi = rest * near.psi + weight * far.psi
    skew = rest * (near.rho * near.psi) + weight * (far.rho * far.psi)
    is_far = weight == 1.0  # exactly: the smile itself, to the bit
    return Essvi(
        theta=rest * near.theta + weight * far.theta,
        rho=far.rho if is_far else skew / psi,
        psi=psi,
    )


@inline
def essvi_surface(k: f64, expiry: f64, near_expiry: f64, near: Essvi, far_expiry: f64, far: Essvi) -> Variance:
    """Total variance between the smiles of two expiries."""
    return essvi(k, essvi_between(near, far, share(expiry, near_expiry, far_expiry)))


@inline
def raw_svi_surface(k: f64, expiry: f64, near_expiry: f64, near: RawSvi, far_expiry: f64, far: RawSvi) -> Variance:
    """Total variance, linear at fixed moneyness, between the smiles of two expiries."""
    weight = share(expiry, near_expiry, far_expiry)
    rest = 1.0 - weight
    first = raw_svi(k, near)
    second = raw_svi(k, far)
    return Variance(
        total=rest * first.total + weight * second.total,
        slope=rest * first.slope + weight * second.slope,
        curvature=rest * first.curvature + weight * second.curvature,
    )


@inline
def essvi_vol(forward: f64, strike: f64, expiry: f64, smile: Essvi) -> f64:
    """The smile's Black volatility, for `black76`."""
    return sqrt(essvi(log_moneyness(forward, strike), smile).total / expiry)


@inline
def raw_svi_vol(forward: f64, strike: f64, expiry: f64, smile: RawSvi) -> f64:
    """The smile's Black volatility, for `black76`."""
    return sqrt(raw_svi(log_moneyness(forward, strike), smile).total / expiry)
