"""What a message came to: one `Receipt`, or `Receipts` as columns. Records are decoded when somebody looks at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput, Status, TrapCode, Trapped
from corten.vm.accesses import Accesses, Recording, recorded
from corten.vm.call_records import Frame, Origin, Recorded, Stop, all_events, each_record, event_columns, stop
from corten.vm.codec import RecordType
from corten.vm.failure import failure, formatted
from corten.vm.interface import EntryType, suggestion
from corten.vm.layout import RESULT_RECORD
from corten.wasm.instrument.calls import RECORDS_OF_CALLEE


class Receipt:
    """What became of one message. `gas` is what it used; `code` and `site` are 0 for an accepted message."""

    __slots__ = (
        *("_callee", "_entry", "_failure", "_frames", "_origin", "_recording", "_records"),
        *("code", "gas", "site", "status"),
    )

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
        callee: int = 0,
        frames: Sequence[Frame] = (),
        recording: Recording | None = None,
    ) -> None:
        self._frames = frames
        self._recording = recording
        self._callee = callee
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
        found = each_record(self._origin, self._entry, self._records)
        return [types[kind].unpack(self._records, offset) for kind, offset in found if kind < RECORDS_OF_CALLEE]

    @property
    def all_events(self) -> list[Recorded]:
        """The events of this contract and of those that it called, with their addresses, in the order of emission."""
        return list(all_events(self._origin, self._entry, self._records))

    @property
    def stopped_in(self) -> Stop | None:
        """Where a message was stopped that a callee rejected or trapped; None if the contract stopped it itself."""
        return stop(self._origin, self.status, self._callee, self._frames)

    @property
    def accesses(self) -> Accesses:
        """The pages that the message read and wrote, by contract; InvalidInput if they were not recorded."""
        return recorded(self._recording, "receipt.accesses")

    @property
    def result(self) -> Any:
        """What the entry returned, as a Python value; None if it returns nothing or was not accepted."""
        result = self._entry.result
        if result is None:
            return None
        found = each_record(self._origin, self._entry, self._records)
        places = (offset for kind, offset in found if kind == RESULT_RECORD)
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
        error = failure(self._origin.interface, self._origin.directory, self.status, self.code, self.site)
        found = self.stopped_in
        if found is not None:
            chain = [error, *reversed(found.callers), found.exception]
            for outer, inner in pairwise(chain):
                outer.__cause__ = inner
            error.add_note(f"stopped in {found.contract} ({found.address:#x}): {found.error}")
        return error

    def __repr__(self) -> str:
        reason = f" {self.error}" if self.error else ""
        events = f", {len(self.events)} events" if self._records else ""
        return f"<Receipt {self._entry.name}: {self.status.name.lower()}{reason}, {self.gas} gas{events}>"


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
        frames: Mapping[int, tuple[Frame, ...]] | None = None,
        recording: Recording | None = None,
    ) -> None:
        self._frames = frames or {}
        self._origin = origin
        self._entries = entries
        self._recording = recording
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
        entry = self._entry(position)
        status, code, site, gas, callee = (int(row[name]) for name in ("status", "code", "site", "gas", "origin"))
        records, frames = self._records_of(position), self._frames.get(position, ())
        each = None if self._recording is None else self._recording.each
        alone = None if each is None else Recording(each[position])
        return Receipt(self._origin, entry, status, code, site, gas, records, None, callee, frames, alone)

    def __iter__(self) -> Iterator[Receipt]:
        return (self[message] for message in range(len(self)))

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """True for each message that changed the state."""
        return np.equal(self.status, Status.ACCEPTED)

    @property
    def accesses(self) -> Accesses:
        """The pages that the batch read and wrote, by contract; InvalidInput if they were not recorded.

        Those of one message are its receipt's, if the batch was submitted with `each_access`.
        """
        return recorded(self._recording, "receipts.accesses")

    @cached_property
    def events(self) -> Columns:
        """`receipts.events["Fill"]`: the events of a kind as a structured array, in the order they were emitted."""
        types = {record.name: (number, record) for number, record in enumerate(self._origin.interface.events)}
        return Columns(self._records, types, f"event of {self._origin.interface.name}")

    @cached_property
    def all_events(self) -> dict[str, NDArray[np.void]]:
        """`receipts.all_events["Coin.Transfer"]`: events of this contract and of all that it called, with addresses.

        Structured arrays like those of `events`, with the column `address`. Nested records are taken apart one by one:
        some microseconds each.
        """
        found = ((at, self._entry(at), self._records_of(at)) for at in np.flatnonzero(self.record_count).tolist())
        return event_columns((at, self._origin, entry, records) for at, entry, records in found)

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

    def _entry(self, message: int) -> EntryType:
        return self._origin.interface.entries[int(self._entries[message])]

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
    """The records of a batch, crossing by crossing: what is decoded at once stays in the processor's cache."""

    def __init__(self, crossings: Sequence[Crossing]) -> None:
        self._parts = [_Part(crossing) for crossing in crossings]
        self._first_records = np.cumsum([0, *(len(part.kinds) for part in self._parts)])

    def select(self, kind: int, record: RecordType, entries: NDArray[np.bool_] | None) -> NDArray[np.void]:
        """The records of a kind as rows: `message_index`, then the record's own fields.

        With `entries`, only those of messages for which it is true.
        """
        chosen = [part.chosen(kind, entries) for part in self._parts]
        rows = np.empty(sum(map(len, chosen)), _with_message(record))
        words = rows.view(np.uint64).reshape(len(rows), 1 + record.size // 8)
        begin = 0
        for part, records in zip(self._parts, chosen, strict=True):
            part.read(records, words[begin : begin + len(records)])
            begin += len(records)
        return rows

    def span(self, first: int, count: int) -> bytes:
        """The bytes of consecutive records, which all lie in one crossing."""
        number = int(np.searchsorted(self._first_records, first, "right")) - 1
        return self._parts[number].span(first - int(self._first_records[number]), count)


class _Part:
    """One crossing's records: the word at which each begins, its kind and its message."""

    def __init__(self, crossing: Crossing) -> None:
        self._words = crossing.outbox
        self._begins = crossing.index.astype(np.int64) >> 3
        headers = self._words[self._begins].view(np.uint32).reshape(-1, 2)
        self.kinds = headers[:, 0]
        self._messages = headers[:, 1].astype(np.uint64) + np.uint64(crossing.first_message)

    def chosen(self, kind: int, entries: NDArray[np.bool_] | None) -> NDArray[Any]:
        """Which records are of a kind."""
        records = np.flatnonzero(self.kinds == kind)
        return records if entries is None else np.compress(entries[self._messages[records]], records)

    def read(self, records: NDArray[Any], out: NDArray[np.uint64]) -> None:
        """Fill rows of words with the message index and payload of the records."""
        out[:, 0] = self._messages[records]
        at = self._begins[records]
        for word in range(1, out.shape[1]):
            at += 1
            out[:, word] = self._words[at]

    def span(self, first: int, count: int) -> bytes:
        """The bytes of consecutive records."""
        end = self._begins[first + count] if first + count < len(self._begins) else len(self._words)
        return self._words[self._begins[first] : end].tobytes()


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
            self._decoded[name] = self._decode(name)
        return self._decoded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def __repr__(self) -> str:
        return f"<columns of {', '.join(f'{name}: {len(self[name])}' for name in self)}>"

    def _decode(self, name: str) -> NDArray[np.void]:
        return self._records_of_batch.select(*self._types[name], None)


class _Results(Columns):
    """Results carry no kind of their own: the message's entry tells."""

    def __init__(
        self, records: _Records, types: Mapping[str, tuple[int, RecordType]], what: str, receipts: Receipts
    ) -> None:
        super().__init__(records, types, what)
        self._receipts = receipts

    def _decode(self, name: str) -> NDArray[np.void]:
        number = self._receipts._origin.interface.by_name[name].number
        return self._records_of_batch.select(*self._types[name], np.equal(self._receipts._entries, number))


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
