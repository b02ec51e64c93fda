"""The native peer of the order book's benchmark does the same work: same receipts, same records.

In a process of its own: the peer's memory is at the guest's own addresses, low ones, which the system gives to
others when a process has run for long (an arena of the allocator, an engine's code).
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from corten import Machine
from corten.bench import order_book
from corten.bench._native import native_contract
from corten.compiler.native import NativeContract
from corten.demo.execution import Execution
from corten.demo.flow import generate_flow
from corten.vm.contract import Contract

EVENTS = ("OrderAccepted", "Fill", "OrderCancelled")


def compare() -> None:
    """Both answer one flow; prints how much there was to compare."""
    native_code = NativeContract(order_book.ORDER_BOOK)
    execution = Execution(order_book.ORDER_BOOK, order_book.rules(), Machine())
    order_book.open_natively(native_code, execution)
    native: Contract = native_contract(execution.contract, native_code)
    batch = execution.batch(generate_flow(3, 20_000))
    ours, theirs = execution.contract.submit(batch), native.submit(batch)
    for column in ("status", "code"):
        assert np.array_equal(getattr(ours, column), getattr(theirs, column)), column
    for event in EVENTS:
        mine, other = ours.events[event], theirs.events[event]
        assert len(mine), event
        for name in mine.dtype.names:
            assert np.array_equal(mine[name], other[name]), f"{event}.{name}"
    print(len(ours.status), "receipts,", len(EVENTS), "events")


def test_native_code_answers_as_the_instrumented_module_does():
    command = [sys.executable, "-m", "tests.bench.test_order_book_peer"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "20000 receipts, 3 events\n"


if __name__ == "__main__":
    compare()
