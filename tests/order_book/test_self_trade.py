"""Self-trade prevention: four modes, alone and with each order type."""

from __future__ import annotations

import pytest

from tests.order_book.harness import (
    ALICE,
    BOB,
    BUY,
    CANCEL_BOTH,
    CANCEL_MAKER,
    CANCEL_TAKER,
    DECREMENT_BOTH,
    FILL_OR_KILL,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    MARKET,
    POST_ONLY,
    REMAINDER,
    SELF_TRADE,
    SELL,
    Contract,
    Outcome,
)


@pytest.fixture
def queue(book: Contract) -> Contract:
    """At 100: 20 of Bob, 30 of Alice, 40 of Bob."""
    book.place(1, SELL, 100, 20, sender=BOB)
    book.place(2, SELL, 100, 30, sender=ALICE)
    book.place(3, SELL, 100, 40, sender=BOB)
    return book


def take(book: Contract, size: int, self_trade: int, order_type: int = LIMIT) -> Outcome:
    return book.place(9, BUY, 0 if order_type == MARKET else 100, size, order_type, self_trade=self_trade)


def test_cancel_maker(queue: Contract) -> None:
    outcome = take(queue, 50, CANCEL_MAKER)
    assert outcome.fills == [(1, 100, 20), (3, 100, 30)]
    assert outcome.cancels == [(2, 30, SELF_TRADE)]
    assert queue.depth(SELL) == [(100, 10, 1)]


def test_cancel_taker(queue: Contract) -> None:
    outcome = take(queue, 50, CANCEL_TAKER)
    assert outcome.fills == [(1, 100, 20)]
    assert outcome.cancels == [(9, 30, SELF_TRADE)]
    assert (queue.depth(BUY), queue.depth(SELL)) == ([], [(100, 70, 2)])


def test_cancel_both(queue: Contract) -> None:
    outcome = take(queue, 50, CANCEL_BOTH)
    assert outcome.fills == [(1, 100, 20)]
    assert outcome.cancels == [(2, 30, SELF_TRADE), (9, 30, SELF_TRADE)]
    assert (queue.depth(BUY), queue.depth(SELL)) == ([], [(100, 40, 1)])


def test_decrement_both_when_the_taker_is_smaller(queue: Contract) -> None:
    """The maker keeps its place with the rest."""
    outcome = take(queue, 40, DECREMENT_BOTH)
    assert outcome.fills == [(1, 100, 20)]
    assert outcome.cancels == [(2, 20, SELF_TRADE), (9, 20, SELF_TRADE)]
    assert queue.place(10, BUY, 100, 20, sender=3).fills == [(2, 100, 10), (3, 100, 10)]


def test_decrement_both_when_the_taker_is_larger(queue: Contract) -> None:
    outcome = take(queue, 60, DECREMENT_BOTH)
    assert outcome.fills == [(1, 100, 20), (3, 100, 10)]
    assert outcome.cancels == [(2, 30, SELF_TRADE), (9, 30, SELF_TRADE)]


def test_prevention_is_no_trade(book: Contract) -> None:
    book.place(1, SELL, 100, 20)
    take(book, 20, DECREMENT_BOTH)
    assert book.contract.statistics().last_price == 0


def test_the_arriving_orders_mode_decides(book: Contract) -> None:
    book.place(1, SELL, 100, 20, self_trade=CANCEL_TAKER)
    assert take(book, 20, CANCEL_MAKER).cancels == [(1, 20, SELF_TRADE)]


def test_replace_prevents_self_trades_too(queue: Contract) -> None:
    queue.place(9, BUY, 95, 50)
    outcome = queue.replace(9, 100, 50, self_trade=CANCEL_TAKER)
    assert outcome.fills == [(1, 100, 20)]
    assert outcome.cancels[1:] == [(9, 30, SELF_TRADE)]


# Orders of 110 against the queue of 90: (error, filled, cancelled of maker 2, cancelled of taker, resting of taker).
# What is left of the taker after prevention rests or is cancelled as its type says.
MATRIX = {
    (LIMIT, CANCEL_MAKER): (None, 60, 30, 0, 50),
    (LIMIT, CANCEL_TAKER): (None, 20, 0, 90, 0),
    (LIMIT, CANCEL_BOTH): (None, 20, 30, 90, 0),
    (LIMIT, DECREMENT_BOTH): (None, 60, 30, 30, 20),
    (POST_ONLY, CANCEL_MAKER): ("post_only_would_trade", 0, 0, 0, 0),
    (POST_ONLY, CANCEL_TAKER): ("post_only_would_trade", 0, 0, 0, 0),
    (POST_ONLY, CANCEL_BOTH): ("post_only_would_trade", 0, 0, 0, 0),
    (POST_ONLY, DECREMENT_BOTH): ("post_only_would_trade", 0, 0, 0, 0),
    (IMMEDIATE_OR_CANCEL, CANCEL_MAKER): (None, 60, 30, 50, 0),
    (IMMEDIATE_OR_CANCEL, CANCEL_TAKER): (None, 20, 0, 90, 0),
    (IMMEDIATE_OR_CANCEL, CANCEL_BOTH): (None, 20, 30, 90, 0),
    (IMMEDIATE_OR_CANCEL, DECREMENT_BOTH): (None, 60, 30, 50, 0),
    (FILL_OR_KILL, CANCEL_MAKER): ("fill_or_kill_not_filled", 0, 0, 0, 0),
    (FILL_OR_KILL, CANCEL_TAKER): ("fill_or_kill_needs_cancel_maker", 0, 0, 0, 0),
    (FILL_OR_KILL, CANCEL_BOTH): ("fill_or_kill_needs_cancel_maker", 0, 0, 0, 0),
    (FILL_OR_KILL, DECREMENT_BOTH): ("fill_or_kill_needs_cancel_maker", 0, 0, 0, 0),
    (MARKET, CANCEL_MAKER): (None, 60, 30, 50, 0),
    (MARKET, CANCEL_TAKER): (None, 20, 0, 90, 0),
    (MARKET, CANCEL_BOTH): (None, 20, 30, 90, 0),
    (MARKET, DECREMENT_BOTH): (None, 60, 30, 50, 0),
}


@pytest.mark.parametrize(("order_type", "self_trade"), MATRIX)
def test_order_type_by_mode(queue: Contract, order_type: int, self_trade: int) -> None:
    outcome = take(queue, 110, self_trade, order_type)
    found = (
        outcome.error,
        sum(size for _, _, size in outcome.fills),
        sum(size for client_id, size, _ in outcome.cancels if client_id == 2),
        sum(size for client_id, size, _ in outcome.cancels if client_id == 9),
        sum(size for _, size, _ in queue.depth(BUY)),
    )
    assert found == MATRIX[order_type, self_trade]
    if outcome.error:
        assert queue.depth(SELL) == [(100, 90, 3)]


def test_a_fill_or_kill_may_cancel_its_own_makers(queue: Contract) -> None:
    outcome = take(queue, 60, CANCEL_MAKER, FILL_OR_KILL)
    assert outcome.fills == [(1, 100, 20), (3, 100, 40)]
    assert outcome.cancels == [(2, 30, SELF_TRADE)]
    assert queue.depth(SELL) == []


def test_the_remainder_is_cancelled_for_its_own_reason(queue: Contract) -> None:
    outcome = take(queue, 110, DECREMENT_BOTH, IMMEDIATE_OR_CANCEL)
    assert outcome.cancels[1:] == [(9, 30, SELF_TRADE), (9, 20, REMAINDER)]
