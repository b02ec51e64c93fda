"""Values that follow the market: a tick computes the rows that it touches, and their path to the top of the sum.

Equal to the bit to computing everything: a row's result depends on that row alone, and the sum is the tree of
`tree_sum`, of which every node is kept.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput
from corten.quant.risk import columns as reading
from corten.quant.risk.columns import YEAR_DAYS, Floats
from corten.quant.risk.portfolio import Greeks, Portfolio
from corten.quant.risk.scenarios import Scenarios

Rows = NDArray[np.intp]
MARKET: Final = ("forward", "vol", "rate", "index")
SETTABLE: Final = (*MARKET, "quantity", "entry")
SMALL_LEVEL: Final = 32_768  # numbers that are added up in a few microseconds


class SumTree:
    """The sum of rows (n, w) with all its intermediate sums, in the order of `tree_sum`."""

    def __init__(self, rows: Floats) -> None:
        self.levels = [rows]
        while len(rows) > 1:
            half = len(rows) // 2
            rows = np.concatenate([rows[:half] + rows[half : 2 * half], rows[2 * half :]])
            self.levels.append(rows)

    @property
    def total(self) -> Floats:
        """The sum, (w,); zeros if there are no rows."""
        top = self.levels[-1]
        return top[0] if len(top) else np.zeros(top.shape[1:])

    def set(self, numbers: Rows, rows: Floats) -> None:
        """Put `rows` in the place of the rows with these numbers."""
        self.levels[0][numbers] = rows
        is_whole = False
        for below, above in zip(self.levels, self.levels[1:], strict=False):
            half = len(below) // 2
            is_whole = is_whole or above.size <= SMALL_LEVEL or 4 * len(numbers) > len(above)
            if is_whole:  # quicker than to find out which sums are touched
                np.add(below[:half], below[half : 2 * half], out=above[:half])
                above[half:] = below[2 * half :]
                continue
            numbers = np.where(numbers < half, numbers, numbers - half)
            marked = np.zeros(len(above), bool)
            marked[numbers] = True
            numbers = np.flatnonzero(marked)
            pairs = numbers[numbers < half]
            above[pairs] = below[pairs] + below[pairs + half]
            if len(pairs) < len(numbers):  # the odd row at the end is carried up
                above[half] = below[2 * half]


class Live:
    """A portfolio's values, greeks, or values under scenarios, that follow `tick`, `set` and `pass_time`.

    Changes are collected; `total` and `rows` compute what they touched. The portfolio itself stays as it is.
    `repriced` counts the rows computed so far.
    """

    def __init__(self, portfolio: Portfolio, what: str | Scenarios = "value") -> None:
        if what not in ("value", "greeks") and not isinstance(what, Scenarios):
            raise InvalidInput("what", "'value', 'greeks' or Scenarios", repr(what))
        self._what = what
        self._book = portfolio.replace()
        self._nodes = _nodes(self._book.columns)
        self._columns = {name: column for name, column in self._book.columns.items() if name not in reading.WORDS}
        self._dirty = np.zeros(len(portfolio), bool)
        self._inputs = self._book.inputs
        everything = np.arange(len(portfolio))
        self._tree = SumTree(self._computed(everything))
        self.repriced = len(portfolio)

    @property
    def nodes(self) -> list[tuple[str, float]]:
        """Underlying and expiry of every group of rows that ticks together; NaN where there is no expiry."""
        return list(self._nodes)

    def tick(self, underlying: str = "", expiry: float | None = None, **market: Any) -> None:
        """New forward, vol, rate or index of the rows of an underlying, and of one expiry if it is given.

        expiry: as it stood in the portfolio's column when it was made; NaN for what has none. Values: one, or one for
        each of those rows. InvalidInput for a node that the portfolio does not hold, or a value out of range.
        """
        _refuse_names(market, MARKET)
        self._set(self._rows_of(underlying, expiry), market)

    def set(self, rows: Any, **changed: Any) -> None:
        """New values of some rows (numbers, a slice or a mask): the market's, or quantity and entry after a trade."""
        _refuse_names(changed, SETTABLE)
        try:
            numbers = np.atleast_1d(np.arange(len(self._dirty))[rows])
        except IndexError as error:
            raise InvalidInput("rows", f"numbers below {len(self._dirty)}, a slice or a mask", str(error)) from None
        self._set(numbers, changed)

    def pass_time(self, days: float) -> None:
        """Let days pass: expiries come nearer, and every option is computed again."""
        if not 0.0 <= days < np.inf:
            raise InvalidInput("days", "a number ≥ 0", repr(days))
        is_option = self._columns["is_option"]
        expiry = self._columns["expiry"]
        expiry[is_option] = np.maximum(expiry[is_option] - days / YEAR_DAYS, 0.0)
        self._columns["term"][:] = reading.terms(self._columns, self._book.valid)
        self._dirty |= is_option

    @property
    def total(self) -> Any:
        """The sum over all positions: a float, for greeks a tuple of floats, under scenarios of their shape."""
        self._refresh()
        total = self._tree.total
        if isinstance(self._what, Scenarios):
            return total.reshape(self._what.shape)
        return float(total[0]) if self._what == "value" else Greeks(*total)

    @property
    def rows(self) -> Any:
        """Every position's: (n,), for greeks a tuple of such columns, under scenarios (n, *shape). Copies."""
        self._refresh()
        rows = self._tree.levels[0]
        if isinstance(self._what, Scenarios):
            return rows.reshape(len(rows), *self._what.shape).copy()
        return rows[:, 0].copy() if self._what == "value" else Greeks(*np.ascontiguousarray(rows.T))

    def portfolio(self) -> Portfolio:
        """The positions with the market as it is now."""
        return self._book.replace()

    def _rows_of(self, underlying: str, expiry: float | None) -> Rows:
        if expiry is None:
            chosen = [rows for (name, _), rows in self._nodes.items() if name == underlying]
        else:
            chosen = [
                rows
                for (name, time), rows in self._nodes.items()
                if name == underlying and (time == expiry or (time != time and expiry != expiry))  # NaN is no expiry
            ]
        if not chosen:
            names = ", ".join(f"({name!r}, {time:.6g})" for name, time in self._nodes)
            raise InvalidInput("underlying, expiry", f"one of {names}", f"({underlying!r}, {expiry})")
        return chosen[0] if len(chosen) == 1 else np.sort(np.concatenate(chosen))

    def _set(self, rows: Rows, changed: dict[str, Any]) -> None:
        part = {name: column[rows] for name, column in self._columns.items()}
        for name, value in changed.items():
            part[name] = _filled(name, value, len(rows))
        if "index" in changed:
            self._book.has_own_index = True
        elif "forward" in changed and not self._book.has_own_index:
            part["index"] = part["forward"]
        if self._book.options["errors"] == "raise":
            for name in changed:
                expected, holds = reading.RULES[name]
                right = holds(part)
                if not right.all():
                    first = int(np.argmin(right))
                    raise InvalidInput(f"{name}[{int(rows[first])}]", expected, repr(float(part[name][first])))
        for name in (*changed, "index"):
            self._columns[name][rows] = part[name]
        self._dirty[rows] = True

    def _refresh(self) -> None:
        numbers = np.flatnonzero(self._dirty)
        if not len(numbers):
            return
        part = {name: column[numbers] for name, column in self._columns.items()}
        valid = np.ones(len(numbers), bool)
        for _, holds in reading.RULES.values():
            valid &= holds(part)
        self._book.valid[numbers] = valid
        coin = self._book.options["currency"] == "coin"
        for name, column in reading.inputs(part, valid, coin).items():
            self._inputs[name][numbers] = column
        self._tree.set(numbers, self._computed(numbers))
        self._dirty[numbers] = False
        self.repriced += len(numbers)

    def _computed(self, numbers: Rows) -> Floats:
        """Results of these rows, (rows, w)."""
        is_all = len(numbers) == len(self._dirty)
        part = self._inputs if is_all else {name: column[numbers] for name, column in self._inputs.items()}
        if isinstance(self._what, Scenarios):
            return self._book.values_under(part, self._what, numbers, summed=False)
        if self._what == "value":
            return self._book.values_of(part)[:, None]
        return np.stack(self._book.greeks_of(part), axis=1)


