"""What the machine asks of an engine: code from an instrumented module, instances of it, and their memories.

An engine may cross its boundary as often or as seldom as it likes: all that is exchanged stands in the system memory.
"""

from __future__ import annotations

import ctypes
import struct
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from corten.base.errors import TrapCode
from corten.vm.layout import NEXT_INDEX_OFFSET, RECEIPT
from corten.vm.state import PagedGuest

if TYPE_CHECKING:
    from corten.vm.host import Services

_PROGRESS: Final = struct.Struct("<II")  # index of the next message, address of receipt 0


class Instance(PagedGuest, Protocol):
    """One live instance of an instrumented module. `memory` and `system` keep it alive and never move."""

    system: memoryview

    @property
    def is_lost(self) -> bool:
        """Whether the engine has given it up, by no fault of its own."""

    def advance(self) -> bool:
        """Apply the frames up to their end, recovering from every trap on the way.

        False after a message that found the outbox full: the rest is not applied yet. HostFault if the engine gave up.
        """


class Code(Protocol):
    """A compiled module. `imports` names the host functions that it calls."""

    imports: list[str]

    def instantiate(self, services: Services | None = None) -> Instance:
        """A fresh instance with its own memories; `services` answer the imports. HostFault when there is no room."""

    def adopt(self, number: int, services: Services | None) -> Instance:
        """An instance that a contract's message made inside of the engine, by its number."""


class Engine(Protocol):
    """Compiles instrumented modules."""

    name: str

    def load(self, module: bytes) -> Code:
        """The code of `module`; InvalidModule when the engine refuses it."""


def found_outbox_full(system: memoryview) -> bool:
    """Whether the message that has just been recovered from ran out of outbox."""
    finished, receipts = _PROGRESS.unpack_from(system, NEXT_INDEX_OFFSET)
    code = RECEIPT.unpack_from(system, receipts + (finished - 1) * RECEIPT.size)[2]
    return bool(code == TrapCode.OUTBOX_EXHAUSTED)


def owned_view(address: int, size: int, owner: object) -> memoryview:
    """The bytes at an address; they and every view on them keep `owner` alive."""
    array = _owned_array(size).from_address(address)
    array.owner = owner
    return memoryview(array).cast("B")


@cache
def _owned_array(size: int) -> Any:
    """A ctypes array type with room for an attribute."""
    return type("OwnedBytes", (ctypes.c_uint8 * size,), {"owner": None})
