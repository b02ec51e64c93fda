"""Runs a module as the compiler made it on Wasmtime, with the imports of docs/spec/module.md in Python."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import wasmtime

from corten.base.errors import Status, TrapCode
from corten.wasm.reader import read_module

_TRAPS = {
    wasmtime.TrapCode.UNREACHABLE: TrapCode.UNREACHABLE,
    wasmtime.TrapCode.MEMORY_OUT_OF_BOUNDS: TrapCode.MEMORY_OUT_OF_BOUNDS,
    wasmtime.TrapCode.INTEGER_OVERFLOW: TrapCode.INTEGER_OVERFLOW,
    wasmtime.TrapCode.INTEGER_DIVISION_BY_ZERO: TrapCode.DIVISION_BY_ZERO,
    wasmtime.TrapCode.BAD_CONVERSION_TO_INTEGER: TrapCode.INVALID_CONVERSION,
}
_FORMATS = {
    "bool": "?", "u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i8": "b", "i16": "h", "i32": "i", "i64": "q",
    "f64": "d",
}  # fmt: skip
_STATE_HEADER = 0x10000


class _GuestTrapError(Exception):
    def __init__(self, packed: int) -> None:
        self.code = TrapCode(packed & 0xFFF)
        self.site = (packed & 0xFFFFFFFF) >> 12


class PlainModule:
    """One instance; a message that fails leaves the memory as it was."""

    def __init__(self, binary: bytes, memory_limit: int) -> None:
        module = read_module(binary)
        self.abi = json.loads(module.custom("corten.abi") or b"{}")
        self._memory_limit = memory_limit
        self.types: dict[str, Any] = self.abi["types"]
        self.entries = {entry["name"]: entry for entry in self.abi["entries"]}
        configuration = wasmtime.Config()
        configuration.cranelift_nan_canonicalization = True  # what the instrumentation's NaN rule must equal
        self.engine = wasmtime.Engine(configuration)
        self.module = wasmtime.Module(self.engine, binary)
        self.sender = 0
        self.site = 0
        self._events: list[tuple[str, Any]] = []
        self._result: Any = None
        self._instantiate(None)

    def initialize(self, arguments: Mapping[str, Any]) -> None:
        """Run the init entry, if there is one."""
        for name, entry in self.entries.items():
            if entry["kind"] == "init":
                assert self.send(name, arguments, 0)[0] is Status.ACCEPTED

    def send(
        self, entry: str, arguments: Mapping[str, Any], sender: int
    ) -> tuple[Status, int, Any, list[tuple[str, Any]]]:
        """Status, code, result and events."""
        described = self.entries[entry]
        self.sender, self._events, self._result = sender, [], None
        values = [item for p in described["parameters"] for item in self._flatten(p["type"], arguments[p["name"]])]
        before = self.memory()
        try:
            status = self.instance.exports(self.store)[f"entry.{entry}"](self.store, *values)  # type: ignore[operator]
        except _GuestTrapError as trap:
            self.site = trap.site
            return self._failed(before, Status.TRAPPED, trap.code)
        except wasmtime.Trap as trap:
            return self._failed(before, Status.TRAPPED, _TRAPS[trap.trap_code])
        if status:
            self.site = (status & 0xFFFFFFFF) >> 12
            return self._failed(before, Status.REJECTED, status & 0xFFF)
        if described["kind"] == "view":
            self._write(before)
            return Status.ACCEPTED, 0, self._result, []
        return Status.ACCEPTED, 0, self._result, self._events

    def memory(self) -> bytes:
        return bytes(self._memory.read(self.store))

    def _failed(self, before: bytes, status: Status, code: int) -> tuple[Status, int, Any, list[tuple[str, Any]]]:
        self._instantiate(before)
        return status, int(code), None, []

    def _write(self, content: bytes) -> None:
        self._memory.write(self.store, content, 0)

    def _instantiate(self, content: bytes | None) -> None:
        self.store = wasmtime.Store(self.engine)
        functions = [wasmtime.Func(self.store, item.type, self._import(item)) for item in self.module.imports]  # type: ignore[arg-type]
        self.instance = wasmtime.Instance(self.store, self.module, functions)
        memory = self.instance.exports(self.store)["memory"]
        assert isinstance(memory, wasmtime.Memory)
        self._memory = memory
        memory.grow(self.store, self._memory_limit // 65536 - memory.size(self.store))
        if content is not None:
            self._write(content)

    def _import(self, item: wasmtime.ImportType) -> Any:
        name = item.name or ""
        simple = {
            "trap": self._trap, "sender": lambda: _signed(self.sender, 32), "memory_limit": lambda: self._memory_limit,
            "time": lambda: 0, "height": lambda: 0, "chain": lambda: 0, "output": self._output,
        }  # fmt: skip
        if name in simple:
            return simple[name]
        kind, _, subject = name.partition(".")
        if kind == "emit":
            fields = next(event["fields"] for event in self.abi["events"] if event["name"] == subject)
            return lambda *values: self._emit(subject, fields, values)
        return lambda *values: self._returned(self.entries[subject]["returns"], values)

    def _trap(self, packed: int) -> None:
        raise _GuestTrapError(packed)

    def _emit(self, name: str, fields: list[dict[str, Any]], values: tuple[Any, ...]) -> None:
        source = iter(values)
        self._events.append((name, tuple(self._unflatten(field["type"], source) for field in fields)))

    def _returned(self, kind: str, values: tuple[Any, ...]) -> None:
        self._result = self._unflatten(kind, iter(values))

    def _output(self, kind: int, address: int, length: int) -> None:
        content = bytes(self._memory.read(self.store, address, address + length))
        if kind == 0xFFFF:
            returns = next(e["returns"] for e in self.abi["entries"] if e["result_size"] == -(-length // 8) * 8)
            self._result = self._decode(returns, content, 0)
        else:
            event = self.abi["events"][kind]
            fields = tuple(self._decode(field["type"], content, field["offset"]) for field in event["fields"])
            self._events.append((event["name"], fields))

    # ---- values --------------------------------------------------------------------------------------------------

    def _described(self, kind: str) -> dict[str, Any]:
        return self.types.get(kind, {"kind": "scalar"})

    def _flatten(self, kind: str, value: Any) -> Iterator[Any]:
        """A value's scalars as the module's parameters."""
        described = self._described(kind)
        if kind.startswith("Array["):
            for item in value:
                yield from self._flatten(_element(kind)[0], item)
        elif described["kind"] == "struct":
            values = value.values() if isinstance(value, Mapping) else value
            for field, item in zip(described["fields"], values, strict=True):
                yield from self._flatten(field["type"], item)
        elif described["kind"] == "unit":
            yield from self._flatten(described["base"], value)
        elif kind in ("i128", "bytes32"):
            raw = value if kind == "bytes32" else int(value).to_bytes(16, "little", signed=True)
            for position in range(0, len(raw), 8):
                yield int.from_bytes(raw[position : position + 8], "little", signed=True)
        elif kind == "f64":
            yield float(value)
        else:
            yield _signed(int(value), 64 if kind in ("u64", "i64") else 32)

    def _unflatten(self, kind: str, values: Iterator[Any]) -> Any:
        """A value from its scalars."""
        described = self._described(kind)
        if kind.startswith("Array["):
            element, length = _element(kind)
            return tuple(self._unflatten(element, values) for _ in range(length))
        if described["kind"] == "struct":
            return tuple(self._unflatten(field["type"], values) for field in described["fields"])
        if described["kind"] in ("unit", "enum"):
            return self._unflatten(described["base"], values)
        if kind in ("i128", "bytes32"):
            words = [next(values) for _ in range(2 if kind == "i128" else 4)]
            raw = b"".join(word.to_bytes(8, "little", signed=word < 0) for word in words)
            return raw if kind == "bytes32" else int.from_bytes(raw, "little", signed=True)
        value = next(values)
        if kind in ("f64", "bool"):
            return bool(value) if kind == "bool" else value
        bits = int(kind[1:])
        return value & ((1 << bits) - 1) if kind[0] == "u" else value

    def _decode(self, kind: str, content: bytes, offset: int) -> Any:
        """A value from memory."""
        described = self._described(kind)
        if kind.startswith("Array["):
            element, length = _element(kind)
            return tuple(self._decode(element, content, offset + i * self._size(element)) for i in range(length))
        if described["kind"] == "struct":
            return tuple(
                self._decode(field["type"], content, offset + field["offset"]) for field in described["fields"]
            )
        if described["kind"] in ("unit", "enum"):
            return self._decode(described["base"], content, offset)
        raw = content[offset : offset + self._size(kind)]
        if kind in ("i128", "bytes32"):
            return raw if kind == "bytes32" else int.from_bytes(raw, "little", signed=True)
        return struct.unpack("<" + _FORMATS[kind], raw)[0]

    def _size(self, kind: str) -> int:
        described = self._described(kind)
        if kind.startswith("Array["):
            element, length = _element(kind)
            return self._size(element) * length
        if described["kind"] == "struct":
            return int(described["size"])
        if described["kind"] in ("unit", "enum"):
            return self._size(described["base"])
        return {"i128": 16, "bytes32": 32}.get(kind) or struct.calcsize("<" + _FORMATS[kind])


def _element(kind: str) -> tuple[str, int]:
    """Element type and length of `Array[T, N]`."""
    inner, _, length = kind.removeprefix("Array[").removesuffix("]").rpartition(",")
    return inner.strip(), int(length)


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value
