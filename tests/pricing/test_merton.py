"""Jump-diffusion against Haug's table and the series in 40 digits."""

from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest

from corten import quant
from tests.pricing import oracles

# E. Haug, "The Complete Guide to Option Pricing Formulas", Merton's model: S = 100, r = 8 %, total volatility 25 %, one
# jump a year that has a quarter of the variance. Strike, calls of 0.1, 0.25, 0.5 years
HAUG = [
    (80.0, (20.67, 21.74, 23.63)),
    (90.0, (11.00, 12.74, 15.40)),
    (100.0, (3.42, 5.88, 8.95)),
    (110.0, (0.55, 2.11, 4.67)),
    (120.0, (0.10, 0.64, 2.23)),
]


def by_share(spot, strike, expiry, rate, vol, intensity, share):
    """Haug's parameters: jumps with mean return 0 have a share of the total variance."""
    jump = share * vol * vol / intensity
    forward, discount = spot * math.exp(rate * expiry), math.exp(-rate * expiry)
    rest = vol * math.sqrt(1.0 - share)
    return quant.merton(forward, strike, expiry, rest, intensity, -0.5 * jump, math.sqrt(jump), discount)


@pytest.mark.parametrize(("strike", "printed"), HAUG)
def test_haug(strike: float, printed: tuple[float, ...]):
    for expiry, call in zip((0.1, 0.25, 0.5), printed, strict=True):
        assert by_share(100.0, strike, expiry, 0.08, 0.25, 1.0, 0.25).call == pytest.approx(call, abs=0.0051)
    # Haug's example
    assert by_share(45.0, 55.0, 0.25, 0.10, 0.25, 3.0, 0.40).call == pytest.approx(0.2417, abs=5.1e-5)


def series(kind, forward, strike, expiry, vol, intensity, mean, deviation):
    with mp.workdps(40):
        growth = mp.mpf(mean) + mp.mpf(deviation) ** 2 / 2
        count = mp.mpf(intensity) * expiry
        total = mp.mpf(0)
        for n in range(int(count * mp.exp(max(growth, 0)) * 3) + 120):
            moved = forward * mp.exp(-count * mp.expm1(growth) + n * growth)
            spread = mp.sqrt((mp.mpf(vol) ** 2 * expiry + n * mp.mpf(deviation) ** 2) / expiry)
            weight = mp.exp(-count) * count**n / mp.factorial(n)
            total += weight * oracles.black_scholes(kind, moved, strike, expiry, spread)
        return float(total)


@pytest.mark.parametrize(
    "model",
    [  # forward, strike, expiry, vol, intensity, jump_mean, jump_deviation
        (100, 100, 0.5, 0.2, 1.0, -0.1, 0.15),
        (100, 140, 0.1, 0.2, 2.0, -0.3, 0.1),  # a call that only rare moves reach
        (100, 30, 0.1, 0.15, 0.1, -1.5, 0.1),
        (100, 120, 5.0, 0.3, 20.0, 0.05, 0.02),
        (60000, 65000, 30 / 365, 0.5, 50.0, 0.01, 0.05),
        (100, 90, 2.0, 0.01, 0.5, 0.4, 0.6),
    ],
)
def test_against_40_digits(model: tuple[float, ...]):
    forward, strike = model[:2]
    kind, side = (1, "call") if strike >= forward else (-1, "put")
    assert quant.merton(*model, kind=side) == pytest.approx(series(kind, *model), rel=3e-13)


def test_limits_and_domain():
    pair = quant.merton([100.0, 90.0], 95.0, 0.5, 0.3, 0.0, -0.2, 0.1, 0.9)
    black = quant.black76([100.0, 90.0], 95.0, 0.5, 0.3, 0.9)
    assert pair.call == pytest.approx(black.call, rel=1e-15)
    assert pair.put == pytest.approx(black.put, rel=1e-15)
    assert np.allclose(pair.call - pair.put, 0.9 * np.array([5.0, -5.0]), rtol=1e-14)
    assert tuple(quant.merton(0.0, 95.0, 0.5, 0.3, 1.0, 0.0, 0.1)) == (0.0, 95.0)
    assert tuple(quant.merton(95.0, 0.0, 0.5, 0.3, 1.0, 0.0, 0.1)) == (95.0, 0.0)
    # many small jumps are a diffusion
    many = quant.merton(100.0, 100.0, 1.0, 0.1, 4000.0, 0.0, 0.005)
    assert many.call == pytest.approx(quant.black76(100.0, 100.0, 1.0, math.sqrt(0.01 + 0.1)).call, rel=1e-3)
    good = (100.0, 95.0, 0.5, 0.3, 1.0, -0.2, 0.1, 0.9)
    for place in range(8):
        for wrong in (math.nan, math.inf, -60.0):
            values = list(good)
            values[place] = wrong
            assert math.isnan(quant.merton(*values, errors="nan").call), values
    with pytest.raises(Exception, match=r"^jump_deviation: expected a number ≥ 0, found -0.1"):
        quant.merton(100.0, 95.0, 0.5, 0.3, 1.0, -0.2, -0.1)
