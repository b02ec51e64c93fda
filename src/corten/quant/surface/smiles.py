"""One expiry's smile: raw SVI with its natural and jump-wings forms, and eSSVI, as numbers and over columns."""

from __future__ import annotations

from math import hypot, isfinite, sqrt
from typing import Any, Final, NamedTuple

from corten.base.errors import InvalidInput
from corten.contracts.pricing import svi
from corten.vm.kernels import kernel

Column = Any


_RAW: Final = kernel(svi.raw_svi)
_DURRLEMAN: Final = kernel(svi.raw_svi_durrleman)


class RawSvi(NamedTuple):
    """w(k) = a + b(ρ(k − m) + √((k − m)² + σ²)), total variance over k = ln(strike/forward)."""

    a: float
    b: float
    rho: float
    m: float
    sigma: float

    def variance(self, k: Column) -> Any:
        """Columns total, slope, curvature: w, w' and w''."""
        return _RAW(k, self)

    def total(self, k: Column) -> Any:
        """Total variance w(k) = vol²·expiry."""
        return _RAW(k, self).total

    def durrleman(self, k: Column) -> Any:
        """g(k), which has the sign of the risk-neutral density."""
        return _DURRLEMAN(k, self)

    @property
    def minimum(self) -> float:
        """The least total variance of the smile."""
        return self.a + self.b * self.sigma * sqrt((1.0 - self.rho) * (1.0 + self.rho))

    def checked(self) -> RawSvi:
        """Itself; InvalidInput unless −1 < ρ < 1, b ≥ 0, σ > 0, all finite."""
        for name, value in self._asdict().items():
            if not isfinite(value):
                raise InvalidInput(name, "a finite number", repr(value))
        if self.b < 0.0:
            raise InvalidInput("b", "a number ≥ 0", repr(self.b))
        if not -1.0 < self.rho < 1.0:
            raise InvalidInput("rho", "a number between −1 and 1", repr(self.rho))
        if self.sigma <= 0.0:
            raise InvalidInput("sigma", "a number > 0", repr(self.sigma))
        return self

    def jump_wings(self, expiry: float) -> JumpWings:
        """The parameters traders know, at an expiry in years. Gatheral, Jacquier (2014), equation 3.5."""
        a, b, rho, m, sigma = self
        root = hypot(m, sigma)
        total = a + b * (-rho * m + root)
        over = 1.0 / sqrt(total)
        return JumpWings(
            variance=total / expiry,
            skew=over * b / 2.0 * (rho - m / root),
            put_slope=over * b * (1.0 - rho),
            call_slope=over * b * (1.0 + rho),
            least_variance=self.minimum / expiry,
        )


class JumpWings(NamedTuple):
    """Variance and skew ∂√w/∂k at the money, slopes of the wings over √w, least variance."""

    variance: float
    skew: float
    put_slope: float
    call_slope: float
    least_variance: float

    def raw(self, expiry: float) -> RawSvi:
        """The same smile as raw SVI; InvalidInput if there is none. Gatheral, Jacquier (2014), lemma 3.2."""
        v, psi, p, c, least = self
        total = v * expiry
        root_total = sqrt(total)
        b = root_total / 2.0 * (c + p)
        rho = 1.0 - p * root_total / b
        beta = rho - 2.0 * psi * root_total / b
        if not -1.0 <= beta <= 1.0:
            raise InvalidInput("skew", f"between {-p / 2:.6g} and {c / 2:.6g}, half the wings' slopes", repr(psi))
        spread = sqrt((1.0 - rho) * (1.0 + rho))
        if beta == 0.0:
            raise InvalidInput("skew", "one that does not put the smile's place m at the money", repr(psi))
        alpha = (1.0 if beta > 0.0 else -1.0) * sqrt(1.0 / (beta * beta) - 1.0)
        sign = 1.0 if alpha >= 0.0 else -1.0
        m = (v - least) * expiry / (b * (-rho + sign * sqrt(1.0 + alpha * alpha) - alpha * spread))
        sigma = alpha * m
        return RawSvi(least * expiry - b * sigma * spread, b, rho, m, sigma)


class Natural(NamedTuple):
    """w = Δ + ω/2·(1 + ζρ(k − μ) + √((ζ(k − μ) + ρ)² + 1 − ρ²))."""

    delta: float
    mu: float
    rho: float
    omega: float
    zeta: float

    def raw(self) -> RawSvi:
        """Gatheral, Jacquier (2014), equation 3.2."""
        spread = 1.0 - self.rho * self.rho
        half = self.omega / 2.0
        return RawSvi(
            self.delta + half * spread,
            half * self.zeta,
            self.rho,
            self.mu - self.rho / self.zeta,
            sqrt(spread) / self.zeta,
        )


class Essvi(NamedTuple):
    """w(k) = θ/2·(1 + ρφk + √((φk + ρ)² + 1 − ρ²)), ψ = θφ."""

    theta: float
    rho: float
    psi: float

    @property
    def phi(self) -> float:
        """The curvature φ = ψ/θ."""
        return self.psi / self.theta

    def raw(self) -> RawSvi:
        """The same smile as raw SVI."""
        return Natural(0.0, 0.0, self.rho, self.theta, self.phi).raw()

    def is_butterfly_free(self) -> bool:
        """ψ(1 + |ρ|) < 4 and ψφ(1 + |ρ|) ≤ 4: sufficient. Gatheral, Jacquier (2014), theorem 4.2."""
        wing = self.psi * (1.0 + abs(self.rho))
        return wing < 4.0 and wing * self.phi <= 4.0

    def may_follow(self, earlier: Essvi) -> bool:
        """θ, ψ(1 + ρ) and ψ(1 − ρ) do not fall and φ does not rise: sufficient against calendar arbitrage.

        Hendriks, Martini (2019), proposition 3.5, of smiles one after the other.
        """
        up = self.psi * (1.0 + self.rho) >= earlier.psi * (1.0 + earlier.rho)
        down = self.psi * (1.0 - self.rho) >= earlier.psi * (1.0 - earlier.rho)
        return self.theta >= earlier.theta and up and down and self.phi <= earlier.phi


def power_law(theta: float, eta: float, gamma: float) -> float:
    """φ(θ) = η/(θ^γ(1 + θ)^(1 − γ)); with 0 < γ ≤ 1/2 an SSVI surface is free of arbitrage if η(1 + |ρ|) ≤ 2."""
    return float(eta / (theta**gamma * (1.0 + theta) ** (1.0 - gamma)))
