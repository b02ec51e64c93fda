"""Where a profit came from: the greeks' share of every market move, trades, and what they leave unexplained.

Parts are rounded to a quantum, a power of two, and added up as integers: they sum to the whole exactly, in every row
and in total, in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput
from corten.quant.risk.columns import Floats
from corten.quant.risk.portfolio import Portfolio

PARTS: Final = (
    "delta", "gamma", "vega", "vanna", "volga", "theta", "rho", "basis", "trades", "residual",
)  # fmt: skip
QUANTUM: Final = {"quote": 2.0**-10, "coin": 2.0**-30}
LARGEST: Final = 2.0**53
TERMS: Final = ("instrument", "underlying", "settlement", "strike", "multiplier")


@dataclass(frozen=True)
class Attribution:
    """A profit and its parts, multiples of `quantum`. Rows are the positions before, then the new ones.

    parts: columns (rows,) by the names of PARTS. totals: their sums. whole: the rows' profits, (rows,); total: of all.
    """

    ids: list[Any]
    parts: dict[str, Floats]
    totals: dict[str, float]
    whole: Floats
    total: float
    quantum: float

    def __str__(self) -> str:
        lines = [f"{name:<10}{value:>18,.2f}" for name, value in {**self.totals, "total": self.total}.items()]
        return "\n".join(lines)


def attribute(before: Portfolio, after: Portfolio, *, cash: Any = 0.0, quantum: float | None = None) -> Attribution:
    """Explain value after − value before + cash. Positions are the same whose `ids` are.

    Greeks are those before the moves: delta·ΔF, ½gamma·ΔF², vega·Δσ, vanna·ΔF·Δσ, ½volga·Δσ², theta·(expiry before −
    after), rho·Δrate, F moving together with its index; basis: the index moving against the forward, to first order.
    trades: what the after's quantity and entry, at the market after, are worth more than those before; the whole value
    of new positions, minus that of ended ones; and `cash`, received (+) or paid (−) for trades: one value for each
    row of the result, or one for a portfolio of one row. residual: the rest. quantum: default 2⁻¹⁰ quote units, 2⁻³⁰
    coins. InvalidInput if a position's terms differ, or for amounts beyond 2⁵³ quanta.
    """
    currency = before.options["currency"]
    if after.options["currency"] != currency:
        raise InvalidInput("currency", f"{currency!r} as before", repr(after.options["currency"]))
    unit = float(QUANTUM[currency] if quantum is None else quantum)
    if unit <= 0.0 or np.frexp(unit)[0] != 0.5:
        raise InvalidInput("quantum", "a power of two, as 2**-10", repr(unit))
    places = {name: row for row, name in enumerate(after.ids)}
    rows = [row for row, name in enumerate(before.ids) if name in places]
    matches = [places[before.ids[row]] for row in rows]
    held = np.array(rows, np.intp)
    there = np.array(matches, np.intp)
    known = dict.fromkeys(before.ids)
    new = np.array([row for row, name in enumerate(after.ids) if name not in known], np.intp)
    ids = [*before.ids, *(after.ids[row] for row in new.tolist())]

    old_values, new_values = before.value().positions, after.value().positions
    value_before = np.concatenate([old_values, np.zeros(len(new))])
    value_after = np.zeros(len(ids))
    value_after[held], value_after[len(before) :] = new_values[there], new_values[new]
    paid = _cash(cash, len(ids))

    explained = {name: np.zeros(len(ids)) for name in PARTS[:-2]}
    trades = value_after - value_before  # of rows that are new or ended
    if len(held):
        first, last = before.take(held), after.take(there)
        _refuse_other_terms(first, last)
        for name, part in _explained(first, last).items():
            explained[name][held] = part
        stayed = last.replace(quantity=first.columns["quantity"], entry=first.columns["entry"])
        trades[held] = new_values[there] - stayed.value().positions
    parts = {name: _quanta(part, unit) for name, part in explained.items()}
    parts["trades"] = _quanta(trades, unit) + _quanta(paid, unit)
    whole = _quanta(value_after, unit) - _quanta(value_before, unit) + _quanta(paid, unit)
    parts["residual"] = whole - sum(parts.values())
    totals = {name: int(part.sum()) for name, part in parts.items()}
    total = int(whole.sum())
    if max(map(abs, [*totals.values(), total])) >= LARGEST:
        raise InvalidInput("quantum", "one that keeps sums below 2⁵³ quanta", repr(unit))
    return Attribution(
        ids,
        {name: _amounts(part, unit) for name, part in parts.items()},
        {name: amount * unit for name, amount in totals.items()},
        _amounts(whole, unit),
        total * unit,
        unit,
    )


def _explained(first: Portfolio, last: Portfolio) -> dict[str, Floats]:
    """The greeks' parts for the same positions in two markets."""
    greeks, values = first.greeks(), first.value().positions
    old, new = first.inputs, last.inputs
    move = new["forward"] / old["forward"] - 1.0
    shock, passed = new["vol"] - old["vol"], old["expiry"] - new["expiry"]
    basis = (last.columns["index"] / new["forward"]) / (first.columns["index"] / old["forward"]) - 1.0
    is_inverse = first.columns["settlement"] == "inverse"
    if first.options["currency"] == "coin":
        exposed = np.where(is_inverse, 0.0, -values)
    else:
        exposed = np.where(is_inverse, values, 0.0)
    return {
        "delta": greeks.cash_delta * move,
        "gamma": 0.5 * greeks.cash_gamma * move * move,
        "vega": greeks.vega * shock,
        "vanna": greeks.cash_vanna * move * shock,
        "volga": 0.5 * greeks.volga * shock * shock,
        "theta": greeks.theta * passed,
        "rho": greeks.rho * (new["rate"] - old["rate"]),
        "basis": exposed * basis,
    }


def _refuse_other_terms(first: Portfolio, last: Portfolio) -> None:
    for name in TERMS:
        one, other = first.columns[name], last.columns[name]
        same = (one == other) | ~first.columns["is_option"] if name == "strike" else one == other
        if not same.all():
            row = int(np.argmin(same))
            position = f"{name} of position {first.ids[row]!r}"
            raise InvalidInput(position, f"{one[row].item()!r} as before", f"{other[row].item()!r}; give it another id")


def _cash(cash: Any, rows: int) -> Floats:
    column = np.asarray(cash, np.float64)
    if column.ndim == 0 and (rows == 1 or not column):
        return np.full(rows, float(column))
    if column.shape != (rows,):
        raise InvalidInput(
            "cash", f"a column of {rows} rows: the positions before, then the new ones", f"{column.shape}"
        )
    return column


def _amounts(quanta: NDArray[np.int64], unit: float) -> Floats:
    return quanta.astype(np.float64) * unit


def _quanta(amounts: Floats, unit: float) -> NDArray[np.int64]:
    """Amounts as whole numbers of quanta."""
    scaled = np.rint(amounts / unit)
    right = np.abs(scaled) < LARGEST
    if not right.all():
        row = int(np.argmin(right))
        raise InvalidInput(f"value[{row}]", f"a number below 2⁵³ quanta of {unit!r}", repr(float(amounts[row])))
    return scaled.astype(np.int64)
