"""Calls between contracts in V8: which instances a crossing may reach. `v8_calls.js` serves the calls themselves.

JavaScript enters the instances that it was told of. At any other contract's address it gives up the message that calls
it, undone as if it had not begun, and Python brings the instance and lets it begin again. Which contracts one has
called is remembered, so that this happens once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from corten.base.calls import CALL_DEPTH, CONTRACT_LIMIT, DEPLOYMENTS, CallReject
from corten.base.errors import HostFault, Status, TrapCode
from corten.vm.call_records import Frame, Origin
from corten.vm.calls import BLOCK, CODE_MASK, FIRST_ADDRESS, TRAP_BIT
from corten.vm.layout import (
    ADDRESS_OFFSET,
    FRAME_HEADER_BYTES,
    HEADER_BYTES,
    HEADER_OFFSET,
    INBOX_BYTES,
    INIT,
    OUTBOX_BYTES,
    RECORD_HEADER_BYTES,
)
from corten.wasm.instrument.calls import CALL, CODE_BYTES, DEPLOY, FIELDS, MODE_FIRST, RECORDS_OF_CALLEE

if TYPE_CHECKING:
    from corten.vm.calls import Registry
    from corten.vm.deployments import Code
    from corten.vm.program import Program
    from corten.vm.residency import AnyProgram, Residency
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
    "deployments": DEPLOYMENTS,
    "codeBytes": CODE_BYTES,
    "outOfGas": TrapCode.OUT_OF_GAS,
    "headerWords": [HEADER_OFFSET >> 2, HEADER_BYTES >> 2],
    "addressWord": ADDRESS_OFFSET >> 2,
    "callImport": CALL,
    "deployImport": DEPLOY,
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
        codes = [[code_hash.hex(), self._code(code)] for code_hash, code in self._registry.codes.items()]
        content = [self._read_only, count, contracts, recorder is not None, codes, CONTRACT_LIMIT]
        return json.dumps(content, separators=(",", ":"))

    def note(
        self,
        frames: list[tuple[int, list[tuple[int, int, str]]]],
        entered: list[int],
        made: list[tuple[str, int]],
    ) -> None:
        """After a crossing: contracts at work when a message was stopped, innermost first; all callees; new ones."""
        first = self._residents[self._first.address]
        for code_hash, number in made:
            self._adopt(self._registry.codes[bytes.fromhex(code_hash)].program, number)
        for message, found in frames:
            first.frames[message] = tuple(self._frame(*each) for each in found)
        for address in entered:
            recorder = self._residents[address].recorder
            if first.recorder is not None and recorder is not None:
                first.recorder.entered(recorder)

    def _adopt(self, program: AnyProgram, number: int) -> None:
        """Make a contract that a message deployed the machine's."""
        registry = self._registry
        residency = self._first.beside(program, registry.next_address)
        resident: Any = residency.adopt(number)
        residency.lock.acquire()
        self._joined.append(residency)
        resident.prepare(self._header)
        resident.instance.is_introduced = True
        registry.keep(residency, registry.free_name(program.interface.name))
        self._add(residency, resident)

    def _code(self, code: Code) -> int:
        """The number of a published code in the isolate."""
        isolate = self._instance.isolate
        held = code.copies.get("v8")
        if held is None or held.isolate is not isolate:
            program: Program = code.program  # type: ignore[assignment]  # not one of CPython's
            module, accessor = program.code.staged(isolate)  # type: ignore[attr-defined]  # V8's
            card = {**_common(program), "init": -1 if code.init is None else code.init.number, "gas": code.gas}
            layout = program.layout
            card |= {
                "selector": code.selector,
                "length": code.payload_bytes,
                "longest": INBOX_BYTES - FRAME_HEADER_BYTES,
            }
            card["initControl"] = memoryview(layout.control(layout.inbox, INIT)).cast("I").tolist()
            entries = json.dumps(_entries(program))
            held = code.copies["v8"] = isolate.lease(f"code({module},{accessor},{json.dumps(card)},{entries})")
        return int(held.number)

    def _frame(self, address: int, word: int, code_hash: str) -> Frame:
        if not code_hash:
            return Frame(self._origins[address], word)
        program = self._registry.codes[bytes.fromhex(code_hash)].program
        return Frame(Origin(program.interface, program.directory, address), word)

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
    return f"{json.dumps({'address': residency.address, **_common(program)})},{json.dumps(_entries(program))}"


def _common(program: Program) -> dict[str, Any]:
    layout = program.layout
    return {
        "control": memoryview(layout.control(layout.inbox, 0)).cast("I").tolist(),
        "payload": layout.inbox + FRAME_HEADER_BYTES,
        "outboxLimit": layout.outbox + OUTBOX_BYTES,
    }


def _entries(program: Program) -> list[Any]:
    return [
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
