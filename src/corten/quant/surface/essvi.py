"""Calibration of SSVI and eSSVI surfaces: every point of the box that is searched is a surface without arbitrage.

eSSVI: the map from a box to surfaces is A. Mingone's, "No arbitrage global parametrization for the eSSVI volatility
surface" (2022). Of neighbours, θ, ψ(1 + ρ) and ψ(1 − ρ) must not fall and ψ/θ must not rise; of each,
ψ(1 + |ρ|) < 4 and ψ²(1 + |ρ|) ≤ 4θ. With p = max((1 + ρ')/(1 + ρ), (1 − ρ')/(1 − ρ)), ' the earlier expiry's, that
is θ ≥ pθ', pψ' ≤ ψ ≤ min(ψ'θ/θ', bounds), where bounds come from this and all later expiries.
"""

from __future__ import annotations

from math import sqrt
from typing import Any, Final

import numpy as np

from corten.quant.optional import load_optimize
from corten.quant.surface.quotes import Quotes, Residuals
from corten.quant.surface.smiles import Essvi, power_law

Values = np.ndarray[Any, Any]

MARGIN: Final = 1e-9  # relative, from every condition: roundings of 1e-16 do not break it
LARGEST_RHO: Final = 0.98
LEAST_THETA: Final = 1e-9


def fit_essvi(quotes: list[Quotes]) -> tuple[Essvi, ...]:
    """The eSSVI surface nearest the quotes: free fits of each expiry, brought into the box, then all together."""
    targets = [fit_smile(one) for one in quotes]
    start = encode(targets)
    count, residuals = len(quotes), Residuals(quotes)

    def difference(x: Values) -> Values:
        theta, rho, psi = decode(x)
        return residuals.of_totals(_totals(residuals, theta, rho, psi))

    lower = np.repeat([-LARGEST_RHO, 0.0, 0.0], count)
    upper = np.repeat([LARGEST_RHO, np.inf, 1.0], count)
    scales = np.concatenate([np.full(count, 0.3), np.maximum(start[count : 2 * count], 1e-4), np.full(count, 0.3)])
    found = load_optimize().least_squares(
        difference, start, bounds=(lower, upper), x_scale=scales, loss="soft_l1", max_nfev=60, ftol=1e-7, xtol=1e-7
    )
    return tuple(Essvi(*map(float, one)) for one in zip(*decode(found.x), strict=True))


def fit_ssvi(quotes: list[Quotes]) -> tuple[Essvi, ...]:
    """The SSVI surface nearest the quotes: one ρ, φ(θ) the power law, η(1 + |ρ|) ≤ 2, θ ascending."""
    targets = [fit_smile(one) for one in quotes]
    count, residuals = len(quotes), Residuals(quotes)

    def surface(x: Values) -> tuple[Values, Values, Values]:
        rho = np.full(count, x[0])
        eta = 2.0 * (1.0 - MARGIN) * x[1] / (1.0 + abs(x[0]))
        theta = np.cumsum(x[3:]) * (1.0 + MARGIN * np.arange(count))
        return theta, rho, theta * np.array([power_law(one, eta, x[2]) for one in theta])

    def difference(x: Values) -> Values:
        return residuals.of_totals(_totals(residuals, *surface(x)))

    levels = np.maximum.accumulate([target.theta for target in targets])
    steps = np.maximum(np.diff(levels, prepend=0.0), LEAST_THETA)
    middle = float(np.median([target.rho for target in targets]))
    start = np.concatenate([[np.clip(middle, -0.9, 0.9), 0.5, 0.4], steps])
    lower = np.concatenate([[-LARGEST_RHO, 1e-3, 0.01], np.full(count, LEAST_THETA / 2.0)])
    upper = np.concatenate([[LARGEST_RHO, 1.0, 0.5], np.full(count, np.inf)])
    scales = np.concatenate([[0.3, 0.3, 0.1], np.maximum(steps, 1e-4)])
    found = load_optimize().least_squares(
        difference, start, bounds=(lower, upper), x_scale=scales, loss="soft_l1", max_nfev=80, ftol=1e-7, xtol=1e-7
    )
    return tuple(Essvi(*map(float, one)) for one in zip(*surface(found.x), strict=True))


