"""A portfolio's columns: read, checked with errors that name column and row, and turned into what the kernels take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput
from corten.quant.risk.kernels import shock_term
from corten.vm.kernels.containers import library

Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]

OPTIONS: Final = {"call": 1.0, "put": -1.0}
DELTA_ONE: Final = {"future": 0.0, "perpetual": 0.0, "spot": 0.0}
SIGNS: Final = {**OPTIONS, **DELTA_ONE}
SETTLEMENTS: Final = ("linear", "inverse")
WORDS: Final = ("instrument", "underlying", "settlement")
NUMBERS: Final = (
    "quantity", "multiplier", "forward", "strike", "expiry", "vol", "rate", "entry", "index",
)  # fmt: skip
YEAR_DAYS: Final = 365.0

Rule = tuple[str, Callable[[Columns], NDArray[np.bool_]]]
RULES: Final[dict[str, Rule]] = {
    "quantity": ("a number", lambda c: np.isfinite(c["quantity"])),
    "multiplier": ("a number > 0", lambda c: _positive(c["multiplier"])),
    "forward": ("a number > 0", lambda c: _positive(c["forward"])),
    "index": ("a number > 0", lambda c: _positive(c["index"])),
    "rate": ("a number", lambda c: np.isfinite(c["rate"])),
    "strike": ("a number > 0 for an option", lambda c: ~c["is_option"] | _positive(c["strike"])),
    "expiry": ("a number of years ≥ 0 for an option", lambda c: ~c["is_option"] | _not_negative(c["expiry"])),
    "vol": ("a number ≥ 0 for an option", lambda c: ~c["is_option"] | _not_negative(c["vol"])),
    "entry": (
        "a price > 0 for a future or perpetual",
        lambda c: c["is_option"] | c["is_spot"] | _positive(c["entry"]),
    ),
}


def read(given: dict[str, Any], errors: str) -> tuple[Columns, NDArray[np.bool_]]:
    """Columns of one length, and which rows are in order. InvalidInput for the first that is not, or for any length."""
    if errors not in ("raise", "nan"):
        raise InvalidInput("errors", "'raise' or 'nan'", repr(errors))
    columns: Columns = {
        name: _numbers(name, value) for name, value in given.items() if name in NUMBERS and value is not None
    }
    columns |= {name: _words(name, value) for name, value in given.items() if name in WORDS}
    rows = _common_length(columns)
    columns = {name: np.broadcast_to(column, rows).copy() for name, column in columns.items()}
    for name in ("entry", "index"):
        columns.setdefault(name, columns["forward"].copy())
    for name in ("strike", "expiry", "vol"):
        columns.setdefault(name, np.full(rows, np.nan))
    _check_words(columns)
    columns["is_option"] = np.isin(columns["instrument"], list(OPTIONS))
    columns["is_spot"] = columns["instrument"] == "spot"
    columns["is_inverse"] = columns["settlement"] == "inverse"
    valid = np.ones(rows, bool)
    for name, (expected, holds) in RULES.items():
        right = holds(columns)
        if errors == "raise" and not right.all():
            row = int(np.argmin(right))
            what = str(columns["instrument"][row])
            shown = f"{float(columns[name][row])!r} ({what}; errors='nan' gives such rows the value NaN)"
            raise InvalidInput(f"{name}[{row}]", expected, shown)
        valid &= right
    return columns, valid


def inputs(columns: Columns, valid: NDArray[np.bool_], in_coin: bool) -> Columns:
    """The kernels' row columns: position.py says what they mean. Elementwise, so that any part of the rows is the same.

    The weight of a row that is not in order is NaN, and its other columns are harmless.
    """
    forward, index = columns["forward"], columns["index"]
    is_option, is_inverse = columns["is_option"], columns["is_inverse"]
    size = columns["quantity"] * columns["multiplier"]
    if in_coin:
        weight = np.where(is_inverse, size / forward, size / index)
    else:
        weight = np.where(is_inverse, size * index / forward, size)
    entry = np.where(columns["is_spot"], 0.0, columns["entry"])
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(is_inverse & ~is_option, weight / entry, weight)
    expiry = _option(columns, valid, "expiry", 0.0)
    return {
        "kind": columns["kind"],
        "forward": np.where(valid, forward, 1.0),
        "strike": np.where(valid, np.where(is_option, columns["strike"], entry), 1.0),
        "expiry": expiry,
        "vol": _option(columns, valid, "vol", 0.0),
        "rate": np.where(is_inverse | ~valid, 0.0, columns["rate"]),
        "weight": np.where(valid, weight, np.nan),
        "term": columns["term"],
        "discounted": np.where(is_inverse, 0.0, 1.0),
    }


def constants(columns: Columns, valid: NDArray[np.bool_]) -> None:
    """Adds what ticks do not change: kinds, and the growth of vol shocks."""
    kind = np.zeros(len(valid))
    for word, sign in SIGNS.items():
        kind[columns["instrument"] == word] = sign
    columns["kind"] = kind
    columns["term"] = terms(columns, valid)


def terms(columns: Columns, valid: NDArray[np.bool_]) -> Floats:
    """How much a shock of vol grows towards each expiry."""
    return np.asarray(shock_term(_option(columns, valid, "expiry", 0.0) * YEAR_DAYS))


def _option(columns: Columns, valid: NDArray[np.bool_], name: str, other: float) -> Floats:
    return np.where(columns["is_option"] & valid, columns[name], other)


def _positive(column: Floats) -> NDArray[np.bool_]:
    return (column > 0.0) & (column < np.inf)


def _not_negative(column: Floats) -> NDArray[np.bool_]:
    return (column >= 0.0) & (column < np.inf)


def _plain(value: Any) -> Any:
    return value.to_numpy() if library(value) else value


def _numbers(name: str, value: Any) -> Floats:
    try:
        found = np.asarray(_plain(value), np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(name, "a number or a column of numbers", f"{type(value).__name__}: {error}") from None
    return _one_axis(name, found)


def _words(name: str, value: Any) -> NDArray[Any]:
    return _one_axis(name, np.asarray(_plain(value)).astype(str))


def _one_axis(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim > 1:
        raise InvalidInput(name, "one value, or one a position", f"shape {array.shape}")
    return array


def _common_length(columns: Columns) -> int:
    lengths = {name: len(column) for name, column in columns.items() if column.ndim == 1}
    if not lengths:
        return 1
    first = next(iter(lengths))
    for name, length in lengths.items():
        if length != lengths[first]:
            raise InvalidInput(name, f"{lengths[first]} rows as {first} has", f"{length} rows")
    return lengths[first]


def _check_words(columns: Columns) -> None:
    _refuse(columns, "instrument", np.isin(columns["instrument"], list(SIGNS)), " or ".join(map(repr, SIGNS)))
    _refuse(columns, "settlement", np.isin(columns["settlement"], SETTLEMENTS), "'linear' or 'inverse'")
    is_wrong = (columns["settlement"] == "inverse") & (columns["instrument"] == "spot")
    _refuse(columns, "settlement", ~is_wrong, "'linear' for spot")


def _refuse(columns: Columns, name: str, right: NDArray[np.bool_], expected: str) -> None:
    if not right.all():
        row = int(np.argmin(right))
        raise InvalidInput(f"{name}[{row}]", expected, repr(str(columns[name][row])))
