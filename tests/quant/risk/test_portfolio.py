"""Values, greeks and scenarios: against the pricing functions row by row, derivatives, invariants, equal bits."""

from __future__ import annotations

import numpy as np
import pytest

from corten import quant
from corten.base.errors import InvalidInput
from corten.quant.risk import Portfolio, Scenarios, portfolio
from corten.quant.risk.kernels import GREEKS, VALUE
from tests.quant.risk.books import random, small


def test_values_are_those_of_the_pricing_functions():
    book = small()
    call = 10 * quant.black76(60_000.0, 62_000.0, 0.1, 0.5, float(quant.exp(-0.005))).call
    put = -5 * quant.black76(60_000.0, 58_000.0, 0.25, 0.6, float(quant.exp(-0.0125))).put
    inverse_put = 4 * quant.black76_inverse(60_600.0, 55_000.0, 0.5, 0.7).put * 59_400
    perpetual = 59_000 * (1 / 59_000 - 1 / 60_000) * 59_400
    expected = [call, put, 2 * 1_000.0, 60_000.0, inverse_put, perpetual]
    assert book.value().positions == pytest.approx(expected, rel=1e-14)
    assert book.value().total == pytest.approx(sum(expected), rel=1e-14)
    in_coin = book.replace(currency="coin").value().positions
    assert in_coin == pytest.approx(np.array(expected) / 59_400, rel=1e-14)


def test_greeks_are_those_of_the_pricing_functions():
    found = small(currency="coin").greeks()
    inverse = quant.black76_inverse_greeks(60_600.0, 55_000.0, 0.5, 0.7, "put")
    for name in ("delta", "gamma", "vega", "theta", "volga"):
        assert getattr(found, name)[4] == pytest.approx(4 * getattr(inverse, name), rel=1e-12), name
    found = small().greeks()
    call = quant.black76_greeks(60_000.0, 62_000.0, 0.1, 0.5, "call", 0.05)
    for name in ("delta", "gamma", "vega", "theta", "volga", "rho"):
        assert getattr(found, name)[0] == pytest.approx(10 * getattr(call, name), rel=1e-14), name
    assert found.delta[2:4].tolist() == [2.0, 1.0]
    assert found.rho[4] == 0.0
    assert found.delta[5] == pytest.approx(59_400 / 60_000, rel=1e-15)  # of so many quote units in coin, as index moves


@pytest.mark.parametrize("currency", ["quote", "coin"])
def test_greeks_are_derivatives_of_scenario_values(currency):
    book = random(60, 1, currency=currency).take(slice(None))
    greeks = book.greeks()

    def value(x: float = 0.0, vol: float = 0.0, days: float = 0.0) -> np.ndarray:
        return book.revalue(Scenarios.joint(x, vol_points=vol, days=days), positions=True).value[:, 0]

    h, k, years = 2e-4, 1e-4, 0.01 / 365
    up, down, middle = value(h), value(-h), value()
    checks = {
        "cash_delta": (up - down) / (2 * h),
        "cash_gamma": (up + down - 2 * middle) / (h * h),
        "vega": (value(vol=k) - value(vol=-k)) / (2 * k),
        "volga": (value(vol=k) + value(vol=-k) - 2 * middle) / (k * k),
        "cash_vanna": (value(h, k) - value(-h, k) - value(h, -k) + value(-h, -k)) / (4 * h * k),
        "theta": (value(days=0.01) - middle) / years,
        "cash_charm": (value(h, days=0.01) - value(-h, days=0.01) - up + down) / (2 * h * years),
    }
    for name, expected in checks.items():
        found = getattr(greeks, name)
        scale = np.max(np.abs(found)) + 1e-9
        assert np.max(np.abs(found - expected)) < 2e-2 * scale, name


@pytest.mark.parametrize("block_cells", [1, 1_000, portfolio.BLOCK_CELLS])
def test_where_nothing_moves_the_scenario_is_the_value(block_cells, monkeypatch):
    monkeypatch.setattr(portfolio, "BLOCK_CELLS", block_cells)
    for n in (40, 300):
        book = random(n, 2)
        grid = book.scenarios([-0.1, 0.0, 0.1], [-0.2, 0.0], [0.0, 1.0], positions=True)
        assert grid.value.shape == (n, 3, 2, 2)
        assert (grid.value[:, 1, 1, 0] == book.value().positions).all()
        totals = book.scenarios([-0.1, 0.0, 0.1], [-0.2, 0.0], [0.0, 1.0])
        assert totals.value[1, 1, 0] == book.value().total
        assert totals.profit[1, 1, 0] == 0.0
        assert totals.value == pytest.approx(grid.value.sum(axis=0), rel=1e-12)


