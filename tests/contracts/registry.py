"""A registry of 32-byte names: who owns which, with a log of words, built on hashes and raw memory."""

from __future__ import annotations

from typing import Generic, TypeVar

from corten.lang import (
    Bitmap,
    Contract,
    Map,
    Ref,
    TrapCode,
    address_of,
    allocate,
    bytes32,
    contract,
    copy_memory,
    event,
    fill_memory,
    hash_of,
    i64,
    inline,
    leading_zeros,
    load,
    message,
    population_count,
    ref,
    require,
    size_of,
    store,
    struct,
    trap,
    u8,
    u32,
    u64,
    view,
    wrapping_add,
    wrapping_cast,
    wrapping_mul,
)

# mypy: disable-error-code="misc, no-any-return"

T = TypeVar("T")


@struct
class Ring(Generic[T]):
    """The last elements of a sequence: a container of one's own, on the intrinsics."""

    address: u32
    capacity: u32
    written: u64

    def open(self, capacity: u32) -> None:
        require(capacity > 0, "capacity_is_zero")
        self.address = allocate(capacity * size_of(T))
        self.capacity = capacity

    def push(self, value: T) -> None:
        store(T, self.place(self.written), value)
        self.written += 1

    def back(self, steps: u64) -> Ref[T]:
        if steps >= min(self.written, u64(self.capacity)):
            trap(TrapCode.INDEX_OUT_OF_RANGE)
        return ref(T, self.place(self.written - 1 - steps))

    @inline
    def place(self, number: u64) -> u32:
        return self.address + u32(number % u64(self.capacity)) * size_of(T)


@struct
class Record:
    owner: u32
    expires: i64
    digest: bytes32


@struct
class Tag:
    owner: u32
    number: u8


@event
class Registered:
    name: bytes32
    owner: u32
    expires: i64


@contract
class Registry(Contract):
    names: Map[bytes32, Record]
    tags: Map[Tag, u64]
    owners: Bitmap
    log: Ring[Record]
    checksum: u64

    @message
    def open(self, capacity: u32) -> None:
        require(self.log.capacity == 0, "already_open")
        self.log.open(capacity)

    @message
    def register(self, name: bytes32, expires: i64, digest: bytes32) -> u64:
        require(expires > self.time, "expired")
        known = self.names.find(name)
        if known != 0:
            record = self.names.at(known)
            require(record.owner == self.sender or record.expires <= self.time, "taken")
        self.names[name] = Record(self.sender, expires, digest)
        self.owners.add(self.sender)
        if self.log.capacity > 0:
            self.log.push(self.names[name])
        self.checksum = wrapping_add(wrapping_mul(self.checksum, 31), hash_of(name))
        self.emit(Registered(name, self.sender, expires))
        return self.checksum

    @message
    def release(self, name: bytes32) -> None:
        require(name in self.names, "unknown_name")
        require(self.names[name].owner == self.sender, "not_the_owner")
        del self.names[name]

    @message
    def tag(self, number: u8, value: u64) -> u32:
        self.tags[Tag(self.sender, number)] = value
        return population_count(value) + leading_zeros(number)

    @message
    def forget_owner(self, owner: u32) -> None:
        self.owners.remove(owner)

    @message
    def scramble(self, size: u32) -> u64:
        """Copies and fills raw memory; for the memory rules' sake."""
        block = allocate(size)
        fill_memory(block, 0xAB, size)
        copy_memory(block + 1, block, size - 1)
        copy_memory(block, address_of(self.owners), min(size, 8))
        return load(u64, block)

    @view
    def owner_of(self, name: bytes32) -> u32:
        record = self.names.get(name, Record(0, 0, bytes32(0, 0, 0, 0)))
        return record.owner if record.expires > self.time else 0

    @view
    def tagged(self, owner: u32, number: u8) -> u64:
        return self.tags.get(Tag(owner, number), 0)

    @view
    def next_owner(self, owner: u32) -> i64:
        return self.owners.next_at_or_above(owner)

    @view
    def previous_owner(self, owner: u32) -> i64:
        return self.owners.next_at_or_below(owner)

    @view
    def last_record(self, steps: u64) -> Record:
        return self.log.back(steps)

    @view
    def low_byte(self, value: i64) -> u8:
        return wrapping_cast(u8, value)
