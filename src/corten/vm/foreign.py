"""A module that we did not compile, as Python sees it: its exports are called by name (docs/spec/foreign.md)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from corten.base.errors import InvalidInput, InvalidModule
from corten.vm.interface import suggestion
from corten.vm.layout import WASM_PAGE_BYTES
from corten.vm.resident import Resident

if TYPE_CHECKING:
    from corten.vm.contract import Contract, Entry
    from corten.vm.receipts import Receipt

_U32: Final = 1 << 32
_U64: Final = 1 << 64
_PAGE_COUNTER: Final = struct.Struct("<BI")  # the last global: its type's byte, its value


class LoadedModule:
    """A module of a machine, from `Machine.load`: `module.call("add", 2, 3).result == 5`.

    It is a contract like any other: `contract` has batches, snapshots and proofs; the machine's root covers it.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract

    @property
    def name(self) -> str:
        """Its name in the machine."""
        return self.contract.name

    @property
    def exports(self) -> dict[str, str]:
        """What can be called, with its signature; f32 is spelled f64."""
        return {name: entry.type.signature for name, entry in self.contract.entries.items()}

    def call(self, export: str, *arguments: float, gas_limit: int | None = None, sender: int = 0) -> Receipt:
        """Call an export: one message, atomic. What trapped or ran out of gas left no trace but its receipt.

        i32 and i64 may be given signed or unsigned; a float for an f32 is rounded to the nearest. The receipt's
        `result` is None, an int (signed), a float, or a named tuple of several. InvalidInput names a wrong argument.
        """
        entry = self.contract.entries.get(export)
        if entry is None:
            raise InvalidInput(
                "export", suggestion(export, self.contract.entries, f"export of {self.name}"), repr(export)
            )
        options = {"sender": sender} if gas_limit is None else {"sender": sender, "gas_limit": gas_limit}
        return self.contract.call(export, _named(entry, arguments), **options)  # type: ignore[no-any-return]

    def peek(self, export: str, *arguments: float, gas_limit: int | None = None, sender: int = 0) -> Receipt:
        """As `call`, but rolled back whatever comes of it: memory, globals and page counter stay as they were.

        InvalidInput if the module calls other contracts, whose states would not be rolled back.
        """
        residency = self.contract.residency
        if residency.may_call:
            raise InvalidInput("peek", "a module that calls no other contracts", f"{self.name}, which may call them")
        with residency.lock:
            before = residency.snapshot()
            try:
                return self.call(export, *arguments, gas_limit=gas_limit, sender=sender)
            finally:
                residency.restore(before)

    @property
    def memory(self) -> memoryview:
        """The memory's pages as the module counts them, read-only and live."""
        residency = self.contract.residency
        with residency.lock:
            resident = residency.live()
            assert isinstance(resident, Resident)
            memory, values = resident.memory, resident.globals()
        _, pages = _PAGE_COUNTER.unpack_from(values, len(values) - _PAGE_COUNTER.size)
        return memory[: pages * WASM_PAGE_BYTES].toreadonly()

    @property
    def state_root(self) -> bytes:
        """32 bytes that commit to memory and globals (docs/spec/state.md)."""
        return self.contract.state_root

    def __repr__(self) -> str:
        return f"<LoadedModule {self.name}: {', '.join(self.exports)}>"


def refusal(error: InvalidModule, content: bytes) -> InvalidModule:
    """The same refusal; if the module is of another platform or has more than one fault, with what is known of it."""
    from corten.wasm.platforms import survey

    try:
        found = survey(content)
    except InvalidModule:
        return error
    if not found.obstacles:
        return error
    first = found.obstacles[0]
    more = len(found.obstacles) - 1
    text = f"{found.platform.title}: {first}" + (f"; and {more} more, see `corten inspect`" if more else "")
    return InvalidModule(text, first.offset)


def _named(entry: Entry, arguments: tuple[float, ...]) -> dict[str, float]:
    names, codecs = entry.type.parameters.names, entry.type.parameters.codecs
    if len(arguments) != len(names):
        raise InvalidInput(entry.name, entry.type.signature, f"{len(arguments)} arguments")
    triples = zip(names, codecs, arguments, strict=True)
    return {name: _signed(value, codec.spelling) for name, codec, value in triples}


def _signed(value: float, spelling: str) -> float:
    """An unsigned integer as the signed one of the same bits."""
    span = _U32 if spelling == "i32" else _U64 if spelling == "i64" else 0
    return value - span if isinstance(value, int) and span // 2 <= value < span else value