def test_scenarios_are_the_value_in_the_moved_market():
    book = random(50, 3)
    x, shock, days = 0.07, 0.3, 2.0
    columns = book.columns
    moved = book.replace(
        forward=columns["forward"] * (1 + x),
        index=columns["index"] * (1 + x),
        vol=columns["vol"] * (1 + shock),
        expiry=np.maximum(columns["expiry"] - days / 365, 0.0),
    )
    found = book.scenarios([x], [shock], [days], positions=True).value[:, 0, 0, 0]
    assert found == pytest.approx(moved.value().positions, rel=1e-12)


def test_portfolios_add_up():
    book = random(400, 4)
    parts = [book.take(slice(0, 123)), book.take(slice(123, None))]
    assert sum(part.value().total for part in parts) == pytest.approx(book.value().total, rel=1e-12)
    assert np.concatenate([part.value().positions for part in parts]).tobytes() == book.value().positions.tobytes()
    by_name = book.totals(book.value().positions)
    assert list(by_name) == ["BTC", "ETH"]
    assert sum(by_name.values()) == pytest.approx(book.value().total, rel=1e-12)
    doubled = book.replace(quantity=2.0 * book.columns["quantity"])
    assert doubled.value().total == 2.0 * book.value().total


def test_bits_do_not_depend_on_threads_chunks_or_engine():
    pytest.importorskip("py_mini_racer")
    book, grid = random(9_000, 5), Scenarios.joint([-0.3, 0.0, 0.2], [0.1, 0.0, -0.1], days=1.0)
    expected = [*book.greeks(), *book.revalue(grid)]
    for other in (book.replace(threads=2), book.replace(threads=3), book.replace(engine="v8")):
        found = [*other.greeks(), *other.revalue(grid)]
        assert [one.tobytes() for one in found] == [one.tobytes() for one in expected]
    few = book.take(slice(0, 200))
    assert (few.revalue(grid, positions=True).value == book.revalue(grid, positions=True).value[:200]).all()


@pytest.mark.parametrize("kernel", [VALUE, GREEKS], ids=["value", "greeks"])
def test_kernels_are_what_cpython_computes(kernel):
    draw = np.random.default_rng(13)
    inputs = list(random(40, 13, currency="coin").inputs.values())[: len(kernel.program.inputs)]
    while len(inputs) < len(kernel.program.inputs):
        inputs.append(draw.uniform(-0.2, 0.3, 40))
    found = kernel(*inputs)
    columns = found if isinstance(found, tuple) else (found,)
    for row in range(40):
        expected = kernel.interpreted(*(float(column[row]) for column in inputs))
        fields = [getattr(expected, one.path) for one in kernel.program.outputs] if len(columns) > 1 else [expected]
        assert [float(one) for one in fields] == [float(column[row]) for column in columns]


def test_an_empty_portfolio_is_worth_nothing():
    book = Portfolio([], [], [])
    assert (book.value().total, book.live().total) == (0.0, 0.0)
    assert book.scenarios([0.0, 0.1]).profit.tolist() == [[[0.0]], [[0.0]]]
    assert book.profits(Scenarios.deribit(), "delta-gamma").tolist() == [0.0] * 35


def test_deribit_shocks_by_expiry():
    """Its published multipliers of vol, up and down, for days to expiry."""
    multipliers = {1: (2.387096, 0.306452), 7: (1.773708, 0.613146), 30: (1.5, 0.75), 90: (1.433455, 0.783272)}
    for days, (up, down) in multipliers.items():
        book = Portfolio("call", 1.0, 100.0, strike=100.0, expiry=days / 365, vol=0.6)
        grid = Scenarios.deribit()
        at_the_money = book.revalue(grid).value[12:15]  # price unchanged, vol up, same, down
        expected = [quant.black76(100.0, 100.0, days / 365, vol).call for vol in (0.6 * up, 0.6, 0.6 * down)]
        assert at_the_money == pytest.approx(expected, rel=2e-6)


def test_deribit_grid():
    grid = Scenarios.deribit()
    assert len(grid) == 35
    assert grid.spot[""][:27:3] == pytest.approx([-0.16, -0.12, -0.08, -0.04, 0, 0.04, 0.08, 0.12, 0.16])
    tails = [0.2424, 0.4848, 0.32, 0.16, 0.08, 0.0533, 0.04, 0.032]
    assert grid.weight[27:] == pytest.approx(tails, abs=5e-5)
    assert set(grid.vol_floor[grid.term_vol > 0].tolist()) == {0.5}
    # a future settled in coin: δ·s/(1 + s), as Deribit publishes it
    future = Portfolio("future", 0.314538364 * 60_000, 60_000.0, settlement="inverse", currency="coin")
    found = future.revalue(grid).profit[:16:3]
    expected = [-0.0599120693, -0.0428915951, -0.0273511622, -0.0131057652, 0.0, 0.0120976294]
    assert found == pytest.approx(expected, abs=2e-10)


