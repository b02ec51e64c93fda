"""How each type lies in memory: C rules, little-endian. A layout reads, writes, coerces and hashes its values."""

from __future__ import annotations

import struct
from typing import Any, Generic, TypeVar

from corten.base.errors import Trapped
from corten.lang.floats import f64
from corten.lang.integers import Integer
from corten.lang.memory import Memory
from corten.lang.refusal import LanguageError, describe, name_of
from corten.lang.values import Enum, bytes32

T = TypeVar("T")
MASK = (1 << 64) - 1


class Layout(Generic[T]):
    """Size, alignment and access of one type."""

    __slots__ = ("alignment", "kind", "size")

    def __init__(self, kind: type[T], size: int, alignment: int) -> None:
        self.kind, self.size, self.alignment = kind, size, alignment

    def read(self, memory: Memory, address: int) -> T:
        """The value at an address; for structs and arrays the place itself."""
        raise NotImplementedError

    def write(self, memory: Memory, address: int, value: T) -> None:
        """Stores a value of the type."""
        raise NotImplementedError

    def coerce(self, value: Any) -> T:
        """A value where one of the type is asked for."""
        if not isinstance(value, self.kind):
            raise LanguageError(f"expected {name_of(self.kind)}, found {describe(value)}")
        return value

    def words(self, value: T) -> list[int]:
        """The 64-bit words that `hash_of` folds."""
        raise LanguageError(f"{describe(value)} cannot be a key")

    def plain(self, value: T) -> Any:
        """The value for the host: int, float, bool, bytes, list or dict."""
        raise NotImplementedError

    def typed(self, value: Any) -> T:
        """A host's value as this type; ValueError or TypeError when it is none."""
        raise NotImplementedError


