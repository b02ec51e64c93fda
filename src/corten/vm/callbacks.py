"""Imports of an instance that Python serves: ctypes callbacks through Wasmtime's unchecked entry points.

Nothing checks us here, hence:

- an exception must not leave a callback, ctypes would print it and go on: it is kept aside, the guest is trapped, and
  whoever called the guest finds it with `Callbacks.take_failure`;
- callbacks and function types outlive the store's functions, so the instance owns them;
- a callback refers to memory, never to the instance: an instance that nobody holds is freed at once.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from wasmtime import FuncType
from wasmtime import _bindings as c_api

from corten.base.errors import TrapCode

Service: TypeAlias = Callable[[memoryview, Any], None]
"""Called with the guest's memory and the raw arguments as u32 words: i32 argument i is word 4·i, a result word 0."""

_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint32), ctypes.c_size_t
)
_PORT_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
_NO_FINALIZER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)()
_MESSAGE = b"a host function failed"


def _unchecked(name: str) -> Any:
    """A private function object of the library, without wasmtime-py's argument types."""
    function = c_api.dll[name]
    function.restype = ctypes.c_void_p
    return function


_trap_new = _unchecked("wasmtime_trap_new")
_func_new = _unchecked("wasmtime_func_new_unchecked")


class Port:
    """Serves an import without operands, all of whose input lies in the system memory: a shorter way than a service.

    `serve` is attached while there is somebody to serve it.
    """

    serve: Callable[[], None]


class GuestStopped(Exception):  # no error of ours: a guest that another guest called
    """A service raises it to stop the guest with the trap that stopped a callee."""

    def __init__(self, code: TrapCode) -> None:
        self.code = code
        super().__init__(code.name)


class Callbacks:
    """The functions of one store that call `services`, in the order of the module's imports."""

    def __init__(self, context: Any, types: Sequence[FuncType], services: Sequence[Service | Port]) -> None:
        self._memory: list[memoryview] = []
        self._failures: list[BaseException] = []
        self._callbacks = [self._callback(service) for service in services]
        self.imports = (c_api.wasmtime_extern_t * len(services))()
        for item, type_, callback in zip(self.imports, types, self._callbacks, strict=True):
            item.kind = 0  # a function
            function = ctypes.byref(item.of, 0)
            _func_new(context, type_.ptr(), callback, None, _NO_FINALIZER, function)

    def attach(self, memory: memoryview) -> None:
        """Give the services the guest's memory, once there is one."""
        self._memory.append(memory)

    def take_failure(self) -> BaseException | None:
        """The exception that a service left with, if it is the reason for the trap; forgets it."""
        return self._failures.pop() if self._failures else None

    def _callback(self, service: Service | Port) -> Any:
        if isinstance(service, Port):
            return _PORT_CALLBACK(self._guarded_port(service))
        return _CALLBACK(self._guarded(service))

    def _guarded(self, service: Service) -> Callable[[Any, Any, Any, int], int | None]:
        memory, failures = self._memory, self._failures

        def callback(_environment: Any, _caller: Any, raw: Any, _count: int) -> int | None:
            try:
                service(memory[0], raw)
            except BaseException as error:  # noqa: BLE001 — raised again behind the engine
                failures.append(error)
                trap: int = _trap_new(_MESSAGE, len(_MESSAGE))
                return trap
            return None

        return callback

    def _guarded_port(self, port: Port) -> Callable[[Any, Any, Any, int], int | None]:
        failures = self._failures

        def callback(_environment: Any, _caller: Any, _raw: Any, _count: int) -> int | None:
            try:
                port.serve()
            except BaseException as error:  # noqa: BLE001 — raised again behind the engine
                failures.append(error)
                trap: int = _trap_new(_MESSAGE, len(_MESSAGE))
                return trap
            return None

        return callback
