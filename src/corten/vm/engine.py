"""Wasmtime through its C API: compile, instantiate, call `run` and `recover` unchecked. The only importer of wasmtime.

wasmtime's public Python API rebuilds function types at every call (25 µs); here each call is one prebuilt ctypes call
(under 1 µs). The price is that nothing checks us, hence three rules:

- a `Store` owns every base pointer; each view on a memory keeps its store alive,
- a memory is fixed in size (minimum = maximum), so its base never moves and a view has exactly its length,
- one store is used by one thread at a time; the caller holds a lock.
"""

from __future__ import annotations

import ctypes
import hashlib
import platform
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final

import wasmtime
from wasmtime import _bindings as c_api

from corten.base.errors import HostFault, InvalidModule, TrapCode
from corten.vm.cache import Cache
from corten.vm.callbacks import Callbacks, GuestStopped, Port, Service
from corten.vm.host import Services
from corten.vm.instance import found_outbox_full, owned_view
from corten.wasm import op
from corten.wasm.decode import read_instruction

NATIVE_STACK_BYTES: Final = 4 << 20
"""Native stack a guest may use. The metered depth limit stops a guest well before; reaching this is a host fault."""

_PAGE_BYTES: Final = 65536

_TRAPS: Final = {
    1: TrapCode.MEMORY_OUT_OF_BOUNDS,
    3: TrapCode.TABLE_OUT_OF_BOUNDS,
    4: TrapCode.INDIRECT_CALL_MISMATCH,
    5: TrapCode.INDIRECT_CALL_MISMATCH,
    6: TrapCode.INTEGER_OVERFLOW,
    7: TrapCode.DIVISION_BY_ZERO,
    8: TrapCode.INVALID_CONVERSION,
    9: TrapCode.UNREACHABLE,
}
"""Wasmtime's trap codes that a guest can cause. Any other one (0 is native stack overflow) is the host's fault."""

_DIVISIONS: Final = frozenset((op.I32_DIV_S, op.I64_DIV_S))

_VALUE_BYTES: Final = {0x7F: 4, 0x7E: 8, 0x7D: 4, 0x7C: 8, 0x7B: 16}
"""Width of a global by Wasm's byte for its type: i32, i64, f32, f64, v128; Wasmtime numbers the same from 0 up."""


def _unchecked(name: str) -> Any:
    """A private function object of the library: `dll.name` is shared and carries wasmtime-py's argument types."""
    function = c_api.dll[name]
    function.restype = ctypes.c_void_p
    return function


_call_unchecked = _unchecked("wasmtime_func_call_unchecked")


class _Owned:
    """Of what wasmtime-py frees: nothing is, once the interpreter ends.

    Modules are emptied then in an order that objects do not know, and wasmtime-py's `__del__` may find its own library
    gone, which is printed. The process gives everything back at once.
    """

    def __del__(self, is_finalizing: Callable[[], bool] = sys.is_finalizing) -> None:
        if not is_finalizing():
            self.close()  # type: ignore[attr-defined]


class _NativeEngine(_Owned, wasmtime.Engine):
    pass


class _NativeModule(_Owned, wasmtime.Module):
    pass


class _Store(_Owned, wasmtime.Store):
    pass


@dataclass(frozen=True)
class EngineSettings:
    """What decides the machine code. Any change of a field gives other cache entries."""

    opt_level: str = "speed"
    nan_canonicalization: bool = False
    parallel_compilation: bool = True


