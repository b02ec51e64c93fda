"""`corten price`."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from corten.base.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

    from corten.quant.chain import Expiry, Priced

GOOD, BAD, DIM = "green", "red", "dim"


def price_chain(
    path: Path,
    *,
    snapshot: str | None,
    currency: str | None,
    expiry: str | None,
    model: str,
    inverse: bool,
    out: Path | None,
    form: str,
) -> None:
    """Read a chain, price it, print it, and write pictures and numbers to `out`."""
    from corten.quant import chain as chains

    chain = chains.read(path, snapshot, currency, inverse=inverse)
    priced = chains.price(chain, model)
    console = Console()
    shown = _shown(priced, expiry)
    _heading(console, priced)
    for one in shown:
        console.print(_options(priced, one))
    console.print(_summary(priced))
    _arbitrage(console, priced)
    if out is not None:
        written = [*chains.draw(priced, out, form), out / "chain.parquet"]
        priced.write(written[-1])
        console.print(f"written: {', '.join(map(str, written))}", highlight=False, soft_wrap=True)


def _shown(priced: Priced, wanted: str | None) -> list[Expiry]:
    if wanted is None:
        return priced.expiries
    found = [one for one in priced.expiries if _iso(one.at).startswith(wanted)]
    if not found:
        raise InvalidInput(
            "--expiry", f"the beginning of one of {', '.join(_iso(e.at) for e in priced.expiries)}", wanted
        )
    return found


def _heading(console: Console, priced: Priced) -> None:
    chain = priced.chain
    text = Text().append(f"{chain.currency} options", style="bold")
    text.append(f"  {chain.snapshot:%Y-%m-%d %H:%M:%S} UTC  {len(chain.strike):,} options, ")
    text.append(f"prices in {'coin' if chain.is_inverse else 'quote units'}, {chain.source}")
    console.print(text, highlight=False)
    others = [one for one in chain.currencies if one != chain.currency]
    notes = [f"--currency {one}" for one in others]
    if len(chain.snapshots) > 1:
        first, last = chain.snapshots[0], chain.snapshots[-1]
        notes.append(f"--snapshot, {len(chain.snapshots)} from {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    if notes:
        console.print(f"also in this file: {'; '.join(notes)}", style=DIM, highlight=False)
    if chain.expired:
        console.print(f"{chain.expired} expired options left out", style=DIM, highlight=False)


def _options(priced: Priced, expiry: Expiry) -> Table:
    """An expiry's options, a line each."""
    chain, columns = priced.chain, priced.columns
    title = (
        f"{_date(expiry.at)}  {expiry.days:.2f} days  forward {expiry.forward:,.2f}  "
        f"at the money {100 * expiry.at_the_money:.2f} %"
    )
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", padding=(0, 1))
    for name in "strike|type|bid|mid|ask|IV mid|IV mark|IV fit|delta|gamma|vega|theta".split("|"):
        table.add_column(name, justify="left" if name == "type" else "right", no_wrap=True)
    decimals = 4 if chain.is_inverse else 2
    for i in np.flatnonzero(chain.expiry == expiry.at):
        is_money = chain.kind[i] * (chain.strike[i] - chain.forward[i]) < 0.0
        table.add_row(
            f"{chain.strike[i]:,.10g}",
            Text("call", style=GOOD) if chain.kind[i] > 0 else Text("put", style=BAD),
            _number(chain.bid[i], decimals),
            _number(columns["mid"][i], decimals + 1),
            _number(chain.ask[i], decimals),
            _number(100 * columns["mid_vol"][i], 2),
            _number(100 * columns["our_mark_vol"][i], 2),
            _number(100 * columns["fit_vol"][i], 2),
            f"{columns['delta'][i]:.3f}",
            f"{columns['gamma'][i]:.3g}",
            f"{columns['vega'][i]:,.2f}",
            f"{columns['theta'][i]:,.2f}",
            style=DIM if is_money else "",
        )
    return table


def _summary(priced: Priced) -> Table:
    """A line for each expiry: the smile, and how well it fits."""
    names = {"essvi": "eSSVI", "ssvi": "SSVI", "svi": "SVI"}
    title = f"{names[priced.model]} surface, errors in points of volatility over options out of the money"
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", padding=(0, 1))
    for name in "expiry|days|forward|at the money|quotes|error|worst|half-spreads|inside".split("|"):
        table.add_column(name, justify="left" if name == "expiry" else "right", no_wrap=True)
    for one in priced.expiries:
        has_quotes = one.quotes > 0
        table.add_row(
            _date(one.at),
            f"{one.days:.2f}",
            f"{one.forward:,.2f}",
            f"{100 * one.at_the_money:.2f} %",
            str(one.quotes) if one.fitted_to == "quotes" else one.fitted_to or "too few",
            f"{100 * one.error:.2f}" if has_quotes else "",
            f"{100 * one.worst:.2f}" if has_quotes else "",
            f"{one.half_spreads:.2f}" if has_quotes else "",
            f"{100 * one.inside:.0f} %" if has_quotes else "",
        )
    return table


def _arbitrage(console: Console, priced: Priced) -> None:
    """What the quotes admit, by kind; and that the surface admits none."""
    counts = Counter(one.what for one in priced.violations)
    tradable = Counter(one.what for one in priced.violations if one.is_tradable)
    console.print("Arbitrage", style="bold")
    for what in ("crossed", "ask below intrinsic", "bid above maximum", "butterfly", "calendar"):
        found = [one for one in priced.violations if one.what == what]
        line = Text(f"  quotes: {what:<20}")
        if not found:
            console.print(line.append("none", style=GOOD), highlight=False)
            continue
        worst = max(found, key=lambda one: one.amount)
        line.append(f"{counts[what]}", style=BAD if tradable[what] else "yellow")
        if what in ("butterfly", "calendar"):
            line.append(f" in mids, {tradable[what] or 'none'} at bid and ask" if what == "butterfly" else " in mids")
        unit = "of total variance" if what == "calendar" else "of the forward"
        line.append(
            f"; largest {worst.amount:.2g} {unit}, {_date(worst.expiry)}, strike {worst.strike:,.10g}", style=DIM
        )
        console.print(line, highlight=False)
    broken = [f"butterfly at {days:.3g} years, g {one.least:.3g}" for days, one in priced.surface.butterflies()]
    broken += [f"calendar between {a:.3g} and {b:.3g} years" for a, b, _ in priced.surface.calendars()]
    line = Text(f"  surface: {'butterfly, calendar':<20}")
    line.append("; ".join(broken) or "none, on the whole line (decided exactly)", style=BAD if broken else GOOD)
    console.print(line, highlight=False)


def _number(value: Any, decimals: int) -> str:
    return "–" if np.isnan(value) else f"{value:,.{decimals}f}"


def _date(at: Any) -> str:
    return f"{at.astype('datetime64[s]').item():%d %b %Y}"


def _iso(at: Any) -> str:
    return f"{at.astype('datetime64[s]').item():%Y-%m-%d}"
