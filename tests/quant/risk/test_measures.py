"""Value at risk and expected shortfall: by hand, against closed forms, and on real returns."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest

from corten.base.errors import InvalidInput
from corten.quant.risk import Portfolio, Scenarios, expected_shortfall, shortfall_contributions, value_at_risk
from corten.quant.risk.scenarios import normal_draws
from tests.quant.risk.books import random

NORMAL = NormalDist()


def test_by_hand():
    """Losses 1 … 20: at 0.9 the 18th, and the mean of the two beyond it."""
    profits = -np.random.default_rng(1).permutation(np.arange(1.0, 21.0))
    assert value_at_risk(profits, 0.9).mean == 18.0
    assert expected_shortfall(profits, 0.9).mean == pytest.approx(19.5)
    # 0.93·20 = 18.6: the 19th, of which 0.4 belong to the worst 1.4
    assert value_at_risk(profits, 0.93).mean == 19.0
    assert expected_shortfall(profits, 0.93).mean == pytest.approx((0.4 * 19 + 20) / 1.4)
    assert value_at_risk(-np.arange(1.0, 101.0), 0.07).mean == 7.0  # not 8: 0.07·100 is more than 7 in binary


def test_expected_shortfall_is_the_average_of_values_at_risk_beyond():
    profits = np.random.default_rng(2).standard_t(3, 250)
    levels = 0.95 + 0.05 * (np.arange(20_000) + 0.5) / 20_000
    average = np.mean([value_at_risk(profits, float(level)).mean for level in levels[::20]])
    assert expected_shortfall(profits, 0.95).mean == pytest.approx(average, rel=2e-3)


def test_expected_shortfall_is_coherent():
    draw = np.random.default_rng(3)
    for _ in range(200):
        one, other = draw.standard_t(2, 37), draw.standard_t(2, 37)
        apart = sum(expected_shortfall(x, 0.9).mean for x in (one, other))
        assert expected_shortfall(one + other, 0.9).mean <= apart + 1e-9


def test_contributions_sum_to_the_shortfall_and_are_its_derivative():
    parts = np.random.default_rng(6).standard_t(4, (3, 511))
    for level in (0.9, 0.975, 0.99):
        found = shortfall_contributions(parts, level)
        whole = expected_shortfall(parts.sum(axis=0), level).mean
        assert found.sum() == pytest.approx(whole, rel=1e-12)
        for row in range(3):
            more = parts.copy()
            more[row] *= 1.0 + 1e-7
            slope = (expected_shortfall(more.sum(axis=0), level).mean - whole) / 1e-7
            assert found[row] == pytest.approx(slope, abs=1e-5)
    with pytest.raises(InvalidInput, match=r"profits: expected a row a part, a column a scenario"):
        shortfall_contributions(parts[0])


def test_value_at_risk_is_numpys_inverted_distribution():
    profits = np.random.default_rng(4).normal(size=777)
    for level in (0.5, 0.9, 0.975, 0.99):
        expected = np.quantile(-profits, level, method="inverted_cdf")
        assert value_at_risk(profits, level).mean == expected


def futures() -> Portfolio:
    return Portfolio("future", [3.0, -40.0], [60_000.0, 3_000.0], underlying=["BTC", "ETH"])


def test_linear_normal_portfolio_has_its_closed_form():
    """Two correlated futures, ten days: z·σ, and σ·φ(z)/(1 − c), within four standard errors."""
    vols, rho, days, level = {"BTC": 0.6, "ETH": 0.8}, 0.7, 10.0, 0.99
    drawn = Scenarios.drawn(
        60_000, vols, correlation=[[1.0, rho], [rho, 1.0]], days=days, seed=7, distribution="normal"
    )
    profits = futures().profits(drawn)
    one, other = 3 * 60_000 * 0.6 * sqrt(days / 365), -40 * 3_000 * 0.8 * sqrt(days / 365)
    deviation = sqrt(one * one + other * other + 2 * rho * one * other)
    z = NORMAL.inv_cdf(level)
    risk, tail = value_at_risk(profits, level), expected_shortfall(profits, level)
    assert abs(risk.mean - z * deviation) < 4 * risk.standard_error
    assert abs(tail.mean - deviation * NORMAL.pdf(z) / (1 - level)) < 4 * tail.standard_error
    assert risk.standard_error == pytest.approx(
        deviation * sqrt(level * (1 - level) / 60_000) / NORMAL.pdf(z), rel=0.25
    )
    assert tail.standard_error < 0.01 * tail.mean
    assert futures().profits(drawn, "delta-gamma") == pytest.approx(profits, rel=1e-9, abs=1e-6)


def test_standard_errors_are_the_spread_of_repetitions():
    draw = np.random.default_rng(5)
    runs = [(value_at_risk(x, 0.95), expected_shortfall(x, 0.95)) for x in draw.standard_t(4, (400, 2_000))]
    for estimates in zip(*runs, strict=True):
        spread = np.std([one.mean for one in estimates])
        assert np.mean([one.standard_error for one in estimates]) == pytest.approx(spread, rel=0.15)


def test_draws_are_normal_correlated_and_do_not_depend_on_their_number():
    z = normal_draws(40_000, 3, 11)
    assert np.abs(z.mean(axis=1)).max() < 4 / sqrt(40_000)
    assert np.abs(np.corrcoef(z) - np.eye(3)).max() < 4 / sqrt(40_000)
    assert (normal_draws(100, 3, 11) == z[:, :100]).all()
    assert (normal_draws(100, 3, 12) != z[:, :100]).all()
    rho = [[1.0, 0.5, -0.6], [0.5, 1.0, 0.0], [-0.6, 0.0, 1.0]]
    drawn = Scenarios.drawn(40_000, {"BTC": 0.6, "ETH": 0.8}, {"BTC": 1.0}, correlation=rho, days=1, seed=1)
    logs = np.log1p(np.stack([drawn.spot["BTC"], drawn.spot["ETH"], drawn.vol["BTC"]]))
    assert np.abs(np.corrcoef(logs) - np.array(rho)).max() < 0.02
    assert logs.std(axis=1) * sqrt(365) == pytest.approx([0.6, 0.8, 1.0], rel=0.02)
    assert not drawn.vol["ETH"].any()
    year = Scenarios.drawn(40_000, {"BTC": 0.6}, days=365, seed=1).spot["BTC"]
    assert abs(year.mean()) < 4 * sqrt(float(np.exp(0.36)) - 1) / sqrt(40_000)  # a martingale
    with pytest.raises(InvalidInput, match=r"correlation: expected a positive definite matrix"):
        Scenarios.drawn(10, {"a": 1.0, "b": 1.0}, correlation=[[1.0, 2.0], [2.0, 1.0]])


def test_delta_gamma_is_near_for_small_moves():
    book = random(200, 8)
    book = book.take((book.columns["expiry"] > 0.1) | ~book.columns["is_option"])
    vols = {"BTC": 0.3, "ETH": 0.4}
    for days, closeness in ((1e-4, 2e-4), (1.0, 0.05)):
        drawn = Scenarios.drawn(300, vols, days=days, seed=3)
        full, near = book.profits(drawn), book.profits(drawn, "delta-gamma")
        assert np.abs(full - near).max() < closeness * np.abs(full).max()
    with pytest.raises(InvalidInput, match=r"method: expected 'full' or 'delta-gamma', found 'delta'"):
        book.profits(drawn, "delta")


def test_historical_scenarios():
    prices = [100.0, 110.0, 99.0, 99.0]
    moves = Scenarios.historical(prices, [0.5, 0.6, 0.6, 0.3]).moves(["BTC"])
    assert moves[0][0] == pytest.approx([0.1, -0.1, 0.0])
    assert moves[1][0] == pytest.approx([0.2, 0.0, -0.5])
    assert Scenarios.historical({"BTC": prices}, horizon=2).spot["BTC"] == pytest.approx([-0.01, -0.1])
    with pytest.raises(InvalidInput, match=r"prices BTC\[1\]: expected a number > 0, found 0.0"):
        Scenarios.historical({"BTC": [1.0, 0.0, 2.0]})
    with pytest.raises(InvalidInput, match=r"horizon: expected 1 … 3"):
        Scenarios.historical(prices, horizon=4)


def test_value_at_risk_of_real_returns(recordings):
    """Daily returns of 2015 to 2022: of a future it is their quantile, and a call loses no more than its premium."""
    polars = pytest.importorskip("polars")
    path = recordings / "ohlcv_btc" / "btc_daily_covariates_20150101_20220228.parquet"
    if not path.is_file():
        pytest.skip(f"daily prices are not at {path}")
    prices = polars.read_parquet(path)["price"].to_numpy()
    history = Scenarios.historical(prices)
    future = Portfolio("future", 1.0, 40_000.0)
    found = value_at_risk(future.profits(history), 0.99).mean
    returns = prices[1:] / prices[:-1] - 1.0
    assert found == pytest.approx(-40_000 * np.quantile(returns, 0.01), rel=0.02)
    assert 0.08 < found / 40_000 < 0.14  # a day in a hundred
    call = Portfolio("call", 1.0, 40_000.0, strike=44_000.0, expiry=30 / 365, vol=0.7)
    tail = expected_shortfall(call.profits(history), 0.99).mean
    assert 0.5 * call.value().total < tail <= call.value().total


@pytest.mark.parametrize(
    ("profits", "level", "message"),
    [
        ([1.0, np.nan], 0.9, r"profits\[1\]: expected a number, found nan"),
        ([], 0.9, r"profits: expected one column"),
        ([1.0], 99, r"confidence: expected a probability between 0 and 1"),
    ],
)
def test_errors(profits, level, message):
    for function in (value_at_risk, expected_shortfall):
        with pytest.raises(InvalidInput, match=message):
            function(profits, level)
