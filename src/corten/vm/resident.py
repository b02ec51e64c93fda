"""A live contract instance: messages in, receipts out, one crossing at a time (docs/spec/module.md, section 2)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from corten.base.calls import CONTRACT_BIT
from corten.base.errors import HostFault, InvalidInput, TrapCode
from corten.vm.accesses import Accesses, Recorder, Recording
from corten.vm.batch import Frames
from corten.vm.call_records import Frame
from corten.vm.calls import CallPort, Registry, Switchboard
from corten.vm.codec import describe
from corten.vm.host import HostFunctions, Services
from corten.vm.instance import Instance
from corten.vm.interface import EntryType
from corten.vm.layout import (
    ADDRESS_OFFSET,
    FRAME_HEADER,
    FRAME_HEADER_BYTES,
    HEADER_BYTES,
    HEADER_OFFSET,
    INBOX_BYTES,
    INIT,
    MESSAGES_PER_CROSSING,
    NEXT_INDEX_OFFSET,
    OUTBOX_CURSOR_OFFSET,
    READ_ONLY,
    RECEIPT,
    RECEIPT_DTYPE,
    RECORD_CURSOR_OFFSET,
    TOUCHED_OFFSET,
    U32,
    Layout,
)
from corten.vm.program import Program
from corten.vm.receipts import Crossing
from corten.vm.state import PagedState, StateRegion

if TYPE_CHECKING:
    from corten.vm.residency import Residency

_FLAGS = {"view": READ_ONLY, "init": INIT, "message": 0}


class PreparedEntry:
    """What one message of an entry needs, made once: the control block, and a packer of header and payload."""

    __slots__ = ("control", "frame_bytes", "number", "pack_into", "parameters", "payload_bytes")

    def __init__(self, entry: EntryType, layout: Layout) -> None:
        self.number = entry.number
        self.parameters = entry.parameters
        self.payload_bytes = entry.parameters.size
        self.frame_bytes = FRAME_HEADER_BYTES + self.payload_bytes
        check_frame_size(self.frame_bytes)
        self.control = layout.control(layout.inbox + self.frame_bytes, _FLAGS[entry.kind])
        payload = entry.parameters.layout.format.removeprefix("<")
        self.pack_into = struct.Struct(FRAME_HEADER.format + payload).pack_into


class Attendant(Protocol):
    """Serves a contract's calls while messages are applied to it."""

    def close(self) -> None:
        """Let go of all that took part."""


class Residence(Protocol):
    """A live contract, whatever runs it."""

    faulted: bool
    failure: BaseException | None
    """The exception that stopped the last message, where there was a real one."""
    origin: int
    """Where the last message was stopped if a callee stopped it: u32 contract, u32 code | site << 12."""
    frames: dict[int, tuple[Frame, ...]]
    """By message of the last `apply` (0) or `submit`, who was at work when a callee stopped it, the innermost first."""
    recorder: Recorder | None
    """Of the recording variant: what the last message, view or batch accessed."""

    def switchboard(self, registry: Registry, residency: Residency, header: bytes, read_only: bool) -> Attendant:
        """What serves the contract's calls until it is closed; the caller holds the locks."""

    @property
    def state(self) -> StateRegion[Any]: ...

    def apply(
        self, entry: PreparedEntry, sender: int, values: Sequence[Any], header: bytes
    ) -> tuple[int, int, int, int, bytes]:
        """One message: status, code, site, gas, records."""

    def submit(self, frames: Frames, header: bytes) -> tuple[NDArray[np.void], list[Crossing]]:
        """Many messages: the receipts as an array of `RECEIPT_DTYPE`, and their records."""


