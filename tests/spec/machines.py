"""The machine on the interpreter, on V8 with host functions, and on any setting of Wasmtime; host functions are faked.

A fake is pure, like the real one, but simple enough to be written twice: in Python, which Wasmtime and the interpreter
call, and in WebAssembly, which is linked into the instrumented module where an engine cannot call out (V8).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import wasmtime

from corten.base.errors import HostFault, TrapCode
from corten.host import BY_NAME, HostFunction, Role
from corten.vm import Machine
from corten.vm.callbacks import Service
from corten.vm.engine import Engine
from corten.vm.global_words import PREFIX
from corten.vm.instance import found_outbox_full
from corten.vm.layout import Layout
from corten.vm.program import Loader, Passes
from corten.vm.v8_engine import V8Code, V8Engine
from corten.wasm.instrument.host import HOST_MODULE
from corten.wasm.module import FuncType, Kind, Module
from corten.wasm.opcodes import F32, F64, I32, I64, TYPE_BYTES, V128
from corten.wasm.reader import read_module
from corten.wasm.writer import write_module
from spec.wasm import Exhausted, Trap, instantiate
from spec.wasm import HostFunction as Imported
from spec.wasm import Machine as Interpreter
from tests.wasm.settings import named_engine

START, PRIME, MASK = 0x811C_9DC5, 0x0100_0193, 0xFFFF_FFFF  # FNV-1a
STEPS, CALLS = 20_000_000, 20_000


# ── the fakes ────────────────────────────────────────────────────────────────────────────────────────────────────────


def fake_service(function: HostFunction) -> Service:
    """A checksum of all input; its successors are the output, its lowest bit the answer."""
    names = function.names

    def serve(memory: memoryview, raw: Any) -> None:
        words = {name: raw[4 * place] for place, name in enumerate(names)}
        checksum = START
        for one in function.parameters:
            if one.role is Role.VALUE:
                checksum = (checksum ^ words[one.name]) * PRIME & MASK
            elif one.role is Role.IN:
                begin = words[one.name]
                for byte in memory[begin : begin + (words[one.length] if one.length else one.size)]:
                    checksum = (checksum ^ byte) * PRIME & MASK
        if function.output is not None:
            begin = words[function.output.name]
            for place in range(function.output.size):
                checksum = (checksum ^ place) * PRIME & MASK
                memory[begin + place] = checksum >> 24
        if function.returns_bool:
            raw[0] = checksum & 1

    return serve


_MIX = f"(local.set $sum (i32.mul (i32.xor (local.get $sum) {{0}}) (i32.const {PRIME})))"
_EACH = """(local.set $at (i32.const 0)) (block $done (loop $next
  (br_if $done (i32.ge_u (local.get $at) {length})) {work}
  (local.set $at (i32.add (local.get $at) (i32.const 1))) (br $next)))"""


def fake_text(function: HostFunction) -> str:
    """The same in WebAssembly."""
    body = f"(local.set $sum (i32.const {START}))"
    for one in function.parameters:
        place = f"(i32.add (local.get ${one.name}) (local.get $at))"
        if one.role is Role.VALUE:
            body += _MIX.format(f"(local.get ${one.name})")
        elif one.role is Role.IN:
            length = f"(local.get ${one.length})" if one.length else f"(i32.const {one.size})"
            body += _EACH.format(length=length, work=_MIX.format(f"(i32.load8_u {place})"))
        else:
            work = _MIX.format("(local.get $at)") + f"(i32.store8 {place} (i32.shr_u (local.get $sum) (i32.const 24)))"
            body += _EACH.format(length=f"(i32.const {one.size})", work=work)
    parameters = " ".join(f"(param ${name} i32)" for name in function.names)
    result = "(result i32)" if function.returns_bool else ""
    answer = "(i32.and (local.get $sum) (i32.const 1))" if function.returns_bool else ""
    return f"(func {parameters} {result} (local $sum i32) (local $at i32) {body} {answer})"


@cache
def linked(content: bytes) -> bytes:
    """An instrumented module whose imports are fakes of its own: they take the imports' places, no index moves."""
    module = read_module(content)
    names = [item.name for item in module.imported(Kind.FUNCTION)]
    if not names:
        return content
    assert all(item.module == HOST_MODULE for item in module.imports)
    text = "".join(fake_text(BY_NAME[name]) for name in names)
    fakes = read_module(bytes(wasmtime.wat2wasm(f"(module (memory 1) {text})")))
    for fake in fakes.functions:
        module.types.append(fakes.types[fake.type_index])
        fake.type_index = len(module.types) - 1
    module.imports, module.functions = [], fakes.functions + module.functions
    return write_module(module)


