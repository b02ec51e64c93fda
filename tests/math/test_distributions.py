"""The bivariate normal distribution, incomplete gamma functions, and what distributions must satisfy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from mpmath import gammainc, mp, mpf

from tools.accuracy import kernel

RANDOM = np.random.default_rng(20)


def bivariate(x: float, y: float, rho: float) -> Any:
    """The integral of the conditional distribution, cut where its slope changes."""
    with mp.workprec(70):
        a, b, r = mpf(x), mpf(y), mpf(rho)
        width = mp.sqrt(1 - r * r)
        cuts = {b / r + step * width for step in (-8, -3, -1, 0, 1, 3, 8)} | {mpf(-12), mpf(-6), a - 4, a - 2, a}
        points = sorted(cut for cut in cuts if -12 <= cut <= a)
        return mp.quad(lambda u: mp.npdf(u) * mp.ncdf((b - r * u) / width), points)


@pytest.mark.parametrize("exponent", [(-0.7, -0.05), (-4, -1), (-14, -4)])
def test_bivariate_normal(exponent: tuple[float, float]) -> None:
    count = 14
    x = RANDOM.uniform(-3, 3, count)
    sign = np.where(RANDOM.random(count) < 0.5, 1.0, -1.0)
    rho = sign * (1.0 - 10 ** RANDOM.uniform(*exponent, count))
    near = sign * x + RANDOM.uniform(-0.1, 0.1, count)
    y = np.where(RANDOM.random(count) < 0.5, near, RANDOM.uniform(-3, 3, count))
    found = kernel("bivariate_normal_cdf")(x, y, rho).tolist()
    for value, a, b, r in zip(found, x.tolist(), y.tolist(), rho.tolist(), strict=True):
        assert abs(value - bivariate(a, b, r)) < 3e-16, (a, b, r)


def test_bivariate_normal_in_closed_form() -> None:
    """Φ(0, 0; ρ) = 1/4 + asin(ρ) / 2π; degenerate and infinite arguments."""
    rho = np.concatenate([np.linspace(-1, 1, 401), 1 - 10.0 ** np.arange(-16, -1)])
    found = kernel("bivariate_normal_cdf")(0.0, 0.0, rho)
    assert np.abs(found - (0.25 + np.arcsin(rho) / (2 * math.pi))).max() < 3e-16
    one = kernel("normal_cdf")(np.array([1.0, 0.3]))
    x, y = np.array([1.0, 1.0, math.inf, 1.0, 1.0, -1.0, -math.inf]), np.array([1.0, 0.3, 1.0, math.inf, 1.0, 0.5, 9.0])
    rho = np.array([1.0, 1.0, 0.3, -0.9, -1.0, -1.0, 0.0])
    expected = [one[0], one[1], one[0], one[0], 2 * one[0] - 1, 0.0, 0.0]
    assert np.allclose(kernel("bivariate_normal_cdf")(x, y, rho), expected, rtol=0, atol=2e-16)
    wrong = kernel("bivariate_normal_cdf")(np.array([math.nan, 0.0]), 0.0, np.array([0.0, 1.5]), errors="nan")
    assert np.isnan(wrong).all()


def test_symmetries_of_the_normal_distribution() -> None:
    x = np.concatenate([RANDOM.uniform(-8, 8, 20_000), RANDOM.uniform(-0.1, 0.1, 5000)])
    cdf, erfc, erf = kernel("normal_cdf"), kernel("erfc"), kernel("erf")
    assert np.abs(cdf(x) + cdf(-x) - 1.0).max() <= 2.0**-52
    assert np.abs(erfc(x) + erfc(-x) - 2.0).max() <= 2.0**-51
    assert np.array_equal(erf(-x), -erf(x))
    assert np.abs(erf(x) + erfc(x) - 1.0).max() <= 2.0**-51
    assert np.array_equal(kernel("normal_pdf")(x), kernel("normal_pdf")(-x))


def test_monotone_to_rounding() -> None:
    """Over steps of many units in the last place a distribution function does not fall."""
    for name, low, high in (("normal_cdf", -38.0, 8.0), ("erf", -5.0, 5.0), ("exp", -700.0, 700.0), ("log", 1e-3, 1e3)):
        x = np.linspace(low, high, 200_001)
        assert (np.diff(kernel(name)(x)) >= 0.0).all(), name


def test_the_inverse_goes_back() -> None:
    """normal_cdf(normal_inverse(p)) is p to what the inverse's last place changes: relatively x² units, and two."""
    p = np.concatenate([RANDOM.uniform(0, 1, 20_000), 10 ** RANDOM.uniform(-300, -1, 20_000)])
    x = kernel("normal_inverse")(p)
    back = kernel("normal_cdf")(x)
    assert (np.abs(back / p - 1.0) <= (x * x + 3.0) * 2.0**-51).all()
    upper = p[p <= 0.5]
    assert np.array_equal(kernel("normal_inverse")(1.0 - upper), -kernel("normal_inverse")(1.0 - (1.0 - upper)))


