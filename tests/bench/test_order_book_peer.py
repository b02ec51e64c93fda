"""The native peer of the order book's benchmark does the same work: same receipts, same records."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from corten import Machine
from corten.bench import order_book
from corten.bench._native import native_contract
from corten.compiler.native import NativeContract
from corten.demo.execution import Execution
from corten.demo.flow import generate_flow
from corten.vm.contract import Contract


@pytest.fixture
def native_code() -> Iterator[NativeContract]:
    code = NativeContract(order_book.ORDER_BOOK)
    yield code
    code.close()


def test_native_code_answers_as_the_instrumented_module_does(native_code: NativeContract):
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
