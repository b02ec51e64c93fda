"""The Merkle tree over a memory's 4 KiB pages (docs/spec/state.md), as an immutable value.

A tree shares everything that did not change with the tree it was made from. Nodes are kept in chunks of 256 pages, each
a tuple of hashes in heap order (the children of node i at 2i and 2i + 1, leaves from 256 on, root at 1); `upper` holds
the levels above the chunks in the same order.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from itertools import chain, repeat
from typing import Final

from corten.vm.layout import PAGE_BYTES

TREE_DEPTH: Final = 20
"""Every memory's tree covers 2**20 pages (4 GiB), whatever the memory's size: pages beyond it are zero."""

CHUNK_DEPTH: Final = 8
CHUNK_PAGES: Final = 1 << CHUNK_DEPTH

Heap = tuple[bytes, ...]

_LEAF_PREFIX: Final = sha256(b"\x00")

_WORKERS: Final = min(os.cpu_count() or 1, 8)
LEAST_SHARE: Final = 512
"""Pages that are worth handing to a thread."""


def leaf_hash(page: bytes | memoryview) -> bytes:
    """Hash of one page: SHA-256(0x00 ‖ 4096 bytes)."""
    hasher = _LEAF_PREFIX.copy()
    hasher.update(page)
    return hasher.digest()


def leaf_hashes(memory: memoryview, pages: Sequence[int]) -> list[bytes]:
    """`leaf_hash` of many pages of a memory; thousands are shared among threads, for hashing releases the GIL."""
    share = -(-len(pages) // _WORKERS)
    if share < LEAST_SHARE:
        return _leaf_hashes(memory, pages)
    parts = [pages[begin : begin + share] for begin in range(0, len(pages), share)]
    return list(chain.from_iterable(_pool().map(_leaf_hashes, repeat(memory), parts)))


def _leaf_hashes(memory: memoryview, pages: Sequence[int]) -> list[bytes]:
    """In a loop without calls of our own."""
    hashes = []
    for page in pages:
        hasher = _LEAF_PREFIX.copy()
        hasher.update(memory[page * PAGE_BYTES : page * PAGE_BYTES + PAGE_BYTES])
        hashes.append(hasher.digest())
    return hashes


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_WORKERS, "page-hashing")


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01%b%b" % (left, right)).digest()


@cache
def zero_hash(height: int) -> bytes:
    """Root of a tree of that height whose pages are all zero."""
    if height == 0:
        return leaf_hash(bytes(PAGE_BYTES))
    return node_hash(zero_hash(height - 1), zero_hash(height - 1))


@dataclass(frozen=True)
class PageTree:
    """Hashes over `page_count` pages; make the first with `empty`, others with `updated`."""

    chunks: tuple[Heap, ...]
    upper: Heap

    @classmethod
    def empty(cls, page_count: int) -> PageTree:
        """The tree of a memory of zeros."""
        chunk_count = 1 << max(0, (page_count - 1).bit_length() - CHUNK_DEPTH)
        return cls((_zero_heap(CHUNK_DEPTH, 0),) * chunk_count, _zero_heap(chunk_count.bit_length() - 1, CHUNK_DEPTH))

    @cached_property
    def root(self) -> bytes:
        """Root of the full tree of depth 20: above the memory's own top, every right sibling is zero."""
        root = self.upper[1]
        for height in range(self._top_height, TREE_DEPTH):
            root = node_hash(root, zero_hash(height))
        return root

    def updated(self, pages: Sequence[int], hashes: Iterable[bytes]) -> PageTree:
        """This tree with other leaf hashes; `pages` in rising order."""
        by_chunk: dict[int, list[tuple[int, bytes]]] = {}
        chunk, changes = -1, list[tuple[int, bytes]]()
        for page, digest in zip(pages, hashes, strict=True):
            if page >> CHUNK_DEPTH != chunk:
                chunk = page >> CHUNK_DEPTH
                changes = by_chunk[chunk] = []
            changes.append((CHUNK_PAGES + (page & (CHUNK_PAGES - 1)), digest))
        if not by_chunk:
            return self
        chunks = list(self.chunks)
        for chunk, changes in by_chunk.items():
            chunks[chunk] = _replace(chunks[chunk], changes)
        roots = [(len(chunks) + chunk, chunks[chunk][1]) for chunk in by_chunk]
        return PageTree(tuple(chunks), _replace(self.upper, roots))

    def siblings(self, page: int) -> tuple[bytes, ...]:
        """The 20 hashes that lead from a page's leaf to the root, lowest first."""
        chunk, position = page >> CHUNK_DEPTH, page & (CHUNK_PAGES - 1)
        inside = _path(self.chunks[chunk], CHUNK_PAGES + position)
        above = _path(self.upper, len(self.chunks) + chunk)
        beyond = [zero_hash(height) for height in range(self._top_height, TREE_DEPTH)]
        return (*inside, *above, *beyond)

    @property
    def _top_height(self) -> int:
        return CHUNK_DEPTH + len(self.chunks).bit_length() - 1


def root_from_siblings(page: int, leaf: bytes, siblings: Iterable[bytes]) -> bytes:
    """The root that a leaf at index `page` and its siblings imply."""
    for sibling in siblings:
        leaf = node_hash(sibling, leaf) if page & 1 else node_hash(leaf, sibling)
        page >>= 1
    return leaf


@cache
def _zero_heap(depth: int, leaf_height: int) -> Heap:
    levels = [(zero_hash(leaf_height + depth - level),) * (1 << level) for level in range(depth + 1)]
    return (b"", *chain.from_iterable(levels))


def _replace(heap: Heap, changes: list[tuple[int, bytes]]) -> Heap:
    """The heap with some leaves, by position in the heap, changed and the nodes above them hashed again."""
    nodes = list(heap)
    for position, digest in changes:
        nodes[position] = digest
    touched = [position for position, _ in changes]
    while touched[0] > 1:
        touched = list(dict.fromkeys([node >> 1 for node in touched]))
        for node in touched:
            child = node + node
            nodes[node] = sha256(b"\x01%b%b" % (nodes[child], nodes[child + 1])).digest()
    return tuple(nodes)


def _path(heap: Heap, node: int) -> list[bytes]:
    siblings = []
    while node > 1:
        siblings.append(heap[node ^ 1])
        node >>= 1
    return siblings
