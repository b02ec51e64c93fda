"""Calls between contracts: a machine's contracts by address, and the messages that go through several of them.

A deployment is a call of an init for which the contract is made first; the machine has it once the message is accepted.

A message begins in one contract. While it runs, that contract's guest may call out to `Switchboard`, which copies the
payload to the callee and enters it; the callee may call in turn. All that took part are committed or rolled back
together when the message ends (docs/spec/calls.md). The guests' injected code has checked every range and charged.

Locks: who may call takes the machine's lock first, then its own and those of its callees as it meets them; who cannot
call takes its own alone. So nobody waits for a lock while holding one that the other wants.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

from corten.base.calls import CALL_DEPTH, CONTRACT_BIT, CallReject
from corten.base.errors import HostFault, Status, TrapCode
from corten.vm.call_records import Frame, Origin
from corten.vm.callbacks import GuestStopped, Port
from corten.vm.deployments import Code, refusal
from corten.vm.layout import (
    FRAME_HEADER_BYTES,
    INIT,
    OUTBOX_BYTES,
    RECORD_HEADER_BYTES,
    U32,
)
from corten.wasm.instrument.calls import AREA, CALL, CODE_BYTES, DEPLOY, FIELDS, MODE_FIRST, RECORDS_OF_CALLEE
from corten.wasm.instrument.layout import CONTROL

if TYPE_CHECKING:
    from corten.vm.residency import Residency
    from corten.vm.resident import Resident
    from corten.vm.selectors import CallableEntry

FIRST_ADDRESS: Final = CONTRACT_BIT + 1

_CALL: Final = struct.Struct("<qiIIIIIII8xI12xI")
"""Gas, depth, contract, selector, arguments, length, result, size, outbox, whether it is a call, message."""
_ENTER: Final = struct.Struct("<qiIIII")  # gas, depth, sender, entry, payload bytes, mode
_ENTERED: Final = struct.Struct("<q20xIIIII")  # gas, result record, records: begin, end, status, word
_ANSWER: Final = struct.Struct("<q28xII")  # gas, outbox, status
_ENDED: Final = struct.Struct("<II")  # status, word
_STOPPED: Final = struct.Struct("<q44xI")  # gas, raised
BLOCK: Final = struct.Struct("<IIIIII")
"""Head of a callee's records: type, message, contract, entry, bytes, 0."""
_ORIGIN: Final = struct.Struct("<II")  # contract, code | site << 12
_GAS: Final = struct.Struct("<q")
_FLAGS_AT: Final = CONTROL["flags"]
_ENDED_AT: Final = FIELDS["status"]
_RAISED_AT: Final = FIELDS["raised"]
_ORIGIN_AT: Final = FIELDS["origin"]
_MESSAGE_AT: Final = FIELDS["message"]

assert (FIELDS["called"], FIELDS["message"]) == (AREA + 48, AREA + 64)

TRAP_BIT: Final = 1 << 31
"""In a status: the caller's injected code traps."""
CODE_MASK: Final = 0xFFF
"""The code in a word of code | site << 12."""


class CallPort(Port):
    """Where an instance's calls arrive; what serves them is attached while a message may call."""

    def __init__(self) -> None:
        self.abort: Callable[[], None] = _nothing
        self.deployments = Port()
        self.close()

    def ports(self) -> dict[str, Port]:
        """What serves each way out."""
        return {CALL: self, DEPLOY: self.deployments}

    def close(self) -> None:
        """The message is over."""
        self.serve, self.abort, self.deployments.serve = _unattended, _nothing, _unattended

    def recovering(self) -> None:
        """What the engine calls before it recovers from a trap."""
        self.abort()


def _unattended() -> None:
    raise HostFault("a contract called another outside of a message")


def _nothing() -> None:
    pass


