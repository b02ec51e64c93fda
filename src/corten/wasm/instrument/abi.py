"""What the driver needs of the ABI: a contract's records as flat lists of scalars, and the numbers they go by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from corten.wasm.module import FuncType
from corten.wasm.opcodes import I32, OPCODES
from corten.wasm.sections import RESULT_RECORD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corten.wasm.sections import Abi, Scalar


@dataclass(frozen=True, slots=True)
class Record:
    """What an import `emit.<Event>` or `result.<entry>` appends. `number` is the event's or the entry's."""

    kind: int  # the record's type: the event's number, or 0xFFFF
    number: int
    size: int
    scalars: list[Scalar]

    @property
    def is_result(self) -> bool:
        """Whether it is the result of an entry, not an event."""
        return self.kind == RESULT_RECORD


def find_record(abi: Abi | None, import_name: str) -> Record | None:
    """The record that an import appends, or None if it is another import."""
    prefix, _, name = import_name.partition(".")
    if abi is None:
        return None
    if prefix == "emit":
        for number, event in enumerate(abi.events):
            if event.name == name:
                return Record(number, number, event.size, abi.flatten(event.fields))
    if prefix == "result":
        for number, entry in enumerate(abi.entries):
            if entry.name == name and entry.returns is not None:
                return Record(RESULT_RECORD, number, entry.result_size, abi.flatten(entry.result))
    return None


def scalar_types(scalars: Sequence[Scalar]) -> tuple[int, ...]:
    """Value types that a record is flattened to."""
    return tuple(scalar.value_type for scalar in scalars)


def parameter_type(scalars: Sequence[Scalar]) -> FuncType:
    """Type of an entry: its parameters flattened, and the status."""
    return FuncType(scalar_types(scalars), (I32,))


def load_name(scalar: Scalar) -> str:
    """Mnemonic that reads a scalar."""
    return OPCODES[scalar.load].name


def store_name(scalar: Scalar) -> str:
    """Mnemonic that writes a scalar."""
    return OPCODES[scalar.store].name
