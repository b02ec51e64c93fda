"""Values between Python, numpy and the fixed-layout records of the ABI (docs/spec/module.md, docs/spec/language.md).

Every ABI type is one item of a `struct` format and one numpy dtype. Numbers go to `struct` as they are; the other types
translate to and from the bytes of their item.
"""

from __future__ import annotations

import keyword
import re
import struct
import unicodedata
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput, InvalidModule
from corten.wasm.sections import Abi, ArrayType, EnumType, Field, ScalarType, StructType, UnitType

I128: Final = np.dtype([("lo", "<u8"), ("hi", "<i8")])
"""How an i128 stands in a numpy column: value = hi · 2**64 + lo."""

BYTES32: Final = np.dtype("V32")

_NUMBERS: Final = {
    "u8": "B", "u16": "H", "u32": "I", "u64": "Q",
    "i8": "b", "i16": "h", "i32": "i", "i64": "q",
    "f64": "d",
}  # fmt: skip


@dataclass(frozen=True)
class Codec:
    """One ABI type. `write` and `read` are None where `struct` already takes and gives the Python value."""

    spelling: str
    item: str
    dtype: np.dtype[Any]
    expected: str
    write: Callable[[Any, str], Any] | None = None
    read: Callable[[Any], Any] | None = None

    def to_item(self, value: Any, field: str) -> Any:
        """What `struct` packs for `value`; InvalidInput names the field, the expected values and what was found."""
        item = value if self.write is None else self.write(value, field)
        try:
            struct.pack("<" + self.item, item)
        except (struct.error, OverflowError, TypeError):
            raise InvalidInput(field, self.expected, describe(value)) from None
        return item


class RecordType:
    """A fixed-layout record: an entry's parameters, an event or a struct."""

    def __init__(self, name: str, fields: Sequence[tuple[str, Codec, int]], size: int) -> None:
        self.name = name
        self.size = size
        self.names = tuple(field for field, _, _ in fields)
        self.codecs = tuple(codec for _, codec, _ in fields)
        self.offsets = tuple(offset for _, _, offset in fields)
        self.layout = struct.Struct("<" + self._format())
        self.dtype = np.dtype(
            {
                "names": list(self.names),
                "formats": [codec.dtype for codec in self.codecs],
                "offsets": list(self.offsets),
                "itemsize": size,
            }
        )
        self._writers = [(codec.write, name) for codec, name in zip(self.codecs, self.names, strict=True)]
        self._plain_input = all(codec.write is None for codec in self.codecs)
        self._plain_output = all(codec.read is None for codec in self.codecs)
        self.value_type = _tuple_type(name, self.names)

    def items(self, values: Sequence[Any]) -> Sequence[Any]:
        """What `layout` packs for these values, in the order of the fields; numbers are not checked: `layout` does."""
        if self._plain_input:
            return values
        fields = zip(self._writers, values, strict=True)
        return [value if write is None else write(value, f"{self.name}.{name}") for (write, name), value in fields]

    def check(self, values: Sequence[Any]) -> None:
        """InvalidInput for the first value that its field cannot hold."""
        for codec, value, name in zip(self.codecs, values, self.names, strict=True):
            codec.to_item(value, f"{self.name}.{name}")

    def pack(self, values: Sequence[Any]) -> bytes:
        """The record's bytes; InvalidInput names the wrong value."""
        try:
            return self.layout.pack(*self.items(values))
        except (struct.error, OverflowError, TypeError):
            self.check(values)
            raise

    def unpack(self, buffer: bytes | memoryview, offset: int) -> Any:
        """A named tuple of Python values."""
        items = self.layout.unpack_from(buffer, offset)
        if self._plain_output:
            return self.value_type._make(items)
        read = zip(self.codecs, items, strict=True)
        return self.value_type._make(item if codec.read is None else codec.read(item) for codec, item in read)

    def _format(self) -> str:
        end, parts = 0, []
        for codec, offset in zip(self.codecs, self.offsets, strict=True):
            parts.append("x" * (offset - end) + codec.item)
            end = offset + struct.calcsize("<" + codec.item)
        return "".join(parts) + "x" * (self.size - end)


def _tuple_type(name: str, fields: tuple[str, ...]) -> Any:
    # Python reads names in normal form: two that differ may be the same one then, and `rename` must see that.
    return namedtuple(_identifier(name), [unicodedata.normalize("NFKC", field) for field in fields], rename=True)


def _enum_type(name: str, members: dict[str, int]) -> type[IntEnum]:
    try:
        return IntEnum(name, members)  # type: ignore[return-value]
    except (ValueError, TypeError) as error:
        raise InvalidModule(f"corten.abi: types.{name}: expected names of enum members, found {error}") from None


def _identifier(name: str) -> str:
    """A Python name for a type such as `Pair[u32, i64]`."""
    made = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    if not made or made[0].isdigit():
        return f"n{made}"  # `0` is a fine name for an export of a module, not for a tuple's type
    return f"{made}_" if keyword.iskeyword(made) else made


