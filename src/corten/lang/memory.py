"""Linear memory under CPython, and the message that runs on it.

The layout is the compiled contract's: nothing below 0x10000, there a header of 64 bytes that begins with the heap's
top, then the contract's fields, then what `allocate` gave out. A value that a constructor made has a memory of its own.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from corten.base.errors import TrapCode, Trapped
from corten.lang.refusal import LanguageError

HEADER_ADDRESS = 0x10000
STATE_ADDRESS = HEADER_ADDRESS + 64
PAGE_SIZE = 0x10000
ALIGNMENT = 16


def align(value: int, alignment: int) -> int:
    """The next multiple of a power of two."""
    return -(-value // alignment) * alignment


class Memory:
    """Bytes with an undo log. `data` grows as it is used; what lies beyond it, up to `limit`, is zero."""

    __slots__ = ("data", "limit", "log")

    def __init__(self, size: int, limit: int) -> None:
        self.data = bytearray(size)
        self.limit = limit
        self.log: list[tuple[int, bytes]] | None = None

    def reach(self, end: int) -> bytearray:
        """The bytes, at least up to `end`; traps beyond the limit."""
        if end > len(self.data):
            if end > self.limit:
                raise Trapped(TrapCode.MEMORY_OUT_OF_BOUNDS)
            size = min(max(2 * len(self.data), align(end, PAGE_SIZE)), self.limit)
            self.data.extend(bytes(size - len(self.data)))
        return self.data

    def read(self, address: int, size: int) -> bytes:
        """A copy of some bytes."""
        return bytes(self.reach(address + size)[address : address + size])

    def write(self, address: int, raw: bytes) -> None:
        """Stores some bytes, and what was there into the log."""
        end = address + len(raw)
        data = self.reach(end)
        if self.log is not None:
            self.log.append((address, bytes(data[address:end])))
        data[address:end] = raw

    def begin(self) -> None:
        """Starts an undo log."""
        self.log = []

    def rewind(self, mark: int) -> None:
        """Restores what was written since the log had `mark` entries."""
        log = self.log or []
        while len(log) > mark:
            address, raw = log.pop()
            self.data[address : address + len(raw)] = raw

    def commit(self) -> None:
        """Keeps what was written since `begin`."""
        self.log = None

    def rollback(self) -> None:
        """Restores what was written since `begin`, newest first."""
        for address, raw in reversed(self.log or []):
            self.data[address : address + len(raw)] = raw
        self.log = None

    def allocate(self, size: int) -> int:
        """Zeroed bytes at the heap's top, never freed."""
        top = int.from_bytes(self.read(HEADER_ADDRESS, 4), "little")
        end = top + align(size, ALIGNMENT)
        if end > self.limit:
            raise Trapped(TrapCode.HEAP_EXHAUSTED)
        self.write(HEADER_ADDRESS, end.to_bytes(4, "little"))
        return top


@dataclass
class Execution:
    """One message in progress: where it runs, who sent it, what it emitted."""

    memory: Memory
    error_codes: dict[str, int] = field(default_factory=dict)
    sender: int = 0
    time: int = 0
    height: int = 0
    chain: int = 0
    events: list[Any] = field(default_factory=list)  # (name, fields), or what a callee recorded
    address: int = 0
    machine: Any = None  # serves calls of other contracts


EXECUTION: ContextVar[Execution] = ContextVar("corten_execution")


def execution() -> Execution:
    """The message in progress."""
    try:
        return EXECUTION.get()
    except LookupError:
        raise LanguageError("this needs a message in progress: apply it through PythonContract") from None
