"""Each message and order type by example. Prices in steps of 5, sizes in steps of 10."""

from __future__ import annotations

import pytest

from tests.order_book.harness import (
    ALICE,
    BOB,
    BUY,
    CAROL,
    FILL_OR_KILL,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    MARKET,
    MATCH_LIMIT,
    POST_ONLY,
    REMAINDER,
    REPLACED,
    REQUESTED,
    SELL,
    Contract,
)


@pytest.fixture
def asks(book: Contract) -> Contract:
    """Bob's and Carol's asks: 30 and then 20 at 100, 40 at 105."""
    book.place(1, SELL, 100, 30, sender=BOB)
    book.place(2, SELL, 100, 20, sender=CAROL)
    book.place(3, SELL, 105, 40, sender=BOB)
    return book


def test_an_order_that_meets_nothing_rests(book: Contract) -> None:
    outcome = book.place(7, BUY, 100, 30)
    accepted = {"account": ALICE, "client_id": 7, "side": BUY, "order_type": LIMIT, "price": 100, "size": 30}
    assert outcome.events == [("OrderAccepted", accepted)]
    assert book.depth(BUY) == [(100, 30, 1)]
    assert book.order(ALICE, 7) == (BUY, 100, 30)


def test_a_limit_order_trades_at_the_makers_prices_and_rests_with_what_is_left(asks: Contract) -> None:
    outcome = asks.place(9, BUY, 110, 120)
    assert outcome.fills == [(1, 100, 30), (2, 100, 20), (3, 105, 40)]
    assert outcome.cancels == []
    assert (asks.depth(BUY), asks.depth(SELL)) == ([(110, 30, 1)], [])


def test_the_older_of_two_orders_at_a_price_trades_first(asks: Contract) -> None:
    assert asks.place(9, BUY, 100, 40).fills == [(1, 100, 30), (2, 100, 10)]
    assert asks.order(CAROL, 2) == (SELL, 100, 10)


def test_the_better_of_two_prices_trades_first(book: Contract) -> None:
    book.place(1, BUY, 90, 20, sender=BOB)
    book.place(2, BUY, 95, 20, sender=BOB)
    assert book.place(3, SELL, 90, 30).fills == [(2, 95, 20), (1, 90, 10)]


def test_a_fill_names_both_orders(asks: Contract) -> None:
    fill = asks.place(9, BUY, 100, 20).only("Fill")[0]
    assert (fill["maker_account"], fill["maker_client_id"]) == (BOB, 1)
    assert (fill["taker_account"], fill["taker_client_id"], fill["taker_side"]) == (ALICE, 9, BUY)


def test_immediate_or_cancel_never_rests(asks: Contract) -> None:
    outcome = asks.place(9, BUY, 100, 70, IMMEDIATE_OR_CANCEL)
    assert outcome.fills == [(1, 100, 30), (2, 100, 20)]
    assert outcome.cancels == [(9, 20, REMAINDER)]
    assert asks.depth(BUY) == []


def test_a_market_order_takes_any_price_and_never_rests(asks: Contract) -> None:
    outcome = asks.place(9, BUY, 0, 100, MARKET)
    assert outcome.fills == [(1, 100, 30), (2, 100, 20), (3, 105, 40)]
    assert outcome.cancels == [(9, 10, REMAINDER)]


def test_a_market_sell_takes_any_bid(book: Contract) -> None:
    book.place(1, BUY, 50, 20, sender=BOB)
    assert book.place(2, SELL, 0, 20, MARKET).fills == [(1, 50, 20)]


def test_a_market_order_finds_an_empty_book(book: Contract) -> None:
    assert book.place(1, SELL, 0, 20, MARKET).cancels == [(1, 20, REMAINDER)]


def test_fill_or_kill_fills(asks: Contract) -> None:
    assert asks.place(9, BUY, 105, 90, FILL_OR_KILL).fills == [(1, 100, 30), (2, 100, 20), (3, 105, 40)]
    assert asks.depth(SELL) == []


def test_fill_or_kill_leaves_no_trace(asks: Contract) -> None:
    before = asks.depth(SELL)
    outcome = asks.place(9, BUY, 105, 100, FILL_OR_KILL)
    assert (outcome.error, outcome.events) == ("fill_or_kill_not_filled", [])
    assert asks.depth(SELL) == before
    assert asks.place(9, BUY, 100, 30).fills == [(1, 100, 30)]  # and the queue is as it was


def test_post_only_rests(asks: Contract) -> None:
    assert asks.place(9, BUY, 95, 20, POST_ONLY).error is None
    assert asks.depth(BUY) == [(95, 20, 1)]


def test_cancel_takes_an_order_out(asks: Contract) -> None:
    assert asks.cancel(1, sender=BOB).cancels == [(1, 30, REQUESTED)]
    assert asks.depth(SELL) == [(100, 20, 1), (105, 40, 1)]


def test_cancel_anywhere_in_a_queue(book: Contract) -> None:
    for client_id in range(1, 6):
        book.place(client_id, SELL, 100, 20, sender=BOB)
    for client_id in (3, 1, 5):  # in the middle, at the front, at the end
        assert book.cancel(client_id, sender=BOB).error is None
    book.place(6, SELL, 100, 20, sender=BOB)
    assert book.place(9, BUY, 100, 60).fills == [(2, 100, 20), (4, 100, 20), (6, 100, 20)]


def test_an_emptied_price_starts_anew(book: Contract) -> None:
    book.place(1, SELL, 100, 20)
    book.cancel(1)
    book.place(2, SELL, 100, 30)
    book.place(3, SELL, 100, 40)
    assert book.depth(SELL) == [(100, 70, 2)]
    assert book.place(4, BUY, 100, 70, sender=BOB).fills == [(2, 100, 30), (3, 100, 40)]


