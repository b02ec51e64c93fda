"""Access recording: which 4 KiB pages of memory a message or a batch read and wrote, contract by contract.

Injected code marks pages in two byte maps of system memory (docs/spec/instrumentation.md); a `Recorder` clears and
collects them around a crossing. Contracts that a message calls are collected with the one where it began.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput

Pages: TypeAlias = NDArray[np.uint32]
"""Numbers of 4 KiB pages, ascending."""


@dataclass(frozen=True, eq=False)
class PageAccess:
    """Pages of one contract's memory. `read` and `written` overlap; neither includes the other.

    `read`: some of their bytes were loaded, copied, hashed, recorded or passed on. `written`: a store may have changed
    some of their bytes, even if that was undone. Both may be more than that, never less.
    """

    read: Pages
    written: Pages

    @property
    def pages(self) -> Pages:
        """Read or written: what an execution needs. A written page's other bytes are hashed, and undone to."""
        return np.union1d(self.read, self.written)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PageAccess):
            return NotImplemented
        return np.array_equal(self.read, other.read) and np.array_equal(self.written, other.written)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<PageAccess: {len(self.read)} pages read, {len(self.written)} written>"


class Accesses(Mapping[int, PageAccess]):
    """By contract: `accesses[token].read`. A key is a contract or its address; those that took part are listed."""

    def __init__(self, by_address: Mapping[int, PageAccess]) -> None:
        self._by_address = dict(by_address)

    def __getitem__(self, contract: SupportsIndex) -> PageAccess:
        return self._by_address[operator.index(contract)]

    def __iter__(self) -> Iterator[int]:
        return iter(self._by_address)

    def __len__(self) -> int:
        return len(self._by_address)

    @classmethod
    def union(cls, parts: Iterable[Accesses]) -> Accesses:
        """All that any of them has."""
        found: dict[int, list[PageAccess]] = {}
        for part in parts:
            for address, access in part.items():
                found.setdefault(address, []).append(access)
        return cls({address: _union(accesses) for address, accesses in found.items()})

    def __repr__(self) -> str:
        return f"<Accesses {', '.join(f'{address:#x}: {found}' for address, found in self.items())}>"


@dataclass(frozen=True)
class Recording:
    """What was recorded of a batch: all of it together and, where it was asked for, each message."""

    together: Accesses
    each: tuple[Accesses, ...] | None = None


class Recorder:
    """Collects one live contract's maps. `settle` moves the touched pages to where the state root is made from them."""

    def __init__(
        self, address: int, read: NDArray[np.uint8], touched: NDArray[np.uint8], settle: Callable[[], None]
    ) -> None:
        self.recording: Recording | None = None
        """Of what was applied last; None if that did not end."""
        self._address = address
        self._read = read
        self._touched = touched
        self._settle = settle
        self._joined: list[Recorder] = []

    def begin(self) -> None:
        """Forget what was accessed before: by the host, or in a crossing that broke."""
        self.recording = None
        self._joined = []
        self._clear()

    def join(self, callee: Recorder) -> None:
        """A message that began here enters another contract."""
        self.expect(callee)
        self.entered(callee)

    def expect(self, callee: Recorder) -> None:
        """A message that begins here may enter another contract: what it accessed before is no part of that."""
        if callee not in self._joined:
            callee._clear()

    def entered(self, callee: Recorder) -> None:
        """It has."""
        if callee not in self._joined:
            self._joined.append(callee)

    def left(self, callee: Recorder) -> None:
        """The message that deployed the contract failed: it has never been, and its memory must not be kept."""
        if callee in self._joined:
            self._joined.remove(callee)

    def take(self) -> Accesses:
        """What was accessed since `begin` or the last time, here and in the contracts that joined."""
        taking, self._joined = [self, *self._joined], []
        return Accesses({each._address: each._collect() for each in taking})

    def _collect(self) -> PageAccess:
        found = PageAccess(_marked(self._read), _marked(self._touched))
        self._read[found.read] = 0
        self._settle()
        return found

    def _clear(self) -> None:
        self._read[:] = 0
        self._settle()


def _union(parts: Sequence[PageAccess]) -> PageAccess:
    read, written = ([getattr(part, name) for part in parts] for name in ("read", "written"))
    return PageAccess(np.unique(np.concatenate(read)), np.unique(np.concatenate(written)))


def _marked(page_map: NDArray[np.uint8]) -> Pages:
    """The pages that are marked; word by word first, since most are not."""
    words = np.flatnonzero(page_map.view(np.uint64))
    pages = (words[:, None] * 8 + np.arange(8))[page_map.reshape(-1, 8)[words] != 0]
    found: Pages = pages.astype(np.uint32)
    return found


def latest(recorder: Recorder | None) -> Recording | None:
    """What was applied last; None where nothing is recorded."""
    return None if recorder is None else recorder.recording


def recorded(found: Recording | None, what: str) -> Accesses:
    """Those of a recording, together; InvalidInput if there is none."""
    if found is None:
        raise InvalidInput(what, "Machine(record_access=True), and `each_access` in a batch for each message's", "none")
    return found.together