class Registry:
    """A machine's contracts by address: they are numbered from FIRST_ADDRESS on, in the order of deployment.

    And the code that contracts may deploy, by its hash.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.residencies: list[Residency] = []
        self.codes: dict[bytes, Code] = {}
        self.reached: dict[int, dict[int, None]] = {}
        """For engines that ask beforehand: which contracts one has called, by its address, the latest last."""
        self._origins: dict[int, Origin] = {}
        self._names: set[str] = set()
        self._numbers: dict[str, int] = {}  # by name: all lower numbers are taken

    def find(self, address: int) -> Residency | None:
        """The contract at an address."""
        place = address - FIRST_ADDRESS
        return self.residencies[place] if 0 <= place < len(self.residencies) else None

    @property
    def next_address(self) -> int:
        """What the next contract gets."""
        return FIRST_ADDRESS + len(self.residencies)

    def is_taken(self, name: str) -> bool:
        """Whether a contract has the name."""
        return name in self._names

    def free_name(self, name: str) -> str:
        """The name, or the first of `name-2`, `name-3` … that no contract has."""
        number = self._numbers.get(name, 1)
        while (chosen := name if number == 1 else f"{name}-{number}") in self._names:
            number += 1
        self._numbers[name] = number
        return chosen

    def introduce(self, residency: Residency) -> None:
        """Receipts of the machine's contracts shall know this one; they do not keep its memory."""
        program = residency.program
        origin = Origin(program.interface, program.directory, residency.address, self._origins)
        residency.origin = self._origins[residency.address] = origin

    def keep(self, residency: Residency, name: str) -> None:
        """The machine has one contract more."""
        self.introduce(residency)
        self._names.add(name)
        residency.name = name
        self.residencies.append(residency)

    def replace(self, contracts: list[tuple[str, Residency]]) -> None:
        """Other contracts; receipts of the ones before still know those."""
        self.residencies, self._origins, self._names, self._numbers = [], {}, set(), {}
        self.reached = {}
        for name, residency in contracts:
            self.keep(residency, name)

    @contextmanager
    def added(self, residency: Residency, name: str) -> Iterator[None]:
        """The machine has one contract more, unless an exception comes out; it has no name until the end."""
        count = len(self.residencies)
        self.keep(residency, name)
        residency.name = ""
        try:
            yield
            residency.name = name
        finally:
            if not residency.name:
                self._names.discard(name)
                self._numbers.clear()
                del self.residencies[count:]

    @contextmanager
    def message(self, residency: Residency, header: bytes, read_only: bool) -> Iterator[Any]:
        """The live contract, to which messages may be applied that call others."""
        with self.lock, residency.lock:
            resident = residency.live()
            board = resident.switchboard(self, residency, header, read_only)
            try:
                yield resident
            finally:
                board.close()


class Participant:
    """A contract that takes part in messages of one crossing."""

    def __init__(self, residency: Residency, resident: Resident, control: bytes) -> None:
        self.residency = residency
        self.address = residency.address
        self.resident = resident
        self.enter, self.undo = resident.calls()
        self.system, self.memory = resident.memories()
        self.layout = residency.program.layout
        self.payload = self.layout.inbox + FRAME_HEADER_BYTES
        self.outbox_limit = self.layout.outbox + OUTBOX_BYTES
        self.control = control
        self.entries = residency.program.interface.selectors
        self.message = -1  # the last message, by the switchboard's count, that it took part in
        self.is_busy = False
        self.is_read_only = False


