"""A deployed contract as Python sees it: its entries are its attributes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from corten.base.errors import InvalidInput, Status
from corten.vm.accesses import Accesses, latest, recorded
from corten.vm.batch import Batch, Frames, UniformFrames
from corten.vm.call_records import Frame
from corten.vm.calls import Registry
from corten.vm.codec import describe
from corten.vm.interface import EntryType, Interface, suggestion
from corten.vm.receipts import Receipt, Receipts
from corten.vm.residency import Image, Residency
from corten.vm.resident import PreparedEntry
from corten.vm.state import PageProof

_NO_FRAMES: tuple[Frame, ...] = ()
_OPTIONS = ("sender", "gas_limit", "time", "height")


class Contract:
    """A contract of a machine. `contract.transfer(to=2, amount=50, sender=1)` applies one message.

    Entries whose name is taken by a method of this class are reached with `call`. Safe to use from several threads: one
    message or batch at a time, others wait; different contracts run in parallel.
    """

    def __init__(self, name: str, residency: Residency, registry: Registry | None = None) -> None:
        """Without a registry the contract is alone: there is nobody to call."""
        program = residency.program
        registry = registry or Registry()
        self.address = residency.address
        self.name = name
        self.interface: Interface = program.interface
        self.residency = residency
        self._registry = registry
        self.entries = {
            entry.name: Entry(residency, registry, entry) for entry in self.interface.entries if entry.kind != "init"
        }
        for entry_name, entry in self.entries.items():
            if not hasattr(Contract, entry_name):
                self.__dict__.setdefault(entry_name, entry)

    def __getattr__(self, name: str) -> Entry:
        if name.startswith("__") or "interface" not in self.__dict__:
            raise AttributeError(name)
        expected = self.interface.expected_entry(name)
        raise AttributeError(f"expected {expected}, found {name!r}", name=name, obj=self)

    def call(self, entry: str, arguments: Mapping[str, Any], **options: Any) -> Any:
        """As the attribute of that name: a Receipt from a message, a value from a view; for names that are taken."""
        found = self.entries.get(entry)
        if found is None:
            raise InvalidInput("entry", self.interface.expected_entry(entry), repr(entry))
        return found.apply(arguments, options)

    def dtype(self, entry: str) -> np.dtype[Any]:
        """The structured dtype of an entry's rows for `submit`."""
        return self.interface.entry(entry).parameters.dtype

    @property
    def enums(self) -> dict[str, type[IntEnum]]:
        """The contract's enums by name: `contract.enums["Side"].BUY`."""
        return self.interface.types.enums

    def batch(self) -> Batch:
        """An empty batch of messages of several entries, for `submit`."""
        return Batch(self.interface)

    def submit(
        self,
        messages: str | Batch,
        rows: Any = None,
        *,
        sender: ArrayLike | None = None,
        gas_limit: int | None = None,
        time: int | None = None,
        height: int | None = None,
        each_access: bool = False,
    ) -> Receipts:
        """Apply many messages in order: an entry's name and its rows, or a `Batch`. Returns receipts as columns.

        `rows` is a structured array of `dtype(entry)`, or of the same fields in dtypes that convert without loss.
        `sender` is one account index (0, the system, unless given) or one for each row; a `Batch` has its own.
        `gas_limit` holds for each message. The rows of a view give results and change nothing. `each_access`, on a
        machine that records accesses, records those of each message apart: a crossing for each. InvalidInput names the
        field, what was expected and what was found, before anything is applied.
        """
        frames: Frames
        if isinstance(messages, Batch):
            if rows is not None or sender is not None or messages.interface is not self.interface:
                raise InvalidInput("messages", "a batch of this contract, without rows or sender", describe(messages))
            frames = messages
        else:
            frames = UniformFrames(self.interface.entry(messages), rows, 0 if sender is None else sender)
        entries = frames.entries
        residency = self.residency
        header = residency.environment.header(gas_limit, time, height)
        if each_access and not residency.environment.settings.record_access:
            raise InvalidInput("each_access", "Machine(record_access=True)", "a machine that does not record")
        options = {"each_message": True} if each_access else {}
        resident: Any
        if residency.may_call:
            with self._registry.message(residency, header, frames.read_only) as resident:
                columns, crossings = resident.submit(frames, header, **options)
                frames_of, recording = resident.frames, latest(resident.recorder)
        else:
            frames_of = {}
            with residency.lock:
                resident = residency.live()
                columns, crossings = resident.submit(frames, header, **options)
                recording = latest(resident.recorder)
        return Receipts(residency.origin, entries, columns, crossings, frames_of, recording)

    @property
    def accesses(self) -> Accesses:
        """The pages that the last message, view or batch that began here accessed; receipts keep their own.

        InvalidInput if nothing was applied since the contract was last loaded, or the machine does not record.
        """
        with self.residency.lock:
            resident = self.residency.resident
            return recorded(None if resident is None else latest(resident.recorder), "accesses")

    @property
    def state_root(self) -> bytes:
        """The root of this contract's state; 32 bytes."""
        return self.residency.root()

    def snapshot(self) -> Image:
        """The contract's state as an immutable image; it shares with earlier ones the pages that did not change."""
        return self.residency.snapshot()

    def prove(self, page: int) -> PageProof:
        """A 4 KiB page of memory with its path to `state_root`."""
        return self.residency.prove(page)

    def __index__(self) -> int:
        """The address: a contract may stand where a contract's entry takes an address or an account."""
        return self.address

    def __repr__(self) -> str:
        return f"<Contract {self.name}: {', '.join(self.entries)}>"


