"""The peer of the order book's benchmark: the contract's IR as machine code, behind the very `submit` that ours has.

Frames go in and receipts and records come out the same way, so that the two differ in what is between: WebAssembly,
its sandbox and the instrumentation on one side, LLVM's code for this processor on the other.
"""

from __future__ import annotations

import ctypes
import time
from dataclasses import replace
from typing import Any

import numpy as np

from corten.compiler.native import NativeContract
from corten.vm.contract import Contract
from corten.vm.layout import CURSOR_OFFSET, NEXT_INDEX_OFFSET, OUTBOX_CURSOR_OFFSET, RECORD_CURSOR_OFFSET, U32
from corten.vm.program import Program
from corten.vm.residency import Residency

_FRAMES_END, _RECEIPTS, _OUTBOX, _INDEX = 8, 20, 24, 36


class NativeCode:
    """Stands where `engine.Code` stands in a program."""

    imports: tuple[Any, ...] = ()

    def __init__(self, contract: NativeContract, system_bytes: int) -> None:
        self._contract, self._system_bytes = contract, system_bytes
        self.last: NativeInstance | None = None

    def instantiate(self, services: Any = None) -> NativeInstance:
        self.last = NativeInstance(self._contract, self._system_bytes)
        return self.last


class NativeInstance:
    """Runs the frames of a control block natively (docs/spec/module.md); nothing is metered, logged or rolled back.

    `seconds` is how long it ran last.
    """

    is_lost = False

    def __init__(self, contract: NativeContract, system_bytes: int) -> None:
        self._contract = contract
        self._buffer = np.zeros(system_bytes, np.uint8)
        self.system = self._buffer.data
        self.seconds = 0.0
        self.memory = memoryview((ctypes.c_uint8 * contract.memory_limit).from_address(0))

    def advance(self) -> bool:
        """Apply all frames; HostFault if one traps."""
        system, base = self.system, self._buffer.ctypes.data
        begin, end, receipts, outbox, index = (
            U32.unpack_from(system, offset)[0] for offset in (CURSOR_OFFSET, _FRAMES_END, _RECEIPTS, _OUTBOX, _INDEX)
        )
        started = time.perf_counter_ns()
        count, written, indexed = self._contract.run_at(base, (begin, end, receipts, outbox, index))
        self.seconds = (time.perf_counter_ns() - started) / 1e9
        for offset, value in (
            (CURSOR_OFFSET, end),
            (NEXT_INDEX_OFFSET, count),
            (OUTBOX_CURSOR_OFFSET, outbox + written),
            (RECORD_CURSOR_OFFSET, index + indexed),
        ):
            U32.pack_into(system, offset, value)
        return True


def native_contract(ours: Contract, contract: NativeContract) -> Contract:
    """A contract with our interface and our `submit` that runs natively."""
    residency = ours.residency
    program = residency.program
    assert isinstance(program, Program)
    code: Any = NativeCode(contract, program.layout.system_pages << 16)
    return Contract("native", Residency(residency.environment, replace(program, code=code)))
