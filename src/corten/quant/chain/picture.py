"""A priced chain as pictures: smiles with bid and ask, total variance, the surface."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from corten.quant.chain.pricing import Expiry, Priced
from corten.quant.optional import load_figure

BACKGROUND, PANEL, GRID, TEXT, DIM = "#10141b", "#141a23", "#2a3240", "#c9d1dc", "#7d8794"
BID, ASK, FIT, QUOTE = "#3fb68b", "#e0605a", "#f5d76e", "#9fb4cc"
COLUMNS: Final = 4
COLORS: Final = "plasma"

Values = np.ndarray[Any, Any]


def draw(priced: Priced, directory: Path, form: str = "png") -> list[Path]:
    """Writes smiles, total_variance and surface (PNG or SVG) into the directory; their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, picture in (("smiles", _smiles), ("total_variance", _total_variance), ("surface", _surface)):
        path = directory / f"{name}.{form}"
        figure = picture(priced)
        figure.savefig(path, dpi=110, facecolor=BACKGROUND)
        paths.append(path)
    return paths


def _figure(priced: Priced, title: str, size: tuple[float, float]) -> Any:
    figure = load_figure().Figure(figsize=size, facecolor=BACKGROUND, layout="constrained")
    chain = priced.chain
    when = f"{chain.snapshot:%Y-%m-%d %H:%M:%S} UTC"
    figure.suptitle(f"{chain.currency} options, {when}: {title}", color=TEXT, fontsize=13, x=0.01, ha="left")
    return figure


def _smiles(priced: Priced) -> Any:
    """A panel for each expiry: bars from bid to ask, mids, the fit."""
    count = len(priced.expiries)
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    figure = _figure(
        priced, f"smiles (bars: bid to ask; line: {_named(priced.model)})", (4.0 * columns + 0.4, 2.9 * rows + 0.6)
    )
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, expiry in zip(panels, priced.expiries, strict=False):
        _smile(axes, priced, expiry)
    for axes in panels[count:]:
        axes.set_visible(False)
    for index in range(count):
        if index + columns >= count:
            panels[index].set_xlabel("strike, thousand" if _is_large(priced) else "strike", color=DIM, fontsize=8)
        if index % columns == 0:
            panels[index].set_ylabel("volatility, %", color=DIM, fontsize=8)
    return figure


def _smile(axes: Any, priced: Priced, expiry: Expiry) -> None:
    chain, columns = priced.chain, priced.columns
    error = f"error {100 * expiry.error:.2f}" if expiry.quotes else f"fitted to {expiry.fitted_to or 'its neighbours'}"
    _style(axes, f"{_date(expiry.at)}   {expiry.days:.1f} days   {error}")
    unit = 1000.0 if _is_large(priced) else 1.0
    shown = (chain.expiry == expiry.at) & columns["is_quoted"]
    strike = chain.strike[shown] / unit
    bid, mid, ask = (100 * columns[name][shown] for name in ("bid_vol", "mid_vol", "ask_vol"))
    low, high = _strikes(expiry, chain.strike[shown & columns["is_fitted"]])
    line = np.linspace(low, high, 160)
    fit = 100 * priced.surface.vol_at(expiry.forward, line, expiry.years)
    axes.axvline(expiry.forward / unit, color=DIM, linewidth=0.7, linestyle=(0, (2, 3)))
    axes.vlines(strike, np.where(np.isnan(bid), mid, bid), ask, color=QUOTE, linewidth=1.6, alpha=0.55)
    axes.scatter(strike, bid, s=9, marker="_", color=BID, linewidths=1.6)
    axes.scatter(strike, ask, s=9, marker="_", color=ASK, linewidths=1.6)
    axes.plot(line / unit, fit, color=FIT, linewidth=1.4)
    is_within = (strike * unit >= low) & (strike * unit <= high)
    around = np.concatenate([fit, mid[is_within]])
    room = max(0.12 * (around.max() - around.min()), 1.0)
    axes.set_xlim(low / unit, high / unit)
    axes.set_ylim(around.min() - room, around.max() + room)


