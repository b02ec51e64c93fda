"""Order books that PyPI has, behind one face. Measured on one flow, these two were the quickest that really match with
price-time priority: `limit-order-book` (C++; it does not tell the fills) and `litebook` (Rust; it does). Slower were
liquibook, cython-orderbook, obook, akhil4n-orderbook, pyorderbook and fastlob.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from corten.demo.messages import BUY, PLACE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corten.demo.messages import Messages

Row = tuple[bool, bool, int, int, int]
"""is an order (else a cancel), is a buy, order, price in ticks, size in lots"""


class PeerBook(Protocol):
    """An order book as its users call it: one call a message."""

    def apply(self, rows: Iterable[Row]) -> None:
        """Places and cancels, in order."""


class LimitOrderBook:
    """PyPI limit-order-book. Cancelling an order that is gone is undefined there, so it is asked for first."""

    name = "limit-order-book"

    def __init__(self) -> None:
        self._book = import_module("limit_order_book").LimitOrderBook()

    def apply(self, rows: Iterable[Row]) -> None:
        book = self._book
        limit, has, cancel = book.limit, book.has, book.cancel
        for is_order, is_buy, order, price, size in rows:
            if is_order:
                limit(is_buy, order, size, price)
            elif has(order):
                cancel(order)


class LiteBook:
    """PyPI litebook. It makes its own order ids, which its users keep."""

    name = "litebook"

    def __init__(self) -> None:
        module = import_module("litebook")
        self._book: Any = module.OrderBook(tick_size=1.0)
        self._sides = module.OrderType.Sell, module.OrderType.Buy
        self._ids: dict[int, str] = {}

    def apply(self, rows: Iterable[Row]) -> None:
        create, add, cancel = self._book.create_order, self._book.add, self._book.cancel
        sides, ids = self._sides, self._ids
        for is_order, is_buy, order, price, size in rows:
            if is_order:
                created = create(sides[is_buy], float(price), float(size))
                ids[order] = created.id
                add(created)
            else:
                cancel(ids[order])


PEERS = (LimitOrderBook, LiteBook)


def installed_peers() -> list[type[LimitOrderBook] | type[LiteBook]]:
    """Those that can be imported; `pip install corten[bench]` installs them."""
    return [peer for peer in PEERS if _is_installed(peer)]


def peer_rows(messages: Messages, tick_size: int, lot_size: int) -> list[Row]:
    """Messages as the arguments of the peers' calls."""
    columns = (
        messages["entry"] == PLACE,
        messages["side"] == BUY,
        messages["client_id"],
        messages["price"] // tick_size,
        messages["size"] // lot_size,
    )
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _is_installed(peer: type[Any]) -> bool:
    try:
        peer()
    except (ImportError, OSError):
        return False
    return True
