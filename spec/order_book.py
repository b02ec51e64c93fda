"""The order book, as plainly as it can be said: the readable twin of `corten.contracts.order_book`.

One list holds the resting orders in the order of their arrival; everything else is looked up in it. A message that is
refused raises `RefusedError` and leaves nothing behind. Events are pairs (name, fields), in the order they happen.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum


class Side(IntEnum):
    BUY = 0
    SELL = 1


class OrderType(IntEnum):
    LIMIT = 0
    POST_ONLY = 1
    IMMEDIATE_OR_CANCEL = 2
    FILL_OR_KILL = 3
    MARKET = 4


class SelfTrade(IntEnum):
    CANCEL_MAKER = 0
    CANCEL_TAKER = 1
    CANCEL_BOTH = 2
    DECREMENT_BOTH = 3


class CancelReason(IntEnum):
    REQUESTED = 0
    REPLACED = 1
    REMAINDER = 2
    SELF_TRADE = 3
    MATCH_LIMIT = 4


Event = tuple[str, dict[str, int]]


class RefusedError(Exception):
    """A message was refused; `name` says why."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def require(condition: bool, name: str) -> None:
    if not condition:
        raise RefusedError(name)


@dataclass(frozen=True)
class Rules:
    """What an order must keep to; prices and sizes in smallest units."""

    tick_size: int
    lot_size: int
    minimum_price: int
    maximum_price: int
    minimum_size: int
    maximum_size: int
    maximum_orders: int
    match_limit: int


@dataclass
class Order:
    """An order: resting, or just arriving."""

    account: int
    client_id: int
    side: Side
    price: int | None  # None: any
    size: int  # what is left

    def accepts(self, price: int) -> bool:
        """May it trade at this price?"""
        if self.price is None:
            return True
        return price <= self.price if self.side == Side.BUY else price >= self.price

    def limit(self) -> int:
        """The price of an order that has one: resting orders do."""
        assert self.price is not None
        return self.price


