"""A contract's interface in the shape of docs/spec/module.md, computed from its classes without the compiler."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from corten.lang.contracts import Contract
from corten.lang.integers import Handle, Unit
from corten.lang.layout import layout_of
from corten.lang.loader import LoadedContract
from corten.lang.memory import STATE_ADDRESS, align
from corten.lang.refusal import name_of
from corten.lang.structs import Array, Struct, StructLayout
from corten.lang.values import Enum

RECORD_ALIGNMENT = 8


@dataclass(frozen=True)
class Entry:
    """A message, view or init: its method, its parameters' types by name, its result's type or None."""

    kind: str
    method: Callable[..., Any]
    parameters: dict[str, Any]
    result: Any


def entries_of(contract: type[Contract]) -> dict[str, Entry]:
    """The contract's messages, views and init, in source order."""
    methods = {name: method for name, method in vars(contract).items() if hasattr(method, "_entry")}
    return {name: _entry(contract, method) for name, method in methods.items()}


def _entry(contract: type[Contract], method: Any) -> Entry:
    types = {name: contract._resolve(kind, {}) for name, kind in method.__annotations__.items()}
    result = types.pop("return", None)
    return Entry(method._entry, method, types, result)


class _Types:
    """The named types that an interface mentions."""

    def __init__(self) -> None:
        self.named: dict[str, dict[str, Any]] = {}

    def spell(self, kind: Any) -> str:
        """A type's spelling; what it names is described once."""
        if issubclass(kind, Handle):
            return "u32"
        if issubclass(kind, Array):
            return f"Array[{self.spell(kind.element)}, {kind.count}]"
        if issubclass(kind, Struct | Enum | Unit) and name_of(kind) not in self.named:
            self.named[name_of(kind)] = self.description(kind)
        return name_of(kind)

    def description(self, kind: Any) -> dict[str, Any]:
        """A named type."""
        if issubclass(kind, Unit):
            return {"kind": "unit", "base": name_of(kind.base)}
        if issubclass(kind, Enum):
            return {"kind": "enum", "base": "u8", "members": {member.name: member.value for member in kind}}
        layout = layout_of(kind)
        assert isinstance(layout, StructLayout)
        return {"kind": "struct", "size": layout.size, "fields": self.fields(layout)}

    def fields(self, layout: StructLayout) -> list[dict[str, Any]]:
        """The fields of a record."""
        return [
            {"name": field.name, "type": self.spell(field.layout.kind), "offset": field.offset}
            for field in layout.fields
        ]


def abi_of(loaded: LoadedContract) -> dict[str, Any]:
    """The interface that the compiler writes into `corten.abi`."""
    types = _Types()
    contract = loaded.contract
    entries = [_described(types, name, entry) for name, entry in entries_of(contract).items()]
    events = [_event(types, kind) for kind in loaded.events]
    return {
        "version": 1,
        "name": name_of(contract),
        "types": types.named,
        "entries": entries,
        "events": events,
        "errors": list(loaded.errors),
        "state": _state(contract),
    }


def _described(types: _Types, name: str, entry: Entry) -> dict[str, Any]:
    record, result = StructLayout(Struct, entry.parameters, {}), entry.result
    return {
        "name": name,
        "kind": entry.kind,
        "parameters": types.fields(record),
        "size": align(record.size, RECORD_ALIGNMENT),
        "returns": None if result is None else types.spell(result),
        "result_size": 0 if result is None else align(layout_of(result).size, RECORD_ALIGNMENT),
    }


def _event(types: _Types, kind: type[Struct]) -> dict[str, Any]:
    layout = layout_of(kind)
    assert isinstance(layout, StructLayout)
    size = align(layout.size, RECORD_ALIGNMENT)
    return {"name": name_of(kind), "fields": types.fields(layout), "size": size}


def _state(contract: type[Contract]) -> dict[str, Any]:
    layout = layout_of(contract)
    assert isinstance(layout, StructLayout)
    fields = [
        {"name": field.name, "type": name_of(field.layout.kind), "offset": field.offset} for field in layout.fields
    ]
    return {"address": STATE_ADDRESS, "size": layout.size, "fields": fields}
