"""The native peer of the order book's benchmark does the same work: same receipts, same records."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from corten import Machine
from corten.bench import order_book
from corten.bench._native import native_contract
from corten.compiler.native import NativeContract
from corten.demo.execution import Execution
from corten.demo.flow import generate_flow
from corten.vm.contract import Contract

ROOT = Path(__file__).resolve().parents[2]


def test_native_code_answers_as_the_instrumented_module_does():
    """In a process of its own: native code lies at the guest's addresses, which V8 takes where it is in use."""
    code = "from tests.bench.test_order_book_peer import compare; compare()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def compare() -> None:
    """Both on the same flow; AssertionError if they differ."""
    native_code = NativeContract(order_book.ORDER_BOOK)
    execution = Execution(order_book.ORDER_BOOK, order_book.rules(), Machine())
    order_book.open_natively(native_code, execution)
    native: Contract = native_contract(execution.contract, native_code)
    batch = execution.batch(generate_flow(3, 20_000))
    ours, theirs = execution.contract.submit(batch), native.submit(batch)
    for column in ("status", "code"):
        assert np.array_equal(getattr(ours, column), getattr(theirs, column))
    for event in ("OrderAccepted", "Fill", "OrderCancelled"):
        mine, other = ours.events[event], theirs.events[event]
        assert len(mine)
        for name in mine.dtype.names:
            assert np.array_equal(mine[name], other[name]), f"{event}.{name}"
    native_code.close()
