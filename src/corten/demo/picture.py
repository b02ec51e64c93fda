"""The run as a picture: depth over time with mid price and trades, and the book at the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from corten.demo.optional import load_pyplot

if TYPE_CHECKING:
    from pathlib import Path

    from corten.demo.execution import BookSample, Levels
    from corten.demo.summary import Units

ROWS = 240
BACKGROUND, GRID, TEXT = "#10141b", "#2a3240", "#c9d1dc"
BID, ASK, MID, TRADE = "#3fb68b", "#e0605a", "#f5d76e", "#ffffff"

Values = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Market:
    """What is drawn: samples of the book, the messages' times (ns) and the fills."""

    title: str
    units: Units
    tick_size: int
    samples: list[BookSample]
    times: Values
    fills: Values


def draw(market: Market, path: Path) -> None:
    """Writes the picture as PNG."""
    pyplot = load_pyplot()
    figure, (history, depth) = pyplot.subplots(
        1, 2, figsize=(15, 7), width_ratios=[3, 1], facecolor=BACKGROUND, layout="constrained"
    )
    _draw_history(history, market)
    _draw_depth(depth, market)
    figure.suptitle(f"Order book: {market.title}", color=TEXT, fontsize=13, x=0.01, ha="left")
    figure.savefig(path, dpi=110, facecolor=BACKGROUND)
    pyplot.close(figure)


def _draw_history(axes: Any, market: Market) -> None:
    _style(axes, "depth over time (brighter: more), mid price, trades")
    mids = _mids(market)
    if not np.isfinite(mids).any():
        return
    low, high = _price_range(market, mids)
    hours = _hours(market, np.array([sample.time for sample in market.samples]))
    edges = _row_edges(market, low, high)
    grid = _depth_grid(market, edges)
    if grid.any():
        typical = float(np.median(grid[grid > 0]))
        starts = np.append(0.0, hours)
        axes.pcolormesh(starts, edges, np.log1p(grid / typical), cmap="magma", vmin=0, rasterized=True)
    _draw_trades(axes, market)
    axes.plot(hours, mids, color=MID, linewidth=1.4, label="mid price")
    axes.set_xlim(0, max(hours[-1], 1e-9))
    axes.set_ylim(low, high)
    axes.set_xlabel(_time_label(market), color=TEXT)
    axes.set_ylabel(f"price, {market.units.quote}", color=TEXT)
    axes.legend(loc="upper left", facecolor=BACKGROUND, edgecolor=GRID, labelcolor=TEXT)


def _draw_trades(axes: Any, market: Market) -> None:
    fills = market.fills
    if len(fills) == 0:
        return
    largest = np.argsort(fills["size"])[-400:]
    shown = fills[largest]
    hours = _hours(market, market.times[shown["message_index"]])
    area = 4 + 60 * np.sqrt(shown["size"] / shown["size"].max())
    colors = np.where(shown["taker_side"] == 0, BID, ASK)
    axes.scatter(
        hours, shown["price"] / market.units.price, s=area, c=colors, alpha=0.55, linewidths=0, label="largest trades"
    )


def _draw_depth(axes: Any, market: Market) -> None:
    _style(axes, "the book at the end")
    if not market.samples:
        return
    last = market.samples[-1]
    for levels, color, name in ((last.bids, BID, "bids"), (last.asks, ASK, "asks")):
        if levels:
            prices, cumulated = _cumulated(levels, market.units)
            axes.fill_betweenx(prices, 0, cumulated, color=color, alpha=0.45, step="post", linewidth=0)
            axes.step(cumulated, prices, color=color, linewidth=1.4, where="pre", label=name)
    axes.set_xlim(left=0)
    if last.bids and last.asks:
        middle = (last.bids[0][0] + last.asks[0][0]) / 2 / market.units.price
        reach = max(middle - last.bids[-1][0] / market.units.price, last.asks[-1][0] / market.units.price - middle)
        axes.set_ylim(middle - min(reach, 0.03 * middle), middle + min(reach, 0.03 * middle))
    axes.ticklabel_format(useOffset=False)
    axes.set_xlabel(f"cumulated size, {market.units.base}", color=TEXT)
    axes.yaxis.tick_right()
    axes.legend(loc="upper right", facecolor=BACKGROUND, edgecolor=GRID, labelcolor=TEXT)


def _cumulated(levels: Levels, units: Units) -> tuple[Values, Values]:
    prices = np.array([price for price, _, _ in levels]) / units.price
    return prices, np.cumsum([size / units.size for _, size, _ in levels])


def _row_edges(market: Market, low: float, high: float) -> Values:
    """Prices that separate the rows: each row is as many whole ticks as keep their number near ROWS."""
    tick = market.tick_size / market.units.price
    height = max(1, round((high - low) / tick / ROWS)) * tick
    edges: Values = np.arange(np.floor(low / height), np.ceil(high / height) + 1) * height - tick / 2
    return edges


def _depth_grid(market: Market, edges: Values) -> Values:
    """Size by price (rows) and sample (columns)."""
    grid = np.zeros((len(edges) - 1, len(market.samples)))
    for column, sample in enumerate(market.samples):
        levels = np.array([(price, size) for price, size, _ in (*sample.bids, *sample.asks)], float).reshape(-1, 2)
        prices, sizes = levels[:, 0] / market.units.price, levels[:, 1] / market.units.size
        grid[:, column] = np.histogram(prices, edges, weights=sizes)[0]
    return grid


def _mids(market: Market) -> Values:
    return np.array(
        [
            (sample.bids[0][0] + sample.asks[0][0]) / 2 / market.units.price if sample.bids and sample.asks else np.nan
            for sample in market.samples
        ]
    )


def _price_range(market: Market, mids: Values) -> tuple[float, float]:
    """Around the path of the mid price, with room for the near levels."""
    low, high = float(np.nanmin(mids)), float(np.nanmax(mids))
    room = max((high - low) * 0.25, high * 0.0005, 2 / market.units.price)
    return low - room, high + room


def _hours(market: Market, times: Values) -> Values:
    hours: Values = (times - market.times[0]) / _time_unit(market)
    return hours


def _time_unit(market: Market) -> float:
    """Nanoseconds in an hour, or in a minute for short runs."""
    return 3.6e12 if market.times[-1] - market.times[0] > 2 * 3.6e12 else 6e10


def _time_label(market: Market) -> str:
    return "hours" if _time_unit(market) == 3.6e12 else "minutes"


def _style(axes: Any, title: str) -> None:
    axes.set_facecolor(BACKGROUND)
    axes.set_title(title, color=TEXT, fontsize=10, loc="left")
    axes.tick_params(colors=TEXT)
    axes.grid(color=GRID, linewidth=0.5, alpha=0.5)
    for spine in axes.spines.values():
        spine.set_color(GRID)
