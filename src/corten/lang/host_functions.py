"""Host functions (docs/spec/host-functions.md) as contract source calls them, under CPython.

Each reads the bytes of its arguments as they lie in memory. A missing library shows when a contract imports the name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from corten.host import BY_NAME, HostFunction, Parameter, Role, implementation
from corten.lang.integers import Handle, Integer, Unit, default_integer, u8, u32
from corten.lang.layout import layout_of
from corten.lang.memory import Memory, execution
from corten.lang.refusal import LanguageError, describe
from corten.lang.structs import Array, Place
from corten.lang.values import Enum, bytes32

_DIGEST_BYTES = 32


@dataclass(frozen=True)
class BytesAt:
    """What `bytes_at` names."""

    address: int
    length: int


def bytes_at(address: Any, length: Any) -> BytesAt:
    """Any bytes of memory, as an argument of a host function."""
    return BytesAt(int(u32.adopt(address)), int(u32.adopt(length)))


def debug(text: Any, *values: Any) -> None:
    """A line for whoever runs the machine: a text and scalars."""
    if not isinstance(text, str) or {"{", "}"} & set(text):
        raise LanguageError(f"debug takes a text without braces, and values; found {describe(text)}")
    typed = [default_integer(value) for value in values]
    line = text + ": " * bool(typed) + ", ".join(f"{{{_spelling(value)}}}" for value in typed)
    implementation(BY_NAME["debug"])(line.encode(), b"".join(map(_padded, typed)))


def _padded(value: Any) -> bytes:
    raw = _scalar_bytes(value)
    return raw + bytes(-len(raw) % 8)


def _spelling(value: Any) -> str:
    """The plain type that a scalar is stored as."""
    kind = type(value)
    if issubclass(kind, Unit | Handle):
        return f"{'i' if kind.signed else 'u'}{kind.bits}"
    return "u8" if issubclass(kind, Enum) else kind.__name__


def _scalar_bytes(value: Any) -> bytes:
    if isinstance(value, Place):
        raise LanguageError(f"expected a scalar, found {describe(value)}")
    layout = layout_of(type(value))
    memory = Memory(layout.size, layout.size)
    layout.write(memory, 0, value)
    return bytes(memory.data)


def _input(parameter: Parameter, value: Any) -> bytes:
    """What a function reads of an argument."""
    if parameter.length:
        if isinstance(value, BytesAt):
            return execution().memory.read(value.address, value.length)
        return _place_bytes(value) if isinstance(value, Place) else _scalar_bytes(default_integer(value))
    if isinstance(value, bytes32) and parameter.size == _DIGEST_BYTES:
        return value.raw
    return _place_bytes(_bytes_place(parameter, value))


def _place_bytes(place: Place) -> bytes:
    return place._memory.read(place._address, layout_of(type(place)).size)


def _bytes_place(parameter: Parameter, value: Any) -> Place:
    if isinstance(value, Array) and value.element is u8 and value.count == parameter.size:
        return value
    raise LanguageError(f"{parameter.name}: expected Array[u8, {parameter.size}], found {describe(value)}")


def _called(function: HostFunction) -> Callable[..., Any]:
    """The function as source calls it: a digest is returned, another output goes to the place that is given."""
    compute, output = implementation(function), function.output
    returned = output if not function.returns_bool else None
    parameters = [parameter for parameter in function.parameters if parameter is not returned]

    def call(*arguments: Any) -> Any:
        if len(arguments) != len(parameters):
            raise LanguageError(f"{function.name} takes {len(parameters)} arguments, found {len(arguments)}")
        values = [_argument(parameter, value) for parameter, value in zip(parameters, arguments, strict=True)]
        read = [value for value in values if not isinstance(value, Place)]
        found = compute(*read)
        if returned is not None:
            return bytes32.of(found)
        for place in values:
            if isinstance(place, Place) and output is not None:
                place._memory.write(place._address, bytes(output.size) if found is None else found)
        return bool(found)

    call.__name__, call.__doc__ = function.name, function.doc
    return call


def _argument(parameter: Parameter, value: Any) -> bytes | Integer | Place:
    if parameter.role is Role.IN:
        return _input(parameter, value)
    if parameter.role is Role.OUT:
        return _bytes_place(parameter, value)
    number: Integer = u32.adopt(value)
    return number


def __getattr__(name: str) -> Any:
    if name not in BY_NAME:
        raise AttributeError(f"{__name__} has no {name!r}")
    value = globals()[name] = _called(BY_NAME[name])
    return value