class Types:
    """Makes codecs from the spellings of an ABI; InvalidModule when one means nothing."""

    def __init__(self, abi: Abi) -> None:
        self._abi = abi
        self._codecs: dict[str, Codec] = {}
        self.enums: dict[str, type[IntEnum]] = {}
        self.structs: dict[str, RecordType] = {}
        for name in abi.types:
            self.codec(name)

    def codec(self, spelling: str) -> Codec:
        """The codec of a type, made once."""
        known = self._codecs.get(spelling)
        if known is None:
            known = self._codecs[spelling] = self._make(spelling)
        return known

    def record(self, name: str, fields: Sequence[Field], size: int) -> RecordType:
        """A record of the ABI's `fields`."""
        return RecordType(name, [(field.name, self.codec(field.type), field.offset) for field in fields], size)

    def _make(self, spelling: str) -> Codec:
        match self._abi.resolve(spelling):
            case ScalarType(kind):
                return _SPECIAL[kind] if kind in _SPECIAL else _number(kind)
            case UnitType(base):
                return self.codec(base)
            case EnumType(base, members):
                self.enums[spelling] = enum = _enum_type(spelling, members)
                return _enum(enum, self.codec(base))
            case StructType(size, fields):
                self.structs[spelling] = self.record(_identifier(spelling), fields, size)
                return _struct(self.structs[spelling])
            case ArrayType(element, count):
                return _array(spelling, self.codec(element), count)


def i128_column(values: Sequence[int]) -> NDArray[np.void]:
    """A numpy column of i128 from Python integers; InvalidInput when one does not fit."""
    for position, value in enumerate(values):
        _write_i128(value, f"values[{position}]")
    return np.frombuffer(b"".join(int(value).to_bytes(16, "little", signed=True) for value in values), I128)


def i128_integers(column: NDArray[np.void]) -> list[int]:
    """Python integers from a numpy column of i128."""
    pairs = zip(column["hi"].tolist(), column["lo"].tolist(), strict=True)
    return [(high << 64) + low for high, low in pairs]


def describe(value: Any) -> str:
    """A value as an error message shows it."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"


def _number(spelling: str) -> Codec:
    item = _NUMBERS[spelling]
    if spelling == "f64":
        return Codec(spelling, item, np.dtype("<f8"), "a number (f64)")
    bits = int(spelling[1:])
    low, high = (0, (1 << bits) - 1) if spelling[0] == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)
    return Codec(spelling, item, np.dtype(f"<{spelling[0]}{bits // 8}"), f"an integer {low} … {high} ({spelling})")


def _write_bool(value: Any, field: str) -> bool:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    raise InvalidInput(field, "True or False (bool)", describe(value))


def _write_i128(value: Any, field: str) -> bytes:
    if isinstance(value, np.void) and value.dtype == I128:
        return value.tobytes()
    try:
        return int(value.__index__()).to_bytes(16, "little", signed=True)
    except (AttributeError, TypeError, OverflowError):
        raise InvalidInput(field, "an integer -2**127 … 2**127-1 (i128)", describe(value)) from None


def _write_bytes32(value: Any, field: str) -> bytes:
    content = value.tobytes() if isinstance(value, np.void) else value
    if isinstance(content, bytes | bytearray) and len(content) == 32:
        return bytes(content)
    raise InvalidInput(field, "32 bytes (bytes32)", describe(value))


def _enum(members: type[IntEnum], base: Codec) -> Codec:
    known = {member.value: member for member in members}

    def write(value: Any, field: str) -> Any:
        named = members.__members__.get(value) if isinstance(value, str) else known.get(value)
        if named is None:
            raise InvalidInput(field, f"one of {', '.join(members.__members__)} ({members.__name__})", describe(value))
        return named

    return Codec(members.__name__, base.item, base.dtype, members.__name__, write, lambda item: known.get(item, item))


def _struct(record: RecordType) -> Codec:
    def write(value: Any, field: str) -> bytes:
        if isinstance(value, np.void) and value.dtype == record.dtype:
            return value.tobytes()
        values = [value[name] for name in record.names] if _has_names(value, record.names) else value
        if not isinstance(values, tuple | list) or len(values) != len(record.names):
            expected = f"{record.name} as a dict or sequence of {', '.join(record.names)}"
            raise InvalidInput(field, expected, describe(value))
        return record.pack(values)

    return Codec(record.name, f"{record.size}s", record.dtype, record.name, write, lambda item: record.unpack(item, 0))


def _has_names(value: Any, names: tuple[str, ...]) -> bool:
    if isinstance(value, Mapping):
        return value.keys() == set(names)
    return isinstance(value, np.void) and value.dtype.names is not None and set(value.dtype.names) == set(names)


def _array(spelling: str, element: Codec, count: int) -> Codec:
    dtype = np.dtype((element.dtype, (count,)))

    def write(value: Any, field: str) -> bytes:
        if isinstance(value, np.ndarray) and value.dtype == element.dtype and value.shape == (count,):
            return value.tobytes()
        if isinstance(value, str | bytes) or not hasattr(value, "__len__") or len(value) != count:
            raise InvalidInput(field, f"{count} elements ({spelling})", describe(value))
        items = [element.to_item(one, f"{field}[{position}]") for position, one in enumerate(value)]
        return struct.pack(f"<{element.item * count}", *items)

    def read(item: bytes) -> NDArray[Any]:
        return np.frombuffer(item, element.dtype)

    return Codec(spelling, f"{element.dtype.itemsize * count}s", dtype, spelling, write, read)


_SPECIAL: Final = {
    "bool": Codec("bool", "?", np.dtype(np.bool_), "True or False (bool)", _write_bool),
    "i128": Codec(
        "i128", "16s", I128, "an integer (i128)", _write_i128, lambda item: int.from_bytes(item, "little", signed=True)
    ),
    "bytes32": Codec("bytes32", "32s", BYTES32, "32 bytes (bytes32)", _write_bytes32),
}