class Engine:
    """Compiles modules, through a cache on disk if one is given."""

    name = "wasmtime"

    def __init__(self, settings: EngineSettings | None = None, cache: Cache | None = None) -> None:
        self.settings = settings or EngineSettings()
        self._cache = cache
        self._engine = _NativeEngine(_configuration(self.settings))

    @property
    def fingerprint(self) -> bytes:
        """Wasmtime's version, the processor it compiles for, and the settings."""
        target = f"{sys.platform}-{platform.machine()}"
        return f"wasmtime {_wasmtime_version()} {target} {self.settings} {NATIVE_STACK_BYTES}".encode()

    def load(self, module: bytes) -> Code:
        """Machine code of `module`, from the cache or compiled; InvalidModule when Wasmtime refuses it."""
        if self._cache is None:
            return Code(self._engine, self._compile(module), module)
        key = hashlib.sha256(hashlib.sha256(module).digest() + self.fingerprint).digest()
        stored = self._cache.get(key)
        code = self._deserialize(stored) if stored is not None else None
        if code is None:
            code = self._compile(module)
            self._cache.put(key, bytes(code.serialize()))
        return Code(self._engine, code, module)

    def _compile(self, module: bytes) -> wasmtime.Module:
        try:
            return _NativeModule(self._engine, module)
        except wasmtime.WasmtimeError as error:
            raise InvalidModule(f"the engine refuses the module: {error}") from error

    def _deserialize(self, stored: bytes) -> wasmtime.Module | None:
        """None when the entry was made for another processor: a home directory can be shared between machines."""
        try:
            return _NativeModule.deserialize(self._engine, stored)
        except wasmtime.WasmtimeError:
            return None


class Code:
    """A compiled module and the bytes that it was compiled from; makes instances."""

    def __init__(self, engine: wasmtime.Engine, module: wasmtime.Module, content: bytes) -> None:
        self._engine = engine
        self.content = content
        self._module = module
        self.global_names = sorted(
            (export.name for export in module.exports if export.name.startswith("corten.global.")),
            key=lambda name: int(name.rpartition(".")[2]),
        )
        self.imports = [str(item.name) for item in module.imports]

    def instantiate(self, services: Services | None = None) -> Instance:
        """A fresh instance with its own memories, whose imports `services` answer.

        HostFault when the system has no room for its memories. InvalidModule without the exports of a contract.
        """
        serving = [] if services is None else services.of(self.imports)
        types = [item.type for item in self._module.imports] if self.imports else []
        functions = [type_ for type_ in types if isinstance(type_, wasmtime.FuncType)]
        instance = Instance(self._engine, self._module, self, functions, serving)
        instance.prepare()
        return instance

    def kernel(self) -> Instance:
        """A fresh instance of a kernel's module, of which `function` calls the exports."""
        return Instance(self._engine, self._module, self, [], ())

    def adopt(self, number: int, _services: Services | None) -> Instance:
        """No message makes instances inside of Wasmtime: Python does."""
        raise HostFault(f"expected no instance that Wasmtime made by itself, found number {number}")


