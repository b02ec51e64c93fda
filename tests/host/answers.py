"""What a function answers to many inputs, on an engine: one batch through a guest, or the Python libraries alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corten.host import BY_NAME, Role, implementation
from tests.host.guests import Guest

MEMORY = 2 << 20
_INPUTS = 1 << 16

Inputs = tuple[Any, ...]
"""Bytes for each range that is read and an integer for each number, in the order of the row."""


def answers(name: str, engine: str, cases: Sequence[Inputs]) -> list[Any]:
    """A bool, the output's bytes, or None where there is none, for each case; by "library" without any engine."""
    if engine == "library":
        return [implementation(BY_NAME[name])(*case) for case in cases]
    guest = Guest(name, engine, MEMORY)
    found: list[Any] = []
    while len(found) < len(cases):
        found += _batch(guest, cases[len(found) :])
    return found


def _batch(guest: Guest, cases: Sequence[Inputs]) -> list[Any]:
    """Answers to as many cases as fit the guest's memory."""
    function, output = guest.function, guest.function.output
    size = 0 if output is None else output.size
    at, columns = _INPUTS, []
    for case in cases:
        address = at + size
        row, at = _row(guest, case, at, address)
        if at > MEMORY:
            break
        columns.append(row)
    rows = np.zeros(len(columns), guest.contract.dtype("run"))
    for index, row in enumerate(columns):
        rows[index] = tuple(row)
    receipts = guest.contract.submit("run", rows, gas_limit=10**9)
    assert receipts.accepted.all()
    results = receipts.results["run"]["value"].tolist()
    if output is None:
        return [bool(result) for result in results]
    written = [guest.read(size, int(address)) for address in rows[output.name]]
    if not function.returns_bool:
        return written
    assert all(result or not any(content) for result, content in zip(results, written, strict=True))
    return [content if result else None for result, content in zip(results, written, strict=True)]


def _row(guest: Guest, case: Inputs, out: int, at: int) -> tuple[list[int], int]:
    """A frame's arguments, the inputs written from `at` on; where the next one may begin."""
    given, row = iter(case), []
    for parameter in guest.function.parameters:
        if parameter.role is Role.OUT:
            row.append(out)
            continue
        value = next(given)
        if parameter.role is Role.VALUE:
            row.append(value)
            continue
        if at + len(value) <= MEMORY:
            guest.memory[at : at + len(value)] = value
        row += [at, len(value)] if parameter.length else [at]
        at += len(value)
    return row, at
