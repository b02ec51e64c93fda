"""`Machine(engine="python")`: contract source under CPython, behind the same API. For a debugger: no gas, no root.

Results, events, rejects and traps equal the compiled contract's. Exceptions are the real ones: `pdb.post_mortem` shows
the contract's own frames.
"""

from __future__ import annotations

import json
import struct
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corten.base.calls import CONTRACT_BIT
from corten.base.errors import InvalidInput, Status
from corten.lang import host
from corten.lang.host import Outcome, PythonContract
from corten.vm.accesses import Recorder
from corten.vm.batch import Frames
from corten.vm.cache import Cache
from corten.vm.call_records import Frame, record_bytes
from corten.vm.calls import Registry
from corten.vm.codec import RecordType
from corten.vm.interface import EntryType, Interface
from corten.vm.layout import FRAME_HEADER_BYTES, RECEIPT_DTYPE, RECORD_HEADER_BYTES, RESULT_RECORD, Layout, parse_header
from corten.vm.program import compiled
from corten.vm.python_calls import CalleeRecords, PythonSwitchboard
from corten.vm.receipts import Crossing
from corten.vm.resident import PreparedEntry
from corten.wasm.instrument.calls import RECORDS_OF_CALLEE
from corten.wasm.sections import Lines, Site, parse_abi

_RECORD = struct.Struct("<II")
_BLOCK = struct.Struct("<IIIIII")
_LANGUAGE = Path(host.__file__).parent
if TYPE_CHECKING:
    from corten.vm.residency import Residency

_NO_ROOT = "engine 'wasmtime': the state root is over the compiled contract's memory"


@dataclass(frozen=True)
class PythonProgram:
    """A contract's source and its interface."""

    path: Path
    interface: Interface
    layout: Layout
    directory: Path
    cache_directory: Path | None

    @property
    def module_hash(self) -> bytes:
        """Of the module that the compiler makes of the source: what published code is named by on every engine."""
        return sha256(
            compiled(self.path, None if self.cache_directory is None else Cache(self.cache_directory))
        ).digest()


@dataclass(frozen=True)
class MemoryImage:
    """The emulated memory at one moment."""

    content: bytes

    @property
    def root(self) -> bytes:
        """There is none."""
        raise InvalidInput("root", _NO_ROOT, "engine 'python'")


def load_source(source: str | Path | bytes, layout: Layout, cache_directory: Path | None = None) -> PythonProgram:
    """A contract's source; InvalidInput for anything else."""
    path = None if isinstance(source, bytes) else Path(source)
    if path is None or path.suffix != ".py" or not path.is_file():
        found = "a module" if path is None else repr(str(path))
        raise InvalidInput("contract", "the path of a contract's source: engine 'python' runs no modules", found)
    abi = parse_abi(json.dumps(PythonContract(path, layout.memory_bytes).abi).encode())
    return PythonProgram(
        path.resolve(), Interface(abi, Lines((Site("", "", 0),))), layout, path.resolve().parent, cache_directory
    )


class PythonState:
    """The emulated memory as a `StateRegion` without a root."""

    def __init__(self, contract: PythonContract) -> None:
        self._memory = contract.memory

    def root(self) -> bytes:
        """InvalidInput: there is none."""
        raise InvalidInput("root", _NO_ROOT, "engine 'python'")

    def prove(self, key: int) -> Any:
        """InvalidInput: there is no root to prove against."""
        raise InvalidInput(f"prove({key})", _NO_ROOT, "engine 'python'")

    def snapshot(self) -> MemoryImage:
        """A copy of the memory."""
        return MemoryImage(bytes(self._memory.data))

    def restore(self, image: MemoryImage) -> None:
        """Back to a copy."""
        self._memory.data[:] = image.content

    def savepoint(self) -> MemoryImage:
        """As `snapshot`."""
        return self.snapshot()

    def rollback(self, savepoint: MemoryImage) -> None:
        """As `restore`."""
        self.restore(savepoint)


