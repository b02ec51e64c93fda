"""Calibration and repair of raw SVI smiles.

A smile is searched from two starts: the quasi-explicit one (Zeliade Systems, 2009: for fixed place m and width σ the
other three parameters are a linear least-squares problem) and one known to be free of arbitrage. Arbitrage is
penalized on a grid during the search; what comes out is then held against the exact conditions and, where it fails,
drawn towards the smile that is free, as little as they allow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from corten.quant.optional import load_optimize
from corten.quant.surface.arbitrage import is_butterfly_free, is_calendar_free
from corten.quant.surface.essvi import fit_essvi, largest_psi
from corten.quant.surface.quotes import Quotes, Residuals
from corten.quant.surface.smiles import Essvi, RawSvi

Values = np.ndarray[Any, Any]

PENALTIES: Final = (300.0, 1e4, 3e5)  # one after the other, until the exact conditions hold
LEAST_DENSITY: Final = 1e-4  # g that the search keeps on its grid
LARGEST_RHO: Final = 0.999


def fit_svi(quotes: list[Quotes], safe: tuple[Essvi, ...] | None = None) -> tuple[RawSvi, ...]:
    """Raw SVI smiles nearest the quotes, none with arbitrage: the eSSVI surface, improved expiry by expiry."""
    free = [one.raw() for one in (fit_essvi(quotes) if safe is None else safe)]
    for i, one in enumerate(quotes):
        near = free[i - 1] if i > 0 else None
        far = free[i + 1] if i + 1 < len(free) else None
        free[i] = improved(one, free[i], near, far)
    return tuple(free)


def improved(quotes: Quotes, free: RawSvi, near: RawSvi | None, far: RawSvi | None) -> RawSvi:
    """The smile nearest the quotes that has no arbitrage by itself or with its neighbours; `free` has none."""
    residuals = Residuals([quotes])
    reach = 1.5 * float(np.abs(quotes.k).max()) + 0.1
    penalties = Penalties(np.linspace(-reach, reach, 81), near, far)

    def misfit(smile: RawSvi) -> Values:
        return residuals.of_totals(plain(quotes.k, *smile)[0])

    def searched(smile: RawSvi) -> RawSvi:
        for penalty in PENALTIES:

            def difference(one: RawSvi, penalty: float = penalty) -> Values:
                return np.concatenate([misfit(one), penalty * penalties(one)])

            smile = _search(difference, smile)
            if is_free(smile, near, far):
                break
        return smile

    starts = (free, quasi_explicit(quotes))
    found = [free, *(nearest_free(searched(start), free, near, far) for start in starts)]
    return min(found, key=lambda one: float(np.sum(_soft(misfit(one)))))


def is_free(smile: RawSvi, near: RawSvi | None, far: RawSvi | None) -> bool:
    """The exact conditions, by itself and with its neighbours."""
    return (
        is_butterfly_free(smile)
        and (near is None or is_calendar_free(near, smile))
        and (far is None or is_calendar_free(smile, far))
    )


def repair(smile: RawSvi) -> RawSvi:
    """A smile near the given one without butterfly arbitrage; itself if it has none.

    Near means in volatility within three deviations of the money. It starts from the SSVI smile with the same variance,
    skew and put wing at the money (Gatheral, Jacquier 2014, section 5.1), with less wing where that is not free either.
    """
    smile.checked()
    if is_butterfly_free(smile):
        return smile
    level = max(float(smile.total(0.0)), 1e-6)
    reach = 3.0 * level**0.5 + 2.0 * smile.sigma + abs(smile.m)
    k = np.linspace(-reach, reach, 61)
    totals = np.maximum(plain(k, *smile)[0], 1e-6)
    quotes = Quotes(1.0, k, np.sqrt(totals), np.full(len(k), 300.0))
    return improved(quotes, _ssvi_like(smile, level), None, None)


def nearest_free(wanted: RawSvi, free: RawSvi, near: RawSvi | None, far: RawSvi | None) -> RawSvi:
    """`wanted`, or on the way from it to `free` the first smile found that the exact conditions accept."""

    def between(share: float) -> RawSvi:
        return RawSvi(*(x + share * (y - x) for x, y in zip(free, wanted, strict=True)))

    if is_free(wanted, near, far):
        return wanted
    low, high = 0.0, 1.0
    for _ in range(10):
        middle = (low + high) / 2.0
        low, high = (middle, high) if is_free(between(middle), near, far) else (low, middle)
    return between(low) if low > 0.0 else free


def quasi_explicit(quotes: Quotes) -> RawSvi:
    """The best raw SVI smile over a grid of m and σ, the rest by linear least squares, pulled into its domain."""
    total = quotes.vol**2 * quotes.expiry
    weight = quotes.weight / (2.0 * quotes.vol * quotes.expiry)  # d vol = dw/(2·vol·expiry)
    low, high = float(quotes.k.min()), float(quotes.k.max())
    width = max(high - low, 1e-3)
    m, sigma = np.meshgrid(np.linspace(low, high, 13), width * np.geomspace(0.02, 2.0, 10), indexing="ij")
    y = (quotes.k - m.reshape(-1, 1)) / sigma.reshape(-1, 1)
    design = np.stack([np.ones_like(y), y, np.sqrt(y * y + 1.0)], axis=-1) * weight[:, None]
    normal = np.einsum("gni,gnj->gij", design, design) + 1e-10 * np.eye(3)
    found = np.linalg.solve(normal, np.einsum("gni,n->gi", design, total * weight)[..., None])[..., 0]
    level, slope, arch = found[:, 0], found[:, 1], np.maximum(found[:, 2], 1e-8)
    slope = np.clip(slope, -0.95 * arch, 0.95 * arch)
    errors = np.einsum("gni,gi->gn", design, np.stack([level, slope, arch], axis=-1)) - total * weight
    best = int(np.argmin(np.sum(_soft(errors), axis=1)))
    sizes = sigma.reshape(-1)[best]
    return RawSvi(
        float(level[best]), float(arch[best] / sizes), float(slope[best] / arch[best]),
        float(m.reshape(-1)[best]), float(sizes),
    )  # fmt: skip


def plain(k: Values, a: float, b: float, rho: float, m: float, sigma: float) -> tuple[Values, Values, Values]:
    """w, w', w'' by numpy, for the search."""
    x = k - m
    root = np.sqrt(x * x + sigma * sigma)
    return a + b * (rho * x + root), b * (rho + x / root), b * sigma * sigma / root**3


