"""One snapshot of one currency's options from a Parquet file, checked; a bad value is named by row and column."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from corten.base.errors import InvalidInput
from corten.quant.kinds import WORDS
from corten.quant.optional import load_polars

Values = np.ndarray[Any, Any]

YEAR_DAYS: Final = 365.0
DAY_MS: Final = 86_400_000
NAMES: Final = {  # what a column may be called; the first name is ours
    "snapshot": ("snapshot", "snapshot_utc", "timestamp"),
    "currency": ("currency", "underlying"),
    "expiry": ("expiry", "expiry_utc"),
    "strike": ("strike",),
    "kind": ("kind", "option_type", "type"),
    "bid": ("bid", "bid_price"),
    "ask": ("ask", "ask_price"),
    "mark": ("mark", "mark_price"),
    "forward": ("forward", "futures_price"),
    "mark_vol": ("mark_vol", "implied_volatility", "mark_iv"),
}
REQUIRED: Final = ("snapshot", "expiry", "strike", "kind", "bid", "ask")
POSITIVE: Final = ("strike", "forward")
NOT_NEGATIVE: Final = ("bid", "ask", "mark", "mark_vol")
MAY_BE_MISSING: Final = ("bid", "ask", "mark", "mark_vol", "forward")


@dataclass(frozen=True)
class Chain:
    """Options by expiry and strike. Columns are numpy arrays of one length; NaN where a price is missing."""

    source: str
    snapshot: datetime
    currency: str
    is_inverse: bool  # prices in coin
    row: Values  # in the file, from 0
    expiry: Values  # datetime64[ms]
    years: Values  # from snapshot to expiry, a year of 365 days
    strike: Values
    kind: Values  # 1 call, −1 put
    bid: Values
    ask: Values
    mark: Values
    forward: Values
    mark_vol: Values  # the source's own
    expired: int  # rows at or after their expiry, left out
    snapshots: tuple[datetime, ...]  # all in the file
    currencies: tuple[str, ...]


def read(path: Path | str, snapshot: str | None = None, currency: str | None = None, *, inverse: bool = True) -> Chain:
    """The options of a snapshot (the beginning of its time; default the last) and a currency (default the first).

    InvalidInput names a missing column, or the row and column of a value that cannot be.
    """
    polars = load_polars()
    frame, names = _columns(polars, Path(path))
    snapshots = tuple(frame["snapshot"].unique().sort().to_list())
    if not snapshots:
        raise InvalidInput(str(path), "at least one row", "none")
    chosen = _chosen_snapshot(snapshots, snapshot)
    frame = frame.filter(polars.col("snapshot") == chosen)
    currencies = tuple(frame["currency"].unique().sort().to_list())
    if currency is not None and currency not in currencies:
        raise InvalidInput("--currency", f"one of {', '.join(currencies)}", currency)
    only = currency or currencies[0]
    frame = frame.filter(polars.col("currency") == only).sort("expiry", "strike", "kind", "row")
    _check(polars, frame, names)
    years = (frame["expiry"] - frame["snapshot"]).dt.total_milliseconds().to_numpy() / (YEAR_DAYS * DAY_MS)
    is_alive = years > 0.0
    frame = frame.filter(polars.Series(is_alive))
    kinds = frame["kind"].to_list()
    numbers = {
        name: frame[name].cast(polars.Float64).fill_null(float("nan")).to_numpy()
        for name in ("strike", "bid", "ask", "mark", "forward", "mark_vol")
    }
    for name in ("bid", "ask", "mark", "mark_vol"):  # 0 is how some venues write that there is none
        numbers[name] = np.where(numbers[name] > 0.0, numbers[name], np.nan)
    return Chain(
        source=Path(path).name,
        snapshot=chosen,
        currency=only,
        is_inverse=inverse,
        row=frame["row"].to_numpy(),
        expiry=frame["expiry"].to_numpy(),
        years=years[is_alive],
        kind=np.array([WORDS[kind] for kind in kinds]),
        expired=int((~is_alive).sum()),
        snapshots=snapshots,
        currencies=currencies,
        **numbers,
    )


def _columns(polars: Any, path: Path) -> tuple[Any, dict[str, str]]:
    """The file's columns under our names, with row numbers; and what they are called in the file."""
    try:
        frame = polars.read_parquet(path)
    except (polars.exceptions.PolarsError, OSError) as error:
        raise InvalidInput(str(path), "a Parquet file", str(error).splitlines()[0]) from error
    names = {}
    for name, known in NAMES.items():
        found = [one for one in known if one in frame.columns]
        if found:
            names[name] = found[0]
        elif name in REQUIRED:
            raise InvalidInput(f"{path.name}: columns", " or ".join(known), ", ".join(frame.columns))
    frame = frame.with_row_index("row").select("row", **{ours: polars.col(theirs) for ours, theirs in names.items()})
    for name in ("snapshot", "expiry"):
        if frame[name].dtype not in (polars.Datetime, polars.Date):
            raise InvalidInput(f"column {names[name]}", "times (UTC)", str(frame[name].dtype))
    for name in frame.columns:
        is_empty = frame[name].dtype == polars.Null and name in MAY_BE_MISSING
        if name in (*POSITIVE, *NOT_NEGATIVE) and not (frame[name].dtype.is_numeric() or is_empty):
            raise InvalidInput(f"column {names[name]}", "numbers", str(frame[name].dtype))
    missing = [name for name in NAMES if name not in names]
    defaults = {name: polars.lit("?" if name == "currency" else None) for name in missing}
    times = [polars.col(name).cast(polars.Datetime("ms")) for name in ("snapshot", "expiry")]
    empty = [
        polars.col(name).cast(polars.Float64)
        for name in MAY_BE_MISSING
        if name in names and frame[name].dtype == polars.Null
    ]
    texts = [polars.col(name).cast(polars.String) for name in ("currency", "kind")]
    return frame.with_columns(**defaults).with_columns(*times, *texts, *empty), names


def _chosen_snapshot(snapshots: tuple[datetime, ...], wanted: str | None) -> datetime:
    if wanted is None:
        return snapshots[-1]
    found = [one for one in snapshots if one.isoformat(" ").startswith(wanted.replace("T", " ").strip())]
    if not found:
        listed = ", ".join(one.isoformat(" ") for one in snapshots[:12]) + (" …" if len(snapshots) > 12 else "")
        raise InvalidInput("--snapshot", f"the beginning of one of {listed}", wanted)
    return found[0]


def _check(polars: Any, frame: Any, names: dict[str, str]) -> None:
    """InvalidInput for the first row with a value that cannot be."""
    found = []
    for name, theirs in names.items():
        column = polars.col(name)
        if name == "kind":
            bad, expected = ~column.is_in(list(WORDS)), "call, put, C or P"
        elif name in POSITIVE:
            bad, expected = ~((column > 0) & column.is_finite()), "a number > 0"
        elif name in NOT_NEGATIVE:
            bad, expected = ~((column >= 0) & column.is_finite()), "a number ≥ 0"
        else:
            bad, expected = column.is_null(), "a value"
        is_missing = column.is_null() if name not in POSITIVE + NOT_NEGATIVE else column.is_null() | column.is_nan()
        bad = bad.fill_null(True) & ~is_missing if name in MAY_BE_MISSING else bad.fill_null(True)
        rows = frame.filter(bad).sort("row").head(1)
        if len(rows):
            found.append((rows["row"][0], theirs, expected, rows[name][0]))
    if found:
        row, theirs, expected, value = min(found)
        raise InvalidInput(f"row {row}, column {theirs}", expected, repr(value))
