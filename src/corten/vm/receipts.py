"""What a message came to: one `Receipt`, or `Receipts` as columns. Records are decoded when somebody looks at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput, Status, TrapCode, Trapped
from corten.vm.codec import RecordType
from corten.vm.failure import failure, formatted
from corten.vm.interface import EntryType, Interface, suggestion
from corten.vm.layout import RECORD_HEADER_BYTES, RESULT_RECORD, U32


@dataclass(frozen=True)
class Origin:
    """Whose receipts they are: the contract's interface, and the directory of its source, for tracebacks."""

    interface: Interface
    directory: Path | None = None


class Receipt:
    """What became of one message. `gas` is what it used; `code` and `site` are 0 for an accepted message."""

    __slots__ = ("_entry", "_failure", "_origin", "_records", "code", "gas", "site", "status")

    def __init__(
        self,
        origin: Origin,
        entry: EntryType,
        status: int,
        code: int,
        site: int,
        gas: int,
        records: bytes,
        failure: BaseException | None = None,
    ) -> None:
        self._origin = origin
        self._entry = entry
        self._records = records
        self._failure = failure
        self.status = Status(status)
        self.code = code
        self.site = site
        self.gas = gas

    @property
    def accepted(self) -> bool:
        """Whether the message changed the state."""
        return self.status is Status.ACCEPTED

    @property
    def error(self) -> str | None:
        """The name of the reject or trap; None when accepted."""
        return self._origin.interface.reason(self.status, self.code)

    @property
    def trap(self) -> TrapCode | None:
        """The trap's code, if it was a trap; UNREACHABLE for a number that is none."""
        error = self.exception() if self.status is Status.TRAPPED else None
        return error.code if isinstance(error, Trapped) else None

    @property
    def events(self) -> list[Any]:
        """The events in the order they were emitted, each a named tuple called as in the source."""
        types = self._origin.interface.events
        found = self._each_record()
        return [types[kind].unpack(self._records, offset) for kind, offset in found if kind != RESULT_RECORD]

    @property
    def result(self) -> Any:
        """What the entry returned, as a Python value; None if it returns nothing or was not accepted."""
        result = self._entry.result
        if result is None:
            return None
        places = (offset for kind, offset in self._each_record() if kind == RESULT_RECORD)
        offset = next(places, None)
        return None if offset is None else result.unpack(self._records, offset).value

    def raise_for_status(self) -> Receipt:
        """The receipt itself if accepted; else Rejected, Trapped or InvalidInput, raised at the contract's line."""
        if self.status is not Status.ACCEPTED:
            raise self.exception()
        return self

    def exception(self) -> BaseException:
        """The exception that `raise_for_status` raises for a message that was not accepted."""
        if self._failure is not None:
            return self._failure
        return failure(self._origin.interface, self._origin.directory, self.status, self.code, self.site)

    def __repr__(self) -> str:
        reason = f" {self.error}" if self.error else ""
        events = f", {len(self.events)} events" if self._records else ""
        return f"<Receipt {self._entry.name}: {self.status.name.lower()}{reason}, {self.gas} gas{events}>"

    def _each_record(self) -> Iterator[tuple[int, int]]:
        offset, interface = 0, self._origin.interface
        while offset < len(self._records):
            (kind,) = U32.unpack_from(self._records, offset)
            yield kind, offset + RECORD_HEADER_BYTES
            size = self._entry.result_size if kind == RESULT_RECORD else interface.events[kind].size
            offset += RECORD_HEADER_BYTES + size


@dataclass(frozen=True)
class Crossing:
    """The records of the messages from `first_message` on that one crossing brought back.

    `index` holds a byte offset into `outbox` for each record; message numbers in `outbox` begin at 0.
    """

    first_message: int
    outbox: NDArray[np.uint64]
    index: NDArray[np.uint32]


