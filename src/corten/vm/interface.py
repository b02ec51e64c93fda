"""What a contract's custom sections say, ready for use: entries, events, error names, source lines."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from corten.base.calls import CALL_REJECTS
from corten.base.errors import InvalidCode, InvalidInput, Status, TrapCode
from corten.vm.codec import Codec, RecordType, Types
from corten.vm.selectors import CallableEntry, callable_entries
from corten.wasm.sections import Abi, Entry, Lines

_LIBRARY: Final = Path(__file__).resolve().parents[2]
"""Line tables name the library's files from here: `corten/lang/containers.py`."""


@dataclass(frozen=True)
class EntryType:
    """One entry: its number, whether it is init, message or view, its parameters and what it returns."""

    number: int
    name: str
    kind: str
    parameters: RecordType
    returns: Codec | None
    result_size: int

    @cached_property
    def signature(self) -> str:
        """How a person writes it: `transfer(to: u32, amount: i64)`."""
        fields = zip(self.parameters.names, self.parameters.codecs, strict=True)
        returns = f" -> {self.returns.spelling}" if self.returns is not None else ""
        return f"{self.name}({', '.join(f'{name}: {codec.spelling}' for name, codec in fields)}){returns}"

    @cached_property
    def result(self) -> RecordType | None:
        """The result as a record with the one field `value`."""
        return None if self.returns is None else RecordType(self.name, [("value", self.returns, 0)], self.result_size)


class Interface:
    """A contract's ABI and line table."""

    def __init__(self, abi: Abi, lines: Lines) -> None:
        self.abi = abi
        self.lines = lines
        self.name = abi.name
        self.types = Types(abi)
        self.entries = [self._entry(number, entry) for number, entry in enumerate(abi.entries)]
        self.by_name = {entry.name: entry for entry in self.entries}
        self.events = [self.types.record(event.name, event.fields, event.size) for event in abi.events]
        self.errors = abi.errors

    def _entry(self, number: int, entry: Entry) -> EntryType:
        parameters = self.types.record(entry.name, entry.parameters, entry.size)
        returns = None if entry.returns is None else self.types.codec(entry.returns)
        return EntryType(number, entry.name, entry.kind, parameters, returns, entry.result_size)

    @cached_property
    def init(self) -> EntryType | None:
        """The entry that deploy calls, if the contract has one."""
        return next((entry for entry in self.entries if entry.kind == "init"), None)

    @cached_property
    def selectors(self) -> dict[int, CallableEntry]:
        """What other contracts may call, by selector."""
        return callable_entries(self.abi)

    def entry(self, name: str) -> EntryType:
        """A message or view by name; InvalidInput suggests the nearest name there is."""
        found = self.by_name.get(name)
        if found is None or found.kind == "init":
            raise InvalidInput("entry", self.expected_entry(name), repr(name))
        return found

    def expected_entry(self, name: str) -> str:
        """What to say to somebody who asked for an entry that does not exist."""
        return suggestion(name, (entry.name for entry in self.entries if entry.kind != "init"), f"entry of {self.name}")

    def reason(self, status: int, code: int) -> str | None:
        """The permanent name of a receipt's code: an error's, a trap's, or why a frame was no message."""
        if status == Status.ACCEPTED:
            return None
        if status == Status.REJECTED:
            return self.errors[code - 1] if 0 < code <= len(self.errors) else CALL_REJECTS.get(code, f"error_{code}")
        names: dict[int, str] = {one.value: one.name for one in (TrapCode if status == Status.TRAPPED else InvalidCode)}
        return names.get(code, f"code_{code}").lower()


def suggestion(name: str, known: Iterable[str], what: str) -> str:
    """`an entry of Token: balance, transfer; did you mean 'transfer'?`."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    article = "an" if what[0] in "aeiou" else "a"
    return f"{article} {what} ({', '.join(names) or 'there is none'}{hint})"


def located(file: str, directory: Path | None) -> str:
    """The path of a contract's source file if it is on this machine, else its name in angle brackets.

    The brackets keep Python from showing the line of another file of that name that it finds on its path.
    """
    for root in (directory, _LIBRARY):
        if root is not None and (root / file).is_file():
            return str(root / file)
    return f"<{file}>"
