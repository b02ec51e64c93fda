"""The functions that containers are written on, over the memory of the message in progress."""

from __future__ import annotations

from typing import Any, NoReturn

from corten.base.errors import TrapCode, Trapped
from corten.lang.arithmetic import one_type
from corten.lang.integers import Integer, default_integer, u8, u32, u64
from corten.lang.layout import MASK, coerce, layout_of
from corten.lang.memory import execution
from corten.lang.refusal import LanguageError, describe
from corten.lang.structs import Place, check_index, copy

__all__ = [
    "address_of", "allocate", "check_index", "copy_memory", "equal_keys", "fill_memory", "hash_of", "load",
    "memory_limit", "ref", "size_of", "store", "trap",
]  # fmt: skip


def allocate(size: Any) -> Integer:
    """Zeroed bytes, 16-aligned, never freed; traps `heap_exhausted`."""
    return u32(execution().memory.allocate(int(u32.adopt(size))))


def memory_limit() -> Integer:
    """Bytes of memory that the deployer granted."""
    return u32(execution().memory.limit)


def ref(kind: Any, address: Any) -> Any:
    """The place at an address; a scalar's place reads as its value."""
    return layout_of(kind).read(execution().memory, int(u32.adopt(address)))


def load(kind: Any, address: Any) -> Any:
    """The value at an address; of structs and arrays a copy."""
    return copy(ref(kind, address))


def store(kind: Any, address: Any, value: Any) -> None:
    """Stores a value at an address."""
    layout_of(kind).write(execution().memory, int(u32.adopt(address)), coerce(kind, value))


def address_of(place: Any) -> Integer:
    """Where a struct or array of the contract's state lies."""
    if not isinstance(place, Place):
        raise LanguageError(f"address_of takes a struct or an array, found {describe(place)}")
    if place._memory is not execution().memory:
        raise LanguageError("address_of takes a place in the contract's state, found a value of its own")
    return u32(place._address)


def size_of(kind: Any) -> Integer:
    """Bytes from one element of a type to the next."""
    return u32(layout_of(kind).size)


def hash_of(key: Any) -> Integer:
    """The hash that docs/spec/language.md defines."""
    digest, key = 0, default_integer(key)
    for word in layout_of(type(key)).words(key):
        digest = _mix(digest ^ word)
    return u64(digest)


def _mix(word: int) -> int:
    word = word * 0x9E37_79B9_7F4A_7C15 & MASK
    word ^= word >> 32
    word = word * 0xD6E8_FEB8_6659_FD93 & MASK
    return word ^ word >> 32


def equal_keys(left: Any, right: Any) -> bool:
    """Whether two values of one type are equal, structs field by field."""
    if isinstance(left, Place):
        layout = layout_of(type(left))
        return layout.words(left) == layout.words(layout.coerce(right))
    if isinstance(left, int) and not isinstance(left, bool):
        left, right = one_type(left, right)
    return bool(left == right)


def copy_memory(to: Any, source: Any, size: Any) -> None:
    """Copies bytes; the ranges may overlap."""
    memory = execution().memory
    memory.write(int(u32.adopt(to)), memory.read(int(u32.adopt(source)), int(u32.adopt(size))))


def fill_memory(to: Any, byte: Any, size: Any) -> None:
    """Sets bytes to one value."""
    memory, address, count = execution().memory, int(u32.adopt(to)), int(u32.adopt(size))
    memory.reach(address + count)
    memory.write(address, bytes([int(u8.adopt(byte))]) * count)


def trap(code: TrapCode) -> NoReturn:
    """Stops the message."""
    raise Trapped(code)
