"""Heston's model against published digits, 30 digits of Lewis's integral, QuantLib, and what must hold of any price."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from corten import quant
from tests.pricing import oracles

QUANTLIB = Path(__file__).with_name("data") / "quantlib_heston.csv"
# A. Lewis's reference prices (financepress.com/2019/02/15/heston-model-reference-prices): S = 100, kappa = 4,
# theta = 0.25, xi = 1, rho = −0.5, r = 0.01, q = 0.02; v = 0.04, T = 1. Strike, call, put
LEWIS = [
    (80.0, 26.774758743998854, 7.958878113256768),
    (90.0, 20.933349000596710, 12.017966707346304),
    (100.0, 16.070154917028834, 17.055270961270109),
    (110.0, 12.132211516709844, 23.017825898442800),
    (120.0, 9.024913483457835, 29.811026202682471),
]
LEWIS_SHORT = [  # v = 0.01, T = 0.01. Strike, call
    (90.0, 9.989001595065277),
    (95.0, 4.989963479738160),
    (100.0, 0.467782671512844263),
    (105.0, 2.527447823194706060e-6),
    (110.0, 1.299327600526249207e-13),
]
# The parameters of Fang and Oosterlee (2008), table 4 and 5, strike and forward 100. Their reference values at 1 and 10
# years (Carr-Madan) are 5.785155450 and 22.318945791: good to 2e-8, as 30 digits show. Expiry, printed
FANG_OOSTERLEE = (0.0175, 1.5768, 0.0398, 0.5751, -0.5711)
PRINTED = [(1.0, 5.785155450), (10.0, 22.318945791)]
MODELS = [  # forward over strike in deviations, expiry, variance, kappa, theta, xi, rho
    (0.0, 1 / 365, 0.04, 2.0, 0.05, 0.8, -0.7),
    (2.0, 1 / 365, 0.04, 2.0, 0.05, 0.8, -0.7),
    (-3.0, 7 / 365, 0.3, 1.0, 0.5, 2.5, 0.4),
    (1.0, 30.0, 0.04, 0.5, 0.04, 0.3, -0.9),
    (-2.0, 30.0, 0.2, 0.05, 0.3, 0.9, 0.8),
    (1.5, 1.0, 0.01, 0.3, 0.02, 1.2, -0.95),  # Feller violated a hundredfold
    (-1.0, 2.0, 0.02, 0.5, 0.03, 1.5, 0.99),
    (-1.0, 0.5, 0.04, 1.0, 0.04, 0.5, -1.0),
    (0.5, 0.5, 0.04, 1.0, 0.04, 0.5, 1.0),
    (-4.0, 0.25, 0.04, 3.0, 0.06, 1e-4, -0.5),
    (1.0, 3.0, 0.0, 1.0, 0.04, 0.6, -0.3),
    (1.0, 3.0, 0.09, 1e-9, 0.04, 0.4, -0.3),
    (-6.0, 0.1, 0.04, 2.0, 0.04, 0.4, -0.6),
]


def out_of_the_money(pair, forward, strike):
    return np.where(np.asarray(strike) >= forward, pair.call, pair.put)


def deviation(expiry, variance, kappa, theta):
    return math.sqrt(theta * expiry + (variance - theta) * -math.expm1(-kappa * expiry) / kappa)


@pytest.mark.parametrize(("strike", "call", "put"), LEWIS)
def test_lewis(strike: float, call: float, put: float):
    pair = quant.heston(100 * math.exp(-0.01), strike, 1.0, 0.04, 4.0, 0.25, 1.0, -0.5, math.exp(-0.01))
    assert pair.call == pytest.approx(call, rel=4e-15)
    assert pair.put == pytest.approx(put, rel=4e-15)


@pytest.mark.parametrize(("strike", "call"), LEWIS_SHORT)
def test_lewis_four_days(strike: float, call: float):
    """Relative accuracy also of 1e-13: its saddle is far from the line that others integrate on."""
    forward, discount = 100 * math.exp(-1e-4), math.exp(-1e-4)
    found = quant.heston(forward, strike, 0.01, 0.01, 4.0, 0.25, 1.0, -0.5, discount).call
    assert found == pytest.approx(call, rel=2e-13)


@pytest.mark.parametrize(("expiry", "printed"), PRINTED)
def test_fang_and_oosterlee(expiry: float, printed: float):
    found = quant.heston(100.0, 100.0, expiry, *FANG_OOSTERLEE).call
    assert found == pytest.approx(printed, abs=2e-8)
    assert found == pytest.approx(float(oracles.heston(100, 100, expiry, *FANG_OOSTERLEE)), rel=1e-14)


@pytest.mark.parametrize("model", MODELS)
def test_against_30_digits(model: tuple[float, ...]):
    """1e-11 relative."""
    sigmas, *rest = model
    forward = math.exp(sigmas * deviation(*rest[:4]))
    exact = float(oracles.heston(forward, 1.0, *rest, digits=22 if abs(sigmas) > 3 else 16))
    assert out_of_the_money(quant.heston(forward, 1.0, *rest), forward, 1.0) == pytest.approx(exact, rel=1e-11)


def test_quantlib():
    """300 options from a week to 30 years; the largest difference measured is 9e-11 of a forward of 100."""
    with QUANTLIB.open() as file:
        table = np.array([[float(value) for value in row] for row in list(csv.reader(file))[1:]]).T
    forward, strike, *model, price = table
    found = out_of_the_money(quant.heston(forward, strike, *model), forward, strike)
    assert np.abs(found - price).max() < 2e-10


def random_models(n: int, seed: int) -> tuple[np.ndarray, ...]:
    """Forward over strike within 6 deviations, 1 day to 30 years, everything else as wild as it gets."""
    draw = np.random.default_rng(seed)
    expiry, xi = 10 ** draw.uniform(-2.5, 1.48, n), 10 ** draw.uniform(-3, 0.5, n)
    variance, theta, kappa = 10 ** draw.uniform(-3, 0, n), 10 ** draw.uniform(-3, 0, n), 10 ** draw.uniform(-2, 1, n)
    rho = np.where(draw.random(n) < 0.3, draw.choice([-1, -0.99, 0.99, 1], n), draw.uniform(-1, 1, n))
    total = theta * expiry + (variance - theta) * -np.expm1(-kappa * expiry) / kappa
    return np.exp(draw.uniform(-6, 6, n) * np.sqrt(total)), expiry, variance, kappa, theta, xi, rho


def test_prices_fall_and_are_convex_in_strike():
    """No arbitrage across strikes, over 400 random models."""
    forward, *model = random_models(400, 1)
    strikes = np.exp(np.linspace(-0.2, 0.2, 41))[:, None] * forward ** (1 / 3)
    calls = quant.heston(1.0, strikes, *model).call
    slopes = np.diff(calls, axis=0) / np.diff(strikes, axis=0)
    assert (slopes <= 1e-11).all()
    assert (slopes >= -1 - 1e-11).all()
    assert (np.diff(slopes, axis=0) >= -1e-10).all()


def test_parity_and_bounds():
    forward, *model = random_models(5000, 2)
    pair = quant.heston(forward, 1.0, *model)
    assert np.allclose(pair.call - pair.put, forward - 1.0, rtol=1e-15, atol=1e-15 * np.maximum(forward, 1.0).max())
    assert (out_of_the_money(pair, forward, 1.0) >= 0.0).all()
    assert (out_of_the_money(pair, forward, 1.0) <= np.minimum(forward, 1.0) * (1 + 1e-12)).all()


def test_without_volatility_of_variance_it_is_black():
    """xi → 0: Black with the mean of the variance. The difference falls as xi, and xi = 0 is exact."""
    expiry, variance, kappa, theta = 0.7, 0.09, 2.0, 0.04
    strikes = np.array([40.0, 80.0, 100.0, 130.0, 200.0])
    black = quant.black76(100.0, strikes, 1.0, deviation(expiry, variance, kappa, theta))
    wanted = out_of_the_money(black, 100.0, strikes)
    for xi, tolerance in ((0.0, 1e-11), (1e-12, 1e-11), (1e-6, 1e-4)):
        found = out_of_the_money(quant.heston(100.0, strikes, expiry, variance, kappa, theta, xi, -0.6), 100.0, strikes)
        assert found == pytest.approx(wanted, rel=tolerance)


def test_prices_too_small_to_add_to_anything():
    """Far wings keep their digits."""
    model = (0.25, 0.04, 2.0, 0.04, 0.4, -0.6)
    found = quant.heston(1.0, math.exp(1.1), *model).call
    assert found < 1e-15
    assert found == pytest.approx(far_wing(math.exp(1.1), *model), rel=1e-10)
    assert quant.heston_implied_vol(1.0, math.exp(1.1), *model) == pytest.approx(
        quant.implied_vol(found, 1.0, math.exp(1.1), 0.25, "call"), rel=1e-12
    )


def far_wing(strike, *model):
    """Lewis's integral in enough digits that the forward can be subtracted."""
    with oracles.mp.workdps(65):
        return float(oracles.heston(1.0, strike, *model, digits=50))


