"""Attribution: parts that sum exactly to the whole, by hand and at random."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corten.base.errors import InvalidInput
from corten.quant.risk import Portfolio, attribute
from corten.quant.risk.attribution import PARTS
from tests.quant.risk.books import random


def test_by_hand():
    """A future and spot earn their delta; what was bought and paid for at the mark earns nothing."""
    before = Portfolio(["future", "spot"], [2, 3], 100.0, ids=["f", "s"])
    after = Portfolio(["future", "spot", "spot"], [2, 5, 1], 110.0, entry=100.0, ids=["f", "s", "new"])
    found = attribute(before, after, cash=[0.0, -2 * 110.0, -110.0])
    assert found.totals == {**dict.fromkeys(PARTS, 0.0), "delta": 50.0}
    assert found.ids == ["f", "s", "new"]
    assert found.parts["delta"].tolist() == [20.0, 30.0, 0.0]
    assert found.whole.tolist() == [20.0, 30.0, 0.0]
    without_cash = attribute(before, after)
    assert without_cash.parts["trades"].tolist() == [0.0, 220.0, 110.0]
    ended = attribute(after, before.replace(forward=110.0, entry=100.0))
    assert ended.parts["trades"].tolist() == [0.0, -220.0, -110.0]


def test_a_trade_at_the_mark_is_settled_by_its_entry():
    before = Portfolio("perpetual", 2.0, 100.0, entry=100.0)
    after = Portfolio("perpetual", 4.0, 110.0, entry=105.0)  # two more at 110
    found = attribute(before, after)
    assert (found.totals["delta"], found.totals["trades"], found.total) == (20.0, 0.0, 20.0)


def test_greeks_explain_small_moves():
    book = random(300, 12)
    book = book.take((book.columns["expiry"] > 0.1) | ~book.columns["is_option"])
    columns = book.columns
    after = book.replace(
        forward=columns["forward"] * 1.004,
        index=columns["index"] * 1.003,
        vol=columns["vol"] + 0.002,
        rate=columns["rate"] + 0.001,
        expiry=columns["expiry"] - 0.2 / 365,
    )
    found = attribute(book, after)
    assert abs(found.totals["residual"]) < 2e-3 * abs(found.parts["delta"]).sum()
    for part in ("delta", "gamma", "vega", "vanna", "theta", "rho", "basis"):
        assert found.totals[part] != 0.0, part
    first_order = found.totals["delta"] + found.totals["vega"] + found.totals["theta"] + found.totals["basis"]
    assert abs(found.total - first_order) > abs(found.totals["residual"])


@pytest.mark.parametrize(("currency", "quantum"), [("quote", 2.0**-24), ("coin", 2.0**-40)])
def test_the_residual_of_spot_and_vol_is_of_third_order(currency, quantum):
    """Half the moves, an eighth of the residual: a part that lacks or counts twice would leave a quarter."""
    book = random(300, 14, currency=currency)
    book = book.take(book.columns["is_option"] & (book.columns["expiry"] > 0.1))
    columns = book.columns

    def residual(size: float) -> float:
        forward, index = columns["forward"] * (1.0 + size), columns["index"] * (1.0 + size)
        after = book.replace(forward=forward, index=index, vol=columns["vol"] * (1.0 + size))
        return float(np.abs(attribute(book, after, quantum=quantum).parts["residual"]).sum())

    assert residual(0.01) / residual(0.005) == pytest.approx(8.0, rel=0.1)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["quote", "coin"]))
def test_parts_sum_exactly_to_the_whole(seed, currency):
    draw = np.random.default_rng(seed)
    book = random(40, seed % 1000, currency=currency)
    columns = book.columns
    after = book.replace(
        forward=columns["forward"] * draw.uniform(0.5, 2.0, 40),
        vol=columns["vol"] * draw.uniform(0.5, 2.0),
        expiry=columns["expiry"] * draw.uniform(0.0, 1.0),
        quantity=columns["quantity"] * draw.choice([1.0, 0.5, -2.0], 40),
    )
    after = after.take(draw.permutation(40)[:30])
    before = book.take(slice(5, None))
    rows = len(dict.fromkeys([*before.ids, *after.ids]))
    cash = draw.normal(0.0, 1e4, rows)
    found = attribute(before, after, cash=cash)
    for order in (PARTS, PARTS[::-1]):
        assert sum(found.totals[name] for name in order) == found.total
        assert (sum(found.parts[name] for name in order) == found.whole).all()
    assert all(found.parts[name].sum() == found.totals[name] for name in PARTS)
    expected = after.value().total - before.value().total + cash.sum()
    assert found.total == pytest.approx(expected, abs=1e-6 + 2 * rows * found.quantum)


def test_errors():
    book = Portfolio("call", 1.0, 100.0, strike=100.0, expiry=0.5, vol=0.4, ids=["x"])
    with pytest.raises(InvalidInput, match=r"strike of position 'x': expected 100.0 as before, found 90.0; give it"):
        attribute(book, book.replace(strike=90.0))
    with pytest.raises(InvalidInput, match=r"quantum: expected a power of two"):
        attribute(book, book, quantum=0.01)
    with pytest.raises(InvalidInput, match=r"value\[0\]: expected a number below 2⁵³ quanta"):
        attribute(book, book.replace(quantity=1e15))
    with pytest.raises(InvalidInput, match=r"currency: expected 'quote' as before, found 'coin'"):
        attribute(book, book.replace(currency="coin"))
    with pytest.raises(InvalidInput, match=r"cash: expected a column of 2 rows"):
        attribute(random(2, 1), random(2, 1), cash=[1.0])
