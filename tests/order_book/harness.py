"""One face for the contract and its twin: messages in, what happened out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import corten
from corten.base.errors import InvalidInput
from spec.order_book import (
    CancelReason,
    Event,
    OrderBook,
    OrderType,
    RefusedError,
    Rules,
    SelfTrade,
    Side,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

SOURCE = str(files("corten.contracts") / "order_book.py")

RULES = Rules(
    tick_size=5,
    lot_size=10,
    minimum_price=50,
    maximum_price=2_000,
    minimum_size=20,
    maximum_size=5_000,
    maximum_orders=12,
    match_limit=6,
)

BUY, SELL = Side
LIMIT, POST_ONLY, IMMEDIATE_OR_CANCEL, FILL_OR_KILL, MARKET = OrderType
CANCEL_MAKER, CANCEL_TAKER, CANCEL_BOTH, DECREMENT_BOTH = SelfTrade
REQUESTED, REPLACED, REMAINDER, SELF_TRADE, MATCH_LIMIT = CancelReason

ALICE, BOB, CAROL = 1, 2, 3


@dataclass(frozen=True)
class Outcome:
    """What became of a message: the name of its reject, or None and its events."""

    error: str | None
    events: list[Event]

    def only(self, name: str) -> list[dict[str, int]]:
        """The fields of the events of one kind."""
        return [fields for kind, fields in self.events if kind == name]

    @property
    def fills(self) -> list[tuple[int, int, int]]:
        """(maker's client id, price, size) of each fill."""
        return [(fill["maker_client_id"], fill["price"], fill["size"]) for fill in self.only("Fill")]

    @property
    def cancels(self) -> list[tuple[int, int, int]]:
        """(client id, size, reason) of each cancel."""
        return [(one["client_id"], one["size"], one["reason"]) for one in self.only("OrderCancelled")]


class Messages:
    """The messages with defaults that make tests short; `send` does the work."""

    def send(self, entry: str, sender: int, **arguments: int) -> Outcome:
        raise NotImplementedError

    def place(
        self,
        client_id: int,
        side: int,
        price: int,
        size: int,
        order_type: int = LIMIT,
        *,
        sender: int = ALICE,
        self_trade: int = CANCEL_MAKER,
    ) -> Outcome:
        return self.send(
            "place",
            sender,
            client_id=client_id,
            side=side,
            order_type=order_type,
            price=price,
            size=size,
            self_trade=self_trade,
        )

    def cancel(self, client_id: int, *, sender: int = ALICE) -> Outcome:
        return self.send("cancel", sender, client_id=client_id)

    def cancel_range(self, first: int, count: int, *, sender: int = ALICE) -> Outcome:
        return self.send("cancel_range", sender, first_client_id=first, count=count)

    def reduce(self, client_id: int, by: int, *, sender: int = ALICE) -> Outcome:
        return self.send("reduce", sender, client_id=client_id, by=by)

    def replace(
        self,
        client_id: int,
        price: int,
        size: int,
        *,
        post_only: bool = False,
        sender: int = ALICE,
        self_trade: int = CANCEL_MAKER,
    ) -> Outcome:
        return self.send(
            "replace",
            sender,
            client_id=client_id,
            price=price,
            size=size,
            post_only=post_only,
            self_trade=self_trade,
        )


class Twin(Messages):
    """The specification."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.book = OrderBook(rules)

    def send(self, entry: str, sender: int, **arguments: int) -> Outcome:
        try:
            return Outcome(None, getattr(self.book, entry)(sender, **arguments))
        except RefusedError as refusal:
            return Outcome(refusal.name, [])

    def depth(self, side: int) -> list[tuple[int, int, int]]:
        return self.book.depth(side)


class Contract(Messages):
    """The contract on one of the machine's engines."""

    def __init__(self, engine: str, rules: Rules = RULES) -> None:
        self.machine = corten.Machine(engine=engine)
        self.contract = self.machine.deploy(SOURCE, **asdict(rules))

    def send(self, entry: str, sender: int, **arguments: int) -> Outcome:
        receipt = getattr(self.contract, entry)(**arguments, sender=sender)
        return Outcome(receipt.error, [(type(event).__name__, _fields(event)) for event in receipt.events])

    def depth(self, side: int) -> list[tuple[int, int, int]]:
        """Every level of a side, page by page."""
        levels: list[tuple[int, int, int]] = []
        while True:
            page = self.contract.depth(side=side, skip=len(levels))
            levels += page.rows[: page.count].tolist()
            if page.count < len(page.rows):
                return levels

    def order(self, account: int, client_id: int) -> tuple[int, int, int]:
        """(side, price, size) of a live order."""
        order = self.contract.order(account=account, client_id=client_id)
        return order.side, order.price, order.size


def _fields(event: Any) -> dict[str, int]:
    return {name: int(value) for name, value in event._asdict().items()}


def engines() -> Iterable[str]:
    """The engines that this machine can run contracts on."""
    return ("python", "wasmtime")


def with_rules(**changes: int) -> Rules:
    return replace(RULES, **changes)


__all__ = [name for name in globals() if not name.startswith("_")] + ["InvalidInput"]
