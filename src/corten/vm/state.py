"""A contract's state: what the ledger asks of it (`StateRegion`), and the native one, which is pages of memory.

Native state is the whole memory and the mutable globals. Its root, the images that snapshots keep and the proofs
are specified in docs/spec/state.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, repeat
from typing import Any, Final, Protocol, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput
from corten.vm.layout import PAGE_BYTES
from corten.vm.pagetree import CHUNK_DEPTH, CHUNK_PAGES, PageTree, leaf_hash, leaf_hashes, root_from_siblings

Image = TypeVar("Image")

PageChunk: TypeAlias = tuple[bytes | None, ...]
"""256 pages; None is a page of zeros."""

_ZERO_PAGE: Final = bytes(PAGE_BYTES)
_ZERO_CHUNK: Final[PageChunk] = (None,) * CHUNK_PAGES


class StateRegion(Protocol[Image]):
    """One contract's state, whatever platform it runs on. An image is immutable and may be kept for ever."""

    def root(self) -> bytes:
        """32 bytes that commit to the whole state."""

    def prove(self, key: int) -> Any:
        """Evidence that a part of the state belongs to `root`."""

    def snapshot(self) -> Image:
        """The state as it is; costs what changed since the last one."""

    def restore(self, image: Image) -> None:
        """Back (or over) to an image."""

    def savepoint(self) -> Image:
        """A mark inside a transaction, for `rollback`."""

    def rollback(self, savepoint: Image) -> None:
        """Undo everything since the mark."""


class PagedGuest(Protocol):
    """What a paged state needs of an instance."""

    memory: memoryview

    def globals(self) -> bytes:
        """Type byte and value of each mutable global and of the page counter."""

    def set_globals(self, values: bytes) -> None:
        """Restore what `globals` returned."""


@dataclass(frozen=True)
class PageImage:
    """Everything that a contract's state is, as shared immutable values."""

    pages: tuple[PageChunk, ...]
    tree: PageTree
    globals: bytes

    @property
    def root(self) -> bytes:
        """The state's root."""
        return region_root(self.tree.root, self.globals)


@dataclass(frozen=True)
class PageProof:
    """One page of memory and what leads from it to the state's root."""

    index: int
    page: bytes
    siblings: tuple[bytes, ...]
    globals: bytes

    def root(self) -> bytes:
        """The root that this page implies: compare it with one you trust."""
        return region_root(root_from_siblings(self.index, leaf_hash(self.page), self.siblings), self.globals)


def region_root(memory_root: bytes, globals_: bytes) -> bytes:
    """SHA-256(0x02 ‖ memory root ‖ globals)."""
    return sha256(b"\x02" + memory_root + globals_).digest()


def contract_hash(name: str, memory_bytes: int, module_hash: bytes, state_root: bytes) -> bytes:
    """SHA-256(0x03 ‖ name length u32 ‖ name ‖ memory size u64 ‖ module hash ‖ state root)."""
    encoded = name.encode()
    identity = len(encoded).to_bytes(4, "little") + encoded + memory_bytes.to_bytes(8, "little") + module_hash
    return sha256(b"\x03" + identity + state_root).digest()


def machine_root(contracts: Sequence[bytes], codes: Iterable[bytes] = ()) -> bytes:
    """SHA-256(0x04 ‖ the contract hashes, counted ‖ the published code in ascending order, counted, if there is any).

    Counted: count u32 ‖ root of the binary tree over the hashes, padded with zeros to a power of two.
    """
    published = sorted(codes)
    return sha256(b"\x04" + _counted(contracts) + (_counted(published) if published else b"")).digest()


def _counted(hashes: Sequence[bytes]) -> bytes:
    level = [*hashes, *repeat(bytes(32), (1 << max(0, len(hashes) - 1).bit_length()) - len(hashes))]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    return len(hashes).to_bytes(4, "little") + level[0]


