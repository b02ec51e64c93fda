"""What a contract's custom sections say, ready for use: entries, events, error names, source lines."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from corten.base.errors import InvalidCode, InvalidInput, InvalidModule, Status, TrapCode
from corten.vm.codec import Codec, RecordType, Types


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


@dataclass(frozen=True)
class Site:
    """A place in contract source."""

    file: str
    function: str
    line: int


class Interface:
    """A contract's ABI and line table."""

    def __init__(self, abi: bytes, lines: bytes | None = None) -> None:
        self.abi = abi
        self.lines = lines
        try:
            self._read(json.loads(abi))
            self._sites = _read_lines(lines)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise InvalidModule(
                f"custom section corten.abi or corten.lines: {type(error).__name__}: {error}"
            ) from error

    def _read(self, document: dict[str, Any]) -> None:
        self.types = Types(document["types"])
        self.name = str(document["name"])
        self.entries = [self._entry(number, entry) for number, entry in enumerate(document["entries"])]
        self.by_name = {entry.name: entry for entry in self.entries}
        events = document["events"]
        self.events = [self.types.record(event["name"], event["fields"], int(event["size"])) for event in events]
        self.errors = [str(name) for name in document["errors"]]
        for name in document["types"]:
            self.types.codec(name)

    def _entry(self, number: int, entry: dict[str, Any]) -> EntryType:
        parameters = self.types.record(entry["name"], entry["parameters"], int(entry["size"]))
        returns = None if entry["returns"] is None else self.types.codec(entry["returns"])
        return EntryType(number, entry["name"], entry["kind"], parameters, returns, int(entry["result_size"]))

    @cached_property
    def init(self) -> EntryType | None:
        """The entry that deploy calls, if the contract has one."""
        return next((entry for entry in self.entries if entry.kind == "init"), None)

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
            return self.errors[code - 1] if 0 < code <= len(self.errors) else f"error_{code}"
        names: dict[int, str] = {one.value: one.name for one in (TrapCode if status == Status.TRAPPED else InvalidCode)}
        return names.get(code, f"code_{code}").lower()

    def site(self, number: int) -> Site | None:
        """The place in source that a receipt's site number means; None if unknown."""
        return self._sites[number] if 0 < number < len(self._sites) else None


def suggestion(name: str, known: Iterable[str], what: str) -> str:
    """`an entry of Token: balance, transfer; did you mean 'transfer'?`."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"an {what} ({', '.join(names) or 'there is none'}{hint})"


def located(file: str, directory: Path | None) -> str:
    """The path of a contract's source file on this machine if it is there, else the name that the line table gives."""
    if directory is not None and (directory / file).exists():
        return str(directory / file)
    return file


def _read_lines(lines: bytes | None) -> list[Site | None]:
    if lines is None:
        return []
    document = json.loads(lines)
    files = document["files"]
    return [_read_site(files, site) for site in document["sites"]]


def _read_site(files: list[str], site: list[Any] | None) -> Site | None:
    """`[file, function, line]` with the file by position or name; anything empty means unknown."""
    if not site or not site[2]:
        return None
    file = files[site[0]] if isinstance(site[0], int) else site[0]
    return Site(str(file), str(site[1]), int(site[2]))
