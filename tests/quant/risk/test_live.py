"""Revaluation of what changed: equal to the bit to revaluation of everything, after any stream of ticks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corten.base.errors import InvalidInput
from corten.quant.montecarlo.estimate import tree_sum
from corten.quant.risk import Live, Portfolio, Scenarios
from corten.quant.risk import live as module
from corten.quant.risk.live import SumTree
from tests.quant.risk.books import random

FEW = Scenarios.joint({"BTC": [-0.2, 0.1], "ETH": [0.1, 0.3]}, [0.3, -0.1], days=[0.0, 1.0])
PRICE = st.floats(0.5, 2.0)
TICKS = st.lists(
    st.one_of(
        st.tuples(st.just("forward"), st.integers(0, 9), PRICE),
        st.tuples(st.just("vol"), st.integers(0, 9), PRICE),
        st.tuples(st.just("index"), st.integers(0, 9), PRICE),
        st.tuples(st.just("underlying"), st.integers(0, 1), PRICE),
        st.tuples(st.just("quantity"), st.integers(0, 299), PRICE),
        st.tuples(st.just("time"), st.integers(0, 3), PRICE),
        st.tuples(st.just("read"), st.just(0), PRICE),
    ),
    max_size=12,
)


def bits(result: object) -> list[bytes]:
    return [np.asarray(column).tobytes() for column in (result if isinstance(result, tuple) else (result,))]


def apply(live: Live, kind: str, number: int, factor: float) -> None:
    name, expiry = live.nodes[number % len(live.nodes)]
    level = 60_000.0 if name == "BTC" else 3_000.0
    if kind == "underlying":
        live.tick(["BTC", "ETH"][number], forward=level * factor)
    elif kind == "quantity":
        live.set([number], quantity=10.0 * factor, entry=level)
    elif kind == "time":
        live.pass_time(float(number))
    elif kind == "read":
        assert live.total is not None
    else:
        live.tick(name, expiry, **{kind: 0.6 * factor if kind == "vol" else level * factor})


@pytest.mark.parametrize("what", ["value", "greeks", FEW], ids=["value", "greeks", "scenarios"])
@pytest.mark.parametrize("small_level", [8, 32_768], ids=["paths", "levels"])
def test_any_stream_of_ticks_gives_the_bits_of_everything_computed_again(what, small_level, monkeypatch):
    monkeypatch.setattr(module, "SMALL_LEVEL", small_level)
    book = random(300, 9)

    @settings(max_examples=12)
    @given(TICKS)
    def check(ticks: list[tuple[str, int, float]]) -> None:
        live = book.live(what)
        for tick in ticks:
            apply(live, *tick)
        afresh = live.portfolio()
        if what == "value":
            assert bits(live.total) == bits(afresh.value().total)
            assert bits(live.rows) == bits(afresh.value().positions)
        elif what == "greeks":
            assert bits(live.rows) == bits(afresh.greeks())
            assert bits(live.total) == bits(tuple(tree_sum(column) for column in afresh.greeks()))
        else:
            assert bits(live.total) == bits(afresh.revalue(FEW).value)
            assert bits(live.rows) == bits(afresh.revalue(FEW, positions=True).value)

    check()


def test_a_tick_computes_its_rows_only():
    book = random(1_000, 10)
    live = book.live()
    assert live.repriced == 1_000
    name, expiry = live.nodes[1]
    rows = (book.columns["underlying"] == name) & (book.columns["expiry"] == expiry)
    live.tick(name, expiry, vol=0.5)
    live.tick(name, expiry, forward=61_000.0)
    assert live.total != book.value().total
    assert live.repriced == 1_000 + rows.sum()
    assert live.total == live.total
    assert live.repriced == 1_000 + rows.sum()
    assert (book.columns["vol"] == random(1_000, 10).columns["vol"]).all()  # the portfolio stays as it is


def test_an_index_that_was_the_forward_follows_it():
    book = Portfolio("future", 600.0, 60_000.0, settlement="inverse", entry=50_000.0)
    live = book.live()
    live.tick(forward=70_000.0)
    assert live.total == book.replace(forward=70_000.0).value().total == pytest.approx(600 * 0.4)
    live.tick(index=60_000.0)
    expected = book.replace(forward=70_000.0, index=60_000.0).value().total
    assert live.total == live.portfolio().value().total == expected
    live.tick(forward=80_000.0)
    assert live.portfolio().columns["index"][0] == 60_000.0
    assert live.total == live.portfolio().value().total


def test_a_row_that_was_out_of_order_may_come_back():
    live = Portfolio("call", [1, 2, 3], 100.0, strike=100.0, expiry=0.5, vol=0.4, errors="nan").live()
    before = live.total
    live.set([1], vol=np.nan)
    assert np.isnan(live.total)
    live.set([1], vol=0.4)
    assert live.total == before


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 64, 101])
@pytest.mark.parametrize("small_level", [0, 16])
def test_the_tree_is_tree_sum(n, small_level, monkeypatch):
    monkeypatch.setattr(module, "SMALL_LEVEL", small_level)
    draw = np.random.default_rng(n)
    rows = draw.normal(size=(n, 3))
    tree = SumTree(rows.copy())
    for _ in range(20):
        numbers = np.flatnonzero(draw.random(n) < 0.1)
        rows[numbers] = draw.normal(size=(len(numbers), 3))
        tree.set(numbers, rows[numbers])
        assert tree.total.tobytes() == tree_sum(rows).tobytes()


def test_errors():
    live = random(50, 11).live()
    before = live.total
    with pytest.raises(InvalidInput, match=r"underlying, expiry: expected one of \('BTC', .*found \('BTC', 0.3\)"):
        live.tick("BTC", 0.3, vol=0.5)
    with pytest.raises(InvalidInput, match=r"vol\[\d+\]: expected a number ≥ 0 for an option, found -0.5"):
        live.tick("BTC", vol=-0.5)
    with pytest.raises(InvalidInput, match=r"strike: expected one of forward, vol"):
        live.tick("BTC", strike=5.0)
    with pytest.raises(InvalidInput, match=r"rows: expected numbers below 50"):
        live.set([50], vol=0.5)
    with pytest.raises(InvalidInput, match=r"vol: expected one value, or one for each of 2 rows, found shape \(3,\)"):
        live.set([1, 2], vol=[0.5, 0.5, 0.5])
    with pytest.raises(InvalidInput, match=r"days: expected a number ≥ 0, found -1"):
        live.pass_time(-1)
    with pytest.raises(InvalidInput, match=r"what: expected 'value', 'greeks' or Scenarios"):
        random(5, 1).live("delta")
    assert live.total == before