class Penalties:
    """What a smile breaks, as residuals: g and the neighbours' total variance on a grid, wings beyond it."""

    def __init__(self, grid: Values, near: RawSvi | None, far: RawSvi | None) -> None:
        self.grid, self.near, self.far = grid, near, far
        self.floor = None if near is None else np.sqrt(plain(grid, *near)[0])
        self.ceiling = None if far is None else np.sqrt(plain(grid, *far)[0])

    def __call__(self, smile: RawSvi) -> Values:
        total, slope, curvature = plain(self.grid, *smile)
        safe = np.maximum(total, 1e-8)
        density = (1 - self.grid * slope / (2 * safe)) ** 2 - slope**2 / 4 * (1 / safe + 0.25) + curvature / 2
        wings = _wings(smile)
        broken = [np.maximum(LEAST_DENSITY - density, 0.0), np.maximum(-total, 0.0), np.maximum(wings - 2.0, 0.0)]
        if self.near is not None:
            broken += [np.maximum(self.floor - np.sqrt(safe), 0.0), np.maximum(_wings(self.near) - wings, 0.0)]
        if self.far is not None:
            broken += [np.maximum(np.sqrt(safe) - self.ceiling, 0.0), np.maximum(wings - _wings(self.far), 0.0)]
        found: Values = np.concatenate(broken)
        return found


def _wings(smile: RawSvi) -> Values:
    """The slopes of both wings, a little more than they are apart from a neighbour's."""
    return np.array([smile.b * (1.0 - smile.rho), smile.b * (1.0 + smile.rho)])


def _search(difference: Callable[[RawSvi], Values], start: RawSvi) -> RawSvi:
    lower, upper = [-10.0, 0.0, -LARGEST_RHO, -10.0, -9.0], [10.0, 10.0, LARGEST_RHO, 10.0, 3.0]
    x = np.clip([*start[:4], np.log(start.sigma)], np.array(lower) + 1e-6, np.array(upper) - 1e-6)
    found = load_optimize().least_squares(
        lambda x: difference(RawSvi(x[0], x[1], x[2], x[3], np.exp(x[4]))),
        x,
        bounds=(lower, upper),
        x_scale=[0.01, 0.1, 0.3, 0.1, 0.5],
        loss="soft_l1",
        max_nfev=80,
        ftol=1e-7,
    )
    a, b, rho, m, log_sigma = map(float, found.x)
    return RawSvi(a, b, rho, m, float(np.exp(log_sigma)))


def _soft(residuals: Values) -> Values:
    """The loss of the search, scipy's soft_l1: quadratic near zero, linear far."""
    loss: Values = np.sqrt(1.0 + residuals * residuals) - 1.0
    return loss


def _ssvi_like(smile: RawSvi, level: float) -> RawSvi:
    """An eSSVI smile, free of butterfly arbitrage, with the variance, skew and put wing of another at the money."""
    root = level**0.5
    skew = float(smile.variance(0.0).slope) / (2.0 * root)
    half = max(smile.b * (1.0 - smile.rho) / root + skew, 1e-3)  # φ√θ/2
    rho = min(max(skew / half, -0.95), 0.95)
    return Essvi(level, rho, min(2.0 * root * half, 0.999 * largest_psi(level, rho))).raw()
