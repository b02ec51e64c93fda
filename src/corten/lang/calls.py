"""Contracts that a contract calls, under CPython: `At[Coin]`, and a call's way to the machine (docs/spec/calls.md)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from corten.base.calls import init_signature, scalar_text, scalar_texts, selector, signature
from corten.lang.integers import Handle, Integer
from corten.lang.layout import EnumLayout, Layout, coerce, layout_of
from corten.lang.memory import Memory, execution
from corten.lang.refusal import LanguageError, describe, name_of
from corten.lang.structs import ArrayLayout, Struct, StructLayout, copy
from corten.lang.values import bytes32

if TYPE_CHECKING:
    from corten.lang.abi import Entry


class At(Handle):
    """The address of a contract; 0 is none. `At[Coin]` is a type of its own for every contract or interface."""

    __slots__ = ()
    _kinds: ClassVar[dict[Any, type[Handle]]] = {}

    def __class_getitem__(cls, target: Any) -> type[Handle]:
        if target not in cls._kinds:
            cls._kinds[target] = type(f"At[{name_of(target)}]", (At,), {"__slots__": (), "target": target})
        return cls._kinds[target]

    def __getattribute__(self, name: str) -> Any:
        """The stub of an entry, whatever integers have of that name."""
        if not name.startswith("_") and name in callable_entries(type(self).target):
            return partial(call, self, name)
        return super().__getattribute__(name)


@dataclass(frozen=True)
class Call:
    """What a contract asks of the machine. The result is `result_size` bytes."""

    contract: int
    kind: str
    selector: int
    payload: bytes
    result_size: int


@dataclass(frozen=True)
class Deployment:
    """A new contract that a contract asks of the machine."""

    code: bytes
    selector: int
    payload: bytes


def callable_entries(contract: Any) -> dict[str, Entry]:
    """The messages and views of a contract or an interface."""
    from corten.lang.abi import entries_of

    return {name: entry for name, entry in entries_of(contract).items() if entry.kind != "init"}


def call(at: Any, entry: str, /, *values: Any, **named: Any) -> Any:
    """Calls an entry of the contract at an address; Rejected or Trapped if the callee does not accept."""
    if not isinstance(at, At):
        raise LanguageError(f"a contract is called by an At[…], found {describe(at)}: write At[Coin](address)")
    known = callable_entries(type(at).target)
    if entry not in known:
        raise LanguageError(f"{name_of(type(at).target)} has no message or view {entry!r}: {', '.join(known)}")
    found = known[entry]
    payload = _payload(entry, found, values, named)
    machine = execution().machine
    if machine is None:
        raise LanguageError("a call needs a machine with the other contract: use Machine(engine='python')")
    size = record_size(layout_of(found.result).size) if found.result is not None else 0
    answer = machine.call(Call(int(at), found.kind, entry_selector(entry, found), payload, size))
    return None if found.result is None else read_value(layout_of(found.result), answer)


def deploy(target: Any, code: Any, /, *values: Any, **named: Any) -> Any:
    """Deploys a contract; Rejected or Trapped if its init does not accept."""
    from corten.lang.abi import entries_of
    from corten.lang.contracts import Contract

    if not isinstance(target, type) or not issubclass(target, Contract):
        raise LanguageError(f"self.deploy takes a contract's class first, found {describe(target)}")
    inits = [(name, entry) for name, entry in entries_of(target).items() if entry.kind == "init"]
    if inits:
        ((name, init),) = inits
        payload, words = _payload(name, init, values, named), _scalars(parameter_layout(init))
    elif values or named:
        raise LanguageError(f"{name_of(target)} has no @init: it is deployed without arguments")
    else:
        payload, words = b"", iter(())
    machine = execution().machine
    if machine is None:
        raise LanguageError("a deployment needs a machine: use Machine(engine='python')")
    content = write_record(StructLayout(Struct, {"code": bytes32}, {}), {"code": code})
    return At.__class_getitem__(target)(machine.deploy(Deployment(content, selector(init_signature(words)), payload)))


def _payload(name: str, entry: Entry, values: tuple[Any, ...], named: dict[str, Any]) -> bytes:
    given = dict(zip(entry.parameters, values, strict=False))
    if len(values) > len(entry.parameters) or {**given, **named}.keys() != entry.parameters.keys():
        raise LanguageError(f"{name} takes {', '.join(entry.parameters) or 'no arguments'}")
    return write_record(parameter_layout(entry), {**given, **named})


def record_size(size: int) -> int:
    """A record's size: a multiple of 8."""
    return -(-size // 8) * 8


def parameter_layout(entry: Entry) -> StructLayout:
    """The payload as a record."""
    return StructLayout(Struct, entry.parameters, {})


def write_record(layout: StructLayout, values: dict[str, Any]) -> bytes:
    """Values as the bytes of a record."""
    size = record_size(layout.size)
    memory = Memory(size, size)
    for field in layout.fields:
        field.layout.write(memory, field.offset, coerce(field.layout.kind, values[field.name]))
    return bytes(memory.data)


def read_value(layout: Layout[Any], content: bytes, offset: int = 0) -> Any:
    """A value of its own from the bytes of a record."""
    memory = Memory(len(content), len(content))
    memory.data[:] = content
    return copy(layout.read(memory, offset))


def entry_selector(name: str, entry: Entry) -> int:
    """What a call names an entry by."""
    result = () if entry.result is None else _scalars(layout_of(entry.result))
    return selector(signature(entry.kind, name, _scalars(parameter_layout(entry)), result))


def _scalars(layout: Layout[Any], offset: int = 0) -> Iterator[str]:
    """The scalars of a value in a signature."""
    if isinstance(layout, StructLayout):
        for field in layout.fields:
            yield from _scalars(field.layout, offset + field.offset)
    elif isinstance(layout, ArrayLayout):
        for index in range(layout.kind.count):
            yield from _scalars(layout.element, offset + index * layout.element.size)
    elif isinstance(layout, EnumLayout):
        yield scalar_text("u8", offset, [member.value for member in layout.kind])
    else:
        yield from scalar_texts(_spelled(layout.kind), offset)


def _spelled(kind: Any) -> str:
    if issubclass(kind, Integer):
        return f"{'i' if kind.signed else 'u'}{kind.bits}"
    return name_of(kind)