def _nodes(columns: reading.Columns) -> dict[tuple[str, float], Rows]:
    """Row numbers by underlying and expiry, in the order of underlyings, then expiries, those without one last."""
    expiry, names = columns["expiry"], columns["underlying"]
    order = np.lexsort((expiry, names))
    if not len(order):
        return {}
    sorted_names, sorted_expiry = names[order], expiry[order]
    same_expiry = (sorted_expiry[1:] == sorted_expiry[:-1]) | (
        np.isnan(sorted_expiry[1:]) & np.isnan(sorted_expiry[:-1])
    )
    starts = np.flatnonzero(np.concatenate([[True], (sorted_names[1:] != sorted_names[:-1]) | ~same_expiry]))
    parts = np.split(order, starts[1:])
    return {
        (str(sorted_names[start]), float(sorted_expiry[start])): np.sort(part)
        for start, part in zip(starts.tolist(), parts, strict=True)
    }


def _filled(name: str, value: Any, rows: int) -> Floats:
    """A column of so many rows."""
    found = np.asarray(value, np.float64)
    if found.shape not in ((), (1,), (rows,)):
        raise InvalidInput(name, f"one value, or one for each of {rows} rows", f"shape {found.shape}")
    return np.broadcast_to(found, rows).copy()


def _refuse_names(given: dict[str, Any], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            raise InvalidInput(name, f"one of {', '.join(known)}", "another name")