def fit_smile(quotes: Quotes) -> Essvi:
    """One expiry's (θ, ρ, ψ), without regard to arbitrage."""
    residuals = Residuals([quotes])
    level = quotes.at_the_money() ** 2 * quotes.expiry

    def smile(x: Values) -> tuple[float, float, float]:
        return level * np.exp(x[0]), np.tanh(x[1]), np.sqrt(level) * np.exp(x[2])

    def difference(x: Values) -> Values:
        return residuals.of_totals(_totals(residuals, *(np.array([one]) for one in smile(x))))

    found = load_optimize().least_squares(
        difference, [0.0, -0.1, 0.0], bounds=([-3, -3, -7], [3, 3, 4]), loss="soft_l1", max_nfev=60, ftol=1e-7
    )
    return Essvi(*map(float, smile(found.x)))


def decode(x: Values) -> tuple[Values, Values, Values]:
    """θ, ρ, ψ of each expiry from the box: ρ, excesses of θ ≥ 0, shares 0 … 1 of the interval for ψ."""
    count = len(x) // 3
    rho, excess, shares = x[:count].tolist(), x[count : 2 * count].tolist(), x[2 * count :].tolist()
    growth, theta, caps = _levels(rho, excess)
    psi = [caps[0] * max(shares[0], 1e-4)]
    for i in range(1, count):
        low = growth[i] * psi[-1]
        high = max(low, min(caps[i], psi[-1] * theta[i] / theta[i - 1] * (1.0 - MARGIN)))
        psi.append(low + shares[i] * (high - low))
    return np.array(theta), np.array(rho), np.array(psi)


def encode(targets: list[Essvi]) -> Values:
    """The point of the box whose surface is near the targets, away from its sides."""
    rho = [min(max(target.rho, -0.9), 0.9) for target in targets]
    excess = [targets[0].theta]
    level = targets[0].theta
    for i in range(1, len(rho)):
        least = _growth(rho[i - 1], rho[i]) * level
        excess.append(max(targets[i].theta - least, 1e-3 * level))
        level = least + excess[-1]
    growth, theta, caps = _levels(rho, excess)
    shares: list[float] = []
    psi = 0.0
    for i, target in enumerate(targets):
        low = growth[i] * psi
        high = caps[i] if i == 0 else max(low, min(caps[i], psi * theta[i] / theta[i - 1] * (1.0 - MARGIN)))
        share = (target.psi - low) / (high - low) if high > low else 0.5
        shares.append(min(max(share, 0.02), 0.98))
        psi = low + shares[-1] * (high - low)
    return np.array([*rho, *excess, *shares])


def largest_psi(theta: float, rho: float) -> float:
    """The bound of ψ against butterfly arbitrage."""
    wing = 1.0 + abs(rho)
    return min(4.0 / wing, sqrt(4.0 * theta / wing)) * (1.0 - MARGIN)


def _levels(rho: list[float], excess: list[float]) -> tuple[list[float], list[float], list[float]]:
    """p and θ of each expiry, and the largest ψ that leaves room for all later ones."""
    growth, theta = [1.0], [max(excess[0], LEAST_THETA)]
    for i in range(1, len(rho)):
        growth.append(_growth(rho[i - 1], rho[i]))
        theta.append(growth[i] * (1.0 + MARGIN) * theta[-1] + excess[i])
    caps = [largest_psi(level, one) for level, one in zip(theta, rho, strict=True)]
    for i in range(len(rho) - 2, -1, -1):
        caps[i] = min(caps[i], caps[i + 1] / growth[i + 1])
    return growth, theta, caps


def _growth(earlier: float, later: float) -> float:
    """By what factor ψ must grow at least, so that neither wing falls."""
    return max((1.0 + earlier) / (1.0 + later), (1.0 - earlier) / (1.0 - later)) * (1.0 + MARGIN)


def _totals(residuals: Residuals, theta: Values, rho: Values, psi: Values) -> Values:
    """Total variance at every quote; plain numpy, as the search needs no same bits."""
    row = residuals.row
    level, skew = theta[row], rho[row]
    scaled = psi[row] / level * residuals.k
    inner = scaled + skew
    totals: Values = 0.5 * level * (1.0 + skew * scaled + np.sqrt(inner * inner + (1.0 - skew * skew)))
    return totals
