"""Every greek against numerical differentiation in 50 digits, and what the greeks are where nothing is random."""

from __future__ import annotations

import math

import pytest

from tests.pricing import oracles
from tests.pricing.conftest import Price

# orders of differentiation by (spot or forward, strike, expiry, vol); `theta` and its kin count time that passes
ORDERS = {
    "price": (0, 0, 0, 0), "delta": (1, 0, 0, 0), "gamma": (2, 0, 0, 0), "vega": (0, 0, 0, 1), "theta": (0, 0, 1, 0),
    "vanna": (1, 0, 0, 1), "volga": (0, 0, 0, 2), "charm": (1, 0, 1, 0), "veta": (0, 0, 1, 1), "speed": (3, 0, 0, 0),
    "zomma": (2, 0, 0, 1), "color": (2, 0, 1, 0), "ultima": (0, 0, 0, 3), "dual_delta": (0, 1, 0, 0),
    "dual_gamma": (0, 2, 0, 0),
}  # fmt: skip
OPTIONS = [  # spot, strike, expiry, vol
    (100.0, 100.0, 1.0, 0.2),
    (60000.0, 65000.0, 30 / 365, 0.55),
    (3000.0, 9000.0, 0.25, 0.8),
    (1.2, 0.7, 2.5, 0.35),
    (100.0, 101.0, 1 / 365 / 24, 0.9),
    (100.0, 40.0, 5.0, 1.7),
    (100.0, 180.0, 0.3, 0.15),
]
KINDS = [1, -1]


def compare(found: dict[str, float], function, point: tuple[float, ...]) -> None:
    for name, orders in ORDERS.items():
        exact = oracles.derivative(function, point, orders) * (-1) ** orders[2]
        # what cancels in the formula: terms as large as the price's share in forward or strike, in this greek's units
        scale = (abs(point[0]) + abs(point[1])) / math.prod(x**order for x, order in zip(point, orders, strict=True))
        assert abs(found[name] - exact) <= 4e-12 * abs(exact) + 4e-15 * min(scale, 1e3 * abs(exact) + 1e-30), name


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_spot(kind: int, option: tuple[float, ...], priced: Price):
    rate, dividend = 0.07, 0.03
    greeks = priced("greeks", "black_scholes_greeks", *option, rate, dividend, kind)

    def value(*point):
        return oracles.black_scholes(kind, *point, rate, rate - dividend)

    compare(greeks, value, option)
    by_rate = oracles.derivative(lambda r: oracles.black_scholes(kind, *option, r, r - dividend), (rate,), (1,))
    by_dividend = oracles.derivative(lambda q: oracles.black_scholes(kind, *option, rate, rate - q), (dividend,), (1,))
    assert greeks["rho"] == pytest.approx(by_rate, rel=1e-11)
    assert greeks["carry_rho"] == pytest.approx(by_dividend, rel=1e-11)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_forward(kind: int, option: tuple[float, ...], priced: Price):
    rate = 0.05
    greeks = priced("greeks", "black76_greeks", *option, rate, kind)
    compare(greeks, lambda *point: oracles.black_scholes(kind, *point, rate, 0), option)
    by_rate = oracles.derivative(lambda r: oracles.black_scholes(kind, *option, r, 0), (rate,), (1,))
    by_carry = oracles.derivative(lambda b: oracles.black_scholes(kind, *option, rate, b), (0,), (1,))
    assert greeks["rho"] == pytest.approx(by_rate, rel=1e-11)
    assert greeks["carry_rho"] == pytest.approx(by_carry, rel=1e-11)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_coin_settled(kind: int, option: tuple[float, ...], priced: Price):
    greeks = priced("greeks", "black76_inverse_greeks", *option, kind)
    compare(greeks, lambda *point: oracles.inverse(kind, *point), option)
    black = priced("greeks", "black76_greeks", *option, 0, kind)
    assert greeks["black_delta"] == black["delta"]
    assert greeks["net_delta"] == pytest.approx(
        greeks["black_delta"] - greeks["price"], abs=1e-14 + 1e-14 * option[1] / option[0]
    )
    assert greeks["net_delta"] == pytest.approx(option[0] * greeks["delta"], rel=1e-14)


def test_reference_month(priced: Price):
    """A month's call on a bitcoin future, and what hedges it on a book that counts in coin."""
    quote = priced("greeks", "black76_greeks", 60000, 65000, 30 / 365, 0.55, 0, 1)
    coin = priced("greeks", "black76_inverse_greeks", 60000, 65000, 30 / 365, 0.55, 1)
    expected = {"delta": 0.3340390645, "gamma": 3.846427772e-5, "vega": 6259.666017, "theta": -20943.7992}
    assert {name: quote[name] for name in expected} == pytest.approx(expected, rel=2e-9)
    assert coin["price"] == pytest.approx(0.03202655177, rel=1e-9)
    assert coin["net_delta"] == pytest.approx(0.3020125128, rel=1e-9)


@pytest.mark.parametrize(("expiry", "vol"), [(0.0, 0.4), (0.5, 0.0)])
def test_where_nothing_is_random(expiry: float, vol: float, priced: Price):
    call = priced("greeks", "black_scholes_greeks", 100, 80, expiry, vol, 0.05, 0.02, 1)
    forward_share, discount = math.exp(-0.02 * expiry), math.exp(-0.05 * expiry)
    assert call["price"] == pytest.approx(100 * forward_share - 80 * discount)
    assert call["delta"] == pytest.approx(forward_share)
    assert call["dual_delta"] == pytest.approx(-discount)
    assert call["theta"] == pytest.approx(0.02 * 100 * forward_share - 0.05 * 80 * discount)
    for name in "gamma vega vanna volga speed zomma color ultima dual_gamma veta".split():
        assert call[name] == 0.0, name
    put = priced("greeks", "black76_greeks", 100, 80, expiry, vol, 0.05, -1)
    assert all(value == 0.0 for value in put.values()), put
    middle = priced("greeks", "black76_inverse_greeks", 100, 100, expiry, vol, 1)
    assert (middle["black_delta"], middle["net_delta"], middle["price"]) == (0.5, 0.5, 0.0)


def test_what_is_not_defined_is_nan(priced: Price):
    for wrong in [
        (0, 100, 1, 0.2, 0.0, 1),
        (100, 0, 1, 0.2, 0.0, 1),
        (100, 100, -1, 0.2, 0.0, 1),
        (100, 100, 1, 0.2, 0.0, 0),
    ]:
        found = priced("greeks", "black76_greeks", *wrong)
        assert all(math.isnan(value) for value in found.values()), (wrong, found)
        *option, _, kind = wrong
        found = priced("greeks", "black76_inverse_greeks", *option, kind)
        assert all(math.isnan(value) for value in found.values()), (wrong, found)
