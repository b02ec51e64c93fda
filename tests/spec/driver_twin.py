"""What `corten.run` does, in plain words: the module as it was before instrumentation, its imports in Python.

Nothing of the instrumentation is used: memory and globals are copied before a message and put back if it fails.
docs/spec/module.md is the text that this follows. Gas, stack and log have no limits here.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from corten.base.errors import InvalidCode, Status, TrapCode
from corten.host import BY_NAME
from corten.vm.calls import FIRST_ADDRESS
from corten.wasm.module import Kind, Module
from corten.wasm.opcodes import TYPE_BYTES
from corten.wasm.sections import RESULT_RECORD, Entry, Field, Scalar, read_abi
from spec.wasm import HostFunction, Machine, Trap, instantiate
from tests.spec.machines import fake_service


class RaisedError(Exception):
    """The guest called `trap`, or an import that refused it."""

    def __init__(self, word: int) -> None:
        self.word = word & 0xFFFF_FFFF


@dataclass(frozen=True)
class Verdict:
    """A message's end; `records` are those that it would leave in the outbox."""

    status: int
    code: int
    site: int
    records: bytes = b""


@dataclass(frozen=True)
class Header:
    """What the guest may ask for."""

    time: int
    height: int
    chain: int
    memory_limit: int


class Twin:
    """One contract."""

    def __init__(self, module: Module, header: Header) -> None:
        abi = read_abi(module)
        assert abi is not None
        self.module, self.abi, self.header = module, abi, header
        self.sender, self.running, self.records = 0, abi.entries[0], b""
        imports = {
            (item.module, item.name): HostFunction(module.types[item.type_index], self._import(item.name))
            for item in module.imported(Kind.FUNCTION)
        }
        self.instance = instantiate(module, imports)
        self.memory = self.instance.memory("memory")

    def globals(self) -> bytes:
        """As the machine keeps them: type byte and value of each mutable one, the page counter last."""
        mutable = [
            (item.value_type, bits)
            for item, bits in zip(self.module.global_types(), self.instance.globals, strict=True)
            if item.mutable
        ]
        return b"".join(
            bytes([kind]) + bits.to_bytes(TYPE_BYTES[kind], "little")
            for kind, bits in [*mutable, (0x7F, self.memory.pages)]
        )

    def apply(self, number: int, sender: int, payload: bytes, *, gives_up: bool = False) -> Verdict:
        """One message. `gives_up`: the machine stopped it for its gas, stack, log or outbox; nothing of it stays."""
        entry = self.abi.entries[number]
        scalars = self.abi.flatten(entry.parameters)
        if len(payload) != entry.size or not all(is_valid(one, payload) for one in scalars):
            return Verdict(Status.INVALID, InvalidCode.MALFORMED_PAYLOAD, 0)
        self.sender, self.running, self.records = sender, entry, b""
        memory, globals_ = bytes(self.memory.content), list(self.instance.globals)
        verdict = self._run(entry, [argument(one, payload) for one in scalars])
        if verdict.status != Status.ACCEPTED or entry.kind == "view" or gives_up:
            self.memory.content[:] = memory
            self.instance.globals[:] = globals_
        return verdict

    def _run(self, entry: Entry, arguments: Sequence[int]) -> Verdict:
        function = self.instance.function(f"entry.{entry.name}")
        try:
            (status,) = Machine().invoke(function, *arguments)
        except Trap as trap:
            return Verdict(Status.TRAPPED, trap.code, 0)
        except RaisedError as raised:
            if not raised.word & 0xFFF:  # no code: as if the engine had met `unreachable`
                return Verdict(Status.TRAPPED, TrapCode.UNREACHABLE, 0)
            return Verdict(Status.TRAPPED, raised.word & 0xFFF, raised.word >> 12)
        if status:
            return Verdict(Status.REJECTED, status & 0xFFF, status >> 12)
        return Verdict(Status.ACCEPTED, 0, 0, self.records)

    # ── imports ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _import(self, name: str) -> Any:
        kind, _, subject = name.partition(".")
        header = self.header
        if name in BY_NAME:
            return lambda *arguments: self._host(name, arguments)
        if kind == "emit":
            number = next(place for place, event in enumerate(self.abi.events) if event.name == subject)
            return lambda *values: self._record(number, self.abi.events[number].fields, values)
        if kind == "result":
            return lambda *values: self._result(subject, values)
        return {
            "trap": self._trap,
            "output": self._output,
            "sender": lambda: [self.sender],
            "memory_limit": lambda: [header.memory_limit],
            "address": lambda: [FIRST_ADDRESS],
            "time": lambda: [header.time],
            "height": lambda: [header.height],
            "chain": lambda: [header.chain],
        }[name]

    @staticmethod
    def _trap(word: int) -> list[int]:
        raise RaisedError(word)

    def _result(self, entry: str, values: tuple[int, ...]) -> list[int]:
        if entry != self.running.name:
            raise RaisedError(TrapCode.UNREACHABLE)
        return self._record(RESULT_RECORD, self.running.result, values)

    def _record(self, number: int, fields: tuple[Field, ...], values: tuple[int, ...]) -> list[int]:
        scalars = self.abi.flatten(fields)
        content = bytearray(-(-max([one.offset + one.size for one in scalars], default=0) // 8) * 8)
        for one, bits in zip(scalars, values, strict=True):
            content[one.offset : one.offset + one.size] = bits.to_bytes(16, "little")[: one.size]
        return self._append(number, bytes(content))

    def _append(self, number: int, content: bytes) -> list[int]:
        self.records += struct.pack("<II", number, 0) + content
        return []

    def _output(self, number: int, address: int, length: int) -> list[int]:
        if number == RESULT_RECORD:
            size = self.running.result_size if self.running.returns is not None else None
        else:
            size = self.abi.events[number].size if number < len(self.abi.events) else None
        if length != size:
            raise RaisedError(TrapCode.UNREACHABLE)
        return self._append(number, self.memory.read(address, length))

    def _host(self, name: str, arguments: tuple[int, ...]) -> list[int]:
        function = BY_NAME[name]
        given = dict(zip(function.names, arguments, strict=True))
        for one in function.ranges:
            self.memory.check(given[one.name], given[one.length] if one.length else one.size)
        raw = {4 * place: value for place, value in enumerate(arguments)}
        fake_service(function)(memoryview(self.memory.content), raw)
        return [raw[0]] if function.returns_bool else []


def argument(one: Scalar, payload: bytes) -> int:
    """The bits of a parameter: narrow signed integers are extended."""
    raw = payload[one.offset : one.offset + one.size]
    bits = 8 * max(4, one.size)
    return int.from_bytes(raw, "little", signed=one.kind[0] == "i") & ((1 << bits) - 1)


def is_valid(one: Scalar, payload: bytes) -> bool:
    """A bool is 0 or 1, an enum one of its members."""
    bits = argument(one, payload)
    return bits < 2 if one.kind == "bool" else not one.members or bits in one.members