# ── engines ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class LinkedV8(V8Engine):
    """V8, with fakes for host functions."""

    name = "wasmtime"  # who serves all host functions

    def load(self, module: bytes) -> V8Code:
        return super().load(linked(module))


def wasmtime_engine(setting: str) -> Engine:
    """The machine's engine with another setting of Wasmtime."""
    engine = Engine()
    engine._engine = named_engine(setting)
    return engine


class SpecEngine:
    """The interpreter as an engine of the machine."""

    name = "wasmtime"

    def load(self, module: bytes) -> SpecCode:
        return SpecCode(read_module(module))


class SpecCode:
    def __init__(self, module: Module) -> None:
        self.module = module
        self.imports = [item.name for item in module.imported(Kind.FUNCTION)]

    def instantiate(self, services: Sequence[Service] = ()) -> SpecInstance:
        return SpecInstance(self.module, services)


class SpecInstance:
    """What `corten.vm.instance.Instance` asks for; a step is one instruction of `spec/wasm`."""

    def __init__(self, module: Module, services: Sequence[Service]) -> None:
        imported = module.imported(Kind.FUNCTION)
        imports = {
            (item.module, item.name): Imported(
                module.types[item.type_index], self._served(serve, module.types[item.type_index])
            )
            for item, serve in zip(imported, services, strict=True)
        }
        self.instance = instantiate(module, imports)
        self.memory = memoryview(self.instance.memory("memory").content)
        self.system = memoryview(self.instance.memory("corten.system").content)
        exported = [item for item in module.exports if item.name.startswith(PREFIX)]
        exported.sort(key=lambda item: int(item.name.removeprefix(PREFIX)))
        types = module.global_types()
        self._globals = [(item.index, types[item.index].value_type) for item in exported]

    def _served(self, serve: Service, type_: FuncType) -> Any:
        def call(*arguments: int) -> list[int]:
            raw = {4 * place: value for place, value in enumerate(arguments)}
            serve(self.memory, raw)
            return [raw[0]] * len(type_.results)

        return call

    def advance(self) -> bool:
        while (code := self._call("corten.run")) is not None:
            if self._call("corten.recover", code) is not None:
                raise HostFault("recover itself stopped")
            if found_outbox_full(self.system):
                return False
        return True

    def _call(self, name: str, *arguments: int) -> TrapCode | None:
        try:
            Interpreter(STEPS, CALLS).invoke(self.instance.function(name), *arguments)
        except Trap as trap:
            return trap.code
        except Exhausted as bound:
            raise HostFault(f"the interpreter gave up: {bound}") from bound
        return None

    def globals(self) -> bytes:
        return b"".join(
            bytes([kind]) + self.instance.globals[index].to_bytes(TYPE_BYTES[kind], "little")
            for index, kind in self._globals
        )

    def set_globals(self, values: bytes) -> None:
        offset = 0
        for index, kind in self._globals:
            width = TYPE_BYTES[kind]
            assert values[offset] == kind in (I32, I64, F32, F64, V128)
            self.instance.globals[index] = int.from_bytes(values[offset + 1 : offset + 1 + width], "little")
            offset += 1 + width


class EngineMachine(Machine):
    """A machine on an engine that is given to it."""

    def __init__(self, engine: Any, **options: Any) -> None:
        super().__init__("wasmtime", cache=False, **options)
        self._given = engine

    def _loader(self) -> Loader:
        return Loader(self._given, None, Layout(self.settings.memory_limit), Passes())


def machine(name: str, **options: Any) -> Machine:
    """By the name of an engine or of a setting."""
    if name == "wasmtime":
        return Machine(name, cache=False, **options)
    engines = {"interpreter": SpecEngine, "v8": LinkedV8}
    return EngineMachine(engines[name]() if name in engines else wasmtime_engine(name), **options)