def test_incomplete_gamma() -> None:
    a = np.concatenate([RANDOM.uniform(0.1, 50, 150), 10 ** RANDOM.uniform(2, 4, 40)])
    x = a * np.concatenate([RANDOM.uniform(0.05, 3, 150), RANDOM.uniform(0.8, 1.2, 40)])
    lower, upper = kernel("gamma_p")(a, x), kernel("gamma_q")(a, x)
    for i, (shape, point) in enumerate(zip(a.tolist(), x.tolist(), strict=True)):
        with mp.workprec(100):
            p = gammainc(mpf(shape), 0, mpf(point), regularized=True)
            q = 1 - p
        assert abs(lower[i] / p - 1) < 1e-14, (shape, point)
        assert abs(upper[i] - q) < 1e-14 * max(q, mpf(0.01)), (shape, point)


def test_incomplete_gamma_at_its_edges() -> None:
    p, q = kernel("gamma_p"), kernel("gamma_q")
    assert p(np.array([2.0, 2.0]), np.array([0.0, math.inf])).tolist() == [0.0, 1.0]
    assert q(np.array([2.0, 2.0]), np.array([0.0, math.inf])).tolist() == [1.0, 0.0]
    a, x = np.array([0.0, -1.0, 1.0, math.nan, 1e9]), np.array([1.0, 1.0, -1.0, 1.0, 1.0])
    assert np.isnan(p(a, x, errors="nan")).all()
    assert np.isnan(q(a, x, errors="nan")).all()
    assert abs(p(1e8, 1e8) - 0.5000132980757) < 1e-12  # 1/2 + 1 / (3 sqrt(2 π a)), the first term of Temme's expansion


def test_chi_square() -> None:
    """Two degrees of freedom are an exponential; the noncentral one is a Poisson mixture, and for one degree normal."""
    x = RANDOM.uniform(0, 40, 200)
    assert np.allclose(kernel("chi_square_cdf")(x, 2.0), -np.expm1(-x / 2), rtol=1e-14, atol=0)
    noncentral = kernel("noncentral_chi_square_cdf")
    assert np.array_equal(noncentral(x, 3.0, 0.0), kernel("chi_square_cdf")(x, 3.0))
    for shift in (0.1, 1.0, 3.0, 12.0, 40.0):
        points = np.linspace(0.5, (shift + 6.0) ** 2, 60)
        cdf, root = kernel("normal_cdf"), np.sqrt(points)
        expected = cdf(root - shift) - cdf(-root - shift)
        assert np.abs(noncentral(points, 1.0, shift * shift) - expected).max() < 1e-13, shift
    assert np.isnan(noncentral(1.0, np.array([0.0, 1.0]), np.array([1.0, -1.0]), errors="nan")).all()