def _total_variance(priced: Priced) -> Any:
    """Lines that do not cross: no calendar arbitrage. Dots: mids."""
    figure = _figure(priced, f"total variance, {_named(priced.model)} (lines do not cross); dots: mids", (12, 7))
    axes = figure.subplots()
    _style(axes, "")
    chain, columns = priced.chain, priced.columns
    colors = _colors(len(priced.expiries))
    tops = []
    for color, expiry in zip(colors, priced.expiries, strict=True):
        shown = (chain.expiry == expiry.at) & columns["is_quoted"]
        k = columns["k"][shown]
        reach = np.linspace(min(k.min(initial=-0.05), -0.05) - 0.05, max(k.max(initial=0.05), 0.05) + 0.05, 160)
        total = priced.surface.total(reach, expiry.years)
        axes.plot(reach, total, color=color, linewidth=1.5, label=f"{_date(expiry.at)}")
        axes.scatter(k, columns["mid_vol"][shown] ** 2 * expiry.years, s=7, color=color, alpha=0.6, linewidths=0)
        tops.append(float(total.max()))
    axes.set_yscale("log")
    axes.set_ylim(top=1.3 * max(tops))
    axes.set_xlabel("log-moneyness ln(strike/forward)", color=TEXT)
    axes.set_ylabel("total variance vol²·years (logarithmic)", color=TEXT)
    axes.legend(
        loc="center left", bbox_to_anchor=(1.0, 0.5), facecolor=BACKGROUND, edgecolor=GRID, labelcolor=TEXT, fontsize=9
    )
    return figure


def _surface(priced: Priced) -> Any:
    """Volatility over moneyness, in deviations, and expiry."""
    figure = _figure(priced, f"volatility surface, {_named(priced.model)}", (12, 7.5))
    axes = figure.add_subplot(projection="3d", computed_zorder=False)
    axes.set_facecolor(BACKGROUND)
    years = np.geomspace(priced.expiries[0].years, priced.expiries[-1].years, 60)
    moneyness = np.linspace(-2.5, 2.5, 81)
    k = moneyness * np.sqrt(priced.surface.total(0.0, years))[:, None]
    vol = 100 * priced.surface.vol(k, years[:, None])
    x, y = np.broadcast_to(moneyness, vol.shape), np.broadcast_to(np.log(years)[:, None], vol.shape)
    axes.plot_surface(x, y, vol, cmap=COLORS, linewidth=0, antialiased=True, rstride=1, cstride=1, alpha=0.95)
    for expiry in priced.expiries:
        line = 100 * priced.surface.vol(moneyness * expiry.at_the_money * expiry.years**0.5, expiry.years)
        axes.plot(moneyness, np.full(len(line), np.log(expiry.years)), line + 0.05, color="#ffffff", linewidth=0.7)
    ticks = [days for days in (1, 2, 7, 14, 30, 60, 90, 180, 365, 730) if years[0] <= days / 365 <= years[-1]]
    axes.set_yticks(np.log(np.array(ticks) / 365), [f"{days} d" for days in ticks])
    axes.set_xlabel("moneyness, deviations", color=TEXT, labelpad=8)
    axes.set_ylabel("expiry", color=TEXT, labelpad=12)
    axes.set_zlabel("volatility, %", color=TEXT, labelpad=8)
    axes.view_init(elev=24, azim=-52)
    axes.set_box_aspect((1.2, 1.4, 0.75), zoom=1.15)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color((0.078, 0.102, 0.137, 1.0))
        axis._axinfo["grid"].update(color=GRID, linewidth=0.5)
        axis.line.set_color(GRID)
    axes.tick_params(colors=TEXT, labelsize=8)
    return figure


def _strikes(expiry: Expiry, quoted: Values) -> tuple[float, float]:
    """The strikes to show: those quoted, and at least a deviation and a half."""
    reach = np.exp(1.5 * expiry.at_the_money * expiry.years**0.5)
    low, high = expiry.forward / reach, expiry.forward * reach
    return min(float(quoted.min(initial=low)), low) * 0.99, max(float(quoted.max(initial=high)), high) * 1.01


def _is_large(priced: Priced) -> bool:
    return bool(np.median(priced.chain.strike) >= 10_000)


def _colors(count: int) -> Any:
    from matplotlib import colormaps

    return colormaps[COLORS](np.linspace(0.25, 0.97, count))


def _named(model: str) -> str:
    return {"essvi": "eSSVI", "ssvi": "SSVI", "svi": "SVI"}[model]


def _date(at: Any) -> str:
    return f"{at.astype('datetime64[s]').item():%d %b %Y}".lstrip("0")


def _style(axes: Any, title: str) -> None:
    axes.set_facecolor(PANEL)
    axes.set_title(title, color=TEXT, fontsize=9, loc="left")
    axes.tick_params(colors=TEXT, labelsize=8)
    axes.grid(color=GRID, linewidth=0.5, alpha=0.6)
    for spine in axes.spines.values():
        spine.set_color(GRID)
