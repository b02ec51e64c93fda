"""What a deployment by a contract means, whatever engine it happens on: codes, limits, price (docs/spec/calls.md).

A machine's published code is a part of its state: what may be deployed, and at what price, follows from that alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from corten.base.calls import CALL_DEPTH, CONTRACT_LIMIT, DEPLOYMENTS, CallReject, init_signature, selector
from corten.vm.layout import FRAME_HEADER_BYTES, INBOX_BYTES
from corten.vm.program import Program
from corten.vm.selectors import scalar_text_of
from corten.wasm.instrument.schedule import GAS_SCHEDULES

if TYPE_CHECKING:
    from corten.vm.interface import EntryType, Interface
    from corten.vm.residency import AnyProgram

_SCHEDULE: Final = GAS_SCHEDULES[1]


@dataclass(frozen=True)
class Code:
    """Published code: the program, its init if it has one, how a deployment names that, and what the instance costs."""

    program: AnyProgram
    init: EntryType | None
    selector: int
    gas: int
    copies: dict[str, Any] = field(default_factory=dict, compare=False)
    """What engines keep of it, by their names."""

    @property
    def payload_bytes(self) -> int:
        """What the init's payload must have."""
        return 0 if self.init is None else self.init.parameters.size


def published(program: AnyProgram, *, is_metered: bool) -> Code:
    """A program as contracts deploy it; without metering it costs nothing."""
    interface = program.interface
    return Code(program, interface.init, _init_selector(interface), _instance_gas(program) if is_metered else 0)


def _instance_gas(program: AnyProgram) -> int:
    """Making the instance, and copying and hashing the pages that its data segments fill."""
    pages = len(program.initial_pages) if isinstance(program, Program) else 0
    return _SCHEDULE.deploy + _SCHEDULE.deploy_page * pages


def refusal(
    code: Code | None,
    name: int,
    length: int,
    *,
    depth: int,
    is_read_only: bool,
    in_message: int,
    in_machine: int,
) -> CallReject | None:
    """Why a deployment is not made, in the order of the checks.

    `name` and `length` are the caller's selector and payload bytes, `depth` the contracts at work; `in_message` were
    deployed by the message so far, `in_machine` is how many contracts there are with them.
    """
    if code is None:
        return CallReject.UNKNOWN_CODE
    if depth >= CALL_DEPTH:
        return CallReject.CALL_TOO_DEEP
    if name != code.selector:
        return CallReject.INIT_MISMATCH
    if is_read_only:
        return CallReject.MESSAGE_FROM_VIEW
    if length != code.payload_bytes or length > INBOX_BYTES - FRAME_HEADER_BYTES:
        return CallReject.MALFORMED_CALL
    if in_message >= DEPLOYMENTS:
        return CallReject.TOO_MANY_DEPLOYMENTS
    if in_machine >= CONTRACT_LIMIT:
        return CallReject.TOO_MANY_CONTRACTS
    return None


def _init_selector(interface: Interface) -> int:
    """An init's name does not count: there is one at most."""
    abi = interface.abi
    if interface.init is None:
        return selector(init_signature(()))
    entry = abi.entries[interface.init.number]
    texts = ([scalar_text_of(each) for each in abi.flatten(fields)] for fields in (entry.parameters, entry.result))
    return selector(init_signature(*texts))
