"""Guests that hand a host function whatever they are told to, and what they leave behind."""

from __future__ import annotations

from typing import Any

import corten
from corten.host import BY_NAME, HostFunction
from corten.vm.layout import PAGE_BYTES, TOUCHED_OFFSET
from tests.vm.modules import with_sections

MEMORY = 1 << 18
"""Bytes of a guest's memory."""

DATA = 0x20000
"""Where tests put what a function reads."""

OUT = 0x30000
"""Where tests let it write."""

GAS = 10_000_000


def _wat(function: HostFunction) -> str:
    count = len(function.names)
    types, values = " ".join(["i32"] * count), " ".join(f"local.get {index}" for index in range(count))
    result, returned = ("(result i32)", "") if function.returns_bool else ("", "i32.const 0")
    called = f"{values} call $host {returned} call $returned"
    entries = {"run": "i32.const 0", "look": "i32.const 0", "reject": "i32.const 1", "stop": "i32.const 12 call $trap"}
    bodies = "".join(
        f'(func (export "entry.{name}") (param {types}) (result i32) {called.replace("$returned", f"$returned.{name}")}'
        f" {end} {'unreachable' if name == 'stop' else ''})\n"
        for name, end in entries.items()
    )
    records = "".join(f'(import "corten" "result.{name}" (func $returned.{name} (param i32)))\n' for name in entries)
    return f"""(module
      (import "corten" "trap" (func $trap (param i32)))
      (import "corten" "{function.name}" (func $host (param {types}) {result}))
      {records} (memory (export "memory") 2) {bodies})"""


def _abi(function: HostFunction) -> dict[str, Any]:
    fields = [{"name": name, "type": "u32", "offset": 4 * index} for index, name in enumerate(function.names)]
    size = -(-4 * len(fields) // 8) * 8
    kinds = {"run": "message", "look": "view", "reject": "message", "stop": "message"}
    entries = [
        {"name": name, "kind": kind, "parameters": fields, "size": size, "returns": "u32", "result_size": 8}
        for name, kind in kinds.items()
    ]
    state = {"address": 65536, "size": 64, "fields": []}
    head: dict[str, Any] = {"version": 1, "name": "Guest", "types": {}, "events": [], "errors": ["refused"]}
    return {**head, "entries": entries, "state": state}


def module(function: HostFunction) -> bytes:
    """A native module that passes its parameters on."""
    return with_sections(_wat(function), _abi(function), {"files": ["guest.wat"], "sites": [[0, "", 0]]})


class Guest:
    """A deployed guest of one host function."""

    def __init__(self, name: str, engine: str = "wasmtime", memory_limit: int = MEMORY) -> None:
        self.function = BY_NAME[name]
        self.machine = corten.Machine(engine, memory_limit=memory_limit, gas_limit=GAS, cache=False)
        self.contract = self.machine.deploy(module(self.function))

    @classmethod
    def of(cls, contract: Any, machine: corten.Machine, name: str) -> Guest:
        """One that is deployed already."""
        guest = cls.__new__(cls)
        guest.function, guest.machine, guest.contract = BY_NAME[name], machine, contract
        return guest

    @property
    def _instance(self) -> Any:
        return self.contract.residency.live()._instance  # type: ignore[attr-defined]

    @property
    def memory(self) -> memoryview:
        view: memoryview = self._instance.memory
        return view

    def put(self, content: bytes, address: int = DATA) -> int:
        """Write into the guest's memory, as a message of its own would: the pages count as touched."""
        self.memory[address : address + len(content)] = content
        for page in range(address // PAGE_BYTES, (address + len(content) - 1) // PAGE_BYTES + 1):
            self._instance.system[TOUCHED_OFFSET + page] = 1
        return address

    def read(self, size: int, address: int = OUT) -> bytes:
        return bytes(self.memory[address : address + size])

    def call(self, *arguments: int, entry: str = "run", **options: Any) -> Any:
        return self.contract.call(entry, dict(zip(self.function.names, arguments, strict=True)), **options)

    def good(self) -> list[int]:
        """Arguments that a call accepts: inputs of zeros, apart, and an output."""
        values, address = [], DATA
        for parameter in self.function.parameters:
            size = parameter.size or 8
            values.append(OUT if parameter.role.value == "out" else address)
            if parameter.length:
                values.append(size)
            address += size
        return values

    def price(self, length: int = 0) -> int:
        price = self.function.gas[1]
        return price.base + price.byte * length


def spread(name: str, index: int) -> int:
    """The position of a row's range `index` among the Wasm parameters."""
    function = BY_NAME[name]
    return function.names.index(function.ranges[index].name)
