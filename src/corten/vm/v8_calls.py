"""Calls between contracts in V8: which instances a crossing may reach. `v8_calls.js` serves the calls themselves.

JavaScript enters the instances that it was told of. At any other contract's address it gives up the message that calls
it, undone as if it had not begun, and Python brings the instance and lets it begin again. Which contracts one has
called is remembered, so that this happens once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from corten.base.calls import CALL_DEPTH, CallReject
from corten.base.errors import HostFault, Status, TrapCode
from corten.vm.call_records import Frame, Origin
from corten.vm.calls import BLOCK, CODE_MASK, FIRST_ADDRESS, TRAP_BIT
from corten.vm.layout import FRAME_HEADER_BYTES, OUTBOX_BYTES, RECORD_HEADER_BYTES
from corten.wasm.instrument.calls import FIELDS, MODE_FIRST, RECORDS_OF_CALLEE

if TYPE_CHECKING:
    from corten.vm.calls import Registry
    from corten.vm.program import Program
    from corten.vm.residency import Residency
    from corten.vm.resident import Resident
    from corten.vm.v8_engine import V8Instance

SETTINGS: Final = {
    "fields": FIELDS,
    "rejects": {code.name: code.value for code in CallReject},
    "statuses": {status.name: status.value for status in Status},
    "firstAddress": FIRST_ADDRESS,
    "callDepth": CALL_DEPTH,
    "modeFirst": MODE_FIRST,
    "recordsOfCallee": RECORDS_OF_CALLEE,
    "trapBit": TRAP_BIT,
    "codeMask": CODE_MASK,
    "outboxExhausted": TrapCode.OUTBOX_EXHAUSTED,
    "blockBytes": BLOCK.size,
    "recordHeaderBytes": RECORD_HEADER_BYTES,
}
"""What `v8_calls.js` is told of the protocol (docs/spec/calls.md)."""


_REMEMBERED: Final = 64
"""Contracts that are brought beforehand because one has called them."""


class V8Switchboard:
    """The contracts that messages of one contract may reach, each with its lock held."""

    def __init__(
        self, registry: Registry, residency: Residency, resident: Resident, header: bytes, read_only: bool
    ) -> None:
        self._registry = registry
        self._first = residency
        self._header = header
        self._read_only = read_only
        self._joined: list[Residency] = []
        self._residents: dict[int, Resident] = {}
        self._origins: dict[int, Origin] = {}
        self._instances: dict[int, V8Instance] = {}
        self._was_faulted = resident.faulted
        self._add(residency, resident)
        is_complete = False
        try:
            for address in list(registry.reached.get(residency.address, ())):
                self._expect(address)
            self._instance.board = self
            is_complete = True
        finally:
            if not is_complete:
                self.close()

    @property
    def _instance(self) -> V8Instance:
        return self._instances[self._first.address]

    def join(self, address: int) -> None:
        """Bring a contract's instance; HostFault when it is in an isolate that was interrupted."""
        residency = self._registry.find(address)
        if residency is None or address in self._instances:
            raise HostFault(f"expected a contract at {address:#x} that has not joined: the call's host is broken")
        with residency.lock:
            resident: Any = residency.live()
            resident.prepare(self._header)
            self._add(residency, resident)
            residency.lock.acquire()  # until the switchboard is closed
        self._joined.append(residency)
        reached = self._registry.reached.setdefault(self._first.address, {})
        reached[address] = None
        if len(reached) > _REMEMBERED:
            del reached[next(iter(reached))]

    def _expect(self, address: int) -> None:
        """Bring a contract that will be called perhaps. What is wrong with it shows if it is."""
        residency = self._registry.find(address)
        if residency is not None and (residency.resident is None or not residency.resident.faulted):
            self.join(address)

    def text(self) -> str:
        """The contracts, as `converse` takes them, before a crossing."""
        recorder = self._residents[self._first.address].recorder
        for address, resident in self._residents.items():
            if recorder is not None and resident.recorder is not None and address != self._first.address:
                recorder.expect(resident.recorder)
        contracts = [[address, instance.number] for address, instance in self._instances.items()]
        count = self._registry.next_address - FIRST_ADDRESS
        return json.dumps([self._read_only, count, contracts, recorder is not None], separators=(",", ":"))

    def note(self, frames: list[tuple[int, list[tuple[int, int]]]], entered: list[int]) -> None:
        """After a crossing: contracts at work when a message was stopped, the innermost first; and all callees."""
        first = self._residents[self._first.address]
        for message, found in frames:
            first.frames[message] = tuple(Frame(self._origins[address], word) for address, word in found)
        for address in entered:
            recorder = self._residents[address].recorder
            if first.recorder is not None and recorder is not None:
                first.recorder.entered(recorder)

    def close(self) -> None:
        """Let go of everything."""
        self._instance.board = None
        if (
            self._residents[self._first.address].faulted and not self._was_faulted
        ):  # the host broke, in the middle of a message perhaps
            for resident in self._residents.values():
                resident.faulted = True
        for residency in self._joined:
            residency.lock.release()

    def _add(self, residency: Residency, resident: Resident) -> None:
        instance: Any = resident.instance
        if not instance.is_introduced:
            instance.isolate.call(f"introduce({instance.number},{_card(residency)})")
            instance.is_introduced = True
        self._residents[residency.address] = resident
        self._origins[residency.address] = residency.origin
        self._instances[residency.address] = instance


def _card(residency: Residency) -> str:
    """What others must know of a contract to call it, and its entries by selector."""
    program: Program = residency.program  # type: ignore[assignment]  # not one of CPython's
    layout = program.layout
    control = memoryview(layout.control(layout.inbox, 0)).cast("I").tolist()
    card = {
        "address": residency.address,
        "control": control,
        "payload": layout.inbox + FRAME_HEADER_BYTES,
        "outboxLimit": layout.outbox + OUTBOX_BYTES,
    }
    entries = [
        [
            selector,
            {
                "number": entry.number,
                "isView": entry.is_view,
                "mode": entry.mode,
                "length": entry.sizes[0],
                "size": entry.sizes[1],
                "checks": entry.checks,
            },
        ]
        for selector, entry in program.interface.selectors.items()
    ]
    return f"{json.dumps(card)},{json.dumps(entries)}"
