"""Implied volatility: round trips, bounds, coin-settled prices, forwards from parity."""

from __future__ import annotations

import itertools
import math

import mpmath as mp
import pytest

from tests.pricing import oracles
from tests.pricing.conftest import Price

EPSILON = 2.0**-52
CONVERGED, AT_INTRINSIC, BELOW_INTRINSIC, ABOVE_MAXIMUM, INVALID_INPUT, NOT_CONVERGED = range(6)
DISTANCES = [0.0, 1e-12, 1e-6, 1e-3, 0.03, 0.2, 0.7, 1.5, 5.0, 20.0, 100.0]
DEVIATIONS = [1e-6, 1e-4, 0.01, 0.1, 0.3, 0.39, 0.41, 0.8, 1.5, 3.0, 6.0, 12.0]


@pytest.mark.parametrize("distance", DISTANCES)
def test_round_trip(distance: float, priced: Price):
    """From prices in 50 digits, rounded: what is lost is what rounding the price loses, and 1e-14."""
    for deviation, sign in itertools.product(DEVIATIONS, (1, -1)):
        forward = math.exp(-sign * distance)
        exact = oracles.black_scholes(sign, forward, 1.0, 1.0, deviation)
        price = float(exact)
        largest = min(forward, 1.0)
        if price < 1e-290 or price >= largest:
            continue
        vega = mp.diff(
            lambda s, f=forward, k=sign: oracles.black_scholes(k, f, 1.0, 1.0, s), deviation, h=mp.mpf(10) ** -15
        )
        conditioning = float(price / (deviation * vega))  # relative change of vol by a relative change of price
        found = priced("implied", "implied", price, forward, 1.0, 1.0, 1.0, sign)
        assert found["status"] == CONVERGED
        assert abs(found["vol"] / deviation - 1.0) <= 1e-14 + 8 * EPSILON * conditioning, (distance, deviation, found)


def test_two_steps_suffice_on_a_grid(priced: Price):
    """The quick form, which has no fallback, finds what the safeguarded one finds."""
    for distance, deviation in itertools.product(DISTANCES, DEVIATIONS):
        price = priced("black", "black76", math.exp(-distance), 1.0, 1.0, deviation, 1.0)["call"]
        if 1e-290 < price < math.exp(-distance):
            quick = priced("implied", "implied_vol", price, math.exp(-distance), 1.0, 1.0, 1.0, 1)
            assert quick == priced("implied", "implied", price, math.exp(-distance), 1.0, 1.0, 1.0, 1)["vol"]


@pytest.mark.parametrize(
    ("distance", "deviation"), [(0.0, 0.3), (0.3, 0.05), (2.0, 1.0), (0.1, 4.0), (1e-9, 1e-7), (30.0, 2.0)]
)
def test_the_fallback_alone(distance: float, deviation: float, priced: Price):
    """Steps in a bracket, from a start that has nothing to do with the option."""
    from corten.lang import f64
    from corten.lang.loader import LIBRARY, Loader

    implied = Loader().load(LIBRARY / "contracts" / "pricing" / "implied.py")
    price = priced("black", "black76", math.exp(-distance), 1.0, 1.0, deviation, 1.0)["call"]
    option = implied.normalized(f64(price), f64(math.exp(-distance)), f64(1.0), f64(1.0))
    assert implied.safeguarded_deviation(option) == pytest.approx(deviation, rel=1e-12 if distance < 1 else 1e-13)


def test_tiny_prices(priced: Price):
    for price in (1e-300, 1e-200, 1e-100, 1e-30):
        vol = priced("implied", "implied", price, 100.0, 150.0, 0.5, 1.0, 1)["vol"]
        exact = oracles.black_scholes(1, 100.0, 150.0, 0.5, vol)
        assert abs(float(mp.log(exact) / mp.log(price)) - 1.0) < 1e-14


def test_in_the_money_by_parity(priced: Price):
    for forward, strike, vol in ((120.0, 100.0, 0.3), (100.0, 101.0, 0.9), (100.0, 400.0, 1.5)):
        pair = priced("black", "black76", forward, strike, 0.25, vol, 0.97)
        for kind, side in ((1, "call"), (-1, "put")):
            found = priced("implied", "implied", pair[side], forward, strike, 0.25, 0.97, kind)
            assert found == {"vol": pytest.approx(vol, rel=1e-12), "status": CONVERGED}
        coin = priced("black", "black76_inverse", forward, strike, 0.25, vol)
        for kind, side in ((1, "call"), (-1, "put")):
            found = priced("implied", "implied_inverse", coin[side], forward, strike, 0.25, kind)
            assert found == {"vol": pytest.approx(vol, rel=1e-12), "status": CONVERGED}


