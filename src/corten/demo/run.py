"""The run directory: everything that somebody else needs to execute a run again and to compare.

manifest.json     where the messages came from, rules, versions, and the state root after each interval
messages.npy      the messages, in order
order_book.wasm   the contract that executed them
receipts.npy      status, code, gas and number of records of each message
<Event>.parquet   the events, one file for each kind
book.png          depth, mid price and trades
"""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import CortenError, InvalidInput
from corten.demo.messages import MESSAGE, Messages
from corten.demo.optional import load_polars

if TYPE_CHECKING:
    from pathlib import Path

    from corten.demo.execution import Interval
    from corten.vm.receipts import Receipts

FORMAT = 1
EVENTS = ("OrderAccepted", "Fill", "OrderCancelled")
RECEIPT_COLUMNS = ("status", "code", "gas", "record_count")


class DivergenceError(CortenError):
    """A run was executed again and came to another state: `message` is the first that went differently."""

    def __init__(self, message: int | None, begin: int, end: int, detail: str) -> None:
        self.message, self.begin, self.end = message, begin, end
        where = f"message {message}" if message is not None else f"some message of {begin} … {end - 1}"
        super().__init__(f"{where} is the first that diverges from the recorded run: {detail}")


@dataclass(frozen=True)
class Manifest:
    """`manifest.json`; roots and hashes in hexadecimal."""

    format: int
    source: dict[str, Any]
    rules: dict[str, int]
    message_count: int
    interval: int
    messages_sha256: str
    module_sha256: str
    versions: dict[str, str]
    roots: list[str]
    traces: list[str]


@dataclass(frozen=True)
class EventColumns:
    """All events of one kind; `message_index` counts from the run's first message."""

    name: str
    rows: NDArray[Any]


class RunDirectory:
    """Writes and reads one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.module = path / "order_book.wasm"
        self.picture = path / "book.png"

    def write_inputs(self, messages: Messages, module: bytes) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        np.save(self.path / "messages.npy", messages)
        self.module.write_bytes(module)

    def write_manifest(
        self, source: dict[str, Any], rules: dict[str, int], interval: int, intervals: list[Interval]
    ) -> None:
        messages = self.messages()
        manifest = Manifest(
            format=FORMAT,
            source=source,
            rules=rules,
            message_count=len(messages),
            interval=interval,
            messages_sha256=_hash(messages.tobytes()),
            module_sha256=_hash(self.module.read_bytes()),
            versions={"python": platform.python_version(), **{name: version(name) for name in ("corten", "wasmtime")}},
            roots=[one.root.hex() for one in intervals],
            traces=[trace(one) for one in intervals],
        )
        (self.path / "manifest.json").write_text(json.dumps(asdict(manifest), indent=1) + "\n", encoding="utf-8")

    def write_receipts(self, receipts: list[NDArray[Any]]) -> None:
        np.save(self.path / "receipts.npy", np.concatenate(receipts) if receipts else _receipt_rows(0))

    def write_events(self, events: list[EventColumns]) -> None:
        polars = load_polars()
        for kind in events:
            columns = {name: np.ascontiguousarray(kind.rows[name]) for name in kind.rows.dtype.names or ()}
            polars.DataFrame(columns).write_parquet(self.path / f"{kind.name}.parquet", compression="zstd")

    def manifest(self) -> Manifest:
        """The manifest; InvalidInput when it is missing or not one."""
        path = self.path / "manifest.json"
        try:
            found = Manifest(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError as error:
            raise InvalidInput("run", "a run directory with a manifest.json", str(self.path)) from error
        except (ValueError, TypeError) as error:
            raise InvalidInput("run", "a manifest.json that a run wrote", f"{path}: {error}") from error
        if found.format != FORMAT:
            raise InvalidInput("run", f"format {FORMAT}", f"format {found.format} in {path}")
        return found

    def check(self, manifest: Manifest) -> None:
        """InvalidInput unless messages and module are those that were recorded, to the byte."""
        for name, content, expected in (
            ("messages.npy", self.messages().tobytes(), manifest.messages_sha256),
            ("order_book.wasm", self.module.read_bytes(), manifest.module_sha256),
        ):
            if _hash(content) != expected:
                raise InvalidInput("run", f"the {name} that was recorded (SHA-256 {expected})", _hash(content))

    def messages(self) -> Messages:
        found = self._load("messages.npy")
        if found.dtype != MESSAGE:
            raise InvalidInput("run", f"messages of {MESSAGE}", f"{found.dtype} in {self.path / 'messages.npy'}")
        return found

    def receipts(self) -> NDArray[Any]:
        return self._load("receipts.npy")

    def events(self, name: str) -> NDArray[Any]:
        """The recorded events of a kind, as a structured array."""
        frame = load_polars().read_parquet(self.path / f"{name}.parquet")
        rows: NDArray[Any] = frame.to_numpy(structured=True)
        return rows

    def _load(self, name: str) -> NDArray[Any]:
        path = self.path / name
        try:
            found: NDArray[Any] = np.load(path)
        except (OSError, ValueError) as error:
            raise InvalidInput("run", f"a run directory with {name}", f"{path}: {error}") from error
        return found


def receipt_rows(receipts: Receipts) -> NDArray[Any]:
    """The columns of receipts that a run keeps."""
    rows = _receipt_rows(len(receipts))
    for name in RECEIPT_COLUMNS:
        rows[name] = getattr(receipts, name)
    return rows


def event_rows(receipts: Receipts, name: str, first_message: int) -> NDArray[Any]:
    """The events of a kind with message numbers that count from the run's begin."""
    rows: NDArray[Any] = receipts.events[name].copy()
    rows["message_index"] += first_message
    return rows