@dataclass
class OrderBook:
    """The book: messages are `place`, `cancel`, `cancel_range`, `reduce`, `replace`; the rest looks at it."""

    rules: Rules
    orders: list[Order] = field(default_factory=list)  # resting, oldest first
    last_price: int = 0
    events: list[Event] = field(default_factory=list)

    # ── messages ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def place(
        self, sender: int, client_id: int, side: int, order_type: int, price: int, size: int, self_trade: int
    ) -> list[Event]:
        def message() -> None:
            order = Order(sender, client_id, Side(side), self.checked_price(order_type, price), size)
            self.check_size(size)
            if order_type == OrderType.FILL_OR_KILL:
                require(self_trade == SelfTrade.CANCEL_MAKER, "fill_or_kill_needs_cancel_maker")
            require(self.find(sender, client_id) is None, "client_id_in_use")
            self.enter(order, OrderType(order_type), price, SelfTrade(self_trade))

        return self.apply(message)

    def cancel(self, sender: int, client_id: int) -> list[Event]:
        def message() -> None:
            order = self.live_order(sender, client_id)
            self.withdraw(order, order.size, CancelReason.REQUESTED)

        return self.apply(message)

    def cancel_range(self, sender: int, first_client_id: int, count: int) -> list[Event]:
        def message() -> None:
            require(first_client_id + count <= 2**32, "client_id_range_too_long")
            for client_id in range(first_client_id, first_client_id + count):
                order = self.find(sender, client_id)
                if order is not None:
                    self.withdraw(order, order.size, CancelReason.REQUESTED)

        return self.apply(message)

    def reduce(self, sender: int, client_id: int, by: int) -> list[Event]:
        def message() -> None:
            order = self.live_order(sender, client_id)
            require(by > 0, "reduction_not_positive")
            require(by % self.rules.lot_size == 0, "size_not_on_lot")
            self.withdraw(order, min(by, order.size), CancelReason.REQUESTED)

        return self.apply(message)

    def replace(
        self, sender: int, client_id: int, price: int, size: int, post_only: bool, self_trade: int
    ) -> list[Event]:
        def message() -> None:
            order = self.live_order(sender, client_id)
            self.check_price(price)
            self.check_size(size)
            if price == order.price and size <= order.size:
                if size < order.size:
                    self.withdraw(order, order.size - size, CancelReason.REPLACED)
                return
            self.withdraw(order, order.size, CancelReason.REPLACED)
            order_type = OrderType.POST_ONLY if post_only else OrderType.LIMIT
            self.enter(Order(sender, client_id, order.side, price, size), order_type, price, SelfTrade(self_trade))

        return self.apply(message)

    def apply(self, message: Callable[[], None]) -> list[Event]:
        """All of a message or nothing of it; returns its events."""
        orders_before, last_price_before = copy.deepcopy(self.orders), self.last_price
        self.events = []
        try:
            message()
        except RefusedError:
            self.orders, self.last_price = orders_before, last_price_before
            raise
        return self.events

    # ── rules ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def checked_price(self, order_type: int, price: int) -> int | None:
        if order_type == OrderType.MARKET:
            require(price == 0, "market_order_has_price")
            return None
        self.check_price(price)
        return price

    def check_price(self, price: int) -> None:
        require(price % self.rules.tick_size == 0, "price_not_on_tick")
        require(price >= self.rules.minimum_price, "price_below_minimum")
        require(price <= self.rules.maximum_price, "price_above_maximum")

    def check_size(self, size: int) -> None:
        require(size % self.rules.lot_size == 0, "size_not_on_lot")
        require(size >= self.rules.minimum_size, "size_below_minimum")
        require(size <= self.rules.maximum_size, "size_above_maximum")

    # ── matching ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def enter(self, taker: Order, order_type: OrderType, price: int, self_trade: SelfTrade) -> None:
        """An order that is in order: trade, then rest or be cancelled."""
        self.emit(
            "OrderAccepted",
            account=taker.account,
            client_id=taker.client_id,
            side=taker.side,
            order_type=order_type,
            price=price,
            size=taker.size,
        )
        if order_type == OrderType.POST_ONLY:
            require(self.best_maker(taker) is None, "post_only_would_trade")
        self.trade(taker, self_trade)
        if taker.size == 0:
            return
        require(order_type != OrderType.FILL_OR_KILL, "fill_or_kill_not_filled")
        if self.best_maker(taker) is not None:
            self.announce_cancel(taker, taker.size, CancelReason.MATCH_LIMIT)
        elif order_type in (OrderType.LIMIT, OrderType.POST_ONLY):
            require(len(self.orders) < self.rules.maximum_orders, "book_full")
            self.orders.append(taker)
        else:
            self.announce_cancel(taker, taker.size, CancelReason.REMAINDER)

    def trade(self, taker: Order, self_trade: SelfTrade) -> None:
        """Meet makers, best price and then oldest first."""
        for _ in range(self.rules.match_limit):
            maker = self.best_maker(taker)
            if maker is None or taker.size == 0:
                return
            size = min(maker.size, taker.size)
            if maker.account == taker.account:
                self.prevent_self_trade(maker, taker, size, self_trade)
            else:
                self.fill(maker, taker, size)

    def best_maker(self, taker: Order) -> Order | None:
        """The order that an arriving one trades with next."""
        makers = [order for order in self.orders if order.side != taker.side and taker.accepts(order.limit())]
        best = min if taker.side == Side.BUY else max
        return best(makers, key=Order.limit, default=None)  # of equals the first: the oldest

    def fill(self, maker: Order, taker: Order, size: int) -> None:
        self.emit(
            "Fill",
            maker_account=maker.account,
            maker_client_id=maker.client_id,
            taker_account=taker.account,
            taker_client_id=taker.client_id,
            taker_side=taker.side,
            price=maker.limit(),
            size=size,
        )
        self.last_price = maker.limit()
        taker.size -= size
        self.shrink(maker, size)

    def prevent_self_trade(self, maker: Order, taker: Order, size: int, self_trade: SelfTrade) -> None:
        """Cancel instead of trading `size`."""
        if self_trade in (SelfTrade.CANCEL_MAKER, SelfTrade.CANCEL_BOTH):
            self.withdraw(maker, maker.size, CancelReason.SELF_TRADE)
        if self_trade in (SelfTrade.CANCEL_TAKER, SelfTrade.CANCEL_BOTH):
            self.announce_cancel(taker, taker.size, CancelReason.SELF_TRADE)
            taker.size = 0
        if self_trade == SelfTrade.DECREMENT_BOTH:
            self.withdraw(maker, size, CancelReason.SELF_TRADE)
            self.announce_cancel(taker, size, CancelReason.SELF_TRADE)
            taker.size -= size

    # ── resting orders ───────────────────────────────────────────────────────────────────────────────────────────────

    def find(self, account: int, client_id: int) -> Order | None:
        for order in self.orders:
            if (order.account, order.client_id) == (account, client_id):
                return order
        return None

    def live_order(self, account: int, client_id: int) -> Order:
        order = self.find(account, client_id)
        if order is None:
            raise RefusedError("order_not_found")
        return order

    def withdraw(self, order: Order, size: int, reason: CancelReason) -> None:
        self.announce_cancel(order, size, reason)
        self.shrink(order, size)

    def announce_cancel(self, order: Order, size: int, reason: CancelReason) -> None:
        self.emit("OrderCancelled", account=order.account, client_id=order.client_id, reason=reason, size=size)

    def shrink(self, order: Order, size: int) -> None:
        order.size -= size
        if order.size == 0:
            self.orders = [other for other in self.orders if other is not order]

    def emit(self, name: str, **fields: int) -> None:
        self.events.append((name, {key: int(value) for key, value in fields.items()}))

    # ── views ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def depth(self, side: int) -> list[tuple[int, int, int]]:
        """(price, size, number of orders) of each level, best first."""
        orders = [order for order in self.orders if order.side == side]
        prices = sorted({order.limit() for order in orders}, reverse=side == Side.BUY)
        at = {price: [order.size for order in orders if order.price == price] for price in prices}
        return [(price, sum(at[price]), len(at[price])) for price in prices]

    def best(self, side: int) -> int:
        """The best price of a side; 0 if it is empty."""
        levels = self.depth(side)
        return levels[0][0] if levels else 0
