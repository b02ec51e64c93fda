"""Calls between contracts under CPython: as `calls.Switchboard`, without gas. Exceptions are the real ones, chained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from corten.base.calls import CALL_DEPTH, CallReject
from corten.base.errors import Rejected, Trapped
from corten.lang.calls import Call, Deployment
from corten.lang.memory import Execution, execution
from corten.vm.call_records import Frame
from corten.vm.deployments import refusal

if TYPE_CHECKING:
    from corten.vm.calls import Registry
    from corten.vm.python_engine import PythonResident
    from corten.vm.residency import Residency
    from corten.vm.selectors import CallableEntry


@dataclass(frozen=True)
class CalleeRecords:
    """What a callee recorded: it stands among the events of its caller."""

    resident: PythonResident
    entry: int
    events: list[Any]


class PythonSwitchboard:
    """Serves the calls of messages that begin in one contract."""

    def __init__(self, registry: Registry, residency: Residency, first: PythonResident) -> None:
        self._registry = registry
        self._residency = residency
        self._first = first
        self._joined: dict[int, Residency] = {}
        self._entered: list[PythonResident] = []
        self._deployed: list[Residency] = []
        self._busy: list[int] = []
        self._frames: list[Frame] = []
        self._origin = 0
        self._header = (0, 0, 0)
        first.board = self

    def close(self) -> None:
        """Let go of everything."""
        self._first.board = None
        self._drop_deployed()
        for residency in self._joined.values():
            residency.lock.release()
        self._joined.clear()

    def begin(self, resident: PythonResident, read_only: bool, *header: int) -> Caller:
        """A message begins; what serves its calls."""
        self._entered, self._busy, self._origin, self._frames = [], [resident.address], 0, []
        self._header = (header[0], header[1], header[2])
        return Caller(self, resident.address, read_only)

    def end(self, accepted: bool) -> int:
        """The message is over: keep what the callees did, or undo it. Where it was stopped."""
        for resident in self._entered:
            if accepted:
                resident.contract.memory.commit()
            else:
                resident.contract.memory.rollback()
        if accepted:
            for each in self._deployed:
                self._registry.keep(each, self._registry.free_name(each.program.interface.name))
            self._deployed = []
        self._drop_deployed()
        self._entered = []
        self._first.frames = {} if accepted else {self._first.message: tuple(self._frames)}
        return 0 if accepted else self._origin

    def _drop_deployed(self) -> None:
        """The contracts that the message deployed have never been."""
        for residency in self._deployed:
            self._joined.pop(residency.address).lock.release()
            residency.remove()
        self._deployed = []

    def call(self, caller: Caller, call: Call) -> bytes:
        """One call; the result as a record."""
        residency = self._joined.get(call.contract) or self._join(call.contract)
        entry = None if residency is None else residency.program.interface.selectors.get(call.selector)
        refusal = self._refusal(caller, call, residency, entry)
        if refusal is not None or residency is None or entry is None:
            assert refusal is not None
            raise Rejected(refusal.name.lower(), refusal)
        return self._entered_with(caller, residency, entry.number, call.payload)

    def deploy(self, caller: Caller, asked: Deployment) -> int:
        """One deployment; the new contract's address."""
        registry, deployed = self._registry, len(self._deployed)
        code = registry.codes.get(asked.code)
        refused = refusal(
            code,
            asked.selector,
            len(asked.payload),
            depth=len(self._busy),
            is_read_only=caller.is_read_only,
            in_message=deployed,
            in_machine=len(registry.residencies) + deployed,
        )
        if refused is not None or code is None:
            assert refused is not None
            raise Rejected(refused.name.lower(), refused)
        address = registry.next_address + deployed
        residency = self._residency.beside(code.program, address)
        residency.lock.acquire()
        self._joined[address] = residency
        self._deployed.append(residency)
        if code.init is not None:
            self._entered_with(caller, residency, code.init.number, asked.payload)
        return address

    def _entered_with(self, caller: Caller, residency: Residency, entry: int, payload: bytes) -> bytes:
        resident: Any = residency.live()
        if resident not in self._entered:
            resident.contract.memory.begin()
            self._entered.append(resident)
        self._busy.append(residency.address)
        answer = self._run(caller, residency, entry, payload)
        self._busy.pop()
        return answer

    def _run(self, caller: Caller, residency: Residency, number: int, payload: bytes) -> bytes:
        resident: Any = residency.live()
        contract, caller_events = resident.contract, execution().events
        entry = resident.interface.entries[number]
        running = Execution(contract.memory, contract.error_codes, caller.address, *self._header)
        running.address = residency.address
        running.machine = Caller(self, residency.address, entry.kind == "view")
        try:
            answer: bytes = contract.enter(entry.name, payload, running)
        except Rejected as reject:
            self._note(residency, reject.code)
            raise Rejected(CallReject.CALLEE_REJECTED.name.lower(), CallReject.CALLEE_REJECTED) from reject
        except Trapped as trap:
            self._note(residency, trap.code)
            raise
        if running.events:
            caller_events.append(CalleeRecords(resident, number, running.events))
        return answer

    def _note(self, residency: Residency, code: int) -> None:
        self._frames.append(Frame(residency.origin, code))
        self._origin = self._origin or residency.address | code << 32

    def _refusal(
        self, caller: Caller, call: Call, residency: Residency | None, entry: CallableEntry | None
    ) -> CallReject | None:
        """Why a call is not made, in the order of the checks."""
        if call.contract in self._busy:
            return CallReject.REENTERED
        if residency is None:
            return CallReject.UNKNOWN_CONTRACT
        if len(self._busy) >= CALL_DEPTH:
            return CallReject.CALL_TOO_DEEP
        if entry is None:
            return CallReject.UNKNOWN_ENTRY
        if caller.is_read_only and not entry.is_view:
            return CallReject.MESSAGE_FROM_VIEW
        return None

    def _join(self, address: int) -> Residency | None:
        residency = self._registry.find(address)
        if residency is not None:
            residency.lock.acquire()
            self._joined[address] = residency
        return residency


@dataclass(frozen=True)
class Caller:
    """A contract at work: what serves its calls."""

    board: PythonSwitchboard
    address: int
    is_read_only: bool

    def call(self, call: Call) -> bytes:
        """As the compiled contract's import."""
        return self.board.call(self, call)

    def deploy(self, asked: Deployment) -> int:
        """As the compiled contract's import."""
        return self.board.deploy(self, asked)
