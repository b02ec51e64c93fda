"""Batches: rows that callers bring, checked and turned into frames of one stride, without a Python loop over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from corten.base.calls import CONTRACT_BIT
from corten.base.errors import InvalidInput
from corten.vm.codec import describe
from corten.vm.interface import EntryType, Interface, suggestion
from corten.vm.layout import FRAME_HEADER_BYTES

Words: TypeAlias = NDArray[np.uint64]

_U32_MAX = 0xFFFFFFFF
_HEADER_WORDS = FRAME_HEADER_BYTES // 8


class Frames(Protocol):
    """Messages in order. All frames have `stride` bytes; `entries` tells the entry number of each."""

    @property
    def stride(self) -> int: ...

    @property
    def read_only(self) -> bool: ...

    @property
    def entries(self) -> NDArray[np.uint32]: ...

    def __len__(self) -> int: ...

    def write(self, begin: int, out: Words) -> None:
        """Fill `out` (frames by words) with the frames from number `begin` on."""


class UniformFrames:
    """The same entry for every row."""

    def __init__(self, entry: EntryType, rows: Any, sender: ArrayLike) -> None:
        checked = conform(rows, entry)
        self._count = len(checked)
        self._entry = entry
        self._payload = _payload_words(checked, entry)
        self._sender = check_sender(sender, self._count)
        self.stride = FRAME_HEADER_BYTES + entry.parameters.size
        self.read_only = entry.kind == "view"

    def __len__(self) -> int:
        return self._count

    @property
    def entries(self) -> NDArray[np.uint32]:
        """The one entry number, repeated without being stored."""
        return np.broadcast_to(np.uint32(self._entry.number), (self._count,))

    def write(self, begin: int, out: Words) -> None:
        """Fill `out` with the frames from number `begin` on."""
        end = begin + len(out)
        sender = self._sender if self._sender.ndim == 0 else self._sender[begin:end]
        out[:, 0] = self.stride | self._entry.number << 32
        out[:, 1] = sender | np.uint64(self._entry.parameters.size << 32)
        out[:, _HEADER_WORDS:] = self._payload[begin:end]


@dataclass(frozen=True)
class _Part:
    entry: EntryType
    rows: NDArray[np.void]
    sender: Words
    order: NDArray[np.int64] | None


class Batch:
    """Messages of several entries in one order.

        batch = contract.batch()
        batch.add("place", places, sender=owners, order=np.flatnonzero(kind == 0))
        batch.add("cancel", cancels, sender=owners, order=np.flatnonzero(kind == 1))
        receipts = contract.submit(batch)

    `order` gives each row's position in the batch; without it rows follow what was added before. Together the
    positions must be 0 … n-1, each once. The finished frames are kept: a batch can be submitted again.
    """

    read_only = False

    def __init__(self, interface: Interface) -> None:
        self.interface = interface
        self._parts: list[_Part] = []
        self._count = 0
        self._built: Words | None = None

    def add(self, entry: str, rows: Any, sender: ArrayLike = 0, order: ArrayLike | None = None) -> Batch:
        """Add the rows of one message entry; InvalidInput as `Contract.submit`, and for views."""
        found = self.interface.entry(entry)
        if found.kind == "view":
            raise InvalidInput("entry", "a message: views go into a submit of their own", repr(entry))
        checked = conform(rows, found)
        positions = None if order is None else _positions(order, len(checked))
        self._parts.append(_Part(found, checked, check_sender(sender, len(checked)), positions))
        self._count += len(checked)
        self._built = None
        return self

    def __len__(self) -> int:
        return self._count

    @property
    def stride(self) -> int:
        """Bytes of a frame: the largest payload decides."""
        return FRAME_HEADER_BYTES + max((part.entry.parameters.size for part in self._parts), default=0)

    @property
    def entries(self) -> NDArray[np.uint32]:
        """The entry number of each message."""
        return (self._frames()[:, 0] >> np.uint64(32)).astype(np.uint32)

    def write(self, begin: int, out: Words) -> None:
        """Fill `out` with the frames from number `begin` on."""
        out[:] = self._frames()[begin : begin + len(out)]

    def _frames(self) -> Words:
        if self._built is None:
            self._built = self._build()
        return self._built

    def _build(self) -> Words:
        frames: Words = np.zeros((self._count, self.stride // 8), np.uint64)
        whole = frames.view(f"V{self.stride}").reshape(self._count)
        appended = 0
        for part in self._parts:
            end = appended + len(part.rows)
            if part.order is None:
                self._write_part(part, frames[appended:end])
            else:
                made: Words = np.empty((len(part.rows), self.stride // 8), np.uint64)
                self._write_part(part, made)
                whole[self._checked_order(part.order)] = made.view(whole.dtype).reshape(len(part.rows))
            appended = end
        if not frames[:, 0].all():
            missing = int(np.flatnonzero(frames[:, 0] == 0)[0])
            raise InvalidInput("order", f"every position 0 … {self._count - 1} once", f"none for {missing}")
        return frames

    def _write_part(self, part: _Part, out: Words) -> None:
        payload = _payload_words(part.rows, part.entry)
        used = _HEADER_WORDS + payload.shape[1]
        out[:, 0] = self.stride | part.entry.number << 32
        out[:, 1] = part.sender | np.uint64(part.entry.parameters.size << 32)
        out[:, _HEADER_WORDS:used] = payload
        out[:, used:] = 0

    def _checked_order(self, order: NDArray[np.int64]) -> NDArray[np.int64]:
        if len(order) and not 0 <= int(order.min()) <= int(order.max()) < self._count:
            found = f"{int(order.min())} … {int(order.max())}"
            raise InvalidInput("order", f"positions 0 … {self._count - 1}", found)
        return order


def conform(rows: Any, entry: EntryType) -> NDArray[np.void]:
    """Rows with exactly the entry's dtype, contiguous and aligned; InvalidInput names the field that does not fit."""
    expected = entry.parameters.dtype
    if not isinstance(rows, np.ndarray) or rows.ndim != 1:
        found = f"shape {rows.shape}" if isinstance(rows, np.ndarray) else describe(rows)
        raise InvalidInput("rows", f"a one-dimensional numpy array of {entry.signature}", found)
    if not rows.flags.c_contiguous:
        raise InvalidInput("rows", "contiguous rows (np.ascontiguousarray makes them)", f"strides {rows.strides}")
    if rows.ctypes.data % 8 and len(rows) and expected.itemsize:
        raise InvalidInput("rows", "an address that is a multiple of 8 (rows.copy() has one)", f"{rows.ctypes.data:#x}")
    if rows.dtype == expected:
        return rows
    _check_fields(rows.dtype, expected, entry.name)
    converted = np.zeros(len(rows), expected)
    for name in expected.names or ():
        converted[name] = rows[name]
    return converted


