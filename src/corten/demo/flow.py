"""A seeded order flow with the shape of a real one.

Sizes follow a power law with round numbers preferred, distances from the mid price too; activity and volatility come in
clusters; aggressive orders keep their direction for a while; some accounts send most of the orders. Four messages in
ten are cancels. The generator keeps a sketch of the book, so that cancels name orders that are (nearly always) alive.

Everything is drawn from NumPy's PCG64, so a seed is a flow.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from corten.demo.messages import (
    BUY,
    CANCEL,
    FILL_OR_KILL,
    IMMEDIATE_OR_CANCEL,
    LIMIT,
    MARKET,
    MESSAGE,
    PLACE,
    POST_ONLY,
    REDUCE,
    REPLACE,
    SELL,
    Messages,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


Row = tuple[int, int, int, int, int, int]
"""entry, order, side, order type, price, size"""

NO_BID, NO_ASK = 0, 1 << 40


@dataclass(frozen=True)
class FlowShape:
    """What the flow looks like; prices in cents, sizes in 1e-8 of the traded asset."""

    cancels: float = 0.4  # share of messages
    changes: float = 0.02  # share that reduces or replaces
    aggressive: float = 0.04  # share of orders meant to trade at once, while `resting` orders rest
    special: float = 0.05  # share of orders that are post-only, fill-or-kill, or break a rule
    resting: int = 20_000  # orders in the book that the flow tends to
    accounts: int = 2_000
    start_price: int = 6_000_000
    tick_size: int = 100
    lot_size: int = 10_000
    drift: float = 0.002  # standard deviation of the price's logarithm from start to end
    messages_per_second: float = 2_000.0
    limit_only: bool = False  # every order may rest


def generate_flow(seed: int, count: int, shape: FlowShape | None = None) -> Messages:
    """`count` messages. The same seed, count and shape give the same messages."""
    return _Generator(seed, count, shape or FlowShape()).run()


class _Generator:
    """All random numbers, drawn in advance, and the messages made of them. An order's number is its message's."""

    def __init__(self, seed: int, count: int, shape: FlowShape) -> None:
        rng = np.random.Generator(np.random.PCG64(seed))
        clusters = _clusters(rng, count)
        self.shape = shape
        self.sketch = _BookSketch(count)
        self.rows: list[Row] = []
        self.times = _times(rng, clusters, shape)
        self.fair_ticks: list[float] = _fair_price(rng, clusters, shape).tolist()
        self.kinds: list[float] = rng.random(count).tolist()
        self.choices: list[float] = rng.random(count).tolist()
        self.distances: list[float] = np.minimum(8.0 * rng.pareto(1.1, count), 5_000.0).tolist()
        self.sizes: list[int] = _sizes(rng, count, shape).tolist()
        self.directions: list[int] = _directions(rng, count).tolist()
        self.accounts = _accounts(rng, count, shape)

    def run(self) -> Messages:
        cancels, changes = self.shape.cancels, self.shape.cancels + self.shape.changes
        live = self.sketch.live
        for index, kind in enumerate(self.kinds):
            if kind < cancels and live:
                row = self.cancel(index)
            elif kind < changes and live:
                row = self.change(index)
            else:
                row = self.place(index)
            self.rows.append(row)
        return self.messages()

    def messages(self) -> Messages:
        """The rows as columns."""
        found = np.zeros(len(self.rows), MESSAGE)
        if self.rows:
            columns = np.array(self.rows, np.int64).T
            for name, column in zip(
                ("entry", "client_id", "side", "order_type", "price", "size"), columns, strict=True
            ):
                found[name] = column
            found["sender"] = self.accounts[found["client_id"]]
            found["client_id"] += 1
            found["time"] = self.times
        return found

    def cancel(self, index: int) -> Row:
        order = self.sketch.pick(self.choices[index])
        self.sketch.remove(order)
        return CANCEL, order, 0, 0, 0, 0

    def change(self, index: int) -> Row:
        """Half of the size, or one tick away from the market."""
        sketch, shape = self.sketch, self.shape
        order = sketch.pick(self.choices[index])
        size = sketch.size[order]
        by = size // 2 // shape.lot_size * shape.lot_size
        if by > 0 and self.sizes[index] % 20_000 == 0:
            sketch.size[order] -= by
            return REDUCE, order, 0, 0, 0, by
        side = sketch.side[order]
        ticks = max(1, sketch.ticks[order] + (-1 if side == BUY else 1))
        sketch.remove(order)
        sketch.place(order, side, ticks, size, rests=True)
        return REPLACE, order, 0, 0, ticks * shape.tick_size, size

    def place(self, index: int) -> Row:
        shape, sketch = self.shape, self.sketch
        choice = self.choices[index]
        bid, ask = sketch.best(BUY), sketch.best(SELL)
        side, mispricing = self.pressure(index, bid, ask)
        if choice < shape.aggressive * (1 + mispricing / 4) * len(sketch.live) / shape.resting:
            return self.take(index, side, ask if side == BUY else bid)
        side = BUY if choice * 1024 % 1 < 0.5 else SELL
        away = 1 + self.distances[index]
        ticks = round(self.fair_ticks[index] + (-away if side == BUY else away))
        order_type = POST_ONLY if choice > 1 - shape.special else LIMIT
        if order_type == LIMIT:  # meant to wait: not beyond the other side's best price
            ticks = min(ticks, ask - 1) if side == BUY else max(ticks, bid + 1)
        ticks = max(1, ticks)
        if bid < ticks < ask or (ticks <= bid) == (side == BUY):
            sketch.rest(index, side, ticks, self.sizes[index])
        beside = choice > 1 - shape.special / 100  # now and then between two ticks
        return PLACE, index, side, order_type, ticks * shape.tick_size + beside, self.sizes[index]

    def pressure(self, index: int, bid: int, ask: int) -> tuple[int, float]:
        """Which side trades aggressively, and how many ticks the market is away from the fair price."""
        fair = self.fair_ticks[index]
        if fair > ask:
            return BUY, fair - ask
        if fair < bid:
            return SELL, bid - fair
        return self.directions[index], 0.0

    def take(self, index: int, side: int, best: int) -> Row:
        """An order that is meant to trade at once."""
        shape, choice = self.shape, self.choices[index] * 4096 % 1
        size = self.sizes[index] * 2
        order_type = LIMIT if choice < 0.5 else IMMEDIATE_OR_CANCEL if choice < 0.8 else MARKET
        if choice > 1 - shape.special:
            order_type = FILL_OR_KILL
        if best in (NO_BID, NO_ASK):
            order_type, best = MARKET, round(self.fair_ticks[index])
        if shape.limit_only:
            order_type = LIMIT
        if order_type == MARKET:
            self.sketch.place(index, side, NO_ASK - 1 if side == BUY else NO_BID + 1, size, rests=False)
            return PLACE, index, side, order_type, 0, size
        ticks = max(1, best + (3 if side == BUY else -3))
        self.sketch.place(index, side, ticks, size, rests=order_type == LIMIT)
        return PLACE, index, side, order_type, ticks * shape.tick_size, size


class _BookSketch:
    """Enough of a book to know which orders probably live: matching without accounts and rules."""

    def __init__(self, order_count: int) -> None:
        self.live: list[int] = []
        self.position = [0] * order_count
        self.side = [0] * order_count
        self.ticks = [0] * order_count  # 0: not in the book
        self.size = [0] * order_count
        self.queues: tuple[list[tuple[int, int, int]], list[tuple[int, int, int]]] = ([], [])
        self.arrivals = 0

    def pick(self, choice: float) -> int:
        """A live order, one that came lately with more probability."""
        age = int(choice * choice * len(self.live))
        return self.live[len(self.live) - 1 - age]

    def best(self, side: int) -> int:
        """The best price of a side in ticks; NO_BID or NO_ASK if it is empty."""
        queue, ticks = self.queues[side], self.ticks
        while queue:
            key, _, order = queue[0]
            if ticks[order] == (-key if side == BUY else key):
                return ticks[order]
            heappop(queue)
        return NO_BID if side == BUY else NO_ASK

    def place(self, order: int, side: int, ticks: int, size: int, *, rests: bool) -> None:
        other = 1 - side
        makers = self.queues[other]
        while size > 0:
            best = self.best(other)
            if best > ticks if side == BUY else best < ticks:
                break
            maker = makers[0][2]
            traded = min(size, self.size[maker])
            size -= traded
            self.size[maker] -= traded
            if self.size[maker] == 0:
                self.remove(maker)
        if size > 0 and rests:
            self.rest(order, side, ticks, size)

    def rest(self, order: int, side: int, ticks: int, size: int) -> None:
        self.position[order] = len(self.live)
        self.live.append(order)
        self.side[order], self.ticks[order], self.size[order] = side, ticks, size
        self.arrivals += 1
        heappush(self.queues[side], (-ticks if side == BUY else ticks, self.arrivals, order))

    def remove(self, order: int) -> None:
        position, last = self.position[order], self.live.pop()
        if last != order:
            self.live[position] = last
            self.position[last] = position
        self.ticks[order] = 0


def _clusters(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Activity around 1: a slow logarithmic random walk that is drawn back."""
    length = max(1, count // 500) + 1
    shocks, level, levels = rng.normal(0.0, 0.25, length), 0.0, np.empty(length)
    for index, shock in enumerate(shocks):
        level = 0.95 * level + shock
        levels[index] = level
    return np.exp(np.interp(np.arange(count), np.arange(length) * 500, levels))


def _times(rng: np.random.Generator, clusters: NDArray[np.float64], shape: FlowShape) -> NDArray[np.int64]:
    gaps = rng.exponential(1e9 / shape.messages_per_second, len(clusters)) / clusters
    return np.cumsum(gaps).astype(np.int64)


def _fair_price(rng: np.random.Generator, clusters: NDArray[np.float64], shape: FlowShape) -> NDArray[np.float64]:
    steps = rng.standard_t(4, len(clusters)) * clusters
    steps *= shape.drift / np.sqrt(np.sum(steps**2)) if len(steps) else 0.0
    return np.exp(np.cumsum(steps)) * (shape.start_price / shape.tick_size)


def _sizes(rng: np.random.Generator, count: int, shape: FlowShape) -> NDArray[np.int64]:
    """Power law from a hundredth of the asset on; every third is a round tenth."""
    sizes = np.minimum(0.01 * (1.0 + rng.pareto(1.2, count)), 500.0) * 1e8
    step = np.where(rng.random(count) < 1 / 3, 10_000_000, shape.lot_size)
    return np.maximum(1, np.rint(sizes / step)).astype(np.int64) * step


def _directions(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Sides that stay the same for runs of about ten."""
    return np.cumsum(rng.random(count) < 0.1) % 2


def _accounts(rng: np.random.Generator, count: int, shape: FlowShape) -> NDArray[np.int64]:
    """Account numbers from 1; the busiest account sends a few percent of the orders."""
    return (shape.accounts * rng.random(count) ** 3).astype(np.int64) + 1
