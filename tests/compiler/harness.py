"""One test body, every backend: a contract's source runs under CPython, as the plain module, and instrumented.

    run = Case(source)                      compile once, load everywhere
    run.send("add", a=1, b=2)               the same message to every backend; they must agree
    Outcome(status, code, result, events)   what all of them said

Values are compared as plain data: structs and arrays as tuples, enums as numbers, f64 by their bits.
"""

from __future__ import annotations

import itertools
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import corten
from corten.base.errors import Status
from corten.compiler import compile_contract
from corten.lang import __all__ as LANGUAGE
from corten.lang.host import PythonContract
from corten.vm.codec import I128, i128_integers
from tests.compiler.plain import PlainModule

HEADER = f"""from __future__ import annotations

from typing import Generic, Literal, TypeVar
from corten.lang import {", ".join(LANGUAGE)}

"""
MEMORY_LIMIT = 1 << 20
STATE_HEADER = 0x10000
CANONICAL_NAN = 0x7FF8_0000_0000_0000
_DIRECTORY = tempfile.TemporaryDirectory(prefix="corten-compiler-")
_NUMBER = itertools.count()


@dataclass(frozen=True)
class Outcome:
    """What became of a message."""

    status: Status
    code: int
    result: Any
    events: tuple[Any, ...]

    @property
    def accepted(self) -> bool:
        return self.status is Status.ACCEPTED


def plain(value: Any) -> Any:
    """A value of any backend as comparable data."""
    if isinstance(value, Mapping):
        return tuple(plain(item) for item in value.values())
    if isinstance(value, np.ndarray | np.generic):
        return _plain_array(value)
    if isinstance(value, tuple | list):
        return tuple(plain(item) for item in value)
    if isinstance(value, float):
        return f"{struct.unpack('<Q', struct.pack('<d', value))[0]:#018x}"
    if isinstance(value, bytes | bool) or value is None:
        return value
    return int(value)


def _plain_array(value: Any) -> Any:
    """A numpy value; an i128 is two words there."""
    if value.dtype == I128:
        return plain(i128_integers(value.reshape(-1))) if value.ndim else i128_integers(value.reshape(1))[0]
    if value.ndim:
        return tuple(_plain_array(item) for item in value)
    if value.dtype.names:
        return tuple(_plain_array(value[name]) for name in value.dtype.names)
    return plain(value.item())


def write_source(source: str, files: Mapping[str, str] | None = None) -> Path:
    """The contract in a directory of its own, with the files it imports beside it."""
    directory = Path(_DIRECTORY.name) / f"case{next(_NUMBER)}"
    directory.mkdir()
    for name, text in {**(files or {}), "contract.py": source}.items():
        (directory / name).write_text(text, encoding="utf-8")
    return directory / "contract.py"


class _Instrumented:
    """The machine, as a user runs it."""

    def __init__(self, path: Path, init: Mapping[str, Any], engine: str = "wasmtime") -> None:
        self.machine = corten.Machine(engine, memory_limit=MEMORY_LIMIT, cache=False)
        self.contract = self.machine.deploy(path, **init)
        self.gas = 0  # of the last message

    def send(self, entry: str, arguments: Mapping[str, Any], sender: int) -> Outcome:
        kind = self.contract.interface.by_name[entry].kind
        try:
            receipt = self.contract.call(entry, arguments, sender=sender)
        except corten.MessageFailed as failure:
            assert kind == "view"
            status = Status.REJECTED if isinstance(failure, corten.Rejected) else Status.TRAPPED
            return Outcome(status, int(failure.code), None, ())  # type: ignore[attr-defined]
        if kind == "view":
            return Outcome(Status.ACCEPTED, 0, plain(receipt), ())
        self.gas = receipt.gas
        events = tuple((type(event).__name__, plain(event)) for event in receipt.events)
        return Outcome(receipt.status, receipt.code, plain(receipt.result), events)

    def memory(self) -> bytes:
        return _allocated(bytes(self.contract.residency.live()._instance.memory))  # type: ignore[attr-defined]


