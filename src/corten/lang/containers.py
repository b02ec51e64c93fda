"""The containers, written in the language: nothing here is known to the compiler but the intrinsics.

Two rules hold throughout. A live element never moves, so a reference to it stays good. And no operation does work
proportional to the container's size: storage grows by whole segments, a hash table by one bucket at a time.
"""

# Intrinsics take type variables as values, which type checkers know only as types:
# mypy: disable-error-code="misc, no-any-return"
from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from corten.lang import (  # isort: skip
    Array, Handle, Ref, TrapCode, allocate, check_index, equal_keys, fill_memory, hash_of, i64, inline, leading_zeros,
    load, no_inline, ref, saturating_cast, size_of, store, struct, trailing_zeros, trap, u32, u64, wrapping_add,
    wrapping_cast, wrapping_mul, wrapping_shl, wrapping_sub,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")

SEGMENT_COUNT = Literal[32]
WORD_COUNT = Literal[64]

FIRST_SEGMENT: u32 = 8  # elements; every later segment is as large as all before it
LIVE: u32 = 0xFFFF_FFFF  # the link of a pool entry that is in use
LARGEST_CHUNK: u32 = 256  # map entries allocated at a time
ABOVE: u64 = 0xFFFF_FFFF_FFFF_FFFE  # shifted left by n: the bits above bit n
NONE: u32 = 0xFFFF_FFFF  # no member of a block, no leaf


@struct
class Segments(Generic[T]):
    """A growable array whose elements never move; the storage of every other container.

    The position of an index's highest bit selects its segment: 0…7, 8…15, 16…31, 32…63 and so on. `origins` holds where
    element 0 would lie if the whole array were that segment (wrapping), so an address costs one load.
    """

    capacity: u32
    origins: Array[u32, SEGMENT_COUNT]

    @inline
    def address(self, index: u32) -> u32:
        """Where element `index` lies; the caller has checked that it is below the capacity."""
        origin = self.origins[leading_zeros(index | (FIRST_SEGMENT - 1))]
        return wrapping_add(origin, wrapping_mul(index, size_of(T)))

    @inline
    def at(self, index: u32) -> Ref[T]:
        """Element `index` itself; the caller has checked that it is below the capacity."""
        return ref(T, self.address(index))

    @no_inline
    def grow(self) -> None:
        """Adds one segment: zeroed, as large as everything before it."""
        first = self.capacity
        count = max(first, FIRST_SEGMENT)
        base = allocate(saturating_cast(u32, u64(count) * u64(size_of(T))))
        segment = leading_zeros(first | (FIRST_SEGMENT - 1))
        self.origins[segment] = wrapping_sub(base, wrapping_mul(first, size_of(T)))
        self.capacity = first + count

    @inline
    def reserve(self, index: u32) -> None:
        """Grows until element `index` exists."""
        while index >= self.capacity:
            self.grow()


@struct
class Vec(Generic[T]):
    """A growable sequence."""

    length: u32
    elements: Segments[T]

    def append(self, value: T) -> None:
        """Adds an element at the end."""
        index = self.length
        self.elements.reserve(index)
        store(T, self.elements.address(index), value)
        self.length = index + 1

    def pop(self) -> T:
        """Removes the last element and returns it; traps `index_out_of_range` when there is none."""
        check_index(0, self.length)
        self.length -= 1
        return self.elements.at(self.length)

    def clear(self) -> None:
        """Forgets every element; the storage stays."""
        self.length = 0

    @inline
    def __getitem__(self, index: u32) -> Ref[T]:
        check_index(index, self.length)
        return self.elements.at(index)

    @inline
    def __setitem__(self, index: u32, value: T) -> None:
        check_index(index, self.length)
        store(T, self.elements.address(index), value)

    @inline
    def __len__(self) -> u32:
        return self.length

    if TYPE_CHECKING:

        def __iter__(self) -> Iterator[T]: ...


@struct
class PoolEntry(Generic[T]):
    """One slot of a pool."""

    value: T
    link: u32  # LIVE, or the next free slot


@struct
class Pool(Generic[T]):
    """Elements with stable handles. Slot 0 is never used: it is the null handle."""

    count: u32
    used: u32  # slots ever used, slot 0 included
    free: u32  # the first free slot; 0 when there is none
    entries: Segments[PoolEntry[T]]

    def insert(self, value: T) -> Handle[T]:
        """Stores a copy of `value` and returns its handle."""
        slot = self.free
        if slot != 0:
            self.free = self.entries.at(slot).link
        else:
            slot = max(self.used, 1)
            self.entries.reserve(slot)
            self.used = slot + 1
        entry = self.entries.at(slot)
        entry.value = value
        entry.link = LIVE
        self.count += 1
        return Handle[T](slot)

    def remove(self, handle: Handle[T]) -> None:
        """Frees an element's slot; traps `stale_handle` when it is not in use."""
        slot = self.slot_of(handle)
        self.entries.at(slot).link = self.free
        self.free = slot
        self.count -= 1

    @inline
    def __getitem__(self, handle: Handle[T]) -> Ref[T]:
        return self.entries.at(self.slot_of(handle)).value

    @inline
    def __setitem__(self, handle: Handle[T], value: T) -> None:
        self.entries.at(self.slot_of(handle)).value = value

    @inline
    def __contains__(self, handle: Handle[T]) -> bool:
        slot = u32(handle)
        return slot < self.used and self.entries.at(slot).link == LIVE

    @inline
    def __len__(self) -> u32:
        return self.count

    @inline
    def slot_of(self, handle: Handle[T]) -> u32:
        """The slot of an element in use; traps `stale_handle` otherwise."""
        if handle not in self:
            trap(TrapCode.STALE_HANDLE)
        return u32(handle)


@struct
class MapEntry(Generic[K, V]):
    """One key with its value. The link comes first, so that an entry's address is also its link's."""

    next: u32  # address of the next entry of the bucket, or of the free list
    key: K
    value: V


@struct
class Map(Generic[K, V]):
    """A hash table by linear hashing: an insertion splits at most one bucket, and a bucket has about one entry.

    A slot is an entry's address. A free entry is zero but for its link.
    """

    count: u32
    free: u32  # the first free entry
    fresh: u32  # the next entry that was never used
    fresh_end: u32
    buckets: u32  # in use; 0 before the first insertion
    mask: u32  # the smallest 2^n - 1 that is at least buckets - 1
    heads: Segments[u32]

    def find(self, key: K) -> u32:
        """The slot of `key`, good until it is deleted; 0 when there is none."""
        if self.count == 0:
            return 0
        slot = load(u32, self.heads.address(self.bucket_of(key)))
        while slot != 0:
            entry = ref(MapEntry[K, V], slot)
            if equal_keys(entry.key, key):
                return slot
            slot = entry.next
        return 0

    @inline
    def at(self, slot: u32) -> Ref[V]:
        """The value at a slot that `find` returned; traps `key_missing` for slot 0."""
        if slot == 0:
            trap(TrapCode.KEY_MISSING)
        return ref(MapEntry[K, V], slot).value

    def get(self, key: K, default: V) -> V:
        """The value of `key`, or `default`; never creates an entry."""
        slot = self.find(key)
        return default if slot == 0 else ref(MapEntry[K, V], slot).value

    @inline
    def __getitem__(self, key: K) -> Ref[V]:
        return ref(MapEntry[K, V], self.find_or_insert(key)).value

    @inline
    def __setitem__(self, key: K, value: V) -> None:
        ref(MapEntry[K, V], self.find_or_insert(key)).value = value

    def __delitem__(self, key: K) -> None:
        if self.count == 0:
            trap(TrapCode.KEY_MISSING)
        link = self.heads.address(self.bucket_of(key))
        slot = load(u32, link)
        while slot != 0:
            entry = ref(MapEntry[K, V], slot)
            if equal_keys(entry.key, key):
                store(u32, link, entry.next)
                fill_memory(slot, 0, size_of(MapEntry[K, V]))
                entry.next = self.free
                self.free = slot
                self.count -= 1
                return
            link = slot
            slot = entry.next
        trap(TrapCode.KEY_MISSING)

    @inline
    def __contains__(self, key: K) -> bool:
        return self.find(key) != 0

    @inline
    def __len__(self) -> u32:
        return self.count

    @inline
    def bucket_of(self, key: K) -> u32:
        """The bucket that `key` belongs to; buckets that are not split yet serve for two."""
        bucket = wrapping_cast(u32, hash_of(key)) & self.mask
        return bucket if bucket < self.buckets else bucket & (self.mask >> 1)

    @inline
    def find_or_insert(self, key: K) -> u32:
        """The slot of `key`, created with a zero value when there was none."""
        slot = self.find(key)
        return slot if slot != 0 else self.insert(key)

    def insert(self, key: K) -> u32:
        """Adds an entry for a key that has none, its value zero."""
        if self.count >= self.buckets:
            self.add_bucket()
        slot = self.unused_entry()
        head = self.heads.address(self.bucket_of(key))
        entry = ref(MapEntry[K, V], slot)
        entry.key = key
        entry.next = load(u32, head)
        store(u32, head, slot)
        self.count += 1
        return slot

    @inline
    def unused_entry(self) -> u32:
        """An entry from the free list, or else a new one."""
        slot = self.free
        if slot != 0:
            self.free = ref(MapEntry[K, V], slot).next
            return slot
        if self.fresh == self.fresh_end:
            self.allocate_chunk()
        self.fresh += size_of(MapEntry[K, V])
        return self.fresh - size_of(MapEntry[K, V])

    @no_inline
    def allocate_chunk(self) -> None:
        """Makes room for as many new entries as there are, within limits."""
        size = min(max(self.count, FIRST_SEGMENT), LARGEST_CHUNK) * size_of(MapEntry[K, V])
        self.fresh = allocate(size)
        self.fresh_end = self.fresh + size

    def add_bucket(self) -> None:
        """Splits the next bucket in turn."""
        added = self.buckets
        self.heads.reserve(added)
        if added > self.mask:
            self.mask = self.mask * 2 + 1
        self.buckets = added + 1
        self.split(added & (self.mask >> 1), added)

    @inline
    def split(self, source: u32, target: u32) -> None:
        """Moves the entries that belong to `target` there."""
        link = self.heads.address(source)
        head = self.heads.address(target)
        slot = load(u32, link)
        while slot != 0:
            entry = ref(MapEntry[K, V], slot)
            following = entry.next
            if self.bucket_of(entry.key) == target:
                store(u32, link, following)
                entry.next = load(u32, head)
                store(u32, head, slot)
            else:
                link = slot
            slot = following


@struct
class BitBlock:
    """A set of 12-bit numbers (of larger numbers the low bits count). `summary` tells which words are not zero."""

    summary: u64
    words: Array[u64, WORD_COUNT]

    @inline
    def has(self, number: u32) -> bool:
        """Whether the number is in the set."""
        return (self.words[(number >> 6) & 63] >> u64(number & 63)) & 1 == 1

    @inline
    def add(self, number: u32) -> None:
        """Puts the number into the set."""
        word = (number >> 6) & 63
        self.words[word] |= wrapping_shl(u64(1), u64(number & 63))
        self.summary |= wrapping_shl(u64(1), u64(word))

    @inline
    def remove(self, number: u32) -> None:
        """Takes the number out of the set."""
        word = (number >> 6) & 63
        rest = self.words[word] & ~wrapping_shl(u64(1), u64(number & 63))
        self.words[word] = rest
        if rest == 0:
            self.summary &= ~wrapping_shl(u64(1), u64(word))

    @inline
    def lowest(self) -> u32:
        """The smallest member; the set is not empty."""
        word = trailing_zeros(self.summary) & 63
        return word * 64 + trailing_zeros(self.words[word])

    @inline
    def highest(self) -> u32:
        """The largest member; the set is not empty."""
        word = 63 - (leading_zeros(self.summary) & 63)
        return word * 64 + 63 - leading_zeros(self.words[word])

    @inline
    def above(self, number: u32) -> u32:
        """The smallest member above the number's low twelve bits, or NONE."""
        word = (number >> 6) & 63
        bits = self.words[word] & wrapping_shl(ABOVE, u64(number & 63))
        if bits == 0:
            words = self.summary & wrapping_shl(ABOVE, u64(word))
            if words == 0:
                return NONE
            word = trailing_zeros(words) & 63
            bits = self.words[word]
        return word * 64 + trailing_zeros(bits)

    @inline
    def below(self, number: u32) -> u32:
        """The largest member below the number's low twelve bits, or NONE."""
        word = (number >> 6) & 63
        bits = self.words[word] & wrapping_sub(wrapping_shl(u64(1), u64(number & 63)), 1)
        if bits == 0:
            words = self.summary & wrapping_sub(wrapping_shl(u64(1), u64(word)), 1)
            if words == 0:
                return NONE
            word = 63 - (leading_zeros(words) & 63)
            bits = self.words[word]
        return word * 64 + 63 - leading_zeros(bits)


@struct
class Bitmap:
    """A set of u32 that finds neighbours: blocks of members, blocks of the blocks that are not empty, one on top."""

    count: u32
    leaves: Segments[u32]  # addresses of the blocks of members, by member >> 12; 0 where there is none
    groups: Segments[BitBlock]  # which leaves are not empty, by member >> 24
    top: BitBlock  # which groups are not empty

    def add(self, member: u32) -> None:
        """Puts a member into the set; nothing happens when it is there."""
        number = member >> 12
        self.leaves.reserve(number)
        place = self.leaves.address(number)
        if load(u32, place) == 0:
            store(u32, place, allocate(size_of(BitBlock)))
        leaf = self.leaf(number)
        if leaf.has(member):
            return
        if leaf.summary == 0:
            self.groups.reserve(number >> 12)
            self.groups.at(number >> 12).add(number)
            self.top.add(number >> 12)
        leaf.add(member)
        self.count += 1

    def remove(self, member: u32) -> None:
        """Takes a member out of the set; nothing happens when it is not there."""
        if member not in self:
            return
        number = member >> 12
        leaf = self.leaf(number)
        leaf.remove(member)
        self.count -= 1
        if leaf.summary == 0:
            group = self.groups.at(number >> 12)
            group.remove(number)
            if group.summary == 0:
                self.top.remove(number >> 12)

    def first(self) -> i64:
        """The smallest member, or -1."""
        return self.next_at_or_above(0)

    def last(self) -> i64:
        """The largest member, or -1."""
        return self.next_at_or_below(0xFFFF_FFFF)

    def next_at_or_above(self, member: u32) -> i64:
        """The smallest member that is not below, or -1."""
        number = member >> 12
        address = self.leaf_at(number)
        if address != 0:
            block = ref(BitBlock, address)
            if block.has(member):
                return i64(member)
            found = block.above(member)
            if found != NONE:
                return i64((number << 12) | found)
        number = self.leaf_above(number)
        return -1 if number == NONE else i64((number << 12) | self.leaf(number).lowest())

    def next_at_or_below(self, member: u32) -> i64:
        """The largest member that is not above, or -1."""
        number = member >> 12
        address = self.leaf_at(number)
        if address != 0:
            block = ref(BitBlock, address)
            if block.has(member):
                return i64(member)
            found = block.below(member)
            if found != NONE:
                return i64((number << 12) | found)
        number = self.leaf_below(number)
        return -1 if number == NONE else i64((number << 12) | self.leaf(number).highest())

    @inline
    def __contains__(self, member: u32) -> bool:
        address = self.leaf_at(member >> 12)
        return address != 0 and ref(BitBlock, address).has(member)

    @inline
    def __len__(self) -> u32:
        return self.count

    @inline
    def leaf_at(self, number: u32) -> u32:
        """The address of a leaf, or 0."""
        return load(u32, self.leaves.address(number)) if number < self.leaves.capacity else 0

    @inline
    def leaf(self, number: u32) -> Ref[BitBlock]:
        """A leaf that exists."""
        return ref(BitBlock, load(u32, self.leaves.address(number)))

    def leaf_above(self, number: u32) -> u32:
        """The next leaf that is not empty, or NONE."""
        group = number >> 12
        if group >= self.groups.capacity:
            return NONE
        found = self.groups.at(group).above(number)
        if found == NONE:
            group = self.top.above(group)
            if group == NONE:
                return NONE
            found = self.groups.at(group).lowest()
        return (group << 12) | found

    def leaf_below(self, number: u32) -> u32:
        """The previous leaf that is not empty, or NONE."""
        group = number >> 12
        if group < self.groups.capacity:
            found = self.groups.at(group).below(number)
            if found != NONE:
                return (group << 12) | found
        group = self.top.below(group)
        return NONE if group == NONE else (group << 12) | self.groups.at(group).highest()


@struct
class QueueNode(Generic[T]):
    """A place in a priority queue; the value itself stays in the queue's pool."""

    key: i64
    sequence: u64
    value: Handle[T]

    @inline
    def before(self, key: i64, sequence: u64) -> bool:
        """Whether this node leaves the queue earlier."""
        return self.key < key or (self.key == key and self.sequence < sequence)


@struct
class PriorityQueue(Generic[T]):
    """A binary heap: smallest key first, equal keys in the order of insertion."""

    count: u32
    sequence: u64
    nodes: Segments[QueueNode[T]]
    values: Pool[T]

    def push(self, key: i64, value: T) -> None:
        """Adds a value."""
        hole = self.count
        self.nodes.reserve(hole)
        while hole > 0 and self.nodes.at((hole - 1) >> 1).key > key:
            store(QueueNode[T], self.nodes.address(hole), self.nodes.at((hole - 1) >> 1))
            hole = (hole - 1) >> 1
        node = self.nodes.at(hole)
        node.key = key
        node.sequence = self.sequence
        node.value = self.values.insert(value)
        self.sequence += 1
        self.count += 1

    def peek_key(self) -> i64:
        """The smallest key; traps `index_out_of_range` when the queue is empty."""
        check_index(0, self.count)
        return self.nodes.at(0).key

    def peek(self) -> Ref[T]:
        """The value with the smallest key; traps `index_out_of_range` when the queue is empty."""
        check_index(0, self.count)
        return self.values[self.nodes.at(0).value]

    def pop(self) -> T:
        """Removes the value with the smallest key; traps `index_out_of_range` when the queue is empty."""
        check_index(0, self.count)
        handle = self.nodes.at(0).value
        self.count -= 1
        self.settle(self.nodes.at(self.count))
        value = self.values[handle]
        self.values.remove(handle)  # leaves the bytes as they are until the next insertion
        return value

    @inline
    def __len__(self) -> u32:
        return self.count

    @inline
    def settle(self, last: QueueNode[T]) -> None:
        """Fills the hole at the root with the last node."""
        hole = u32(0)
        child = self.earlier_child(hole)
        while child < self.count and self.nodes.at(child).before(last.key, last.sequence):
            store(QueueNode[T], self.nodes.address(hole), self.nodes.at(child))
            hole = child
            child = self.earlier_child(hole)
        store(QueueNode[T], self.nodes.address(hole), last)

    @inline
    def earlier_child(self, node: u32) -> u32:
        """The child that leaves the queue first; at or beyond the count when there is none."""
        left = node * 2 + 1
        if left + 1 >= self.count:
            return left
        other = self.nodes.at(left)
        return left + 1 if self.nodes.at(left + 1).before(other.key, other.sequence) else left