NAN = math.nan
BOUNDS = [  # price, forward, strike, expiry, discount, kind, vol, status
    (10.0, 110.0, 100.0, 1.0, 1.0, 1, 0.0, AT_INTRINSIC),
    (0.0, 90.0, 100.0, 1.0, 1.0, 1, 0.0, AT_INTRINSIC),
    (5.0, 90.0, 100.0, 1.0, 0.5, -1, 0.0, AT_INTRINSIC),
    (9.99, 110.0, 100.0, 1.0, 1.0, 1, NAN, BELOW_INTRINSIC),
    (-1e-9, 90.0, 100.0, 1.0, 1.0, 1, NAN, BELOW_INTRINSIC),
    (110.0, 110.0, 100.0, 1.0, 1.0, 1, NAN, ABOVE_MAXIMUM),
    (100.0, 110.0, 100.0, 1.0, 1.0, -1, NAN, ABOVE_MAXIMUM),
    (51.0, 110.0, 100.0, 1.0, 0.5, -1, NAN, ABOVE_MAXIMUM),
    (5.0, 110.0, 100.0, 0.0, 1.0, -1, NAN, INVALID_INPUT),
    (5.0, 110.0, 0.0, 1.0, 1.0, -1, NAN, INVALID_INPUT),
    (5.0, -110.0, 100.0, 1.0, 1.0, -1, NAN, INVALID_INPUT),
    (5.0, 110.0, 100.0, 1.0, 1.0, 2, NAN, INVALID_INPUT),
    (5.0, 110.0, 100.0, 1.0, 0.0, 1, NAN, INVALID_INPUT),
    (5.0, 110.0, 100.0, 1.0, -1.0, 1, NAN, INVALID_INPUT),
    (NAN, 110.0, 100.0, 1.0, 1.0, 1, NAN, INVALID_INPUT),
    (5.0, math.inf, 100.0, 1.0, 1.0, 1, NAN, INVALID_INPUT),
]


@pytest.mark.parametrize("case", BOUNDS)
def test_at_and_beyond_the_bounds(case: tuple[float, ...], priced: Price):
    *arguments, vol, status = case
    assert priced("implied", "implied", *arguments) == {"vol": pytest.approx(vol, nan_ok=True), "status": status}
    assert priced("implied", "implied_vol", *arguments) == pytest.approx(vol, nan_ok=True)


def test_forward_and_discount_from_parity(priced: Price):
    low, high = (priced("black", "black76", 105.0, strike, 0.5, 0.6, 0.96) for strike in (90.0, 120.0))
    assert priced("implied", "parity_forward", low["call"], low["put"], 90.0, 0.96) == pytest.approx(105.0, rel=1e-14)
    discount = priced("implied", "parity_discount", low["call"], low["put"], 90.0, high["call"], high["put"], 120.0)
    assert discount == pytest.approx(0.96, rel=1e-14)
    coin = priced("black", "black76_inverse", 105.0, 90.0, 0.5, 0.6)
    assert priced("implied", "parity_forward_inverse", coin["call"], coin["put"], 90.0) == pytest.approx(
        105.0, rel=1e-14
    )
    assert math.isnan(priced("implied", "parity_forward_inverse", 1.5, 0.1, 90.0))


@pytest.mark.parametrize("vol", [1e-6, 1e-3, 0.02, 0.8, 50.0])
@pytest.mark.parametrize("forward", [-1.0, 0.0, 0.0249999, 0.025, 0.03, 2.0])
def test_bachelier_round_trip(forward: float, vol: float, priced: Price):
    exact = oracles.bachelier(-1 if forward > 0.025 else 1, forward, 0.025, 2.0, vol)
    price, kind = float(exact), -1 if forward > 0.025 else 1
    if price > 1e-290:
        found = priced("bachelier", "bachelier_implied_vol", price, forward, 0.025, 2.0, 1.0, kind)
        assert found == pytest.approx(vol, rel=2e-14)


def test_bachelier_bounds(priced: Price):
    assert priced("bachelier", "bachelier_implied_vol", 2.0, 5.0, 3.0, 1.0, 1.0, 1) == 0.0
    for wrong in ((1.9, 5.0, 3.0, 1.0, 1.0, 1), (2.5, 5.0, 3.0, 0.0, 1.0, 1), (2.5, 5.0, 3.0, 1.0, 1.0, 0)):
        assert math.isnan(priced("bachelier", "bachelier_implied_vol", *wrong)), wrong