def check_sender(sender: ArrayLike, count: int) -> Words:
    """Senders as unsigned words: one, or one for each row; InvalidInput unless they are u32 accounts of no contract."""
    array = _integers(sender)
    if array.dtype.kind not in "ui" or array.shape not in ((), (count,)):
        raise InvalidInput("sender", f"one u32 or {count} of them", f"{array.dtype} of shape {array.shape}")
    if array.size and not 0 <= int(array.min()) <= int(array.max()) < CONTRACT_BIT:
        raise InvalidInput("sender", f"u32, 0 … {CONTRACT_BIT - 1}", f"{int(array.min())} … {int(array.max())}")
    return array.astype(np.uint64)


def _payload_words(rows: NDArray[np.void], entry: EntryType) -> Words:
    """The payloads as rows of words; an entry without parameters has none."""
    size = entry.parameters.size
    return rows.view(np.uint64).reshape(len(rows), size // 8) if size else np.empty((len(rows), 0), np.uint64)


def _integers(values: ArrayLike) -> NDArray[Any]:
    """An array; an empty list is one of integers."""
    array = np.asarray(values)
    return array if array.size else array.astype(np.int64)


def _positions(order: ArrayLike, count: int) -> NDArray[np.int64]:
    array = _integers(order)
    if array.dtype.kind not in "ui" or array.shape != (count,):
        raise InvalidInput("order", f"{count} integers, one for each row", f"{array.dtype} of shape {array.shape}")
    return array.astype(np.int64)


def _check_fields(found: np.dtype[Any], expected: np.dtype[Any], where: str) -> None:
    """InvalidInput unless both have the same fields and each converts without loss."""
    wanted, given = expected.names or (), found.names or ()
    if found.names is None:
        raise InvalidInput(where, f"a structured dtype with fields {', '.join(wanted) or '(none)'}", str(found))
    for name in given:
        if name not in wanted:
            raise InvalidInput(f"{where}.{name}", suggestion(name, wanted, f"field of {where}"), "an unknown field")
    for name in wanted:
        if name not in given:
            raise InvalidInput(f"{where}.{name}", f"a field of dtype {expected[name]}", f"only {', '.join(given)}")
        _check_type(found[name], expected[name], f"{where}.{name}")


def _check_type(found: np.dtype[Any], expected: np.dtype[Any], where: str) -> None:
    if expected.base.names is not None and found.shape == expected.shape:
        _check_fields(found.base, expected.base, where)
    elif found.shape != expected.shape or not np.can_cast(found.base, expected.base, "safe"):
        raise InvalidInput(where, f"dtype {expected} or one that converts to it without loss", f"dtype {found}")