def test_the_worst_scenario_of_a_hedged_short_call_is_a_tail():
    """Short 10 calls at the money, 30 days, 55 %, long 5 futures: the grid to ±16 % asks far too little."""
    book = Portfolio(["call", "future"], [-10, 5], 60_000.0, strike=60_000.0, expiry=30 / 365, vol=0.55)
    profit = book.revalue(Scenarios.deribit()).profit
    value = quant.black76(60_000.0, 60_000.0, 30 / 365, 0.55).call
    shocked = quant.black76(120_000.0, 60_000.0, 30 / 365, 0.825).call
    assert profit[30] == pytest.approx(0.16 * (-10 * (shocked - value) + 5 * 60_000), rel=1e-12)
    assert profit.min() < profit[:27].min() < 0.0
    assert int(profit.argmin()) >= 27


def test_moves_by_underlying():
    book = random(500, 6)
    both = book.revalue(Scenarios.joint({"BTC": [0.1, 0.0], "ETH": [0.0, 0.2]}, {"BTC": 0.1, "ETH": 0.0})).profit
    for name, moves, shock in (("BTC", [0.1, 0.0], 0.1), ("ETH", [0.0, 0.2], 0.0)):
        part = book.take(book.columns["underlying"] == name)
        both = both - part.revalue(Scenarios.joint(moves, shock)).profit
    assert both == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(InvalidInput, match=r"spot: expected moves of 'ETH', which the portfolio holds"):
        book.revalue(Scenarios.joint({"BTC": [0.1]}))


def test_polars_columns():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"instrument": ["call", "put"], "quantity": [1, 2], "strike": [100.0, 90.0]})
    book = Portfolio(**{name: frame[name] for name in frame.columns}, forward=100.0, expiry=0.5, vol=0.4)
    assert book.value().total == small_total()


def small_total() -> float:
    return Portfolio(["call", "put"], [1, 2], 100.0, strike=[100.0, 90.0], expiry=0.5, vol=0.4).value().total


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"instrument": ["call", "straddle"]}, r"instrument\[1\]: expected 'call' or .* found 'straddle'"),
        ({"settlement": ["linear", "cash"]}, r"settlement\[1\]: expected 'linear' or 'inverse', found 'cash'"),
        ({"vol": [0.2, -0.1]}, r"vol\[1\]: expected a number ≥ 0 for an option, found -0.1"),
        ({"strike": [np.nan, 1.0]}, r"strike\[0\]: expected a number > 0 for an option, found nan"),
        ({"forward": [100.0, 0.0]}, r"forward\[1\]: expected a number > 0, found 0.0"),
        ({"expiry": None}, r"expiry\[0\]: expected a number of years ≥ 0 for an option, found nan"),
        ({"quantity": [1.0, 2.0, 3.0]}, r"strike: expected 3 rows as quantity has, found 2 rows|3 rows"),
        ({"quantity": "many"}, r"quantity: expected a number or a column of numbers"),
        ({"ids": ["a", "a"]}, r"ids: expected 2 different names"),
        ({"currency": "eur"}, r"currency: expected 'quote' or 'coin', found 'eur'"),
        ({"errors": "skip"}, r"errors: expected 'raise' or 'nan', found 'skip'"),
        ({"instrument": "spot", "settlement": "inverse"}, r"settlement\[0\]: expected 'linear' for spot"),
        ({"instrument": "future", "entry": 0.0}, r"entry\[0\]: expected a price > 0 for a future"),
    ],
)
def test_errors_name_column_and_row(changed, message):
    good = {"instrument": "call", "quantity": 1.0, "forward": 100.0, "strike": [100.0, 90.0], "expiry": 0.5, "vol": 0.4}
    with pytest.raises(InvalidInput, match=message):
        Portfolio(**{**good, **changed})


def test_rows_out_of_order_are_nan_if_asked():
    book = Portfolio(["call"] * 3, 1.0, 100.0, strike=100.0, expiry=0.5, vol=[0.4, -1.0, np.nan], errors="nan")
    assert book.valid.tolist() == [True, False, False]
    assert np.isnan(book.value().positions).tolist() == [False, True, True]
    assert np.isnan(book.greeks().delta).tolist() == [False, True, True]
    assert not np.isnan(book.take(book.valid).value().total)
    with pytest.raises(InvalidInput, match=r"spot: expected a number, or one a scenario, found list"):
        book.scenarios(["a"])
    with pytest.raises(InvalidInput, match=r"spot\[1\]: expected a relative move > −1, found -1.0"):
        book.scenarios([0.0, -1.0])