def trace(interval: Interval) -> str:
    """SHA-256 of an interval's receipts and events, column by column: what lies between columns means nothing."""
    rows = [receipt_rows(interval.receipts), *(event_rows(interval.receipts, name, interval.begin) for name in EVENTS)]
    return _hash(b"".join(one[name].tobytes() for one in rows for name in one.dtype.names or ()))


def compare(run: RunDirectory, manifest: Manifest, interval: Interval) -> None:
    """DivergenceError unless an interval went as it was recorded, naming its first message that did not."""
    number = interval.begin // manifest.interval
    if (interval.root.hex(), trace(interval)) != (manifest.roots[number], manifest.traces[number]):
        message, detail = _first_difference(run, interval.receipts, interval.begin, interval.end)
        raise DivergenceError(message, interval.begin, interval.end, detail)


def _first_difference(run: RunDirectory, receipts: Receipts, begin: int, end: int) -> tuple[int | None, str]:
    """The first message in an interval whose receipt or events are not the recorded ones, and what differs."""
    recorded, found = run.receipts()[begin:end], receipt_rows(receipts)
    candidates = [
        (begin + int(row), f"{name} recorded {recorded[name][row]}, now {found[name][row]}")
        for name in RECEIPT_COLUMNS
        for row in np.flatnonzero(recorded[name] != found[name])[:1]
    ]
    candidates += [item for name in EVENTS for item in _event_difference(run, receipts, name, begin, end)]
    return min(candidates, default=(None, "receipts and events agree, the state does not"))


def _event_difference(run: RunDirectory, receipts: Receipts, name: str, begin: int, end: int) -> list[tuple[int, str]]:
    recorded, found = run.events(name), event_rows(receipts, name, begin)
    recorded = recorded[(recorded["message_index"] >= begin) & (recorded["message_index"] < end)]
    length = min(len(recorded), len(found))
    differences = []
    for field in found.dtype.names or ():
        for row in np.flatnonzero(recorded[field][:length] != found[field][:length])[:1]:
            message = min(int(recorded["message_index"][row]), int(found["message_index"][row]))
            differences.append((message, f"{name}.{field} recorded {recorded[field][row]}, now {found[field][row]}"))
    if not differences and len(recorded) != len(found):
        longer = recorded if len(recorded) > length else found
        message = int(longer["message_index"][length])
        differences.append((message, f"{len(recorded)} {name} recorded, now {len(found)}"))
    return differences


def _receipt_rows(count: int) -> NDArray[Any]:
    return np.zeros(count, [("status", "u1"), ("code", "<u2"), ("gas", "<i8"), ("record_count", "<u4")])


def _hash(content: bytes) -> str:
    return sha256(content).hexdigest()
