"""What the machine costs around a contract's own work: one message, batches, the state root, snapshots and forks."""

from __future__ import annotations

import hashlib
import itertools
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from corten.bench.measure import median_seconds, paired
from corten.bench.registry import Result
from corten.vm import Contract, Machine
from corten.vm.layout import PAGE_BYTES

_LEDGER: Final = Path(__file__).with_name("_ledger.py")
_BATCH: Final = 100_000
_PAGES: Final = 10_000
_CONDITIONS: Final = "all passes, receipts and events on"


def messages() -> list[Result]:
    """One message through the Python API, by outcome; the receipt is not looked at."""
    ledger = _deployed(Machine())
    outcomes = {
        "view": lambda: ledger.balance(account=2),
        "rejected": lambda: ledger.transfer(to=2, amount=1, sender=7),
        "trapped": lambda: ledger.share(amount=1, parts=0, sender=1),
    }
    results = []
    for name, call in outcomes.items():
        taken = paired(call, lambda: ledger.transfer(to=2, amount=1, sender=1), calls=1000)
        results.append(Result(name, taken.ours * 1e6, "us", "accepted", taken.ratio, _CONDITIONS))
    results.insert(0, Result("accepted", taken.peer * 1e6, "us", conditions=_CONDITIONS))
    return results


def batches() -> list[Result]:
    """A message in a batch of one entry, of a mixed batch, and of a batch of views; events decoded apart."""
    ledger = _deployed(Machine())
    rows = _transfers(ledger, _BATCH)
    conditions = f"{_BATCH} messages, {_CONDITIONS}"

    def mixed() -> None:
        order = np.arange(_BATCH)
        batch = ledger.batch()
        batch.add("transfer", rows[: _BATCH // 2], sender=1, order=order[::2])
        batch.add("transfer", rows[_BATCH // 2 :], sender=1, order=order[1::2])
        ledger.submit(batch)

    accounts = np.zeros(_BATCH, ledger.dtype("balance"))
    functions = {
        "one_entry": lambda: ledger.submit("transfer", rows, sender=1),
        "with_events": lambda: ledger.submit("transfer", rows, sender=1).events["Transfer"],
        "mixed_order": mixed,
        "views": lambda: ledger.submit("balance", accounts),
    }
    return [
        Result(f"batch.{name}", median_seconds(function) / _BATCH * 1e9, "ns", conditions=conditions)
        for name, function in functions.items()
    ]


def state_root() -> list[Result]:
    """The root after 10,000 touched pages, together and scattered; the peer is hashlib over as many pages."""
    content = bytes(PAGE_BYTES * _PAGES)
    view = memoryview(content)

    def leaves() -> None:
        for begin in range(0, len(view), PAGE_BYTES):
            hashlib.sha256(view[begin : begin + PAGE_BYTES]).digest()

    scattered = np.sort(np.random.default_rng(1).choice(60_000, _PAGES, replace=False))
    results = []
    for name, pages in {"together": np.arange(_PAGES), "scattered": scattered}.items():
        machine = Machine()
        ledger = _deployed(machine)
        values = itertools.count(1)

        def root(machine: Machine = machine) -> bytes:
            return machine.state_root

        times = []
        for _ in range(5):
            _touch(ledger, pages, next(values))
            times.append(paired(root, leaves, rounds=1, warm_up=0))
        best = sorted(times, key=lambda one: one.ours)[len(times) // 2]
        conditions = f"{_PAGES} pages touched, {name}"
        results.append(Result(f"root.{name}", best.ours * 1e3, "ms", "hashlib over the pages", best.ratio, conditions))
    return results


def snapshots() -> list[Result]:
    """Snapshot and restore after one message; fork, and a fork's first message, with 10,000 pages in use."""
    machine = Machine()
    ledger = _deployed(machine)
    _touch(ledger, np.arange(_PAGES), 1)
    snapshot = machine.snapshot()

    def again() -> None:
        ledger.transfer(to=2, amount=1, sender=1)
        machine.snapshot()

    def back() -> None:
        ledger.transfer(to=2, amount=1, sender=1)
        machine.restore(snapshot)

    functions = {
        "snapshot": again,
        "restore": back,
        "fork": machine.fork,
        "fork_and_first_use": lambda: machine.fork()["Ledger"].balance(account=1),
    }
    return [
        Result(name, median_seconds(function) * 1e6, "us", conditions=f"{_PAGES} pages in use, one message since")
        for name, function in functions.items()
    ]


def _deployed(machine: Machine) -> Contract:
    return machine.deploy(_LEDGER, sender=1, supply=1 << 60)


def _transfers(ledger: Contract, count: int) -> NDArray[np.void]:
    rows = np.zeros(count, ledger.dtype("transfer"))
    rows["to"], rows["amount"] = np.arange(count) % 1000, 1
    return rows


def _touch(ledger: Contract, pages: NDArray[np.int64], value: int) -> None:
    rows = np.zeros(len(pages), ledger.dtype("touch"))
    rows["page"], rows["value"] = pages, value
    ledger.submit("touch", rows).raise_for_status()


BENCHMARKS: Final = {
    "messages": messages,
    "batches": batches,
    "state_root": state_root,
    "snapshots": snapshots,
}
