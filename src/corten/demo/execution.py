"""Messages through the order book contract, interval by interval, each closed by a state root."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import corten
from corten.demo.messages import BUY, CANCEL, PLACE, REDUCE, REPLACE, SELL, Messages
from corten.vm.state import PageImage

if TYPE_CHECKING:
    from corten.vm.receipts import Receipts
    from corten.vm.state import PageChunk

ORDER_BOOK = Path(str(files("corten.contracts") / "order_book.py"))

ENTRIES = {PLACE: "place", CANCEL: "cancel", REDUCE: "reduce", REPLACE: "replace"}
FIELDS = {
    PLACE: ["client_id", "side", "order_type", "price", "size", "self_trade"],
    CANCEL: ["client_id"],
    REDUCE: ["client_id", "size"],
    REPLACE: ["client_id", "price", "size", "self_trade"],
}
DEPTH_PAGES = 4

Levels = list[tuple[int, int, int]]


@dataclass(frozen=True)
class Interval:
    """What came of messages `begin` … `end` - 1."""

    begin: int
    end: int
    receipts: Receipts
    root: bytes
    touched_pages: int
    seconds: float  # in `submit`


@dataclass(frozen=True)
class BookSample:
    """The book at one moment: (price, size, orders) of the levels near the top, best first."""

    time: int
    bids: Levels
    asks: Levels


class Execution:
    """One order book in a machine of its own, a new one unless given."""

    def __init__(self, contract: Path, rules: Mapping[str, int], machine: corten.Machine | None = None) -> None:
        self.machine = machine or corten.Machine()
        self.contract = self.machine.deploy(contract, name="order_book", sender=0, **rules)
        self._pages = self._current_pages()

    def run(self, messages: Messages, interval: int) -> Iterator[Interval]:
        """Applies the messages in order; after each `interval` of them the root is taken."""
        for begin in range(0, len(messages), interval):
            rows = messages[begin : begin + interval]
            batch = self.batch(rows)
            start = time.perf_counter()
            receipts = self.contract.submit(batch, time=int(rows["time"][-1]), height=begin // interval)
            seconds = time.perf_counter() - start
            touched = self._touched_pages()
            yield Interval(begin, begin + len(rows), receipts, self.machine.state_root, touched, seconds)

    def sample(self, at: int) -> BookSample:
        """The levels near the top."""
        return BookSample(at, self.levels(BUY), self.levels(SELL))

    def levels(self, side: int) -> Levels:
        """Up to `DEPTH_PAGES` pages of one side's levels."""
        levels: Levels = []
        for _ in range(DEPTH_PAGES):
            page = self.contract.depth(side=side, skip=len(levels))
            levels += page.rows[: page.count].tolist()
            if page.count < len(page.rows):
                break
        return levels

    def used_pages(self) -> int:
        """How many pages of memory hold anything but zeros."""
        return sum(page is not None for chunk in self._current_pages() for page in chunk)

    def no_events(self, name: str) -> Any:
        """The events of a kind when there are none."""
        return self.contract.submit(self.contract.batch()).events[name]

    def batch(self, rows: Messages) -> Any:
        """The messages as one batch, its frames made."""
        batch = self.contract.batch()
        for entry, name in ENTRIES.items():
            order = np.flatnonzero(rows["entry"] == entry)
            if len(order):
                chosen = rows[order]
                batch.add(name, self._arguments(chosen, entry), sender=chosen["sender"], order=order)
        assert len(batch.entries) == len(rows)  # makes the frames
        return batch

    def _arguments(self, rows: Messages, entry: int) -> Messages:
        arguments = np.zeros(len(rows), self.contract.dtype(ENTRIES[entry]))
        for name in FIELDS[entry]:
            arguments["by" if (entry, name) == (REDUCE, "size") else name] = rows[name]
        return arguments

    def _touched_pages(self) -> int:
        """How many pages of memory differ from the last interval's."""
        before, self._pages = self._pages, self._current_pages()
        chunks = zip(before, self._pages, strict=True)
        changed = ((old, new) for old, new in chunks if old is not new)
        return sum(a is not b for old, new in changed for a, b in zip(old, new, strict=True))

    def _current_pages(self) -> tuple[PageChunk, ...]:
        image = self.contract.snapshot()
        assert isinstance(image, PageImage)
        return image.pages
