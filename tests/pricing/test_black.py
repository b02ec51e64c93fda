"""Prices against 50 digits, parity, limits, bounds."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pricing import oracles
from tests.pricing.conftest import Price

EPSILON = 2.0**-52
TABLE = [  # 50-digit values of the formula; the second is a month's call on a bitcoin future
    (100, 100, 1, 0.2, 7.965567455406, 7.965567455406),
    (60000, 65000, 30 / 365, 0.55, 1921.593105938355, 6921.593105938351),
    (3000, 9000, 0.25, 0.8, 1.858722881835, 6001.858722881836),
]
positive = st.floats(0.01, 1e6)


@pytest.mark.parametrize(("forward", "strike", "expiry", "vol", "call", "put"), TABLE)
def test_table(forward, strike, expiry, vol, call, put, priced: Price):
    pair = priced("black", "black76", forward, strike, expiry, vol, 1)
    assert pair == pytest.approx({"call": call, "put": put}, rel=1e-12)


@pytest.mark.parametrize("deviation", [1e-12, 1e-8, 1e-5, 1e-3, 0.05, 0.39, 0.41, 1.0, 3.0, 8.0, 30.0])
@pytest.mark.parametrize("sigmas", [0.0, 1e-6, 0.1, 1.0, 5.0, 20.0, 35.0])
def test_every_price_out_of_the_money_is_accurate(deviation: float, sigmas: float, priced: Price):
    """Relative error below 20·2⁻⁵²·(1 + h²), h = ln(forward/strike)/deviation: what an ulp of an input changes."""
    for sign in (1, -1):
        strike = 100.0
        forward = strike * math.exp(-sign * min(sigmas * deviation, 600.0))
        h = math.log(forward / strike) / deviation
        exact = float(oracles.black_scholes(sign, forward, strike, 1.0, deviation))
        found = priced("black", "black76", forward, strike, 1.0, deviation, 1)["call" if sign == 1 else "put"]
        if exact > 1e-300:
            assert abs(found / exact - 1.0) <= 20 * EPSILON * (1.0 + h * h)


@given(positive, positive, st.floats(0, 30), st.floats(0, 5), st.floats(0, 1.5))
def test_parity_and_bounds(forward, strike, expiry, vol, discount):
    """call − put = discount·(forward − strike) to the last place; every price between its bounds."""
    pair = _priced("black", "black76", forward, strike, expiry, vol, discount)
    call, put = pair["call"], pair["put"]
    assert abs((call - put) - discount * (forward - strike)) <= 2 * EPSILON * max(call, put)
    assert discount * max(forward - strike, 0.0) * (1 - EPSILON) <= call <= discount * forward * (1 + EPSILON)
    assert discount * max(strike - forward, 0.0) * (1 - EPSILON) <= put <= discount * strike * (1 + EPSILON)


@given(positive, positive, st.floats(0.001, 5), st.floats(0.01, 3))
def test_what_a_coin_settled_option_is_worth(forward, strike, expiry, vol):
    """The coin's view is the same option with the price of money in coin: a call pays as 1/strike puts."""
    coin = _priced("black", "black76_inverse", forward, strike, expiry, vol)
    quote = _priced("black", "black76", forward, strike, expiry, vol, 1)
    swapped = _priced("black", "black76", 1 / forward, 1 / strike, expiry, vol, strike)
    for side, other in (("call", "put"), ("put", "call")):
        assert coin[side] == pytest.approx(quote[side] / forward, rel=4 * EPSILON, abs=5e-324)
        assert coin[side] == pytest.approx(swapped[other], rel=1e-9, abs=1e-12)


def test_limits(priced: Price):
    intrinsic = {"call": 10.0, "put": 0.0}
    for expiry, vol in ((0.0, 0.5), (1.0, 0.0), (0.0, 0.0), (1e-300, 1e-300)):
        assert priced("black", "black76", 100, 90, expiry, vol, 1) == intrinsic
        assert priced("black", "black76", 90, 100, expiry, vol, 0.5) == {"call": 0.0, "put": 5.0}
        assert priced("black", "black76", 100, 100, expiry, vol, 1) == {"call": 0.0, "put": 0.0}
        assert priced("digital", "cash_or_nothing", 100, 100, expiry, vol, 1) == {"call": 0.5, "put": 0.5}
        assert priced("digital", "cash_or_nothing", 100, 90, expiry, vol, 1) == {"call": 1.0, "put": 0.0}
        assert priced("digital", "asset_or_nothing", 90, 100, expiry, vol, 1) == {"call": 0.0, "put": 90.0}
    assert priced("black", "black76", 100, 90, 1, 1e6, 0.5) == {"call": 50.0, "put": 45.0}
    assert priced("black", "black76", 0, 90, 1, 1, 0.5) == {"call": 0.0, "put": 45.0}
    assert priced("black", "black76", 100, 0, 1, 1, 0.5) == {"call": 50.0, "put": 0.0}
    assert priced("black", "black76", 0, 0, 1, 1, 1) == {"call": 0.0, "put": 0.0}


def test_what_is_not_defined_is_nan(priced: Price):
    good = (100.0, 90.0, 1.0, 0.5, 1.0)
    for place, wrong in itertools.product(range(5), (-1.0, math.nan, math.inf, -math.inf)):
        values = list(good)
        values[place] = wrong
        pair = priced("black", "black76", *values)
        assert math.isnan(pair["call"]), values
        assert math.isnan(pair["put"]), values
    assert math.isnan(priced("black", "black76_inverse", 0, 90, 1, 1)["call"])


@pytest.mark.parametrize("forward", [-1.0, 0.0, 0.02, 3.0])
@pytest.mark.parametrize("vol", [1e-3, 0.01, 0.5, 40.0])
def test_bachelier(forward: float, vol: float, priced: Price):
    pair = priced("bachelier", "bachelier", forward, 0.025, 2.0, vol, 1)
    for kind, side in ((1, "call"), (-1, "put")):
        exact = float(oracles.bachelier(kind, forward, 0.025, 2.0, vol))
        assert pair[side] == pytest.approx(exact, rel=2e-13, abs=1e-300)


def test_digitals_make_the_vanilla(priced: Price):
    """A call is the asset less the strike in cash, both or nothing; both sides of a digital make the whole."""
    for forward, strike, vol in itertools.product((60.0, 100.0, 130.0), (100.0,), (0.1, 0.8, 4.0)):
        arguments = (forward, strike, 0.7, vol, 0.9)
        cash, asset = (priced("digital", f"{what}_or_nothing", *arguments) for what in ("cash", "asset"))
        pair = priced("black", "black76", *arguments)
        assert asset["call"] - strike * cash["call"] == pytest.approx(pair["call"], abs=1e-13 * forward)
        assert strike * cash["put"] - asset["put"] == pytest.approx(pair["put"], abs=1e-13 * forward)
        assert cash["call"] + cash["put"] == pytest.approx(0.9, rel=4 * EPSILON)
        coin = priced("digital", "cash_or_nothing_inverse", forward, strike, 0.7, vol)
        assert coin["call"] == pytest.approx(asset["call"] / 0.9 / forward, rel=4 * EPSILON)


_priced: Price


@pytest.fixture(autouse=True)
def _share(priced: Price) -> None:
    """Hypothesis calls a test many times with one fixture."""
    global _priced
    _priced = priced