class Instance:
    """One live instance of an instrumented module: its two memories, `run`, `recover` and its globals."""

    is_lost = False

    def __init__(
        self,
        engine: wasmtime.Engine,
        module: wasmtime.Module,
        code: Code,
        import_types: Sequence[wasmtime.FuncType],
        services: Sequence[Service | Port],
    ) -> None:
        self._store = _Store(engine)
        self._context = self._store._context()
        self._callbacks = Callbacks(self._context, import_types, services)
        self._handle = self._instantiate(module)
        self.memory = self._memory("memory")
        self._callbacks.attach(self.memory)
        self.system = self._memory("corten.system")
        self._globals = [self._export(name, "global_") for name in code.global_names]
        self._content = code.content
        self._trap = ctypes.c_void_p()
        self._argument = (ctypes.c_uint32 * 4)()
        self._run_call: tuple[Any, ...] = ()
        self._recover_call: tuple[Any, ...] = ()
        self.before_recovery: Callable[[], None] | None = None

    def prepare(self) -> None:
        """Find `run` and `recover`; InvalidModule if they are missing."""
        self._run_call, self._recover_call = self._prepare("corten.run", 0), self._prepare("corten.recover", 1)

    def advance(self) -> bool:
        """Apply frames to their end (True), or to a message that found the outbox full (False)."""
        while (trap := self.run()) is not None:
            if self.before_recovery is not None:
                self.before_recovery()
            self.recover(trap)
            if found_outbox_full(self.system):
                return False
        return True

    def run(self) -> TrapCode | None:
        """Apply frames until their end (None) or until the guest traps; HostFault when the engine itself gave up."""
        error = _call_unchecked(*self._run_call)
        if error is None and self._trap.value is None:
            return None
        return self._stopped(error)

    def recover(self, code: TrapCode) -> None:
        """Roll back the message that trapped and write its receipt."""
        self._argument[0] = code
        error = _call_unchecked(*self._recover_call)
        if error is not None or self._trap.value is not None:
            raise HostFault(f"recover itself stopped: {self._stopped(error)!r}")

    def entrance(self) -> Callable[[], TrapCode | None]:
        """Applies one entry as a part of another contract's message, as the call area says; as `run`."""
        arguments, trap, stopped = self._prepare("corten.enter", 0), self._trap, self._stopped

        def enter() -> TrapCode | None:
            error = _call_unchecked(*arguments)
            return None if error is None and trap.value is None else stopped(error)

        return enter

    def undo(self) -> None:
        """Roll back everything since the first `enter` of another contract's message."""
        error = _call_unchecked(*self._undo_call)
        if error is not None or self._trap.value is not None:
            raise HostFault(f"undo itself stopped: {self._stopped(error)!r}")

    def function(self, name: str, values: Sequence[int]) -> tuple[Any, Callable[[], TrapCode | None]]:
        """An exported function: its i32 arguments, whose first one its result replaces, and what calls it.

        An argument is four 32-bit words, the first of which counts. The call lets other Python threads run.
        """
        words = (ctypes.c_uint32 * (4 * max(len(values), 1)))(*(word for value in values for word in (value, 0, 0, 0)))
        _, handle, _, _, trap = self._prepare(name, 0)
        arguments = (
            ctypes.cast(self._context, ctypes.c_void_p),
            handle,
            ctypes.byref(words),
            ctypes.c_size_t(max(len(values), 1)),
            trap,
        )
        pending, stopped = self._trap, self._stopped

        def call() -> TrapCode | None:
            error = _call_unchecked(*arguments)
            return None if error is None and pending.value is None else stopped(error)

        return words, call

    def raised(self) -> int:
        """What the guest raised last: a trap's code and, above 12 bits, its site; 0 if it raised nothing."""
        return int.from_bytes(self._read_global(self._export("corten.trap", "global_"))[1:], "little")

    @cached_property
    def _undo_call(self) -> tuple[Any, ...]:
        return self._prepare("corten.undo", 0)

    def globals(self) -> bytes:
        """Wasm's type byte and the little-endian value (4, 8 or 16 bytes) of every exported global, in order."""
        return b"".join(self._read_global(handle) for handle in self._globals)

    def set_globals(self, values: bytes) -> None:
        """Restore what `globals` returned."""
        offset = 0
        for handle in self._globals:
            width = _VALUE_BYTES[values[offset]]
            value = c_api.wasmtime_val_t(kind=0x7F - values[offset])
            ctypes.memmove(ctypes.addressof(value.of), values[offset + 1 : offset + 1 + width], width)
            _check(c_api.wasmtime_global_set(self._context, ctypes.byref(handle), ctypes.byref(value)))
            offset += 1 + width

    def _read_global(self, handle: Any) -> bytes:
        value = c_api.wasmtime_val_t()
        c_api.wasmtime_global_get(self._context, ctypes.byref(handle), ctypes.byref(value))
        type_byte = 0x7F - int(value.kind)
        return bytes([type_byte]) + ctypes.string_at(ctypes.addressof(value.of), _VALUE_BYTES[type_byte])

    def _instantiate(self, module: wasmtime.Module) -> Any:
        handle = c_api.wasmtime_instance_t()
        trap: Any = ctypes.POINTER(c_api.wasm_trap_t)()
        imports = self._callbacks.imports
        made = c_api.wasmtime_instance_new(
            self._context, module.ptr(), imports, len(imports), ctypes.byref(handle), ctypes.byref(trap)
        )
        _check(made)
        if trap:
            raise InvalidModule(f"the module trapped while it was set up: {wasmtime.Trap._from_ptr(trap)}")
        return handle

    def _export(self, name: str, kind: str) -> Any:
        item = c_api.wasmtime_extern_t()
        encoded = name.encode()
        found = c_api.wasmtime_instance_export_get(
            self._context, ctypes.byref(self._handle), encoded, len(encoded), ctypes.byref(item)
        )
        if not found:
            raise InvalidModule(f"expected an export {name!r}, found none: was the module instrumented?")
        handle = getattr(item.of, kind)
        copy = type(handle)()
        ctypes.pointer(copy)[0] = handle
        return copy

    def _memory(self, name: str) -> memoryview:
        handle = self._export(name, "memory")
        size = int(c_api.wasmtime_memory_data_size(self._context, ctypes.byref(handle)))
        base = ctypes.cast(c_api.wasmtime_memory_data(self._context, ctypes.byref(handle)), ctypes.c_void_p)
        if base.value is None or size % _PAGE_BYTES:
            raise HostFault(f"memory {name!r} has no usable base or size ({size} bytes)")
        return owned_view(base.value, size, self._store)

    def _prepare(self, name: str, value_count: int) -> tuple[Any, ...]:
        function = self._export(name, "func")
        return (
            ctypes.cast(self._context, ctypes.c_void_p),
            ctypes.byref(function),
            ctypes.byref(self._argument),
            ctypes.c_size_t(value_count),
            ctypes.byref(self._trap),
        )

    def _stopped(self, error: int | None) -> TrapCode:
        if error is not None:
            message = wasmtime.WasmtimeError._from_ptr(ctypes.cast(error, ctypes.POINTER(c_api.wasmtime_error_t)))
            return self._given_up(f"the engine could not run the guest: {message}")
        trap = ctypes.cast(self._trap, ctypes.POINTER(c_api.wasm_trap_t))
        number = ctypes.c_uint8(255)
        c_api.wasmtime_trap_code(trap, ctypes.byref(number))
        self._trap.value = None
        code = _TRAPS.get(number.value)
        if code is TrapCode.INTEGER_OVERFLOW and not self._is_division(trap):
            code = TrapCode.INVALID_CONVERSION
        c_api.wasm_trap_delete(trap)
        if code is None:
            reason = "native stack overflow" if number.value == 0 else f"engine trap {number.value}"
            return self._given_up(f"{reason} inside the guest: the metered limits should have stopped it first")
        return code

    def _given_up(self, reason: str) -> TrapCode:
        """The engine stopped by itself, or because a service did: what the service left with says more."""
        failure = self._callbacks.take_failure()
        if isinstance(failure, GuestStopped):
            return failure.code
        if failure is not None:
            raise HostFault(f"a host function failed: {failure!r}") from failure
        raise HostFault(reason)

    def _is_division(self, trap: Any) -> bool:
        """Whether an integer overflow is a quotient's, not that of a float converted to an integer."""
        frame = c_api.wasm_trap_origin(trap)
        offset = c_api.wasm_frame_module_offset(frame)
        c_api.wasm_frame_delete(frame)
        (code, *_), _ = read_instruction(self._content, offset)
        return code in _DIVISIONS


def _configuration(settings: EngineSettings) -> wasmtime.Config:
    """Everything else stays at Wasmtime's default: 4 GiB reservations (no bounds checks), no fuel, no epochs.

    Our own validator refuses what is outside the profile; switching off reference types here aborts the process.
    """
    config = wasmtime.Config()
    config.cranelift_opt_level = settings.opt_level
    config.cranelift_nan_canonicalization = settings.nan_canonicalization
    config.parallel_compilation = settings.parallel_compilation
    config.wasm_multi_memory = True
    config.wasm_simd = True
    config.wasm_relaxed_simd = False
    config.wasm_threads = False
    c_api.wasmtime_config_async_stack_size_set(config.ptr(), 2 * NATIVE_STACK_BYTES)  # must not be the smaller one
    c_api.wasmtime_config_max_wasm_stack_set(config.ptr(), NATIVE_STACK_BYTES)
    return config


@cache
def _wasmtime_version() -> str:
    from importlib.metadata import version

    return version("wasmtime")


def _check(error: Any) -> None:
    if error:
        raise HostFault(str(wasmtime.WasmtimeError._from_ptr(error)))


assert struct.calcsize("P") == 8, "addresses are taken as 64-bit"