class IntegerLayout(Layout[Any]):
    """Integers up to 64 bits, units and handles."""

    __slots__ = ("_format",)

    def __init__(self, kind: type[Integer]) -> None:
        code = {8: "b", 16: "h", 32: "i", 64: "q", 128: "q"}[kind.bits]
        self._format = struct.Struct("<" + (code if kind.signed else code.upper()))
        super().__init__(kind, kind.bits // 8, min(kind.bits // 8, 8))

    def read(self, memory: Memory, address: int) -> Any:
        return int.__new__(self.kind, self._format.unpack_from(memory.reach(address + self.size), address)[0])

    def write(self, memory: Memory, address: int, value: Any) -> None:
        memory.write(address, self._format.pack(value))

    def coerce(self, value: Any) -> Any:
        return self.kind.adopt(value)

    def words(self, value: Any) -> list[int]:
        return [int(value) & ((1 << self.kind.bits) - 1)]

    def plain(self, value: Any) -> int:
        return int(value)

    def typed(self, value: Any) -> Any:
        number = None if isinstance(value, bool) else value.__index__()
        if number is None or not self.kind.low <= number <= self.kind.high:
            raise ValueError(f"{value!r} does not fit {name_of(self.kind)}")
        return self.kind(number)


class FloatLayout(Layout[f64]):
    """A double, with its NaN bits as they are."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(f64, 8, 8)

    def read(self, memory: Memory, address: int) -> f64:
        return float.__new__(f64, struct.unpack_from("<d", memory.reach(address + 8), address)[0])

    def write(self, memory: Memory, address: int, value: f64) -> None:
        memory.write(address, struct.pack("<d", value))

    def coerce(self, value: Any) -> f64:
        return f64.adopt(value)

    def plain(self, value: f64) -> float:
        return float(value)

    def typed(self, value: Any) -> f64:
        return f64.result(float(value))


class WideLayout(IntegerLayout):
    """i128: two words, aligned to eight bytes."""

    __slots__ = ()

    def read(self, memory: Memory, address: int) -> Any:
        return int.__new__(self.kind, int.from_bytes(memory.read(address, 16), "little", signed=True))

    def write(self, memory: Memory, address: int, value: Any) -> None:
        memory.write(address, int(value).to_bytes(16, "little", signed=True))

    def words(self, value: Any) -> list[int]:
        return [int(value) & MASK, int(value) >> 64 & MASK]


class BoolLayout(Layout[bool]):
    """One byte, 0 or 1."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(bool, 1, 1)

    def read(self, memory: Memory, address: int) -> bool:
        return memory.reach(address + 1)[address] != 0

    def write(self, memory: Memory, address: int, value: bool) -> None:
        memory.write(address, b"\1" if value else b"\0")

    def words(self, value: bool) -> list[int]:
        return [int(value)]

    def plain(self, value: bool) -> bool:
        return value

    def typed(self, value: Any) -> bool:
        if isinstance(value, bool) or (hasattr(value, "__index__") and value.__index__() in (0, 1)):
            return bool(value)
        raise ValueError(f"{value!r} is no bool")


class EnumLayout(Layout[Enum]):
    """One byte: the member's value. A byte that is no member reads as the trap `invalid_conversion`."""

    __slots__ = ()

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__(kind, 1, 1)

    def read(self, memory: Memory, address: int) -> Enum:
        return self.kind(memory.reach(address + 1)[address])

    def write(self, memory: Memory, address: int, value: Enum) -> None:
        memory.write(address, bytes([value.value]))

    def words(self, value: Enum) -> list[int]:
        return [value.value]

    def plain(self, value: Enum) -> int:
        return int(value.value)

    def typed(self, value: Any) -> Enum:
        if isinstance(value, str):
            if value not in self.kind.__members__:
                raise ValueError(f"{value!r} is no {name_of(self.kind)}")
            return self.kind[value]
        try:
            return value if isinstance(value, self.kind) else self.kind(value.__index__())
        except Trapped:
            raise ValueError(f"{value!r} is no {name_of(self.kind)}") from None


class BytesLayout(Layout[bytes32]):
    """32 bytes, aligned to eight."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(bytes32, 32, 8)

    def read(self, memory: Memory, address: int) -> bytes32:
        return bytes32.of(memory.read(address, 32))

    def write(self, memory: Memory, address: int, value: bytes32) -> None:
        memory.write(address, value.raw)

    def words(self, value: bytes32) -> list[int]:
        return [int.from_bytes(value.raw[at : at + 8], "little") for at in range(0, 32, 8)]

    def plain(self, value: bytes32) -> bytes:
        return value.raw

    def typed(self, value: Any) -> bytes32:
        return value if isinstance(value, bytes32) else bytes32.of(bytes(value))


_LAYOUTS: dict[Any, Layout[Any]] = {bool: BoolLayout(), bytes32: BytesLayout(), f64: FloatLayout()}


def layout_of(kind: Any) -> Layout[Any]:
    """The layout of a type."""
    found = _LAYOUTS.get(kind)
    if found is None:
        found = _LAYOUTS[kind] = _make(kind)
    return found


def _make(kind: Any) -> Layout[Any]:
    if hasattr(kind, "_make_layout"):
        layout: Layout[Any] = kind._make_layout()
        return layout
    if isinstance(kind, type) and issubclass(kind, Integer) and hasattr(kind, "bits"):
        return WideLayout(kind) if kind.bits == 128 else IntegerLayout(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        values = [member.value for member in kind]
        if 0 not in values or not all(0 <= value <= 0xFF for value in values):
            raise LanguageError(f"{name_of(kind)}: an enum's values lie between 0 and 255, and state starts as 0")
        return EnumLayout(kind)
    raise LanguageError(f"{describe(kind)} is no type of the language")


def coerce(kind: Any, value: Any) -> Any:
    """A value where one of a type is asked for: an untyped literal adopts it, anything else must be of it."""
    if value.__class__ is kind or isinstance(kind, TypeVar):
        return value
    if kind is None:
        if value is not None:
            raise LanguageError(f"expected no value, found {describe(value)}")
        return None
    return layout_of(kind).coerce(value)