class Receipts:
    """What became of a batch, as columns: `status`, `code`, `site`, `gas`, `first_record`, `record_count`.

    `entries` names the entry of every message by its number; one number means they are all the same.
    """

    def __init__(
        self,
        origin: Origin,
        entries: NDArray[np.uint32],
        columns: NDArray[np.void],
        crossings: Sequence[Crossing],
    ) -> None:
        self._origin = origin
        self._entries = entries
        self._crossings = crossings
        self.columns = columns
        self.status: NDArray[np.uint8] = columns["status"]
        self.code: NDArray[np.uint16] = columns["code"]
        self.site: NDArray[np.uint32] = columns["site"]
        self.gas: NDArray[np.int64] = columns["gas"]
        self.first_record: NDArray[np.uint32] = columns["first_record"]
        self.record_count: NDArray[np.uint32] = columns["record_count"]

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, message: int) -> Receipt:
        position = range(len(self))[message]
        row = self.columns[position]
        entry = self._origin.interface.entries[self._entries[position]]
        status, code, site, gas = (int(row[name]) for name in ("status", "code", "site", "gas"))
        return Receipt(self._origin, entry, status, code, site, gas, self._records_of(position))

    def __iter__(self) -> Iterator[Receipt]:
        return (self[message] for message in range(len(self)))

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """True for each message that changed the state."""
        return np.equal(self.status, Status.ACCEPTED)

    @cached_property
    def events(self) -> Columns:
        """`receipts.events["Fill"]`: the events of a kind as a structured array, in the order they were emitted."""
        types = {record.name: (number, record) for number, record in enumerate(self._origin.interface.events)}
        return Columns(self._records, types, f"event of {self._origin.interface.name}")

    @cached_property
    def results(self) -> Columns:
        """`receipts.results["balance"]`: what an entry returned, as a structured array with the column `value`."""
        entries = (entry for entry in self._origin.interface.entries if entry.result is not None)
        types = {entry.name: (RESULT_RECORD, entry.result) for entry in entries if entry.result is not None}
        return _Results(self._records, types, f"entry of {self._origin.interface.name} with a result", self)

    def counts(self) -> dict[str, int]:
        """How many messages ended how: `accepted`, the names of rejects, `trap.<name>`, `invalid.<name>`."""
        ends = Counter((self.status.astype(np.uint32) << 16 | self.code).tolist())
        return {self._end_name(end >> 16, end & 0xFFFF): count for end, count in sorted(ends.items())}

    def traceback(self, message: int) -> str | None:
        """The Python traceback of a message that was not accepted, ending at the contract's line; None if it was."""
        receipt = self[message]
        return None if receipt.accepted else formatted(receipt.exception())

    def raise_for_status(self) -> Receipts:
        """The receipts themselves if all were accepted; else the exception of the first that was not."""
        failed = np.flatnonzero(self.status)
        if len(failed):
            error = self[int(failed[0])].exception()
            error.add_note(f"message {failed[0]} of {len(self)}; {len(failed)} not accepted: {self.counts()}")
            raise error
        return self

    def __repr__(self) -> str:
        return f"<Receipts: {len(self)} messages, {self.counts()}, {int(self.gas.sum())} gas>"

    def _end_name(self, status: int, code: int) -> str:
        name = self._origin.interface.reason(status, code)
        prefix = {Status.TRAPPED: "trap.", Status.INVALID: "invalid."}.get(Status(status), "")
        return "accepted" if name is None else prefix + name

    @cached_property
    def _records(self) -> _Records:
        return _Records(self._crossings)

    def _records_of(self, message: int) -> bytes:
        first, count = int(self.first_record[message]), int(self.record_count[message])
        return self._records.span(first, count) if count else b""


class _Records:
    """All records of a batch in one buffer of 8-byte words, with the word at which each begins."""

    def __init__(self, crossings: Sequence[Crossing]) -> None:
        sizes = [len(one.outbox) for one in crossings]
        begins = np.cumsum([0, *sizes], dtype=np.int64)
        parts = [one.index.astype(np.int64) // 8 + begin for one, begin in zip(crossings, begins, strict=False)]
        first_messages = np.array([one.first_message for one in crossings], np.int64)
        self.words = np.concatenate([one.outbox for one in crossings] or [np.empty(0, np.uint64)])
        self.begins = np.concatenate(parts or [np.empty(0, np.int64)])
        headers = self.words[self.begins].view(np.uint32).reshape(-1, 2)
        self.kinds = headers[:, 0]
        self.messages = headers[:, 1] + np.repeat(first_messages, [len(part) for part in parts])

    def select(self, chosen: NDArray[Any], record: RecordType) -> NDArray[np.void]:
        """The chosen records as rows: `message_index`, then the record's own fields."""
        rows = np.empty(len(chosen), _with_message(record))
        columns = rows.view(np.int64).reshape(len(rows), 1 + record.size // 8)
        columns[:, 0] = self.messages[chosen]
        begins = self.begins[chosen]
        for word in range(1, columns.shape[1]):
            begins += 1
            columns[:, word] = self.words[begins].view(np.int64)
        return rows

    def span(self, first: int, count: int) -> bytes:
        """The bytes of consecutive records, which all lie in one crossing."""
        end = self.begins[first + count] if first + count < len(self.begins) else len(self.words)
        return self.words[self.begins[first] : end].tobytes()


class Columns(Mapping[str, NDArray[np.void]]):
    """Records by kind, each kind decoded at first use."""

    def __init__(self, records: _Records, types: Mapping[str, tuple[int, RecordType]], what: str) -> None:
        self._records_of_batch = records
        self._types = types
        self._what = what
        self._decoded: dict[str, NDArray[np.void]] = {}

    def __getitem__(self, name: str) -> NDArray[np.void]:
        if name not in self._decoded:
            if name not in self._types:
                raise InvalidInput("records", suggestion(name, self._types, self._what), repr(name))
            self._decoded[name] = self._records_of_batch.select(self._chosen(name), self._types[name][1])
        return self._decoded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def __repr__(self) -> str:
        return f"<columns of {', '.join(f'{name}: {len(self._chosen(name))}' for name in self)}>"

    def _chosen(self, name: str) -> NDArray[Any]:
        return np.flatnonzero(self._records_of_batch.kinds == self._types[name][0])


class _Results(Columns):
    """Results carry no kind of their own: the message's entry tells."""

    def __init__(
        self, records: _Records, types: Mapping[str, tuple[int, RecordType]], what: str, receipts: Receipts
    ) -> None:
        super().__init__(records, types, what)
        self._receipts = receipts

    def _chosen(self, name: str) -> NDArray[Any]:
        results = super()._chosen(name)
        number = self._receipts._origin.interface.by_name[name].number
        entries = self._receipts._entries[self._records_of_batch.messages[results]]
        return np.compress(entries == number, results)


def _with_message(record: RecordType) -> np.dtype[Any]:
    name = "message_index" if "message_index" not in record.names else "message_index_"
    return np.dtype(
        {
            "names": [name, *record.names],
            "formats": [np.dtype("<i8"), *(codec.dtype for codec in record.codecs)],
            "offsets": [0, *(8 + offset for offset in record.offsets)],
            "itemsize": 8 + record.size,
        }
    )