def test_greeks():
    model = (0.5, 0.06, 1.5, 0.05, 0.9, -0.7)
    for strike in (70.0, 99.0, 101.0, 140.0):
        greeks = quant.heston_greeks(100.0, strike, *model, 0.97)
        pair = quant.heston(100.0, strike, *model, 0.97)
        assert (greeks.call, greeks.put) == pytest.approx(tuple(pair), rel=1e-15)

        def call(forward, variance, strike=strike):
            return quant.heston(forward, strike, 0.5, variance, *model[2:], 0.97).call

        up, down = call(100.01, 0.06), call(99.99, 0.06)
        assert greeks.call_delta == pytest.approx((up - down) / 0.02, abs=2e-7)
        assert greeks.put_delta == pytest.approx(greeks.call_delta - 0.97, abs=1e-15)
        assert greeks.gamma == pytest.approx((up - 2 * pair.call + down) / 1e-4, abs=1e-7)
        assert greeks.variance_vega == pytest.approx((call(100.0, 0.0601) - call(100.0, 0.0599)) / 2e-4, rel=1e-5)


def test_bounds_of_the_domain():
    model = (1.0, 0.04, 4.0, 0.25, 1.0, -0.5)
    assert tuple(quant.heston(100.0, 90.0, 0.0, *model[1:], 0.5)) == (5.0, 0.0)
    assert tuple(quant.heston(100.0, 90.0, 1.0, 0.0, 4.0, 0.0, 1.0, -0.5)) == (10.0, 0.0)
    assert tuple(quant.heston(0.0, 90.0, *model)) == (0.0, 90.0)
    assert tuple(quant.heston(100.0, 0.0, *model)) == (100.0, 0.0)
    good = (100.0, 90.0, *model, 1.0)
    for place in range(len(good)):
        for wrong in (math.nan, math.inf, -math.inf, -1.5):
            values = list(good)
            values[place] = wrong
            assert math.isnan(quant.heston(*values, errors="nan").call), values
    with pytest.raises(Exception, match=r"^rho\[1\]: expected a number from -1 to 1, found 1.5"):
        quant.heston(*good[:7], [0.5, 1.5])
    with pytest.raises(Exception, match=r"^theta: expected a number ≥ 0, found -0.1"):
        quant.heston(100.0, 90.0, 1.0, 0.04, 4.0, -0.1, 1.0, -0.5)