def initialize(residency: Residency, registry: Registry, sender: int, arguments: Mapping[str, Any]) -> None:
    """Run a new contract's init entry, if there is one; Rejected or Trapped when it refuses."""
    interface = residency.program.interface
    if interface.init is None:
        if arguments:
            raise InvalidInput("deploy", f"no arguments: {interface.name} has no @init", ", ".join(arguments))
        return
    entry = Entry(residency, registry, interface.init)
    entry.apply(arguments, {"sender": sender}).raise_for_status()


class Entry:
    """A message or view of a contract: call it with its parameters, by keyword or in order.

    Options by keyword, unless a parameter has the name: `sender` (u32, 0 is the system), `gas_limit`, `time` (ns),
    `height`. A message returns its Receipt, accepted or not. A view returns its value; Rejected and Trapped are raised.
    """

    def __init__(self, residency: Residency, registry: Registry, entry: EntryType) -> None:
        self.type = entry
        self.name = entry.name
        self._registry = registry
        self._residency = residency
        self._environment = residency.environment
        self._prepared = PreparedEntry(entry, residency.program.layout)
        self._names = entry.parameters.names
        self._is_view = entry.kind == "view"
        self._may_call = residency.may_call
        self._result = entry.result
        self._read = None if entry.returns is None else entry.returns.read
        self.__doc__ = f"{entry.kind}: {entry.signature}"

    def __call__(self, /, *positional: Any, **named: Any) -> Any:
        if positional:
            named |= self._bind(positional, named)
        try:
            values = [named.pop(name) for name in self._names]
        except KeyError:
            raise self._missing(named) from None
        sender = named.pop("sender", 0)
        header = self._header(named) if named else self._environment.default_header
        return self._apply(values, sender, header)

    def apply(self, arguments: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
        """The call with parameters and options kept apart."""
        missing = [name for name in self._names if name not in arguments]
        unknown = [name for name in arguments if name not in self._names]
        if missing:
            raise self._missing(arguments)
        if unknown:
            raise self._unknown(unknown[0], self._names)
        left = {name: value for name, value in options.items() if name != "sender"}
        return self._apply([arguments[name] for name in self._names], options.get("sender", 0), self._header(left))

    @property
    def __signature__(self) -> inspect.Signature:
        kind = inspect.Parameter.KEYWORD_ONLY
        fields = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in self._names]
        options = [inspect.Parameter(name, kind, default=None) for name in _OPTIONS if name not in self._names]
        return inspect.Signature([*fields, *options])

    def __repr__(self) -> str:
        return f"<{self.type.kind} {self._residency.program.interface.name}.{self.type.signature}>"

    def _apply(self, values: Sequence[Any], sender: int, header: bytes) -> Any:
        residency = self._residency
        callee, frames = 0, _NO_FRAMES
        if self._may_call:
            with self._registry.message(residency, header, self._is_view) as resident:
                status, code, site, gas, records = resident.apply(self._prepared, sender, values, header)
                callee, recording = resident.origin, latest(resident.recorder)
                if callee:
                    frames = resident.frames.pop(0, _NO_FRAMES)
        else:
            with residency.lock:
                resident = residency.resident or residency.live()
                status, code, site, gas, records = resident.apply(self._prepared, sender, values, header)
                recording = latest(resident.recorder)
        if self._is_view and status == 0:
            return self._value(records)
        origin, thrown = residency.origin, resident.failure
        receipt = Receipt(origin, self.type, status, code, site, gas, records, thrown, callee, frames, recording)
        if self._is_view or status == Status.INVALID:
            raise receipt.exception()
        return receipt

    def _value(self, records: bytes) -> Any:
        """A view's result, which is the last record if it returns anything."""
        result = self._result
        if result is None:
            return None
        (item,) = result.layout.unpack_from(records, len(records) - result.size)
        return item if self._read is None else self._read(item)

    def _bind(self, positional: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
        if len(positional) > len(self._names):
            raise InvalidInput(self.name, f"{self.type.signature}", f"{len(positional)} arguments")
        bound = dict(zip(self._names, positional, strict=False))
        twice = bound.keys() & named.keys()
        if twice:
            raise InvalidInput(f"{self.name}.{min(twice)}", "one value", "two: in order and by keyword")
        return bound

    def _header(self, named: Mapping[str, Any]) -> bytes:
        for name in named:
            if name not in _OPTIONS[1:]:
                raise self._unknown(name, (*self._names, *_OPTIONS))
        return self._environment.header(**named)

    def _missing(self, given: Mapping[str, Any]) -> InvalidInput:
        unknown = [name for name in given if name not in (*self._names, *_OPTIONS)]
        found = f"an unknown {unknown[0]!r}" if unknown else f"only {', '.join(given) or 'nothing'}"
        return InvalidInput(self.name, self.type.signature, found)

    def _unknown(self, name: str, known: Sequence[str]) -> InvalidInput:
        return InvalidInput(f"{self.name}.{name}", suggestion(name, known, "argument"), "an unknown name")
