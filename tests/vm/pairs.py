"""Two machines side by side, Wasmtime and V8: every batch goes to both, and everything they say must be equal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from corten import Trapped
from corten.vm import Machine, Receipts

ENGINES = ("wasmtime", "v8")


class Pair:
    """One contract on both engines."""

    def __init__(self, source: str | Path | bytes, memory_limit: int = 1 << 20, **arguments: Any) -> None:
        self.machines = [Machine(engine, memory_limit=memory_limit, cache=False) for engine in ENGINES]
        self.contracts = [machine.deploy(source, **arguments) for machine in self.machines]
        self.check_roots()

    def submit(self, batch: str, rows: Any = None, **options: Any) -> Receipts:
        """A batch of one entry; Wasmtime's receipts once V8's are equal."""
        return self._compared([contract.submit(batch, rows, **options) for contract in self.contracts])

    def submit_mixed(self, parts: list[tuple[str, Any, Any]]) -> Receipts:
        """A batch of (entry, rows, sender), in this order."""
        receipts = []
        for contract in self.contracts:
            batch = contract.batch()
            for entry, rows, sender in parts:
                batch.add(entry, rows, sender=sender)
            receipts.append(contract.submit(batch))
        return self._compared(receipts)

    def send(self, entry: str, /, **arguments: Any) -> Any:
        """One message, or a view: its value, or the code of its trap."""
        first, second = (self._one(contract, entry, arguments) for contract in self.contracts)
        assert first == second, (entry, arguments)
        self.check_roots()
        return first

    def check_roots(self) -> None:
        first, second = self.machines
        assert first.state_root == second.state_root

    @staticmethod
    def _one(contract: Any, entry: str, arguments: dict[str, Any]) -> Any:
        try:
            found = getattr(contract, entry)(**arguments)
        except Trapped as trap:
            return trap.code
        if not hasattr(found, "gas"):
            return np.asarray(found).tolist()
        return found.status, found.code, found.site, found.gas, found._records

    def _compared(self, receipts: list[Receipts]) -> Receipts:
        first, second = receipts
        assert first.columns.tolist() == second.columns.tolist()
        for name in first.events:
            assert first.events[name].tobytes() == second.events[name].tobytes()
        self.check_roots()
        return first


def random_rows(random: np.random.Generator, dtype: np.dtype[Any], count: int) -> np.ndarray[Any, Any]:
    """Rows whose numbers are mostly small, sometimes extreme, and whose floats have any bits."""
    rows = np.zeros(count, dtype)
    for name in dtype.names or ():
        _fill(random, rows[name])
    return rows


def _fill(random: np.random.Generator, column: np.ndarray[Any, Any]) -> None:
    kind = column.dtype
    if kind.names is not None:
        for name in kind.names:
            _fill(random, column[name])
    elif kind.kind == "f":
        usual = random.normal(0.0, 100.0, column.shape)
        wild = random.integers(0, 1 << 64, column.shape, np.uint64).view(np.float64)
        special = random.choice([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, 2.0**63], column.shape)
        column[...] = np.choose(random.integers(0, 3, column.shape), [usual, wild, special])
    elif kind.kind in "iu":
        limits = np.iinfo(kind)
        small = random.integers(0, min(12, limits.max), column.shape)
        extreme = random.choice(np.array([limits.min, limits.max, limits.max // 2], kind), column.shape)
        column[...] = np.where(random.random(column.shape) < 0.93, small.astype(kind), extreme)
    elif kind.kind == "b":
        column[...] = random.random(column.shape) < 0.5
    else:
        column[...] = np.array([bytes([random.integers(0, 4)] * kind.itemsize)], kind)[0]
