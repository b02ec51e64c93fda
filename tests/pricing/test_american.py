"""American options against the paper, QuantLib, and what must hold whatever the numbers."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from corten import quant
from corten.base.errors import InvalidInput
from corten.quant import exotics

DATA = Path(__file__).with_name("data")


def table(name: str) -> dict[str, np.ndarray]:
    with (DATA / f"{name}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}


def test_premium_of_the_paper():
    """Andersen, Lake, Offengenden (2016), table 2, (l, m, n) = (201, 16, 64), p = 201."""
    price = quant.american(100, 100, 1, 0.25, "put", 0.05, 0.05).price
    premium = price - quant.black_scholes(100, 100, 1, 0.25, 0.05, 0.05, kind="put")
    assert premium == pytest.approx(0.106952702747, abs=5e-8)


def test_quantlib():
    """QuantLib 1.44 (american_table.py): half within 1e-9, nine in ten within 2e-8, all within 3e-7, relative."""
    want = table("american")
    names = "spot strike expiry vol kind rate dividend".split()
    error = np.abs(quant.american(*(want[name] for name in names)).price / want["price"] - 1)
    assert len(error) > 350
    assert np.quantile(error, 0.5) < 1e-9
    assert np.quantile(error, 0.9) < 2e-8
    assert error.max() < 3e-7


def test_quantlib_where_carry_dominates():
    """(rate − dividend)/vol² of 5 … 60, calls the other way round: within 2e-8 of the strike."""
    want = table("american_carry")
    names = "spot strike expiry vol kind rate dividend".split()
    found = quant.american(*(want[name] for name in names)).price
    assert len(found) == 48
    assert np.abs(found - want["price"]).max() < 2e-8 * 100


def test_a_boundary_that_is_not_found_is_no_price():
    with pytest.raises(InvalidInput, match=r"vol\[1\]: expected a vol whose square is not that small .* found 0.00136"):
        quant.american(100, 100, 9.13, np.array([0.2, 0.00136]), "put", 0.29, 0.126)
    found = quant.american(100, 100, 9.13, np.array([0.2, 0.00136]), "put", 0.29, 0.126, errors="nan")
    assert np.isnan(found).tolist() == [[False, True], [False, True]]


@pytest.fixture(scope="module")
def drawn() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(5)
    rows = 2000
    vol, expiry = draw.uniform(0.1, 1.0, rows), 10 ** draw.uniform(-3, 0.5, rows)
    return {
        "spot": 100 * np.exp(draw.normal(0, 1, rows) * vol * np.sqrt(expiry)),
        "strike": np.full(rows, 100.0),
        "expiry": expiry,
        "vol": vol,
        "rate": draw.uniform(0, 0.12, rows),
        "dividend": draw.uniform(0, 0.12, rows),
    }


def value(drawn, kind, **changes):
    columns = {**drawn, **changes}
    names = "spot strike expiry vol".split()
    return quant.american(*(columns[name] for name in names), kind, columns["rate"], columns["dividend"])


@pytest.mark.parametrize("kind", [1, -1])
def test_bounds_and_shape(drawn, kind):
    here = value(drawn, kind)
    european = quant.black_scholes(*drawn.values(), kind="call" if kind == 1 else "put")
    intrinsic = np.maximum(kind * (drawn["spot"] - drawn["strike"]), 0)
    assert (here.price >= np.maximum(european, intrinsic) * (1 - 1e-15)).all()
    assert (value(drawn, kind, expiry=drawn["expiry"] * 1.1).price >= here.price - 1e-5).all()
    assert (value(drawn, kind, vol=drawn["vol"] * 1.01).price >= here.price - 1e-5).all()
    above = value(drawn, kind, spot=drawn["spot"] * 1.01).price
    slope = kind * (above - here.price) / (0.01 * drawn["spot"])
    assert (slope > -1e-6).all()
    assert (slope < 1 + 1e-5).all()
    exercised = kind * (drawn["spot"] - here.boundary) >= 0
    assert exercised.any()
    assert (here.price == intrinsic)[exercised].all()


@pytest.mark.parametrize("kind", ["call", "put"])
def test_no_price_is_below_exercise_at_a_time_settled_today(kind):
    """vol·√T from 1e-5 on, carry of both signs: max(0, exp(−rt)·K − exp(−qt)·S) for t ≤ T is a lower bound."""
    draw = np.random.default_rng(8)
    rows = 2000
    expiry, vol = 10 ** draw.uniform(-1, 1.3, rows), 10 ** draw.uniform(-5, -1, rows)
    rate, dividend = draw.uniform(0, 0.3, (2, rows))
    spot = 100 * np.exp(draw.normal(0, 1.5, rows) * vol * np.sqrt(expiry))
    sign = 1 if kind == "call" else -1
    price = quant.american(spot, 100.0, expiry, vol, kind, rate, dividend, errors="nan").price
    is_found = ~np.isnan(price)
    assert is_found.mean() > 0.85
    assert is_found[np.abs(rate - dividend) < 30 * vol**2].all()
    time = np.linspace(0, 1, 101)[:, None] * expiry
    settled = sign * (spot * np.exp(-dividend * time) - 100 * np.exp(-rate * time))
    european = quant.black_scholes(spot, 100.0, expiry, vol, rate, dividend, kind=kind)
    assert (price >= np.maximum(settled.max(axis=0), european) - 1e-11)[is_found].all()


@pytest.mark.parametrize("kind", [1, -1])
def test_value_meets_exercise_at_the_boundary_and_is_smooth_there(drawn, kind):
    boundary = value(drawn, kind).boundary
    intrinsic = kind * (boundary - 100)
    step = 1e-3 * drawn["vol"] * np.sqrt(drawn["expiry"]) * boundary
    near = value(drawn, kind, spot=boundary * (1 + kind * 1e-12)).price
    held = value(drawn, kind, spot=boundary - kind * step).price
    usual = np.isfinite(boundary) & (boundary > 1)
    assert usual.mean() > 0.9
    assert np.quantile(np.abs(near - intrinsic)[usual], 0.99) < 1e-5
    assert np.quantile(np.abs(held - (intrinsic - step))[usual] / step[usual], 0.99) < 2e-2


def test_call_is_put_with_spot_and_strike_rate_and_dividend_exchanged(drawn):
    call = value(drawn, "call")
    put = value(drawn, "put", spot=100.0, strike=drawn["spot"], rate=drawn["dividend"], dividend=drawn["rate"])
    assert (call.price == put.price).all()


def test_perpetual():
    """r = 5 %, q = 2 %, vol 30 %: the put without expiry, Merton (1973), is reached in time."""
    rate, dividend, vol = 0.05, 0.02, 0.3
    half = (rate - dividend) / vol**2 - 0.5
    power = -half - math.sqrt(half * half + 2 * rate / vol**2)
    boundary = 100 * power / (power - 1)
    price = (100 - boundary) * (120 / boundary) ** power
    found = quant.american(120, 100, 400, vol, "put", rate, dividend)
    assert found.boundary == pytest.approx(boundary, rel=1e-4)
    assert found.price == pytest.approx(price, rel=1e-4)


@pytest.mark.parametrize(("rate", "dividend"), [(0.0, 0.0), (0.0, 0.05), (-0.02, 0.0), (-0.02, -0.02)])
def test_what_is_never_exercised_early_is_european(rate, dividend):
    put = quant.american(100, 110, 1, 0.3, "put", rate, dividend)
    assert put == (quant.black_scholes(100, 110, 1, 0.3, rate, dividend, kind="put"), 0.0)
    call = quant.american(100, 110, 1, 0.3, "call", dividend, rate)
    assert call == (quant.black_scholes(100, 110, 1, 0.3, dividend, rate, kind="call"), math.inf)


def test_a_put_whose_price_rises_by_itself():
    """r = 0, q < 0: waiting earns nothing, and the price drifts away."""
    found = quant.american(90, 100, 2, 0.25, "put", 0.0, -0.05)
    assert 0 < found.boundary < 90
    assert found.price > quant.black_scholes(90, 100, 2, 0.25, 0.0, -0.05, kind="put") + 0.1


def test_limits():
    assert quant.american(90, 100, 0, 0.3, "put", 0.05).price == 10
    assert quant.american(110, 100, 0, 0.3, "put", 0.05).price == 0
    assert quant.american(110, 100, 1, 0, "call", 0.05, 0.1) == (10, 100)
    assert quant.american(0, 100, 1, 0.3, "put", 0.05).price == 100
    assert quant.american(0, 100, 1, 0.3, "call", 0.05, 0.05).price == 0
    assert quant.american(90, 0, 1, 0.3, "put", 0.05).price == 0
    assert quant.american(90, 0, 1, 0.3, "call", 0.05, 0.05).price == 90
    later = quant.american(100, 100, 2, 0, "put", 0.01, 0.1).price  # nothing is random: waits for the dividends
    assert later == pytest.approx(100 * math.exp(-0.02) - 100 * math.exp(-0.2), rel=1e-14)


def test_what_is_not_defined_names_the_row():
    with pytest.raises(InvalidInput, match=r"vol\[1\]: expected a number ≥ 0, found -0.3"):
        quant.american(100, 100, 1, np.array([0.3, -0.3]), "put")
    with pytest.raises(InvalidInput, match="two boundaries"):
        quant.american(100, 100, 1, 0.3, "put", -0.01, -0.02)
    found = quant.american(100, 100, np.array([1, math.nan]), 0.3, "put", 0.05, errors="nan")
    assert np.isnan(found.price).tolist() == [False, True]


@pytest.mark.parametrize("is_carried", [False, True])
def test_engines_agree(drawn, is_carried):
    columns = [*(column[:200] for column in drawn.values()), np.where(np.arange(200) % 2, 1.0, -1.0)]
    if is_carried:
        want = table("american_carry")
        columns = [want[name] for name in "spot strike expiry vol rate dividend kind".split()]
    function = exotics._AMERICAN
    here, there = function(*columns), function.on("v8")(*columns)
    for row in (5,) if is_carried else range(0, 200, 97):
        alone = function.interpreted(*(float(column[row]) for column in columns))
        assert (float(alone.price), float(alone.boundary)) == (here.price[row], here.boundary[row])
    assert all((a.view(np.uint64) == b.view(np.uint64)).all() for a, b in zip(here, there, strict=True))
