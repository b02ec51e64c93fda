"""SABR's smiles against QuantLib, in limits, and near the money."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

from corten import quant

with (Path(__file__).with_name("data") / "quantlib_sabr.csv").open() as file:
    TABLE = np.array([[float(value) for value in row] for row in list(csv.reader(file))[1:]]).T
FORWARD, STRIKE, EXPIRY, ALPHA, BETA, RHO, NU, SHIFT, LOGNORMAL, NORMAL = TABLE
SMILE = (0.035, 0.5, -0.3, 0.4)  # alpha, beta, rho, nu


def test_quantlib():
    """200 smiles by formula (2.17)."""
    assert quant.sabr(*TABLE[:8]) == pytest.approx(LOGNORMAL, rel=1e-13)


def test_quantlib_normal_at_the_money():
    """Away from it QuantLib's normal formula has the series where this has its limit."""
    here = FORWARD == STRIKE
    assert here.sum() == 20
    assert quant.sabr_normal(*TABLE[:8])[here] == pytest.approx(NORMAL[here], rel=1e-13)
    assert quant.sabr_normal(*TABLE[:8]) == pytest.approx(NORMAL, rel=0.02)


def test_both_expansions_have_the_same_limit():
    """For T → 0 a normal and a lognormal volatility are the same smile if σ_N/σ_B = (F − K)/ln(F/K)."""
    away = FORWARD != STRIKE
    f, k, _, *model, shift = TABLE[:8][:, away]
    lognormal = quant.sabr(f, k, 0.0, *model, shift, obloj=True)
    normal = quant.sabr_normal(f, k, 0.0, *model, shift)
    assert normal / lognormal == pytest.approx((f - k) / np.log((f + shift) / (k + shift)), rel=1e-12)


def test_obloj_has_the_geodesic_distance():
    """Berestycki, Busca, Florent (2004): νL/x(z) with z = (ν/α)·∫ u^(−β) du from K to F; Hagan's near the money."""
    alpha, beta, rho, nu = SMILE
    for strike in (0.0005, 0.002, 0.01, 0.05, 0.4):
        z = nu / alpha * (0.04 ** (1 - beta) - strike ** (1 - beta)) / (1 - beta)
        x = math.log((math.sqrt(1 - 2 * rho * z + z * z) + z - rho) / (1 - rho))
        limit = nu * math.log(0.04 / strike) / x
        assert quant.sabr(0.04, strike, 0.0, *SMILE, obloj=True) == pytest.approx(limit, rel=1e-12)
    strikes = 0.04 * np.array([0.9, 1.0, 1.1])
    hagan, obloj = (quant.sabr(0.04, strikes, 2.0, *SMILE, obloj=flag) for flag in (False, True))
    assert obloj[1] == hagan[1]
    assert obloj == pytest.approx(hagan, rel=1e-4)


def exact(f, k, t, alpha, beta, rho, nu):
    """Formula (2.17) in 40 digits."""
    with mp.workdps(40):
        f, k, t, alpha, beta, rho, nu = map(mp.mpf, (f, k, t, alpha, beta, rho, nu))
        distance, power, rest = mp.log(f / k), (f * k) ** ((1 - beta) / 2), 1 - beta
        z = nu / alpha * power * distance
        x = mp.log((mp.sqrt(1 - 2 * rho * z + z * z) + z - rho) / (1 - rho))
        series = 1 + rest**2 * distance**2 / 24 + rest**4 * distance**4 / 1920
        local = alpha / power
        correction = rest**2 / 24 * local**2 + rho * beta * nu * local / 4 + (2 - 3 * rho**2) / 24 * nu**2
        return float(local / series * (z / x if z else 1) * (1 + correction * t))


@pytest.mark.parametrize("rho", [-0.999, -0.3, 0.0, 0.7, 0.999])
def test_nothing_cancels(rho: float):
    """From the money, and a last place beside it, to strikes a hundredfold away."""
    for distance in (0.0, 1e-16, 1e-12, 1e-8, 1e-5, 1e-3, 0.1, 1.0, 4.6):
        for strike in (0.04 * math.exp(distance), 0.04 * math.exp(-distance)):
            wanted = exact(0.04, strike, 2.0, 0.035, 0.5, rho, 0.4)
            assert quant.sabr(0.04, strike, 2.0, 0.035, 0.5, rho, 0.4) == pytest.approx(wanted, rel=2e-13)


def test_beta_0_takes_any_rates():
    """Normal SABR does not see where zero lies."""
    strikes = np.array([-0.03, -0.01, 0.0, 0.02])
    here = quant.sabr_normal(-0.01, strikes, 1.0, 0.01, 0.0, -0.2, 0.5)
    there = quant.sabr_normal(0.05, strikes + 0.06, 1.0, 0.01, 0.0, -0.2, 0.5)
    assert here == pytest.approx(there, rel=1e-13)
    flat = quant.sabr_normal(-0.01, strikes, 1.0, 0.01, 0.0, -0.2, 0.0)
    assert (flat == 0.01).all()
    assert quant.sabr(0.04, 0.03, 3.0, 0.2, 1.0, 0.5, 0.0) == pytest.approx(0.2, rel=1e-15)


def test_domain():
    good = (0.04, 0.03, 1.0, 0.2, 0.5, -0.3, 0.4, 0.0)
    for place in range(7):
        for wrong in (math.nan, math.inf, -1.5):
            values = list(good)
            values[place] = wrong
            assert math.isnan(quant.sabr(*values, errors="nan")), values
            assert math.isnan(quant.sabr(*values, errors="nan", obloj=True)), values
            if place > 1 or wrong != -1.5:
                assert math.isnan(quant.sabr_normal(*values, errors="nan")), values
    with pytest.raises(Exception, match=r"^alpha: expected a number > 0, found 0.0"):
        quant.sabr(0.04, 0.03, 1.0, 0.0, 0.5, -0.3, 0.4)
    with pytest.raises(Exception, match=r"^beta\[0\]: expected a number from 0 to 1, found 1.1"):
        quant.sabr(0.04, 0.03, 1.0, 0.2, [1.1, 1.0], -0.3, 0.4)
