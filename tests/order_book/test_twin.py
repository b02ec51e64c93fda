"""The contract and its plain twin agree on every reject, event and level, whatever is sent; and the events tell all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.order_book.harness import BUY, SELL, Contract, Outcome, Twin, engines, with_rules

ACCOUNTS = st.integers(1, 3)
CLIENT_IDS = st.integers(1, 12)
PRICES = st.sampled_from([95, 100, 105] * 9 + [0, 45, 50, 102, 2_000, 2_005])
SIZES = st.sampled_from([20, 30, 40, 50, 100] * 6 + [-20, 0, 10, 25, 5_000, 5_010])
MODES = st.integers(0, 3)
CHOICES = st.integers(0, 23)


class Auditor:
    """The book as somebody keeps it who sees nothing but the events."""

    def __init__(self) -> None:
        self.orders: dict[tuple[int, int], dict[str, int]] = {}

    def follow(self, outcome: Outcome) -> None:
        for name, fields in outcome.events:
            getattr(self, name)(fields)

    def OrderAccepted(self, fields: dict[str, int]) -> None:
        self.orders[fields["account"], fields["client_id"]] = dict(fields)

    def Fill(self, fields: dict[str, int]) -> None:
        maker = self.orders[fields["maker_account"], fields["maker_client_id"]]
        taker = self.orders[fields["taker_account"], fields["taker_client_id"]]
        assert maker["price"] == fields["price"]
        assert maker["side"] != taker["side"] == fields["taker_side"]
        assert fields["maker_account"] != fields["taker_account"]
        buyer, seller = (taker, maker) if taker["side"] == BUY else (maker, taker)
        assert seller["price"] <= fields["price"]
        assert fields["price"] <= buyer["price"] or buyer["price"] == 0
        self.take(fields["maker_account"], fields["maker_client_id"], fields["size"])
        self.take(fields["taker_account"], fields["taker_client_id"], fields["size"])

    def OrderCancelled(self, fields: dict[str, int]) -> None:
        self.take(fields["account"], fields["client_id"], fields["size"])

    def take(self, account: int, client_id: int, size: int) -> None:
        order = self.orders[account, client_id]
        assert 0 < size <= order["size"]
        order["size"] -= size
        if order["size"] == 0:
            del self.orders[account, client_id]

    def depth(self, side: int) -> list[tuple[int, int, int]]:
        levels: dict[int, list[int]] = {}
        for order in self.orders.values():
            if order["side"] == side:
                levels.setdefault(order["price"], []).append(order["size"])
        prices = sorted(levels, reverse=side == BUY)
        return [(price, sum(levels[price]), len(levels[price])) for price in prices]


class TwinMachine(RuleBasedStateMachine):
    """Sends the same messages to both."""

    engine = ""
    base: Contract

    @initialize(match_limit=st.sampled_from([1, 3, 6, 6]), maximum_orders=st.sampled_from([3, 24, 24, 24]))
    def begin(self, match_limit: int, maximum_orders: int) -> None:
        rules = with_rules(match_limit=match_limit, maximum_orders=maximum_orders)
        self.contract, self.twin, self.auditor = Contract(self.engine, rules), Twin(rules), Auditor()

    def both(self, method: str, *arguments: int, **options: int) -> None:
        expected = getattr(self.twin, method)(*arguments, **options)
        found = getattr(self.contract, method)(*arguments, **options)
        assert found == expected
        self.auditor.follow(found)

    @rule(
        sender=ACCOUNTS,
        client_id=CLIENT_IDS,
        side=st.integers(0, 1),
        order_type=st.sampled_from([0, 0, 0, 1, 2, 3, 4]),
        price=PRICES,
        size=SIZES,
        self_trade=MODES,
    )
    def place(
        self, sender: int, client_id: int, side: int, order_type: int, price: int, size: int, self_trade: int
    ) -> None:
        self.both("place", client_id, side, price, size, order_type, sender=sender, self_trade=self_trade)

    @precondition(lambda self: self.twin.book.orders)
    @rule(choice=CHOICES)
    def cancel_live(self, choice: int) -> None:
        sender, client_id = self.live(choice)
        self.both("cancel", client_id, sender=sender)

    @precondition(lambda self: self.twin.book.orders)
    @rule(choice=CHOICES, by=SIZES)
    def reduce_live(self, choice: int, by: int) -> None:
        sender, client_id = self.live(choice)
        self.both("reduce", client_id, by, sender=sender)

    @precondition(lambda self: self.twin.book.orders)
    @rule(choice=CHOICES, price=PRICES, size=SIZES, post_only=st.booleans(), self_trade=MODES)
    def replace_live(self, choice: int, price: int, size: int, post_only: bool, self_trade: int) -> None:
        sender, client_id = self.live(choice)
        self.both("replace", client_id, price, size, sender=sender, post_only=post_only, self_trade=self_trade)

    def live(self, choice: int) -> tuple[int, int]:
        """Account and client id of a resting order."""
        order = self.twin.book.orders[choice % len(self.twin.book.orders)]
        return order.account, order.client_id

    @rule(sender=ACCOUNTS, client_id=CLIENT_IDS)
    def cancel(self, sender: int, client_id: int) -> None:
        self.both("cancel", client_id, sender=sender)

    @rule(sender=ACCOUNTS, first=CLIENT_IDS, count=st.integers(0, 5))
    def cancel_range(self, sender: int, first: int, count: int) -> None:
        self.both("cancel_range", first, count, sender=sender)

    @rule(sender=ACCOUNTS, client_id=CLIENT_IDS, by=SIZES)
    def reduce(self, sender: int, client_id: int, by: int) -> None:
        self.both("reduce", client_id, by, sender=sender)

    @rule(sender=ACCOUNTS, client_id=CLIENT_IDS, price=PRICES, size=SIZES, post_only=st.booleans(), self_trade=MODES)
    def replace(self, sender: int, client_id: int, price: int, size: int, post_only: bool, self_trade: int) -> None:
        self.both("replace", client_id, price, size, sender=sender, post_only=post_only, self_trade=self_trade)

    @invariant()
    def books_are_equal(self) -> None:
        for side in (BUY, SELL):
            assert self.contract.depth(side) == self.twin.depth(side) == self.auditor.depth(side)
        for order in self.twin.book.orders:
            expected = (order.side, order.price, order.size)
            assert self.contract.order(order.account, order.client_id) == expected

    @invariant()
    def statistics_are_right(self) -> None:
        found = self.contract.contract.statistics()
        twin = self.twin.book
        assert (found.orders, found.last_price) == (len(twin.orders), twin.last_price)
        assert (found.best_bid, found.best_ask) == (twin.best(BUY), twin.best(SELL))
        assert found.price_levels == len(twin.depth(BUY)) + len(twin.depth(SELL))

    @invariant()
    def the_book_is_not_crossed(self) -> None:
        bid, ask = self.twin.book.best(BUY), self.twin.book.best(SELL)
        assert bid < ask or not ask


@pytest.mark.slow
@pytest.mark.parametrize("engine", engines())
def test_contract_and_twin_agree(engine: str) -> None:
    machine = type("Machine", (TwinMachine,), {"engine": engine})
    case = machine.TestCase
    case.settings = settings(
        max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
    )
    case("runTest").runTest()


@pytest.mark.parametrize(("engine", "count"), [("python", 300), ("wasmtime", 4_000)])
def test_contract_and_twin_agree_over_a_long_flow(engine: str, count: int) -> None:
    """Hundreds of resting orders: long queues, a growing index, reused slots."""
    rules = with_rules(maximum_orders=400, match_limit=20)
    contract, twin, auditor = Contract(engine, rules), Twin(rules), Auditor()
    rng = np.random.default_rng(7)
    for _ in range(count):
        method, arguments, options = _random_message(rng, twin)
        expected = getattr(twin, method)(*arguments, **options)
        assert getattr(contract, method)(*arguments, **options) == expected
        auditor.follow(expected)
    for side in (BUY, SELL):
        assert contract.depth(side) == twin.depth(side) == auditor.depth(side)


def _random_message(rng: np.random.Generator, twin: Twin) -> tuple[str, tuple[int, ...], dict[str, int]]:
    """Mostly orders that rest, then cancels and replacements of live ones; now and then a large taker."""
    orders = twin.book.orders
    kind, sender = rng.random(), int(rng.integers(1, 40))
    price, size = 5 * int(rng.integers(180, 220)), 10 * int(rng.integers(2, 9))
    if kind < 0.35 and orders:
        order = orders[rng.integers(len(orders))]
        return "cancel", (order.client_id,), {"sender": order.account}
    if kind < 0.45 and orders:
        order = orders[rng.integers(len(orders))]
        return "replace", (order.client_id, price, size), {"sender": order.account}
    if kind < 0.5:
        size *= 20
    side = int(rng.integers(2))
    if kind > 0.6:
        price += -100 if side == BUY else 100
    return "place", (int(rng.integers(1 << 32)), side, price, size), {"sender": sender}