def test_a_client_id_is_free_again_when_its_order_is_gone(book: Contract) -> None:
    book.place(1, SELL, 100, 20)
    book.cancel(1)
    assert book.place(1, BUY, 95, 20).error is None


def test_two_accounts_may_use_the_same_client_id(book: Contract) -> None:
    book.place(1, SELL, 100, 20, sender=ALICE)
    book.place(1, SELL, 105, 20, sender=BOB)
    book.cancel(1, sender=ALICE)
    assert book.depth(SELL) == [(105, 20, 1)]


def test_cancel_range_passes_over_ids_that_are_not_live(book: Contract) -> None:
    for client_id in (1, 2, 4, 6):
        book.place(client_id, SELL, 100, 20)
    assert book.cancel_range(2, 4).cancels == [(2, 20, REQUESTED), (4, 20, REQUESTED)]
    assert book.depth(SELL) == [(100, 40, 2)]


def test_cancel_range_reaches_the_last_client_id(book: Contract) -> None:
    book.place(0xFFFF_FFFF, SELL, 100, 20)
    assert book.cancel_range(0xFFFF_FFF0, 16).cancels == [(0xFFFF_FFFF, 20, REQUESTED)]


def test_reduce_keeps_the_place(asks: Contract) -> None:
    assert asks.reduce(1, 20, sender=BOB).cancels == [(1, 20, REQUESTED)]
    assert asks.place(9, BUY, 100, 20).fills == [(1, 100, 10), (2, 100, 10)]


@pytest.mark.parametrize("by", [30, 5_000])
def test_reduce_by_the_size_or_more_cancels(asks: Contract, by: int) -> None:
    assert asks.reduce(1, by, sender=BOB).cancels == [(1, 30, REQUESTED)]
    assert asks.cancel(1, sender=BOB).error == "order_not_found"


def test_replace_with_a_smaller_size_keeps_the_place(asks: Contract) -> None:
    assert asks.replace(1, 100, 20, sender=BOB).cancels == [(1, 10, REPLACED)]
    assert asks.place(9, BUY, 100, 30).fills == [(1, 100, 20), (2, 100, 10)]


def test_replace_with_a_larger_size_loses_the_place(asks: Contract) -> None:
    assert asks.replace(1, 100, 40, sender=BOB).cancels == [(1, 30, REPLACED)]
    assert asks.place(9, BUY, 100, 30).fills == [(2, 100, 20), (1, 100, 10)]


def test_replace_with_another_price_moves_the_order(asks: Contract) -> None:
    asks.replace(1, 105, 30, sender=BOB)
    assert asks.depth(SELL) == [(100, 20, 1), (105, 70, 2)]
    assert asks.place(9, BUY, 105, 70).fills == [(2, 100, 20), (3, 105, 40), (1, 105, 10)]


def test_replace_with_the_same_does_nothing(asks: Contract) -> None:
    assert asks.replace(1, 100, 30, sender=BOB).events == []
    assert asks.place(9, BUY, 100, 30).fills == [(1, 100, 30)]


def test_replace_may_trade(asks: Contract) -> None:
    asks.place(9, BUY, 95, 40)
    assert asks.replace(9, 100, 40).fills == [(1, 100, 30), (2, 100, 10)]
    assert asks.depth(BUY) == []


def test_a_post_only_replace_that_would_trade_leaves_the_order_as_it_was(asks: Contract) -> None:
    asks.place(9, BUY, 95, 40)
    assert asks.replace(9, 100, 40, post_only=True).error == "post_only_would_trade"
    assert asks.depth(BUY) == [(95, 40, 1)]


@pytest.mark.parametrize("order_type", [LIMIT, IMMEDIATE_OR_CANCEL, MARKET])
def test_one_message_meets_at_most_match_limit_makers(book: Contract, order_type: int) -> None:
    for client_id in range(8):
        book.place(client_id, SELL, 100, 20, sender=BOB)
    outcome = book.place(9, BUY, 0 if order_type == MARKET else 100, 160, order_type)
    assert len(outcome.fills) == 6
    assert outcome.cancels == [(9, 40, MATCH_LIMIT)]
    assert (book.depth(BUY), book.depth(SELL)) == ([], [(100, 40, 2)])


def test_a_fill_or_kill_beyond_the_match_limit_is_not_filled(book: Contract) -> None:
    for client_id in range(8):
        book.place(client_id, SELL, 100, 20, sender=BOB)
    assert book.place(9, BUY, 100, 140, FILL_OR_KILL).error == "fill_or_kill_not_filled"


def test_statistics(asks: Contract) -> None:
    asks.place(8, BUY, 90, 20)
    asks.place(9, BUY, 100, 20)
    found = asks.contract.statistics()
    assert (found.orders, found.price_levels) == (4, 3)
    assert (found.best_bid, found.best_ask, found.last_price) == (90, 100, 100)


def test_statistics_of_an_empty_book(book: Contract) -> None:
    found = book.contract.statistics()
    assert (found.orders, found.price_levels, found.best_bid, found.best_ask, found.last_price) == (0, 0, 0, 0, 0)


def test_depth_comes_in_pages(engine: str) -> None:
    from tests.order_book.harness import with_rules

    book = Contract(engine, with_rules(maximum_orders=200))
    for level in range(70):
        book.place(level, BUY, 1_000 - 5 * level, 20)
        book.place(100 + level, SELL, 1_005 + 5 * level, 30)
    assert book.depth(BUY) == [(1_000 - 5 * level, 20, 1) for level in range(70)]
    assert book.depth(SELL)[-1] == (1_005 + 5 * 69, 30, 1)