class PythonResident:
    """A contract resident under CPython: what `Resident` is to an instance."""

    recorder: Recorder | None = None

    faulted = False

    def __init__(self, program: PythonProgram, address: int = 0) -> None:
        self.address = address
        self.origin = 0
        self.frames: dict[int, tuple[Frame, ...]] = {}
        self.message = 0
        self.board: PythonSwitchboard | None = None
        self._contract = PythonContract(program.path, program.layout.memory_bytes)
        self._interface = program.interface
        self._events = {record.name: (number, record) for number, record in enumerate(self._interface.events)}
        self.failure: BaseException | None = None
        self.state = PythonState(self._contract)

    def apply(
        self, entry: PreparedEntry, sender: int, values: Sequence[Any], header: bytes
    ) -> tuple[int, int, int, int, bytes]:
        """One message: status, code, site, 0 for gas, records."""
        payload = entry.parameters.pack(values)
        return self._applied(self._interface.entries[entry.number], sender, payload, header, 0)

    def submit(self, frames: Frames, header: bytes) -> tuple[NDArray[np.void], list[Crossing]]:
        """Many messages, one after the other."""
        words = np.zeros((len(frames), frames.stride // 8), np.uint64)
        frames.write(0, words)
        columns = np.zeros(len(frames), RECEIPT_DTYPE)
        frames_of: dict[int, tuple[Frame, ...]] = {}
        outbox, index = bytearray(), list[int]()
        for message, frame in enumerate(words):
            entry = self._interface.entries[int(frame[0]) >> 32]
            payload = frame.tobytes()[FRAME_HEADER_BYTES : FRAME_HEADER_BYTES + entry.parameters.size]
            status, code, site, gas, records = self._applied(
                entry, int(frame[1]) & 0xFFFFFFFF, payload, header, message
            )
            frames_of |= self.frames
            begins = [len(outbox) + begin for begin in self._begins(entry, records)]
            columns[message] = (status, code, site, gas, len(index), len(begins), self.origin)
            outbox += records
            index += begins
        self.frames = frames_of
        return columns, [Crossing(0, np.frombuffer(bytes(outbox), np.uint64), np.array(index, np.uint32))]

    def _applied(
        self, entry: EntryType, sender: int, payload: bytes, header: bytes, message: int
    ) -> tuple[int, int, int, int, bytes]:
        time, height, chain = parse_header(header)
        arguments = _plain(entry.parameters, entry.parameters.unpack(payload, 0))
        if sender >= CONTRACT_BIT:
            raise InvalidInput("sender", f"an integer 0 … {CONTRACT_BIT - 1}", str(sender))
        board, self.message, self.frames = self.board, message, {}
        machine = None if board is None else board.begin(self, entry.kind == "view", time, height, chain)
        accepted = False
        try:
            outcome = self._contract.apply(
                entry.name,
                arguments,
                sender=sender,
                time=time,
                height=height,
                chain=chain,
                allow_init=entry.kind == "init",
                address=self.address,
                machine=machine,
            )
            accepted = outcome.status is Status.ACCEPTED
        finally:
            self.origin = 0 if board is None else board.end(accepted)
        self.failure = outcome.exception
        return outcome.status, outcome.code, self._site(outcome), 0, self._records(entry, outcome, message)

    def _records(self, entry: EntryType, outcome: Outcome, message: int) -> bytes:
        if outcome.status is not Status.ACCEPTED:
            return b""
        records = [self.record(event, message) for event in outcome.events]
        if entry.result is not None:
            records.append(_RECORD.pack(RESULT_RECORD, message) + entry.result.pack([outcome.result]))
        return b"".join(records)

    def record(self, event: Any, message: int = 0) -> bytes:
        """One event, or what a callee recorded, as a record."""
        if isinstance(event, CalleeRecords):
            inner = b"".join(event.resident.record(each) for each in event.events)
            header = RECORDS_OF_CALLEE, message, event.resident.address, event.entry, len(inner), 0
            return _BLOCK.pack(*header) + inner
        name, fields = event
        number, record = self._events[name]
        return _RECORD.pack(number, message) + record.pack([fields[each] for each in record.names])

    def switchboard(
        self, registry: Registry, residency: Residency, _header: bytes, _read_only: bool
    ) -> PythonSwitchboard:
        """What serves this contract's calls while messages are applied to it."""
        return PythonSwitchboard(registry, residency, self)

    @property
    def contract(self) -> PythonContract:
        """The source, resident."""
        return self._contract

    @property
    def interface(self) -> Interface:
        """What it looks like from outside."""
        return self._interface

    def _begins(self, entry: EntryType, records: bytes) -> list[int]:
        begins, offset = [], 0
        while offset < len(records):
            begins.append(offset)
            kind, _ = _RECORD.unpack_from(records, offset)
            offset += RECORD_HEADER_BYTES + record_bytes(self._interface, entry, records, kind, offset)
        return begins

    def _site(self, outcome: Outcome) -> int:
        """The number of the innermost place in source that raised; the line table grows as places are met."""
        if outcome.exception is None or outcome.exception.__traceback__ is None:
            return 0
        frames = traceback.extract_tb(outcome.exception.__traceback__)
        frame = next((frame for frame in reversed(frames) if _is_contract_source(frame.filename)), frames[-1])
        site = Site(frame.filename, frame.name, frame.lineno or 0)
        known = self._interface.lines.sites
        if site not in known:
            self._interface.lines = Lines((*known, site))
        return self._interface.lines.sites.index(site)


def _is_contract_source(file: str) -> bool:
    """Everything but the implementation of the language; its containers are contract source."""
    path = Path(file)
    return path.parent != _LANGUAGE or path.name == "containers.py"


def _plain(record: RecordType, values: Any) -> dict[str, Any]:
    """A record's values as the source takes them: structs as dicts, arrays as lists."""
    return {name: _plain_value(value) for name, value in zip(record.names, values, strict=True)}


def _plain_value(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return [_plain_value(element) for element in value]
    if isinstance(value, np.void):
        return _plain_row(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple):
        return {name: _plain_value(getattr(value, name)) for name in value._fields}  # type: ignore[attr-defined]
    return value


def _plain_row(row: np.void) -> Any:
    """An element of a structured array: a struct, an i128 or a bytes32."""
    names = row.dtype.names
    if names is None:
        return row.tobytes()
    if names == ("lo", "hi"):
        return (int(row["hi"]) << 64) + int(row["lo"])
    return {name: _plain_value(row[name]) for name in names}
