"""What a run came to, in figures that a person wants to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.table import Table

from corten.demo.execution import ENTRIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from corten.demo.execution import Execution, Interval
    from corten.demo.messages import Messages

Events = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Units:
    """How many smallest units make one, and what one is called."""

    price: int
    size: int
    base: str
    quote: str

    def money(self, price: int) -> str:
        return f"{price / self.price:,.2f}" if price else "none"


@dataclass(frozen=True)
class Agreement:
    """The venue's fills and the contract's, order by order."""

    orders: int  # that either filled
    equal: int  # to the venue's rounding
    volume: int  # the venue's, both sides
    our_volume: int

    ROUNDING = 2

    @classmethod
    def of(cls, venue: Mapping[int, int], ours: Mapping[int, int]) -> Agreement:
        orders = venue.keys() | ours.keys()
        equal = sum(abs(venue.get(order, 0) - ours.get(order, 0)) <= cls.ROUNDING for order in orders)
        return cls(len(orders), equal, sum(venue.values()), sum(ours.values()))


@dataclass(frozen=True)
class Summary:
    """The figures of a run."""

    kinds: dict[str, int]
    ends: dict[str, int]
    fills: int
    volume: int
    turnover: int  # price times size
    statistics: Any
    seconds: float
    gas: int
    touched_pages: int
    used_pages: int
    root: bytes
    units: Units
    agreement: Agreement | None

    @classmethod
    def of(
        cls,
        messages: Messages,
        intervals: list[Interval],
        events: Mapping[str, Events],
        execution: Execution,
        units: Units,
        agreement: Agreement | None,
    ) -> Summary:
        ends: dict[str, int] = {}
        for one in intervals:
            for name, count in one.receipts.counts().items():
                ends[name] = ends.get(name, 0) + count
        fills = events["Fill"]
        return cls(
            kinds={name: int(np.count_nonzero(messages["entry"] == entry)) for entry, name in ENTRIES.items()},
            ends=ends,
            fills=len(fills),
            volume=int(fills["size"].sum()),
            turnover=sum(
                price * size for price, size in zip(fills["price"].tolist(), fills["size"].tolist(), strict=True)
            ),
            statistics=execution.contract.statistics(),
            seconds=sum(one.seconds for one in intervals),
            gas=sum(int(one.receipts.gas.sum()) for one in intervals),
            touched_pages=sum(one.touched_pages for one in intervals),
            used_pages=execution.used_pages(),
            root=execution.machine.state_root,
            units=units,
            agreement=agreement,
        )

    @property
    def messages(self) -> int:
        return sum(self.ends.values())


def print_summary(summary: Summary, console: Console) -> None:
    """A table of what happened, one of rejects, and the root."""
    table = Table(box=box.SIMPLE, show_header=False, padding=(0, 1))
    table.add_column(style="dim")
    table.add_column()
    for name, value in _rows(summary):
        table.add_row(name, value)
    console.print(table)
    console.print(f"state root [bold]{summary.root.hex()}[/]", soft_wrap=True)


def _rows(summary: Summary) -> list[tuple[str, str]]:
    units, book, count = summary.units, summary.statistics, max(1, summary.messages)
    rows = [
        ("messages", f"{summary.messages:,}: " + ", ".join(f"{n:,} {name}" for name, n in summary.kinds.items() if n)),
        ("accepted", f"{summary.ends.get('accepted', 0):,}"),
        ("rejected", _rejects(summary.ends)),
        ("fills", f"{summary.fills:,}"),
        ("volume", f"{summary.volume / units.size:,.2f} {units.base}, {_turnover(summary):,.0f} {units.quote}"),
        ("resting", f"{book.orders:,} orders at {book.price_levels:,} prices"),
        ("best", f"{units.money(book.best_bid)} / {units.money(book.best_ask)} {units.quote}, {_spread(summary)}"),
        ("throughput", f"{summary.messages / max(summary.seconds, 1e-9):,.0f} messages/s in {summary.seconds:.2f} s"),
        ("gas", f"{summary.gas:,}, {summary.gas / count:,.0f} a message"),
        ("memory", f"{summary.used_pages:,} pages of 4 KiB in use, {summary.touched_pages:,} hashed again for roots"),
    ]
    return rows if summary.agreement is None else [*rows, ("venue", _agreement(summary.agreement, units))]


def _rejects(ends: Mapping[str, int]) -> str:
    rejects = {name: count for name, count in ends.items() if name != "accepted"}
    listed = ", ".join(f"{count:,} {name}" for name, count in sorted(rejects.items(), key=lambda item: -item[1]))
    return f"{sum(rejects.values()):,}" + (f": {listed}" if listed else "")


def _turnover(summary: Summary) -> float:
    return summary.turnover / (summary.units.price * summary.units.size)


def _spread(summary: Summary) -> str:
    bid, ask = summary.statistics.best_bid, summary.statistics.best_ask
    if not bid or not ask:
        return "no spread"
    return f"spread {(ask - bid) / summary.units.price:,.2f} ({(ask - bid) / (ask + bid) * 20_000:.1f} basis points)"


def _agreement(agreement: Agreement, units: Units) -> str:
    share = agreement.equal / max(1, agreement.orders)
    ours, theirs = agreement.our_volume / 2 / units.size, agreement.volume / 2 / units.size
    return (
        f"{agreement.equal:,} of {agreement.orders:,} traded orders filled as on the venue ({share:.1%}); "
        f"{ours:,.2f} {units.base} here, {theirs:,.2f} there"
    )