class _Python:
    """The source under CPython."""

    def __init__(self, path: Path, init: Mapping[str, Any]) -> None:
        self.contract = PythonContract(path, MEMORY_LIMIT)
        entries = {entry["kind"]: entry["name"] for entry in self.contract.abi["entries"]}
        self.views = {entry["name"] for entry in self.contract.abi["entries"] if entry["kind"] == "view"}
        if "init" in entries:
            outcome = self.contract.apply(entries["init"], dict(init), allow_init=True)
            assert outcome.status is Status.ACCEPTED, outcome

    def send(self, entry: str, arguments: Mapping[str, Any], sender: int) -> Outcome:
        outcome = self.contract.apply(entry, dict(arguments), sender=sender)
        is_view = entry in self.views
        events = () if is_view else tuple((name, plain(fields)) for name, fields in outcome.events)
        return Outcome(outcome.status, int(outcome.code), plain(outcome.result), events)

    def memory(self) -> bytes:
        size = _heap_top(self.contract.memory.read(STATE_HEADER, 4), 0)
        return self.contract.memory.read(STATE_HEADER, size - STATE_HEADER)


def _heap_top(memory: bytes, offset: int = STATE_HEADER) -> int:
    return int.from_bytes(memory[offset : offset + 4], "little")


def _allocated(memory: bytes) -> bytes:
    """State and heap: from the header to the heap's top."""
    return memory[STATE_HEADER : _heap_top(memory)]


class _Plain:
    """The module as the compiler made it, without instrumentation."""

    def __init__(self, binary: bytes, init: Mapping[str, Any]) -> None:
        self.module = PlainModule(binary, MEMORY_LIMIT)
        self.module.initialize(init)

    def send(self, entry: str, arguments: Mapping[str, Any], sender: int) -> Outcome:
        status, code, result, events = self.module.send(entry, arguments, sender)
        return Outcome(status, code, plain(result), tuple((name, plain(fields)) for name, fields in events))

    def memory(self) -> bytes:
        return _allocated(self.module.memory())


class Case:
    """A contract on every backend. `send` applies one message to all of them and compares everything.

    `v8` adds the second engine, whose gas and state root must be those of the first.
    """

    def __init__(
        self,
        source: str,
        files: Mapping[str, str] | None = None,
        header: str = HEADER,
        *,
        v8: bool = False,
        **init: Any,
    ) -> None:
        self.path = write_source(header + source, files)
        self.source = self.path.read_text(encoding="utf-8")
        self.binary = compile_contract(self.path)
        self.backends: dict[str, _Python | _Plain | _Instrumented] = {
            "python": _Python(self.path, init),
            "plain": _Plain(self.binary, init),
            "instrumented": _Instrumented(self.path, init),
        }
        if v8:
            self.backends["v8"] = _Instrumented(self.path, init, "v8")
        self.machines = [each for each in self.backends.values() if isinstance(each, _Instrumented)]

    def send(self, entry: str, /, sender: int = 0, **arguments: Any) -> Outcome:
        """The outcome on which all backends agree, states included."""
        outcomes = {name: backend.send(entry, arguments, sender) for name, backend in self.backends.items()}
        memories = {name: backend.memory() for name, backend in self.backends.items()}
        expected = outcomes["python"]
        if any(outcome != expected for outcome in outcomes.values()):
            lines = "\n".join(f"{name:>12}: {outcome}" for name, outcome in outcomes.items())
            raise AssertionError(f"{entry}({arguments}):\n{lines}\n{self.source}")
        if any(memory != memories["python"] for memory in memories.values()):
            raise AssertionError(f"states differ after {entry}({arguments}): {_difference(memories)}\n{self.source}")
        if len(self.machines) > 1:
            said = [(each.gas, each.machine.state_root.hex()) for each in self.machines]
            assert said[0] == said[1], f"gas and root after {entry}({arguments}): {said}\n{self.source}"
        return expected

    def result(self, entry: str, /, sender: int = 0, **arguments: Any) -> Any:
        """The result of a message that must be accepted."""
        outcome = self.send(entry, sender, **arguments)
        assert outcome.accepted, outcome
        return outcome.result


def _difference(memories: Mapping[str, bytes]) -> str:
    sizes = {name: len(memory) for name, memory in memories.items()}
    expected = memories["python"]
    for name, memory in memories.items():
        for position in range(0, min(len(memory), len(expected)), 8):
            if memory[position : position + 8] != expected[position : position + 8]:
                return (
                    f"{name} at {STATE_HEADER + position:#x}: {memory[position : position + 8].hex()}, "
                    f"python {expected[position : position + 8].hex()}"
                )
    return f"sizes {sizes}"


def contract(body: str, declarations: str = "", state: str = "unused: u8") -> str:
    """A contract class around entries given as text."""
    lines = "\n".join(f"    {line}" if line.strip() else "" for line in (state + "\n\n" + body).splitlines())
    return f"{declarations}\n\n@contract\nclass Subject(Contract):\n{lines}\n"