class Switchboard:
    """Serves the calls of messages that begin in one contract."""

    def __init__(
        self, registry: Registry, residency: Residency, resident: Resident, header: bytes, read_only: bool
    ) -> None:
        self._registry = registry
        self._header = header
        self._joined: dict[int, Participant] = {}
        self._entered: list[Participant] = []  # callees of the message in progress
        self._deployed: list[Participant] = []  # those of them that it deployed
        self._message = 0
        self._depth = 1
        self._failure = 0  # the status that the last caller was given, once a call has failed
        self._origin: tuple[int, int] | None = None
        self._stopped: tuple[Participant, TrapCode] | None = None
        self._frames: list[Frame] = []  # of a reject, on its way out
        self._first = first = self._attached(residency, resident)
        first.is_busy, first.is_read_only = True, read_only
        self._recorder = resident.recorder

    def close(self) -> None:
        """Let go of everything."""
        for each in self._entered:  # only when the host broke in the middle of a message
            each.resident.faulted = True
        self._drop_deployed()
        for each in self._joined.values():
            each.resident.port.close()
            if each is not self._first:
                each.residency.lock.release()
        self._joined.clear()

    # ---- one call ----------------------------------------------------------------------------------------------------

    def _serve(self, caller: Participant) -> None:
        """One call, from the caller's call area to its answer in there. Nothing here is slower than it must be."""
        system = caller.system
        asked = _CALL.unpack_from(system, AREA)
        gas, depth, contract, name, at, length, result, size, outbox, is_call, message = asked
        if not is_call:
            self._settle()
            return
        callee = self._joined.get(contract) or self._join(contract)
        entry = None if callee is None else callee.entries.get(name)
        if (
            callee is None
            or entry is None
            or callee.is_busy
            or self._failure
            or self._depth >= CALL_DEPTH
            or (caller.is_read_only and not entry.is_view)
            or (length, size) != entry.sizes
        ):
            self._failure = self._failure or self._refusal(caller, callee, entry)
            _ANSWER.pack_into(system, AREA, gas, outbox, self._failure)
            return
        mode = entry.mode if callee.message == self._message else entry.mode | self._begin(callee)
        _ENTER.pack_into(callee.system, AREA, gas, depth, caller.address, entry.number, length, mode)
        if length:
            callee.system[callee.payload : callee.payload + length] = caller.memory[at : at + length]
        callee.is_busy, callee.is_read_only = True, entry.is_view
        self._depth += 1
        trap = callee.enter()
        if trap is not None:
            self._stop(callee, trap)
        self._depth -= 1
        callee.is_busy = False
        gas, record, begin, end, status, _ = _ENTERED.unpack_from(callee.system, AREA)
        answer = 0
        if status or self._failure:
            answer = self._refused(callee)
        elif size:
            value = record + RECORD_HEADER_BYTES
            content = callee.system[value : value + size]
            if not record or (entry.checks and not entry.accepts_result(content)):
                answer = self._failure = CallReject.NO_RESULT.value
            else:
                caller.memory[result : result + size] = content
                if value + size == end:
                    end = record
        if end > begin and not answer:
            block = RECORDS_OF_CALLEE, message, contract, entry.number, end - begin, 0
            answer, outbox = _keep_records(caller, outbox, block, callee.system[begin:end])
        _ANSWER.pack_into(system, AREA, gas, outbox, answer)

    # ---- one deployment ----------------------------------------------------------------------------------------------

    def _deploy(self, caller: Participant) -> None:
        """One deployment, from the caller's call area to its answer in there."""
        system = caller.system
        gas, depth, at, name, arguments, length, result, _, outbox, is_call, message = _CALL.unpack_from(system, AREA)
        if not is_call:
            self._settle()
            return
        registry, deployed = self._registry, len(self._deployed)
        code = registry.codes.get(bytes(caller.memory[at : at + CODE_BYTES]))
        refused = self._failure or refusal(
            code,
            name,
            length,
            depth=self._depth,
            is_read_only=caller.is_read_only,
            in_message=deployed,
            in_machine=len(registry.residencies) + deployed,
        )
        if refused or code is None:
            self._failure = int(refused or 0)
            _ANSWER.pack_into(system, AREA, gas, outbox, self._failure)
            return
        gas -= code.gas
        if gas < 0:
            _ANSWER.pack_into(system, AREA, 0, outbox, TRAP_BIT | TrapCode.OUT_OF_GAS)
            return
        made = self._made(code)
        answer = 0
        if code.init is not None:
            payload = caller.memory[arguments : arguments + length]
            gas, answer, records = self._initialize(made, caller.address, code.init.number, payload, gas, depth)
            if records and not answer:
                block = RECORDS_OF_CALLEE, message, made.address, code.init.number, len(records), 0
                answer, outbox = _keep_records(caller, outbox, block, records)
        if not answer:
            U32.pack_into(caller.memory, result, made.address)
        _ANSWER.pack_into(system, AREA, gas, outbox, answer)

    def _made(self, code: Code) -> Participant:
        """A new contract, at the next address."""
        address = self._registry.next_address + len(self._deployed)
        residency = self._first.residency.beside(code.program, address)
        resident: Any = residency.live()
        resident.prepare(self._header)
        residency.lock.acquire()
        made = self._attached(residency, resident)
        self._record(made)
        self._deployed.append(made)
        return made

    def _initialize(
        self, made: Participant, sender: int, entry: int, payload: memoryview, gas: int, depth: int
    ) -> tuple[int, int, memoryview]:
        """Apply the init: gas left, what to tell the caller, records."""
        system = made.system
        self._begin(made)
        U32.pack_into(system, _FLAGS_AT, INIT)
        _ENTER.pack_into(system, AREA, gas, depth, sender, entry, len(payload), MODE_FIRST)
        system[made.payload : made.payload + len(payload)] = payload
        made.is_busy = True
        self._depth += 1
        trap = made.enter()
        if trap is not None:
            self._stop(made, trap)
        self._depth -= 1
        made.is_busy = False
        gas, _, begin, end, status, _ = _ENTERED.unpack_from(system, AREA)
        answer = self._refused(made) if status or self._failure else 0
        return gas, answer, system[begin:end]

    # ---- refusals ----------------------------------------------------------------------------------------------------

    def _refusal(self, caller: Participant, callee: Participant | None, entry: CallableEntry | None) -> int:
        """Why a call is not made, in the order of the checks."""
        if callee is None:
            return CallReject.UNKNOWN_CONTRACT
        if callee.is_busy:
            return CallReject.REENTERED
        if self._depth >= CALL_DEPTH:
            return CallReject.CALL_TOO_DEEP
        if entry is None:
            return CallReject.UNKNOWN_ENTRY
        if caller.is_read_only and not entry.is_view:
            return CallReject.MESSAGE_FROM_VIEW
        return CallReject.MALFORMED_CALL

    def _begin(self, callee: Participant) -> int:
        """Make ready for the contract's first part in this message."""
        callee.message = self._message
        callee.system[: len(callee.control)] = callee.control
        self._record(callee)
        self._entered.append(callee)
        return MODE_FIRST

    def _record(self, callee: Participant) -> None:
        if self._recorder is not None and callee.resident.recorder is not None:
            self._recorder.join(callee.resident.recorder)

    def _stop(self, callee: Participant, trap: TrapCode) -> NoReturn:
        """A callee trapped: so do all that called it."""
        if self._stopped is None:
            self._stopped = callee, trap
        raise GuestStopped(trap)

    def _refused(self, callee: Participant) -> int:
        """What to tell the caller of a callee that rejected, or in which a call failed, whatever it made of that."""
        status, word = _ENDED.unpack_from(callee.system, _ENDED_AT)
        if status == Status.INVALID:
            self._failure = CallReject.MALFORMED_CALL.value
            return self._failure
        if status == Status.REJECTED:
            self._frames.append(Frame(callee.residency.origin, word))
            if self._origin is None:
                self._origin = callee.address, word
        self._failure = CallReject.CALLEE_REJECTED.value
        return self._failure

    # ---- the end of a message ----------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """A message came to its end: a reject of any part is one of the whole."""
        system = self._first.system
        if not (system[_ENDED_AT] or self._failure or self._deployed):  # as most do
            self._entered.clear()
            self._message += 1
            return
        status, word = _ENDED.unpack_from(system, _ENDED_AT)
        if self._failure and not status:
            status, word = Status.REJECTED, self._failure
            _ENDED.pack_into(system, _ENDED_AT, status, word)
        if status:
            for each in self._entered:
                each.undo()
            if self._origin is not None and word & CODE_MASK == CallReject.CALLEE_REJECTED:
                _ORIGIN.pack_into(system, _ORIGIN_AT, *self._origin)
                self._note(self._frames)
            self._drop_deployed()
        for each in self._deployed:
            name = self._registry.free_name(each.residency.program.interface.name)
            self._registry.keep(each.residency, name)
        self._end()

    def _abort(self) -> None:
        """A message trapped, here or in a callee: roll the callees back, and let the contract inherit their trap."""
        gas = raised = 0
        for each in self._entered:
            each.undo()
            each.is_busy = False
            if self._stopped is not None and self._stopped[0] is each:
                left, word = _STOPPED.unpack_from(each.system, AREA)
                code = self._stopped[1]
                gas, raised = (left, word & CODE_MASK) if word & CODE_MASK else (0, 0)
                word = word if raised else code
                _ORIGIN.pack_into(self._first.system, _ORIGIN_AT, each.address, word)
                self._note([Frame(each.residency.origin, word)])
        _GAS.pack_into(self._first.system, AREA, gas)
        U32.pack_into(self._first.system, _RAISED_AT, raised)
        self._drop_deployed()
        self._end()

    def _note(self, frames: list[Frame]) -> None:
        """Keep for the receipt which contracts were at work."""
        (message,) = U32.unpack_from(self._first.system, _MESSAGE_AT)
        self._first.resident.frames[message] = tuple(frames)

    def _drop_deployed(self) -> None:
        """The contracts that the message deployed have never been."""
        for each in self._deployed:
            del self._joined[each.address]
            if self._recorder is not None and each.resident.recorder is not None:
                self._recorder.left(each.resident.recorder)
            each.resident.port.close()
            each.residency.lock.release()
            each.residency.remove()
        self._deployed.clear()

    def _end(self) -> None:
        self._entered.clear()
        self._deployed.clear()
        self._frames = []
        self._message += 1
        self._depth = 1
        self._failure = 0
        self._origin = self._stopped = None

    # ---- participants ------------------------------------------------------------------------------------------------

    def _join(self, address: int) -> Participant | None:
        residency = self._registry.find(address)
        if residency is None:
            return None
        with residency.lock:
            resident: Any = residency.live()
            resident.prepare(self._header)
            residency.lock.acquire()  # until the switchboard is closed
        return self._attached(residency, resident)

    def _attached(self, residency: Residency, resident: Resident) -> Participant:
        layout = residency.program.layout
        made = self._joined[residency.address] = Participant(residency, resident, layout.control(layout.inbox, 0))

        resident.port.serve = partial(self._serve, made)
        resident.port.deployments.serve = partial(self._deploy, made)
        if len(self._joined) == 1:
            resident.port.abort = self._abort
        return made


def _keep_records(caller: Participant, outbox: int, block: tuple[int, ...], records: memoryview) -> tuple[int, int]:
    """Append what a callee recorded to its caller's records: status, outbox cursor."""
    begin = outbox + BLOCK.size
    end = begin + len(records)
    if end > caller.outbox_limit:
        return TRAP_BIT | TrapCode.OUTBOX_EXHAUSTED, outbox
    BLOCK.pack_into(caller.system, outbox, *block)
    caller.system[begin:end] = records
    return 0, end
