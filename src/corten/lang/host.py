"""Runs a contract under CPython: one message at a time, atomic, on an emulated memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from corten.base.errors import InvalidCode, InvalidInput, Rejected, Status, TrapCode, Trapped
from corten.lang.abi import Entry, abi_of, entries_of
from corten.lang.calls import entry_selector, parameter_layout, read_value, write_record
from corten.lang.layout import layout_of
from corten.lang.loader import load_contract
from corten.lang.memory import ALIGNMENT, EXECUTION, HEADER_ADDRESS, STATE_ADDRESS, Execution, Memory, align
from corten.lang.structs import Struct, StructLayout

DEFAULT_MEMORY_LIMIT = 64 << 20
FRAMES = 10_000  # Python frames that a message may use before it counts as too deep


@dataclass
class Outcome:
    """What became of a message: the receipt's content. `name` says in words what `code` says."""

    status: Status
    code: int = 0
    name: str = ""
    exception: BaseException | None = None
    events: list[Any] = field(default_factory=list)  # (name, fields), or what a callee recorded
    result: Any = None


class PythonContract:
    """A contract's source, resident under CPython. What `apply` and `memory` show equals the compiled contract's."""

    def __init__(self, path: str | Path, memory_limit: int = DEFAULT_MEMORY_LIMIT) -> None:
        """Loads the source; `memory_limit` in bytes. LanguageError when it is not in the language."""
        self.loaded = load_contract(path)
        self.abi = abi_of(self.loaded)
        self.error_codes = {name: position for position, name in enumerate(self.loaded.errors, 1)}
        self._entries = entries_of(self.loaded.contract)
        heap = align(STATE_ADDRESS + layout_of(self.loaded.contract).size, ALIGNMENT)
        if heap > memory_limit:
            raise InvalidInput("memory_limit", f"at least {heap} for the state", str(memory_limit))
        self.memory = Memory(heap, memory_limit)
        self.memory.write(HEADER_ADDRESS, heap.to_bytes(4, "little"))
        self._contract = self.loaded.contract._resident(self.memory)

    def apply(
        self,
        entry: str,
        arguments: dict[str, Any],
        *,
        sender: int = 0,
        time: int = 0,
        height: int = 0,
        chain: int = 0,
        read_only: bool = False,
        allow_init: bool = False,
        address: int = 0,
        machine: Any = None,
    ) -> Outcome:
        """Applies one message. Unless it is accepted, and whenever it only reads, the state is as before.

        Errors of the source itself (LanguageError, NameError and the like) are raised, after the rollback.
        """
        called = self._entries.get(entry)
        if called is None or (called.kind == "init" and not allow_init):
            return _invalid(InvalidCode.UNKNOWN_ENTRY, InvalidInput("entry", " or ".join(self._entries), entry))
        try:
            values = _typed(entry, called.parameters, arguments)
        except InvalidInput as error:
            return _invalid(InvalidCode.MALFORMED_PAYLOAD, error)
        execution = Execution(
            self.memory, self.error_codes, sender, time, height, chain, address=address, machine=machine
        )
        with _running(execution):
            return self._applied(called, values, execution, keep=not read_only and called.kind != "view")

    @cached_property
    def selectors(self) -> dict[int, str]:
        """Messages and views by what calls name them by."""
        named = [(entry_selector(name, entry), name) for name, entry in self._entries.items() if entry.kind != "init"]
        return dict(reversed(named))

    def enter(self, entry: str, payload: bytes, execution: Execution) -> bytes:
        """Applies an entry as a part of the message in progress; the result as a record. A view leaves no trace.

        Rejected and Trapped come out; the undo log stays open, for who called.
        """
        called = self._entries[entry]
        fields = parameter_layout(called).fields
        values = {field.name: read_value(field.layout, payload, field.offset) for field in fields}
        mark = len(self.memory.log or [])
        token = EXECUTION.set(execution)
        try:
            result = called.method(self._contract, **values)
        finally:
            EXECUTION.reset(token)
        content = b"" if called.result is None else write_record(_result_layout(called), {"value": result})
        if called.kind == "view":
            self.memory.rewind(mark)
        return content

    def _applied(self, entry: Entry, values: dict[str, Any], execution: Execution, keep: bool) -> Outcome:
        outcome = None
        self.memory.begin()
        try:
            outcome = self._called(entry, values, execution)
        finally:
            if keep and outcome is not None and outcome.status is Status.ACCEPTED:
                self.memory.commit()
            else:
                self.memory.rollback()
        return outcome

    def _called(self, entry: Entry, values: dict[str, Any], execution: Execution) -> Outcome:
        try:
            result = entry.method(self._contract, **values)
        except Rejected as reject:
            return Outcome(Status.REJECTED, reject.code, reject.name, reject)
        except Trapped as trap:
            return _trapped(trap)
        except RecursionError as error:
            return _trapped(Trapped(TrapCode.STACK_EXHAUSTED).with_traceback(error.__traceback__))
        plain = None if entry.result is None else layout_of(entry.result).plain(result)
        return Outcome(Status.ACCEPTED, events=execution.events, result=plain)


def _result_layout(entry: Entry) -> StructLayout:
    return StructLayout(Struct, {"value": entry.result}, {})


def _typed(entry: str, parameters: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments as the entry's types; InvalidInput names the one that is wrong."""
    if set(arguments) != set(parameters):
        raise InvalidInput(entry, f"the arguments {', '.join(parameters)}", ", ".join(arguments) or "none")
    return {name: _argument(entry, name, kind, arguments[name]) for name, kind in parameters.items()}


def _argument(entry: str, name: str, kind: Any, value: Any) -> Any:
    try:
        return layout_of(kind).typed(value)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise InvalidInput(f"{entry}.{name}", str(kind.__name__), repr(value)) from None


def _invalid(code: InvalidCode, error: InvalidInput) -> Outcome:
    return Outcome(Status.INVALID, code, code.name.lower(), error)


def _trapped(trap: Trapped) -> Outcome:
    return Outcome(Status.TRAPPED, trap.code, trap.code.name.lower(), trap)


@contextmanager
def _running(execution: Execution) -> Iterator[None]:
    """The message in progress, with room for deep calls."""
    limit = sys.getrecursionlimit()
    token = EXECUTION.set(execution)
    sys.setrecursionlimit(max(limit, FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
        EXECUTION.reset(token)
