"""Measures the gas of the order book's operations for docs/order_book.md; `order_book_gas` of tools.generated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import corten
import corten.contracts

BOOK = Path(corten.contracts.__path__[0]) / "order_book.py"
MAKER, TAKER, MIDDLE = 1, 2, 10_000
BUY, SELL = 0, 1
LIMIT, POST_ONLY, IMMEDIATE_OR_CANCEL, FILL_OR_KILL, MARKET = range(5)
WORK = (1, 2, 10, 100, 1000)


@dataclass
class Book:
    """A book with a ladder of sell orders, `orders` at each of `levels` prices above MIDDLE; client ids count up."""

    levels: int
    orders: int

    def __post_init__(self) -> None:
        self.machine = corten.Machine()
        limits: dict[str, Any] = {"minimum_price": 1, "maximum_price": 1 << 20}
        limits |= {"minimum_size": 1, "maximum_size": 1 << 30}
        rules: dict[str, Any] = {"tick_size": 1, "lot_size": 1, "maximum_orders": 1 << 20, "match_limit": 1 << 20}
        self.contract: Any = self.machine.deploy(BOOK, **rules, **limits)
        rows = np.zeros(self.levels * self.orders, self.contract.dtype("place"))
        rows["client_id"] = np.arange(1, len(rows) + 1)
        rows["side"], rows["size"] = SELL, 1
        rows["price"] = MIDDLE + 1 + np.repeat(np.arange(self.levels), self.orders)
        self.contract.submit("place", rows, sender=MAKER)
        self.start = self.machine.snapshot()

    def gas(self, entry: str, sender: int = TAKER, **arguments: int | bool) -> int:
        """What one message costs here; the book is as before afterwards."""
        self.machine.restore(self.start)
        receipt = getattr(self.contract, entry)(**arguments, sender=sender)
        return int(receipt.gas)

    def place(self, side: int, price: int, size: int, order_type: int = LIMIT, sender: int = TAKER) -> int:
        """What a `place` costs; client id 0 is new."""
        arguments = {"client_id": 0, "side": side, "price": price, "size": size, "order_type": order_type}
        return self.gas("place", sender=sender, self_trade=0, **arguments)


def single_operations(book: Book) -> dict[str, int]:
    """Operations whose work does not depend on their arguments."""
    middle = book.orders // 2 + 1
    return {
        "place, rests at an occupied price": book.place(SELL, MIDDLE + 1, 1),
        "place, rests at a new price": book.place(BUY, MIDDLE - 1, 1),
        "place, post-only, rests": book.place(BUY, MIDDLE - 1, 1, POST_ONLY),
        "place, post-only, refused": book.place(BUY, MIDDLE + 1, 1, POST_ONLY),
        "place, price off tick, refused": book.place(BUY, 0, 1),
        "place, immediate-or-cancel, nothing to trade with": book.place(BUY, MIDDLE, 1, IMMEDIATE_OR_CANCEL),
        "place, client id in use, refused": book.gas(
            "place", MAKER, client_id=1, side=SELL, order_type=LIMIT, price=MIDDLE + 5, size=1, self_trade=0
        ),
        "cancel, oldest at its price": book.gas("cancel", MAKER, client_id=1),
        "cancel, in the middle of its queue": book.gas("cancel", MAKER, client_id=middle),
        "cancel, not found": book.gas("cancel", MAKER, client_id=1 << 30),
        "reduce": book.gas("reduce", MAKER, client_id=1, by=1),
        "replace, another price": book.gas(
            "replace", MAKER, client_id=1, price=MIDDLE + 2, size=1, post_only=False, self_trade=0
        ),
    }


def linear_operations() -> dict[str, list[int]]:
    """Gas against the amount of work (WORK): makers met, orders cancelled."""
    one_price, one_each = Book(1, 1200), Book(1200, 1)
    return {
        "place, trades with n makers at one price": [one_price.place(BUY, MIDDLE + 1, n) for n in WORK],
        "place, trades through n prices": [one_each.place(BUY, MIDDLE + n, n) for n in WORK],
        "place, fill-or-kill, takes n makers": [one_price.place(BUY, MIDDLE + 1, n, FILL_OR_KILL) for n in WORK],
        "cancel_range of n orders": [one_price.gas("cancel_range", MAKER, first_client_id=1, count=n) for n in WORK],
    }


def gas_table() -> str:
    """Two tables in Markdown: operations in a small and a large book, and operations by their work."""
    small, large = single_operations(Book(10, 10)), single_operations(Book(1000, 100))
    lines = ["| operation | gas, 100 orders resting | gas, 100,000 orders resting |", "|---|---:|---:|"]
    lines += [f"| {name} | {small[name]:,} | {large[name]:,} |" for name in small]
    head = " | ".join(f"n = {n:,}" for n in WORK)
    lines += ["", f"| operation | {head} | gas a unit |", f"|---|{'---:|' * (len(WORK) + 1)}"]
    for name, gas in linear_operations().items():
        unit = (gas[-1] - gas[0]) / (WORK[-1] - WORK[0])
        lines.append(f"| {name} | {' | '.join(f'{each:,}' for each in gas)} | {unit:,.1f} |")
    return "\n".join(lines) + "\n"