class Resident:
    """A contract's instance and its state. Not for two threads at once: the contract holds a lock.

    After a HostFault or an interrupt the memory may hold half a message: the instance is `faulted`, to be replaced.
    """

    failure: BaseException | None = None
    recorder: Recorder | None = None

    def __init__(self, program: Program, host: HostFunctions, address: int = 0, made: int | None = None) -> None:
        """`made` is the number of an instance that the engine has made already."""
        self.port = CallPort()
        self.origin = 0
        self.frames: dict[int, tuple[Frame, ...]] = {}
        self._calls: tuple[Callable[[], TrapCode | None], Callable[[], None]] | None = None
        services = Services(host, self.port)
        self._instance = program.code.instantiate(services) if made is None else program.code.adopt(made, services)
        self._engine = program.engine
        self._layout = layout = program.layout
        self._check_sizes()
        self._system = self._instance.system
        self._header = b""
        self._inbox = layout.inbox
        self._receipts = layout.receipts
        self._outbox = layout.outbox
        self._is_faulted = False
        U32.pack_into(self._system, ADDRESS_OFFSET, address)
        touched = np.frombuffer(self._system, np.uint8, layout.page_count, TOUCHED_OFFSET)
        self.state = PagedState(self._instance, touched, program.initial_pages)
        self._touched = touched

    def apply(
        self, entry: PreparedEntry, sender: int, values: Sequence[Any], header: bytes
    ) -> tuple[int, int, int, int, bytes]:
        """One message: status, code, site, gas, records. InvalidInput when a value does not fit its field."""
        system = self._system
        if header != self._header:
            self._set_header(header)
        system[:HEADER_OFFSET] = entry.control
        try:
            if sender >= CONTRACT_BIT:
                raise OverflowError
            items = entry.parameters.items(values)
            entry.pack_into(system, self._inbox, entry.frame_bytes, entry.number, sender, entry.payload_bytes, *items)
        except (struct.error, OverflowError, TypeError):
            entry.parameters.check(values)
            raise InvalidInput("sender", f"an integer 0 … {CONTRACT_BIT - 1}", describe(sender)) from None
        while not self._advance():
            pass
        status, _, code, site, gas, _, count, self.origin = RECEIPT.unpack_from(system, self._receipts)
        if not count:
            return status, code, site, gas, b""
        (end,) = U32.unpack_from(system, OUTBOX_CURSOR_OFFSET)
        return status, code, site, gas, bytes(system[self._outbox : end])

    def submit(self, frames: Frames, header: bytes) -> tuple[NDArray[np.void], list[Crossing]]:
        """Many messages: the receipts as an array of `RECEIPT_DTYPE`, and the records that each crossing brought."""
        check_frame_size(frames.stride)
        self._set_header(header)
        words = np.empty((len(frames), RECEIPT.size // 8), np.uint64)
        columns = words.reshape(-1).view(RECEIPT_DTYPE)
        crossings: list[Crossing] = []
        frames_of: dict[int, tuple[Frame, ...]] = {}
        per_crossing = min(MESSAGES_PER_CROSSING, INBOX_BYTES // frames.stride)
        begin = record_count = 0
        while begin < len(frames):
            self.frames = {}
            done = self._cross(frames, begin, min(per_crossing, len(frames) - begin))
            frames_of |= {begin + message: found for message, found in self.frames.items()}
            # copied as words: numpy copies padded records field by field
            received = words[begin : begin + done]
            received[:] = np.frombuffer(self._system, np.uint64, done * 4, self._receipts).reshape(done, 4)
            columns["first_record"][begin : begin + done] += np.uint32(record_count)
            crossing = self._records(begin)
            if len(crossing.index):
                crossings.append(crossing)
                record_count += len(crossing.index)
            begin += done
        self.frames = frames_of
        return columns, crossings

    # ---- calls between contracts -------------------------------------------------------------------------------------

    def switchboard(self, registry: Registry, residency: Residency, header: bytes, read_only: bool) -> Attendant:
        """What serves this contract's calls while messages are applied to it."""
        if self._engine == "v8":
            from corten.vm.v8_calls import V8Switchboard

            return V8Switchboard(registry, residency, self, header, read_only)
        board = Switchboard(registry, residency, self, header, read_only)
        self._instance.before_recovery = self.port.recovering  # type: ignore[attr-defined]  # only Wasmtime's calls
        return board

    def prepare(self, header: bytes) -> None:
        """Make ready to be called: the block header."""
        self._check_intact()
        if header != self._header:
            self._set_header(header)

    def calls(self) -> tuple[Callable[[], TrapCode | None], Callable[[], None]]:
        """How to enter the contract as a part of another's message, and how to undo all of that."""
        if self._calls is None:
            self._calls = self._instance.entrance(), self._instance.undo  # type: ignore[attr-defined]
        return self._calls

    @property
    def instance(self) -> Instance:
        """The engine's instance."""
        return self._instance

    @property
    def faulted(self) -> bool:
        """Whether it must be replaced."""
        return self._is_faulted or self._instance.is_lost

    @faulted.setter
    def faulted(self, value: bool) -> None:
        self._is_faulted = value

    def memories(self) -> tuple[memoryview, memoryview]:
        """The system memory and the guest's."""
        return self._system, self._instance.memory

    @property
    def memory(self) -> memoryview:
        """The guest's memory, all that it was granted."""
        return self._instance.memory

    def globals(self) -> bytes:
        """Type byte and value of each mutable global of the guest, and of its page counter last."""
        return self._instance.globals()

    # ---- crossings ---------------------------------------------------------------------------------------------------

    def _cross(self, frames: Frames, begin: int, count: int) -> int:
        """Apply `count` frames from `begin` on; fewer if the outbox filled up. How many were applied."""
        frames.write(begin, self._inbox_words(count, frames.stride))
        flags = READ_ONLY if frames.read_only else 0
        self._system[:HEADER_OFFSET] = self._layout.control(self._inbox + count * frames.stride, flags)
        while not self._advance():
            if self._is_outbox_begun():
                (done,) = U32.unpack_from(self._system, NEXT_INDEX_OFFSET)
                return int(done) - 1
        return count

    def _is_outbox_begun(self) -> bool:
        """Whether a message that found the outbox full was crowded out by others: alone it might fit.

        Its records are gone already, so what is in the outbox is the others'. It is applied again in the next crossing.
        """
        (end,) = U32.unpack_from(self._system, OUTBOX_CURSOR_OFFSET)
        return bool(end > self._outbox)

    def _records(self, first_message: int) -> Crossing:
        """Copy the outbox and its index out of the system memory."""
        (outbox_end,) = U32.unpack_from(self._system, OUTBOX_CURSOR_OFFSET)
        (index_end,) = U32.unpack_from(self._system, RECORD_CURSOR_OFFSET)
        begin = self._layout.record_index
        outbox = np.frombuffer(self._system, np.uint64, (outbox_end - self._outbox) // 8, self._outbox)
        index = np.frombuffer(self._system, np.uint32, (index_end - begin) // U32.size, begin)
        return Crossing(first_message, outbox.copy(), index - np.uint32(self._outbox))

    def _advance(self) -> bool:
        """Apply frames; False after one that found the outbox full. Interrupted, the instance is as good as broken."""
        self._check_intact()
        self._is_faulted = True  # until the engine has come back
        is_finished = self._instance.advance()
        self._is_faulted = False
        return is_finished

    def _check_intact(self) -> None:
        if self.faulted:
            raise HostFault("this contract's instance broke in an earlier call: restore a snapshot")

    def _set_header(self, header: bytes) -> None:
        self._system[HEADER_OFFSET : HEADER_OFFSET + HEADER_BYTES] = header
        self._header = header

    def _inbox_words(self, count: int, stride: int) -> NDArray[np.uint64]:
        words = np.frombuffer(self._system, np.uint64, count * stride // 8, self._inbox)
        return words.reshape(count, stride // 8)

    def _check_sizes(self) -> None:
        expected = self._layout.memory_bytes, self._layout.system_pages << 16
        found = len(self._instance.memory), len(self._instance.system)
        if found[0] != expected[0] or found[1] < expected[1]:
            raise HostFault(
                f"expected memories of {expected} bytes, found {found}: was it instrumented for this limit?"
            )


class RecordingResident(Resident):
    """An instance of the recording variant: what is applied is recorded, with what it calls."""

    def __init__(self, program: Program, host: HostFunctions, address: int = 0, made: int | None = None) -> None:
        super().__init__(program, host, address, made)
        layout = program.layout
        read = np.frombuffer(self._system, np.uint8, layout.page_count, layout.read_map)
        self.recorder: Recorder = Recorder(address, read, self._touched, self.state.collect)
        self._each: list[Accesses] | None = None

    def apply(
        self, entry: PreparedEntry, sender: int, values: Sequence[Any], header: bytes
    ) -> tuple[int, int, int, int, bytes]:
        """As every resident's."""
        self.recorder.begin()
        applied = super().apply(entry, sender, values, header)
        self.recorder.recording = Recording(self.recorder.take())
        return applied

    def submit(
        self, frames: Frames, header: bytes, *, each_message: bool = False
    ) -> tuple[NDArray[np.void], list[Crossing]]:
        """As every resident's; `each_message` records each apart, at the price of a crossing for each."""
        self.recorder.begin()
        self._each = [] if each_message else None
        submitted = super().submit(frames, header)
        each = None if self._each is None else tuple(self._each)
        together = Accesses.union((*(each or ()), self.recorder.take()))
        self.recorder.recording = Recording(together, each)
        return submitted

    def _cross(self, frames: Frames, begin: int, count: int) -> int:
        if self._each is None:
            return super()._cross(frames, begin, count)
        done = super()._cross(frames, begin, 1)
        self._each.append(self.recorder.take())
        return done


def check_frame_size(frame_bytes: int) -> None:
    """InvalidInput if a frame does not fit the inbox."""
    if frame_bytes > INBOX_BYTES:
        limit = INBOX_BYTES - FRAME_HEADER_BYTES
        raise InvalidInput("payload", f"at most {limit} bytes", f"{frame_bytes - FRAME_HEADER_BYTES} bytes")
