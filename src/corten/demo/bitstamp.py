"""Bitstamp's order-level feed as messages that make the order book trade as the venue did.

The feed tells of each order when it was created, when its remaining volume changed, and when it was deleted: with
volume 0 after its last fill, with the remaining volume when it was cancelled. It becomes messages so:

    created                  a limit order: where it crosses the book, the contract finds the trades itself
    changed, at a new price  the venue moved a market order to the next price: replace
    changed, same price      a fill, which the contract has already made: nothing to send
    deleted with volume      cancel
    deleted without volume   the last fill: nothing to send

The recording begins without a picture of the book. An order whose first event is not `created` was there before; it is
placed ahead of the first newer order, with the volume it must have had: what is left plus what that event says was
filled, which is told by the other side of the fill, a neighbour in the feed. (A few orders are deleted before they are
created: the feed swapped two events. They are passed over.)

Bids come from one account and asks from another, for the feed does not name the owners.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from corten.base.errors import InvalidInput
from corten.demo.messages import BUY, CANCEL, LIMIT, MESSAGE, PLACE, REPLACE, SELL, Messages
from corten.demo.optional import load_polars

if TYPE_CHECKING:
    from collections.abc import Iterator

BUYER, SELLER = 1, 2
COLUMNS = ("seq", "id", "timestamp", "price", "volume", "action", "direction")
NEIGHBOURHOOD = 7  # events between the two sides of one fill
ROUNDING = 2  # units that the venue's two sides may differ by


class FeedEvent(NamedTuple):
    """One line of the feed; price in cents, volume in 1e-8 BTC, time in ns."""

    position: int
    order: int
    side: int
    action: str
    price: int
    volume: int
    time: int


class RecordedFill(NamedTuple):
    """One side of a trade, as a change of its order's volume tells it."""

    position: int
    order: int
    side: int
    size: int


@dataclass
class Recording:
    """The messages, and what the venue filled of each order."""

    messages: Messages
    filled: dict[int, int] = field(default_factory=dict)


def read_recording(path: Path) -> Recording:
    """Reads the Parquet file, or the one in a directory; InvalidInput when it is not an order-level feed."""
    events = list(_read_events(_find_parquet(path)))
    fills = list(_fills(events))
    filled: dict[int, int] = {}
    for fill in fills:
        filled[fill.order] = filled.get(fill.order, 0) + fill.size
    earlier = _earlier_orders(events, fills)
    for event, size in earlier:
        if size > event.volume:
            filled[event.order] = filled.get(event.order, 0) + size - event.volume
    rows = list(_messages(events, earlier))
    return Recording(np.array(rows, MESSAGE), filled)


def _find_parquet(path: Path) -> Path:
    found = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if len(found) != 1:
        raise InvalidInput("data", "a Parquet file, or a directory with one", f"{len(found)} in {path}")
    return found[0]


def _read_events(path: Path) -> Iterator[FeedEvent]:
    polars = load_polars()
    try:
        frame = polars.read_parquet(path)
    except (OSError, polars.exceptions.PolarsError) as error:
        raise InvalidInput("data", "a Parquet file", f"{path}: {error}") from error
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise InvalidInput("data", f"columns {', '.join(COLUMNS)}", f"no {', '.join(missing)} in {path}")
    frame = frame.sort("seq")
    columns: Any = zip(*(frame[name].to_list() for name in COLUMNS[1:]), strict=True)
    for position, (order, timestamp, price, volume, action, direction) in enumerate(columns):
        side = BUY if direction == "bid" else SELL
        yield FeedEvent(position, order, side, action, round(price * 100), volume, timestamp * 1_000_000)


def _fills(events: list[FeedEvent]) -> Iterator[RecordedFill]:
    """Every fall of an order's volume at an unchanged price that no cancel explains."""
    known: dict[int, FeedEvent] = {}
    for event in events:
        before = known.get(event.order)
        known[event.order] = event
        if before is None or event.action == "created":
            continue
        gone = event.action == "deleted"
        fell = before.volume - event.volume
        if fell > 0 and (event.volume == 0 if gone else event.price == before.price):
            yield RecordedFill(event.position, event.order, event.side, fell)


def _earlier_orders(events: list[FeedEvent], fills: list[RecordedFill]) -> list[tuple[FeedEvent, int]]:
    """The orders that were never created here: their first events and their sizes before, oldest order first."""
    created = {event.order for event in events if event.action == "created"}
    first: dict[int, FeedEvent] = {}
    for event in events:
        first.setdefault(event.order, event)
    orphans = _fills_without_other_side(fills)
    sizes = []
    for event in first.values():
        if event.order not in created:
            filled = event.action == "changed" or event.volume == 0
            sizes.append((event, event.volume + (_take_nearest(orphans, event) if filled else 0)))
    return sorted((item for item in sizes if item[1] > 0), key=lambda item: item[0].order)


def _fills_without_other_side(fills: list[RecordedFill]) -> list[RecordedFill]:
    """Fills whose other side is not among the fills: it belonged to an order from before the recording."""
    at = {fill.position: fill for fill in fills}
    unpaired = dict(at)
    for fill in fills:
        if fill.position not in unpaired:
            continue
        for position in range(fill.position + 1, fill.position + 1 + NEIGHBOURHOOD):
            other = unpaired.get(position)
            if other and other.side != fill.side and abs(other.size - fill.size) <= ROUNDING:
                del unpaired[fill.position], unpaired[position]
                break
    return list(unpaired.values())


def _take_nearest(orphans: list[RecordedFill], event: FeedEvent) -> int:
    """The size of the nearest unpaired fill on the other side; it is used up."""
    near = [
        fill for fill in orphans if fill.side != event.side and abs(fill.position - event.position) <= NEIGHBOURHOOD
    ]
    if not near:
        return 0
    nearest = min(near, key=lambda fill: abs(fill.position - event.position))
    orphans.remove(nearest)
    return nearest.size


def _messages(events: list[FeedEvent], earlier: list[tuple[FeedEvent, int]]) -> Iterator[tuple[int, ...]]:
    waiting = list(reversed(earlier))
    price: dict[int, int] = {}
    for event in events:
        while event.action == "created" and waiting and waiting[-1][0].order < event.order:
            order, size = waiting.pop()
            price[order.order] = order.price
            yield _row(PLACE, order, event.time, size)
        moved = event.action == "changed" and event.price != price.get(event.order, event.price)
        is_known = event.order in price
        price[event.order] = event.price
        if event.action == "created":
            if not is_known:
                yield _row(PLACE, event, event.time, event.volume)
        elif moved:
            yield _row(REPLACE, event, event.time, event.volume)
        elif event.action == "deleted" and event.volume > 0 and is_known:
            yield _row(CANCEL, event, event.time, 0)


def _row(entry: int, event: FeedEvent, time: int, size: int) -> tuple[int, ...]:
    sender = BUYER if event.side == BUY else SELLER
    return entry, event.side, LIMIT, 0, sender, event.order, event.price, size, time
