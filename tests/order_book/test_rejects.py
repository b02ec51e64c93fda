"""Every reject, one test each; and that they are checked in the order of their numbers."""

from __future__ import annotations

import pytest

from corten.base.errors import Rejected
from tests.order_book.harness import (
    ALICE,
    BOB,
    BUY,
    CANCEL_BOTH,
    CANCEL_MAKER,
    CANCEL_TAKER,
    DECREMENT_BOTH,
    FILL_OR_KILL,
    MARKET,
    POST_ONLY,
    SELL,
    Contract,
    with_rules,
)

MESSAGE_REJECTS = """
    client_id_in_use client_id_range_too_long order_not_found reduction_not_positive market_order_has_price
    price_not_on_tick price_below_minimum price_above_maximum size_not_on_lot size_below_minimum size_above_maximum
    fill_or_kill_needs_cancel_maker post_only_would_trade fill_or_kill_not_filled book_full
""".split()

INIT_REJECTS = {
    "tick_size_not_positive": {"tick_size": 0},
    "lot_size_not_positive": {"lot_size": -1},
    "minimum_price_below_tick": {"minimum_price": 4},
    "price_range_empty": {"maximum_price": 45},
    "price_range_too_wide": {"maximum_price": 5 << 26},
    "minimum_size_below_lot": {"minimum_size": 9},
    "size_range_empty": {"maximum_size": 10},
    "maximum_orders_not_positive": {"maximum_orders": 0},
    "maximum_orders_too_large": {"maximum_orders": (1 << 20) + 1},
    "level_total_may_overflow": {"maximum_size": (1 << 63) - 1, "lot_size": 1},
    "match_limit_not_positive": {"match_limit": 0},
}


def test_client_id_in_use(book: Contract) -> None:
    book.place(1, SELL, 100, 20)
    assert book.place(1, SELL, 105, 20).error == "client_id_in_use"


def test_client_id_range_too_long(book: Contract) -> None:
    assert book.cancel_range(0xFFFF_FFFF, 2).error == "client_id_range_too_long"


@pytest.mark.parametrize("message", ["cancel", "reduce", "replace"])
def test_order_not_found(book: Contract, message: str) -> None:
    arguments = {"cancel": (2,), "reduce": (2, 10), "replace": (2, 100, 20)}[message]
    book.place(1, SELL, 100, 20)
    book.place(2, SELL, 100, 20, sender=BOB)
    assert getattr(book, message)(*arguments).error == "order_not_found"


def test_order_not_found_by_the_view(book: Contract) -> None:
    with pytest.raises(Rejected, match="order_not_found"):
        book.order(ALICE, 1)


def test_reduction_not_positive(book: Contract) -> None:
    book.place(1, SELL, 100, 20)
    assert book.reduce(1, 0).error == "reduction_not_positive"


def test_market_order_has_price(book: Contract) -> None:
    assert book.place(1, SELL, 100, 20, MARKET).error == "market_order_has_price"


@pytest.mark.parametrize("price", [101, -1, (1 << 63) - 1])
def test_price_not_on_tick(book: Contract, price: int) -> None:
    assert book.place(1, SELL, price, 20).error == "price_not_on_tick"


@pytest.mark.parametrize("price", [45, 0, -5])
def test_price_below_minimum(book: Contract, price: int) -> None:
    assert book.place(1, SELL, price, 20).error == "price_below_minimum"
    assert book.place(1, SELL, 50, 20).error is None


def test_price_above_maximum(book: Contract) -> None:
    assert book.place(1, SELL, 2_005, 20).error == "price_above_maximum"
    assert book.place(1, SELL, 2_000, 20).error is None


def test_size_not_on_lot(book: Contract) -> None:
    assert book.place(1, SELL, 100, 25).error == "size_not_on_lot"


def test_size_not_on_lot_of_a_reduction(book: Contract) -> None:
    book.place(1, SELL, 100, 20)
    assert book.reduce(1, 5).error == "size_not_on_lot"


@pytest.mark.parametrize("size", [10, 0, -20])
def test_size_below_minimum(book: Contract, size: int) -> None:
    assert book.place(1, SELL, 100, size).error == "size_below_minimum"


def test_size_above_maximum(book: Contract) -> None:
    assert book.place(1, SELL, 100, 5_010).error == "size_above_maximum"
    assert book.place(1, SELL, 100, 5_000).error is None


@pytest.mark.parametrize("self_trade", [CANCEL_TAKER, CANCEL_BOTH, DECREMENT_BOTH])
def test_fill_or_kill_needs_cancel_maker(book: Contract, self_trade: int) -> None:
    outcome = book.place(1, SELL, 100, 20, FILL_OR_KILL, self_trade=self_trade)
    assert outcome.error == "fill_or_kill_needs_cancel_maker"


def test_post_only_would_trade(book: Contract) -> None:
    book.place(1, SELL, 100, 20, sender=BOB)
    assert book.place(2, BUY, 100, 20, POST_ONLY).error == "post_only_would_trade"
    assert book.depth(BUY) == []


def test_fill_or_kill_not_filled(book: Contract) -> None:
    assert book.place(1, BUY, 100, 20, FILL_OR_KILL).error == "fill_or_kill_not_filled"


def test_book_full(book: Contract) -> None:
    for client_id in range(12):
        assert book.place(client_id, SELL, 100, 20).error is None
    assert book.place(12, SELL, 100, 20).error == "book_full"
    assert book.place(12, BUY, 100, 20, sender=BOB).error is None  # takes one out
    assert book.place(12, SELL, 100, 20).error is None


@pytest.mark.parametrize("name", INIT_REJECTS)
def test_rules_that_make_no_sense_are_refused(engine: str, name: str) -> None:
    with pytest.raises(Rejected, match=name):
        Contract(engine, with_rules(**INIT_REJECTS[name]))


def test_the_first_of_several_reasons_counts(book: Contract) -> None:
    """A message that breaks every rule is mended one rule at a time; its rejects come in this order."""
    book.place(1, SELL, 100, 20, sender=BOB)
    steps = [
        ({"price": 101, "size": 5, "self_trade": CANCEL_TAKER}, "price_not_on_tick"),
        ({"price": 45, "size": 5, "self_trade": CANCEL_TAKER}, "price_below_minimum"),
        ({"price": 2_005, "size": 5, "self_trade": CANCEL_TAKER}, "price_above_maximum"),
        ({"price": 100, "size": 5, "self_trade": CANCEL_TAKER}, "size_not_on_lot"),
        ({"price": 100, "size": 10, "self_trade": CANCEL_TAKER}, "size_below_minimum"),
        ({"price": 100, "size": 40, "self_trade": CANCEL_TAKER}, "fill_or_kill_needs_cancel_maker"),
        ({"price": 100, "size": 40, "self_trade": CANCEL_MAKER}, "client_id_in_use"),
    ]
    for arguments, expected in steps:
        assert book.place(1, BUY, order_type=FILL_OR_KILL, sender=BOB, **arguments).error == expected


def test_each_reject_of_the_contract_is_tested(book: Contract) -> None:
    assert set(book.contract.interface.errors) == {*MESSAGE_REJECTS, *INIT_REJECTS}