class PagedState:
    """The state of a live instance: a `StateRegion` whose images are `PageImage`s.

    `touched` is the map that injected code marks; `initial_pages` are those that data segments filled.
    """

    def __init__(self, guest: PagedGuest, touched: NDArray[np.uint8], initial_pages: Iterable[int] = ()) -> None:
        page_count = len(touched)
        tree = PageTree.empty(page_count)
        self._guest = guest
        self._touched = touched
        self._image = PageImage((_ZERO_CHUNK,) * len(tree.chunks), tree, b"")
        self._tree = tree
        self._unhashed = np.zeros(page_count, np.bool_)
        self._uncaptured = np.zeros(page_count, np.bool_)
        for pages in (self._unhashed, self._uncaptured):  # not in the guest's map: no message wrote them
            pages[list(initial_pages)] = True

    def root(self) -> bytes:
        """32 bytes that commit to memory and globals; costs what was touched since the last time."""
        return region_root(self._current_tree().root, self._guest.globals())

    def prove(self, key: int) -> PageProof:
        """The page number `key` with its path to the root; InvalidInput if memory has no such page."""
        if not 0 <= key < len(self._touched):
            raise InvalidInput("page", f"0 … {len(self._touched) - 1}", str(key))
        return PageProof(key, bytes(self._page(key)), self._current_tree().siblings(key), self._guest.globals())

    def snapshot(self) -> PageImage:
        """The state as it is; the same object as before if nothing was touched."""
        tree, values = self._current_tree(), self._guest.globals()
        changed = np.flatnonzero(self._uncaptured).tolist()
        if changed or values != self._image.globals:
            self._image = PageImage(self._captured(changed), tree, values)
            self._uncaptured[:] = False
        return self._image

    def restore(self, image: PageImage) -> None:
        """Write back the pages that differ from an image, which may come from another instance of the module."""
        self.collect()
        for page in sorted({*np.flatnonzero(self._uncaptured).tolist(), *_differing(self._image.pages, image.pages)}):
            self._page(page)[:] = image.pages[page >> CHUNK_DEPTH][page & (CHUNK_PAGES - 1)] or _ZERO_PAGE
        self._guest.set_globals(image.globals)
        self._uncaptured[:] = False
        self._unhashed[:] = False
        self._image, self._tree = image, image.tree

    def savepoint(self) -> PageImage:
        """A mark inside a transaction; pages make no difference between it and a snapshot."""
        return self.snapshot()

    def rollback(self, savepoint: PageImage) -> None:
        """Undo everything since the mark."""
        self.restore(savepoint)

    def _current_tree(self) -> PageTree:
        self.collect()
        pages = np.flatnonzero(self._unhashed).tolist()
        if pages:
            self._tree = self._tree.updated(pages, leaf_hashes(self._guest.memory, pages))
            self._unhashed[pages] = False
        return self._tree

    def collect(self) -> None:
        """Move the guest's marks into ours."""
        words = np.flatnonzero(self._touched.view(np.uint64))
        if len(words):
            by_word = self._touched.reshape(-1, 8)
            marked = by_word[words] != 0
            self._unhashed.reshape(-1, 8)[words] |= marked
            self._uncaptured.reshape(-1, 8)[words] |= marked
            by_word[words] = 0

    def _captured(self, changed: list[int]) -> tuple[PageChunk, ...]:
        chunks = list(self._image.pages)
        opened: dict[int, list[bytes | None]] = {}
        for page in changed:
            chunk = page >> CHUNK_DEPTH
            if chunk not in opened:
                opened[chunk] = list(chunks[chunk])
            content = bytes(self._page(page))
            opened[chunk][page & (CHUNK_PAGES - 1)] = None if content == _ZERO_PAGE else content
        for chunk, pages in opened.items():
            chunks[chunk] = tuple(pages)
        return tuple(chunks)

    def _page(self, page: int) -> memoryview:
        return self._guest.memory[page * PAGE_BYTES : (page + 1) * PAGE_BYTES]


def _differing(ours: tuple[PageChunk, ...], theirs: tuple[PageChunk, ...]) -> Iterator[int]:
    """Pages whose contents are not the same object: never misses a difference."""
    return chain.from_iterable(
        (number * CHUNK_PAGES + page for page in range(CHUNK_PAGES) if mine[page] is not other[page])
        for number, (mine, other) in enumerate(zip(ours, theirs, strict=True))
        if mine is not other
    )
