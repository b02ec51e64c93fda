"""The entries of a contract as calls name them: by selector (docs/spec/calls.md)."""

from __future__ import annotations

from corten.base.calls import scalar_text, selector, signature
from corten.vm.layout import FRAME_HEADER_BYTES, INBOX_BYTES
from corten.wasm.instrument.calls import MODE_READ_ONLY
from corten.wasm.sections import Abi, Scalar


class CallableEntry:
    """What a call needs to know of an entry."""

    __slots__ = ("checks", "is_view", "mode", "number", "sizes")

    def __init__(self, abi: Abi, number: int) -> None:
        entry = abi.entries[number]
        self.number = number
        self.is_view = entry.kind == "view"
        self.mode = MODE_READ_ONLY if self.is_view else 0
        self.sizes = entry.size, entry.result_size
        self.checks = [(each.offset, _values(each)) for each in abi.flatten(entry.result) if _values(each)]

    def accepts_result(self, content: memoryview) -> bool:
        """Whether bools and enums in a result record are ones."""
        return all(content[offset] in values for offset, values in self.checks)


def _values(scalar: Scalar) -> tuple[int, ...]:
    return (0, 1) if scalar.kind == "bool" else scalar.members


def callable_entries(abi: Abi) -> dict[int, CallableEntry]:
    """Messages and views by selector. Of two with the same selector the first counts."""
    found: dict[int, CallableEntry] = {}
    for number, entry in enumerate(abi.entries):
        if entry.kind != "init" and entry.size <= INBOX_BYTES - FRAME_HEADER_BYTES:
            records = entry.parameters, entry.result
            texts = [[scalar_text_of(each) for each in abi.flatten(fields)] for fields in records]
            found.setdefault(selector(signature(entry.kind, entry.name, *texts)), CallableEntry(abi, number))
    return found


def scalar_text_of(scalar: Scalar) -> str:
    """A scalar in an entry's canonical text."""
    return scalar_text(scalar.kind, scalar.offset, scalar.members)
