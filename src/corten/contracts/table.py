"""Containers for what is counted when a contract is deployed: indexed records, without growth or hashing."""

# Intrinsics take type variables as values, which type checkers know only as types:
# mypy: disable-error-code="misc, no-any-return"

from typing import Generic, TypeVar

from corten.lang import Ref, allocate, check_index, load, ref, size_of, store, struct, u32, wrapping_add, wrapping_mul

T = TypeVar("T")

CHUNK_BITS: u32 = 6
CHUNK_LENGTH: u32 = 64
ADDRESS_SIZE: u32 = 4


@struct
class Table(Generic[T]):
    """A fixed number of records, zero at first. Addressing cannot wrap: `create` computed the same product checked."""

    address: u32
    length: u32

    def create(self, length: u32) -> None:
        """Takes the memory; called once, when the contract is deployed."""
        self.address = allocate(length * size_of(T))
        self.length = length

    def __getitem__(self, index: u32) -> Ref[T]:
        check_index(index, self.length)
        return ref(T, wrapping_add(self.address, wrapping_mul(index, size_of(T))))

    def __setitem__(self, index: u32, value: T) -> None:
        check_index(index, self.length)
        store(T, wrapping_add(self.address, wrapping_mul(index, size_of(T))), value)

    def __len__(self) -> u32:
        return self.length


@struct
class SparseTable(Generic[T]):
    """Like `Table`, but memory is taken by 64 records when one of them is first asked for."""

    directory: u32  # address of one chunk address per 64 records; 0: not taken yet
    length: u32

    def create(self, length: u32) -> None:
        """Takes the memory of the directory; called once, when the contract is deployed."""
        self.directory = allocate(((length + CHUNK_LENGTH - 1) >> CHUNK_BITS) * ADDRESS_SIZE)
        self.length = length

    def __getitem__(self, index: u32) -> Ref[T]:
        check_index(index, self.length)
        entry = wrapping_add(self.directory, wrapping_mul(index >> CHUNK_BITS, ADDRESS_SIZE))
        chunk = load(u32, entry)
        if chunk == 0:
            chunk = allocate(CHUNK_LENGTH * size_of(T))
            store(u32, entry, chunk)
        return ref(T, wrapping_add(chunk, wrapping_mul(index & (CHUNK_LENGTH - 1), size_of(T))))

    def __len__(self) -> u32:
        return self.length
