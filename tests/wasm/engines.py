"""One way to run modules on the interpreter and on Wasmtime, plain and instrumented: values are bits, traps codes."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import wasmtime
from wasmtime import _bindings as c_api

from corten.base.errors import TrapCode
from corten.wasm import op
from corten.wasm.decode import read_instruction
from corten.wasm.instrument import CONTROL, TOUCHED, Options, host_begin, instrument
from corten.wasm.module import FuncType, Kind, Module
from corten.wasm.opcodes import TYPE_BYTES
from corten.wasm.writer import write_module
from spec.wasm import AnyFunction, Exhausted, HostFunction, Machine, NanChoice, Trap, instantiate
from spec.wasm.floats import canonical
from tests.wasm.settings import named_engine

GAS = 1 << 40
STACK = 60_000
LOG_BYTES = 1 << 20
GAVE_UP = "gas, stack or log"
TRAPS = {
    wasmtime.TrapCode.MEMORY_OUT_OF_BOUNDS: TrapCode.MEMORY_OUT_OF_BOUNDS,
    wasmtime.TrapCode.TABLE_OUT_OF_BOUNDS: TrapCode.TABLE_OUT_OF_BOUNDS,
    wasmtime.TrapCode.INDIRECT_CALL_TO_NULL: TrapCode.INDIRECT_CALL_MISMATCH,
    wasmtime.TrapCode.BAD_SIGNATURE: TrapCode.INDIRECT_CALL_MISMATCH,
    wasmtime.TrapCode.INTEGER_OVERFLOW: TrapCode.INTEGER_OVERFLOW,
    wasmtime.TrapCode.INTEGER_DIVISION_BY_ZERO: TrapCode.DIVISION_BY_ZERO,
    wasmtime.TrapCode.BAD_CONVERSION_TO_INTEGER: TrapCode.INVALID_CONVERSION,
    wasmtime.TrapCode.UNREACHABLE: TrapCode.UNREACHABLE,
}
# A private function object: the shared one carries wasmtime-py's argument types.
_call_unchecked = c_api.dll["wasmtime_func_call_unchecked"]
_call_unchecked.restype = ctypes.c_void_p


class Guest(Protocol):
    """An instance: exports by name; `invoke` raises Trap or Exhausted."""

    module: Module

    def invoke(self, name: str, *arguments: int) -> list[int]: ...
    def value(self, name: str) -> int: ...
    def assign(self, name: str, bits: int) -> None: ...
    def memory(self, name: str) -> bytes: ...
    def write(self, name: str, address: int, data: bytes) -> None: ...


Start = Callable[[Module, Mapping[str, Guest]], Guest]
"""How a guest is started: with the module and the guests that it may import from."""


@dataclass(frozen=True)
class Bounds:
    """What the interpreter may use: steps of one call, nested calls, pages of a memory without maximum."""

    steps: int = 3_000_000
    calls: int = 20_000
    pages: int = 4_096


class SpecGuest:
    """On the interpreter."""

    def __init__(
        self,
        module: Module,
        others: Mapping[str, Guest] | None = None,
        open_nan: NanChoice = canonical,
        bounds: Bounds | None = None,
    ) -> None:
        self.module, self.bounds, self.steps = module, bounds or Bounds(), 0
        imports = {
            (item.module, item.name): self._import(item.module, item.name, module.types[item.type_index], others or {})
            for item in module.imported(Kind.FUNCTION)
        }
        self.instance = instantiate(module, imports, open_nan, self.bounds.pages)

    @staticmethod
    def _import(module: str, name: str, type_: FuncType, others: Mapping[str, Guest]) -> AnyFunction:
        other = others.get(module)
        if isinstance(other, SpecGuest):
            return other.instance.function(name)
        if module == "spectest":
            return HostFunction(type_, lambda *_: [])
        raise KeyError(f"{module}.{name}")

    def invoke(self, name: str, *arguments: int) -> list[int]:
        machine = Machine(self.bounds.steps, self.bounds.calls)
        try:
            return machine.invoke(self.instance.function(name), *arguments)
        finally:
            self.steps = machine.steps

    def value(self, name: str) -> int:
        return self.instance.value(name)

    def assign(self, name: str, bits: int) -> None:
        self.instance.globals[self.instance.exported(Kind.GLOBAL, name)] = bits

    def memory(self, name: str) -> bytes:
        return bytes(self.instance.memory(name).content)

    def write(self, name: str, address: int, data: bytes) -> None:
        self.instance.memory(name).write(address, data)


class WasmtimeGuest:
    """On Wasmtime, called through its C API so that NaN payloads and vectors pass unchanged."""

    def __init__(
        self,
        module: Module,
        others: Mapping[str, Guest] | None = None,
        engine: wasmtime.Engine | None = None,
    ) -> None:
        self.module = module
        theirs = [item for item in (others or {}).values() if isinstance(item, WasmtimeGuest)]
        self.store = theirs[0].store if theirs else wasmtime.Store(engine or named_engine("speed"))
        imports = [
            self._import(item.module, item.name, module.types[item.type_index], others or {})
            for item in module.imported(Kind.FUNCTION)
        ]
        self.content = write_module(module)
        compiled = wasmtime.Module(self.store.engine, self.content)
        try:
            self.exports = wasmtime.Instance(self.store, compiled, imports).exports(self.store)
        except wasmtime.Trap as trap:
            raise translated(trap, self.content) from None
        indices = module.function_type_indices()
        self.types = {
            item.name: module.types[indices[item.index]] for item in module.exports if item.kind == Kind.FUNCTION
        }

    def _import(self, module: str, name: str, type_: FuncType, others: Mapping[str, Guest]) -> wasmtime.Func:
        other = others.get(module)
        if isinstance(other, WasmtimeGuest):
            return other.exports[name]
        if module == "spectest":
            kinds = {4: {0x7F: "i32", 0x7D: "f32"}, 8: {0x7E: "i64", 0x7C: "f64"}}
            params = [getattr(wasmtime.ValType, kinds[TYPE_BYTES[kind]][kind])() for kind in type_.params]
            return wasmtime.Func(self.store, wasmtime.FuncType(params, []), lambda *_: None)
        raise KeyError(f"{module}.{name}")

    def invoke(self, name: str, *arguments: int) -> list[int]:
        results, function = self.types[name].results, self.exports[name]
        assert isinstance(function, wasmtime.Func)
        slots = max(len(arguments), len(results), 1)
        raw = ctypes.create_string_buffer(b"".join(item.to_bytes(16, "little") for item in arguments), 16 * slots)
        trap: ctypes._Pointer[c_api.wasm_trap_t] = ctypes.POINTER(c_api.wasm_trap_t)()
        error = _call_unchecked(
            self.store._context(), ctypes.byref(function._func), raw, ctypes.c_size_t(slots), ctypes.byref(trap)
        )
        assert error is None
        if trap:
            raise translated(wasmtime.Trap._from_ptr(trap), self.content)
        content = raw.raw
        return [
            int.from_bytes(content[16 * place : 16 * place + TYPE_BYTES[kind]], "little")
            for place, kind in enumerate(results)
        ]

    def value(self, name: str) -> int:
        value = self._get(name)
        width = TYPE_BYTES[0x7F - int(value.kind)]
        return int.from_bytes(ctypes.string_at(ctypes.addressof(value.of), width), "little")

    def assign(self, name: str, bits: int) -> None:
        value = self._get(name)
        width = TYPE_BYTES[0x7F - int(value.kind)]
        ctypes.memmove(ctypes.addressof(value.of), bits.to_bytes(width, "little"), width)
        found = self.exports[name]
        assert isinstance(found, wasmtime.Global)
        error = c_api.wasmtime_global_set(self.store._context(), ctypes.byref(found._global), ctypes.byref(value))
        assert not error

    def _get(self, name: str) -> c_api.wasmtime_val_t:
        found = self.exports[name]
        assert isinstance(found, wasmtime.Global)
        value = c_api.wasmtime_val_t()
        c_api.wasmtime_global_get(self.store._context(), ctypes.byref(found._global), ctypes.byref(value))
        return value

    def memory(self, name: str) -> bytes:
        found = self.exports[name]
        assert isinstance(found, wasmtime.Memory)
        return bytes(found.read(self.store))

    def write(self, name: str, address: int, data: bytes) -> None:
        found = self.exports[name]
        assert isinstance(found, wasmtime.Memory)
        found.write(self.store, data, address)


def translated(trap: wasmtime.Trap, content: bytes) -> Trap | Exhausted:
    """Wasmtime's trap as ours.

    Wasmtime has one code for a quotient and for a float that are too large: the instruction that trapped tells them
    apart (V8 has one for a float that is too large and for a NaN, and so do receipts).
    """
    code = trap.trap_code
    if code == wasmtime.TrapCode.STACK_OVERFLOW:
        return Exhausted("the engine's stack")
    assert code is not None
    if code == wasmtime.TrapCode.INTEGER_OVERFLOW:
        (opcode, *_), _ = read_instruction(content, trap.frames[0].module_offset)
        if opcode not in (op.I32_DIV_S, op.I64_DIV_S):
            return Trap(TrapCode.INVALID_CONVERSION)
    return Trap(TRAPS[code])


class InstrumentedGuest:
    """An instrumented module without ABI, on either; each call is one message that is not rolled back when it traps."""

    grows = False  # whether the guest may ask for memory

    def __init__(
        self,
        module: Module,
        settings: Options,
        start: Callable[[Module], Guest],
        gas: int = GAS,
        stack: int = STACK,
        log_bytes: int = LOG_BYTES,
        instrumented: Module | None = None,
    ) -> None:
        self.settings, self.gas_limit = settings, gas
        self.inner = start(instrumented or instrument(module, None, settings))
        self.module = self.inner.module
        log = host_begin(settings.memory_pages, records=settings.access)
        fields = {"version": 1, "log": log, "log_limit": log + log_bytes, "touched": TOUCHED}
        for name, value in fields.items():
            self.inner.write("corten.system", CONTROL[name], struct.pack("<I", value))
        self.inner.write("corten.system", CONTROL["gas_limit"], struct.pack("<q", gas))
        self.inner.write("corten.system", CONTROL["stack_limit"], struct.pack("<I", stack))

    def begin(self) -> None:
        self.inner.invoke("corten.begin")

    def rollback(self) -> None:
        self.inner.invoke("corten.rollback")

    def invoke(self, name: str, *arguments: int) -> list[int]:
        self.begin()
        try:
            results = self.inner.invoke(name, *arguments)
        except Trap as trap:
            # Giving up is a trap with the counter at -1: gas, stack or log.
            if trap.code == TrapCode.UNREACHABLE and self.inner.value("corten.gas") == (1 << 64) - 1:
                raise Exhausted(GAVE_UP) from None
            raise
        if self.gas > self.gas_limit:  # a message that came back in debt did not come back
            raise Exhausted(GAVE_UP)
        return results

    @property
    def gas(self) -> int:
        """What the last message has used."""
        left = self.inner.value("corten.gas")
        return self.gas_limit - (left - (1 << 64) if left >> 63 else left)

    def touched(self) -> list[int]:
        """Marked pages of 4 KiB."""
        marks = self.inner.memory("corten.system")[TOUCHED : TOUCHED + self.settings.memory_pages * 16]
        return [page for page, mark in enumerate(marks) if mark]

    def value(self, name: str) -> int:
        return self.inner.value(name)

    def assign(self, name: str, bits: int) -> None:
        self.inner.assign(name, bits)

    def memory(self, name: str) -> bytes:
        return self.inner.memory(name)

    def write(self, name: str, address: int, data: bytes) -> None:
        self.inner.write(name, address, data)


def system_pages(memory_pages: int, *, records: bool = False) -> int:
    """Pages of system memory that hold the control block, the maps, and the log with room behind its limit."""
    return -(-(host_begin(memory_pages, records=records) + LOG_BYTES) // 65536) + 16
