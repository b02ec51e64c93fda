"""What the contracts recorded that a message called: events in their order, and where a message was stopped."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.vm.codec import RecordType
from corten.vm.failure import failure
from corten.vm.interface import EntryType, Interface
from corten.vm.layout import RECORD_HEADER_BYTES, RESULT_RECORD, U32
from corten.wasm.instrument.calls import RECORDS_OF_CALLEE

_BLOCK: Final = struct.Struct("<IIII")  # contract, entry, bytes, 0
_ROW: Final = struct.Struct("<qI4x")  # message, address
_CODE: Final = 0xFFF


@dataclass(frozen=True)
class Origin:
    """Whose receipts they are: interface, directory of the source, address, and all contracts of the machine."""

    interface: Interface
    directory: Path | None = None
    address: int = 0
    others: dict[int, Origin] = field(default_factory=dict)


@dataclass(frozen=True)
class Frame:
    """A contract at work when a message was stopped, and where: code | site << 12, 0 if only the contract is known."""

    origin: Origin
    word: int


@dataclass(frozen=True)
class Recorded:
    """An event and the contract that emitted it: address, name, and the event as a named tuple."""

    address: int
    contract: str
    event: Any


@dataclass(frozen=True)
class Stop:
    """The contract whose reject or trap stopped a message that had called it.

    `callers` are the exceptions of the contracts between it and the first, the innermost first, where they are known.
    """

    address: int
    contract: str
    error: str
    exception: BaseException
    callers: tuple[BaseException, ...] = ()


def record_bytes(interface: Interface, entry: EntryType, records: bytes, kind: int, offset: int) -> int:
    """How long the payload of the record at `offset` is."""
    if kind == RESULT_RECORD:
        return entry.result_size
    if kind == RECORDS_OF_CALLEE:
        return _BLOCK.size + int(_BLOCK.unpack_from(records, offset + RECORD_HEADER_BYTES)[2])
    return interface.events[kind].size


def each_record(origin: Origin, entry: EntryType, records: bytes) -> Iterator[tuple[int, int]]:
    """Kind and place of the payload of every record."""
    offset = 0
    while offset < len(records):
        (kind,) = U32.unpack_from(records, offset)
        yield kind, offset + RECORD_HEADER_BYTES
        offset += RECORD_HEADER_BYTES + record_bytes(origin.interface, entry, records, kind, offset)


def all_events(origin: Origin, entry: EntryType, records: bytes) -> Iterator[Recorded]:
    """The events of a message and of everything it called, in the order they were emitted."""
    for emitter, kind, content in _each_event(origin, entry, records):
        yield Recorded(emitter.address, emitter.interface.name, emitter.interface.events[kind].unpack(content, 0))


def _each_event(origin: Origin, entry: EntryType, records: bytes) -> Iterator[tuple[Origin, int, bytes]]:
    """Who emitted it, its number, its payload."""
    for kind, offset in each_record(origin, entry, records):
        if kind == RECORDS_OF_CALLEE:
            contract, number, size, _ = _BLOCK.unpack_from(records, offset)
            other, begin = origin.others[contract], offset + _BLOCK.size
            yield from _each_event(other, other.interface.entries[number], records[begin : begin + size])
        elif kind != RESULT_RECORD:
            yield origin, kind, records[offset : offset + origin.interface.events[kind].size]


def event_columns(messages: Iterable[tuple[int, Origin, EntryType, bytes]]) -> dict[str, NDArray[np.void]]:
    """The events of many messages and of all that they called, by `Coin.Transfer`, in the order they were emitted.

    A message is its index, its contract, entry and records. A row: `message_index`, `address` of the emitter, the
    fields. Where contracts of one name have events of one name and other fields, the latter ones' key says the address.
    """
    rows: dict[str, list[bytes]] = {}
    dtypes: dict[str, np.dtype[Any]] = {}
    for message, origin, entry, records in messages:
        for emitter, kind, content in _each_event(origin, entry, records):
            record = emitter.interface.events[kind]
            key, dtype = f"{emitter.interface.name}.{record.name}", _row_dtype(record)
            if dtypes.setdefault(key, dtype) != dtype:
                key = f"{key}@{emitter.address:#x}"
                dtypes[key] = dtype
            rows.setdefault(key, []).append(_ROW.pack(message, emitter.address) + content)
    return {key: np.frombuffer(b"".join(found), dtypes[key]) for key, found in rows.items()}


def _row_dtype(record: RecordType) -> np.dtype[Any]:
    names = [name if name not in record.names else f"{name}_" for name in ("message_index", "address")]
    return np.dtype(
        {
            "names": [*names, *record.names],
            "formats": [np.dtype("<i8"), np.dtype("<u4"), *(codec.dtype for codec in record.codecs)],
            "offsets": [0, 8, *(_ROW.size + offset for offset in record.offsets)],
            "itemsize": _ROW.size + record.size,
        }
    )


def stop(origin: Origin, status: int, stopped_in: int, frames: Sequence[Frame] = ()) -> Stop | None:
    """What a receipt's last word says: u32 contract, u32 code | site << 12; 0 is nothing.

    `frames` are of the contracts at work, the innermost first: they know contracts that are gone with the message.
    """
    address, word = stopped_in & 0xFFFFFFFF, stopped_in >> 32
    inner = frames[0].origin if frames and frames[0].origin.address == address else origin.others.get(address)
    if inner is None:
        return None
    error = _failure(inner, status, word)
    callers = tuple(_failure(frame.origin, status, frame.word) for frame in frames[1:] if frame.word)
    reason = inner.interface.reason(status, word & _CODE) or ""
    return Stop(address, inner.interface.name, reason, error, callers)


def _failure(origin: Origin, status: int, word: int) -> BaseException:
    return failure(origin.interface, origin.directory, status, word & _CODE, word >> 12)
