"""V8 through the wheel `mini-racer`: the second engine for the same instrumented bytes.

V8 calls no Python, and one call from Python changes threads twice (some 50 µs). So a crossing is one call: Python
writes the inbox into the system memory, `v8_host.js` applies all of it and recovers from traps, Python reads what came
out. Both sides see the same memory, nothing is copied. Host functions are computed in JavaScript (`v8_services.js`) and
contracts call each other there (`v8_calls.js`). Rules:

- one isolate serves all instances of a process, one call at a time: contracts in V8 do not run in parallel;
- mini-racer finds its own event loop running in the calling thread: then it waits for V8 itself, without two more
  changes of thread; an interrupted wait leaves an answer behind that the next call would take for its own, so the
  isolate is not used again;
- a memory is fixed in size (minimum = maximum), so its buffer never moves and is never detached;
- views keep a lease; when the last one is gone, the next call of the isolate drops the instance and V8 may collect it.

V8 picks no tier while a contract runs: TurboFan compiles every function at once, so that speed does not depend on what
ran before and frames have the size that the stack limit was calibrated with.
"""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import hashlib
import json
import struct
import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from corten.base.errors import HostFault, InvalidInput, InvalidModule, TrapCode
from corten.host.javascript import functions_source
from corten.vm import v8_calls, v8_services
from corten.vm.cache import Cache
from corten.vm.global_words import accessor, global_types, word_count
from corten.vm.host import HostFunctions, Services
from corten.vm.instance import owned_view
from corten.vm.layout import CURSOR_OFFSET, NEXT_INDEX_OFFSET, RECEIPT
from corten.wasm.module import GlobalType, Kind
from corten.wasm.opcodes import TYPE_BYTES
from corten.wasm.reader import read_module
from corten.wasm.writer import write_module

if TYPE_CHECKING:
    from py_mini_racer import MiniRacer

    from corten.vm.v8_calls import V8Switchboard

STACK_KIBIBYTES: Final = 1800
"""Native stack a guest may use, of the 2 MiB or more that a thread has. The metered limit stops a guest before, with
at most 8 bytes a unit in V8's worst tier. Reaching this is a host fault."""

_FLAGS: Final = (
    "--single-threaded",
    "--no-liftoff",
    "--no-wasm-lazy-compilation",
    f"--stack-size={STACK_KIBIBYTES}",
)

_TRAPS: Final = {
    "unreachable": TrapCode.UNREACHABLE,
    "memory access out of bounds": TrapCode.MEMORY_OUT_OF_BOUNDS,
    "divide result unrepresentable": TrapCode.INTEGER_OVERFLOW,
    "divide by zero": TrapCode.DIVISION_BY_ZERO,
    "remainder by zero": TrapCode.DIVISION_BY_ZERO,
    "float unrepresentable in integer range": TrapCode.INVALID_CONVERSION,
    "function signature mismatch": TrapCode.INDIRECT_CALL_MISMATCH,
    "null function or function signature mismatch": TrapCode.INDIRECT_CALL_MISMATCH,
    "table index is out of bounds": TrapCode.TABLE_OUT_OF_BOUNDS,
}
"""Messages of V8's RuntimeErrors that a guest can cause. Anything else that is thrown is the host's fault."""

_STILL_RUNNING: Final = 0
_FINISHED: Final = 1
_SETTINGS: Final = {
    "traps": _TRAPS,
    "progress": [CURSOR_OFFSET, NEXT_INDEX_OFFSET, NEXT_INDEX_OFFSET + 4],
    "receiptBytes": RECEIPT.size,
    "codeOffset": struct.calcsize("<BB"),
    "outboxExhausted": TrapCode.OUTBOX_EXHAUSTED,
    "stillRunning": _STILL_RUNNING,
    "finished": _FINISHED,
    "calls": v8_calls.SETTINGS,
    "services": v8_services.SETTINGS,
}
_OVERFLOW: Final = "Maximum call stack size exceeded"
_WORD_BYTES: Final = 8
_HERE: Final = Path(__file__).parent


class V8Engine:
    """Compiles modules. `cache` keeps what was read out of them; V8's machine code stays in the process."""

    name = "v8"

    def __init__(self, cache: Cache | None = None) -> None:
        self._cache = cache
        _shared_isolate()

    def load(self, module: bytes) -> V8Code:
        """The code of `module`; InvalidModule when V8 refuses it."""
        return V8Code(module, self._accessor(module))

    def _accessor(self, module: bytes) -> bytes:
        key = hashlib.sha256(b"v8 global words 1" + hashlib.sha256(module).digest()).digest()
        stored = self._cache.get(key) if self._cache is not None else None
        if stored is None:
            stored = write_module(accessor(global_types(read_module(module))))
            if self._cache is not None:
                self._cache.put(key, stored)
        return stored


class V8Code:
    """A compiled module and the one that accesses its globals; compiled again after an interrupt."""

    def __init__(self, module: bytes, words: bytes) -> None:
        self._contents = module, words
        self._compiling = threading.Lock()
        self._compiled = self._compile()
        isolate, code, _ = self._compiled
        self.imports: list[str] = json.loads(isolate.call(f"imports({code.number})"))
        imported = (item.description for item in read_module(words).imported(Kind.GLOBAL))
        self._types = [item.value_type for item in imported if isinstance(item, GlobalType)]

    def instantiate(self, services: Services | None = None) -> V8Instance:
        """A fresh instance with its own memories; HostFault when the system has no room for them."""
        isolate, module, accessor = self._current()
        if self.imports:
            isolate.implement()
        found = isolate.call(f"instantiate({module.number}, {accessor.number})")
        if isinstance(found, str):
            raise InvalidModule(f"expected an export {found!r}, found none: was the module instrumented?")
        return self._instance(isolate, found, services)

    def adopt(self, number: int, services: Services | None) -> V8Instance:
        """An instance that a contract's message made."""
        return self._instance(self._compiled[0], number, services)

    def staged(self, isolate: Isolate) -> tuple[int, int]:
        """The numbers of the module and its accessor in an isolate: what an instance is made of there."""
        _, module, accessor = self._current(isolate)
        if self.imports:
            isolate.implement()
        return module.number, accessor.number

    def kernel(self) -> V8Kernel:
        """A fresh instance of a kernel's module."""
        isolate, module, _ = self._current()
        return V8Kernel(isolate, Lease(isolate, isolate.call(f"kernel({module.number})")))

    def _instance(self, isolate: Isolate, number: int, services: Services | None) -> V8Instance:
        host = services.host if services is not None and self.imports else None
        return V8Instance(isolate, Lease(isolate, number), self._types, host)

    def _current(self, wanted: Isolate | None = None) -> tuple[Isolate, Lease, Lease]:
        """The isolate and the leases there: threads share this, and numbers of one isolate mean nothing in another."""
        with self._compiling:
            isolate = self._compiled[0]
            if isolate.is_broken or (wanted is not None and isolate is not wanted):
                self._compiled = self._compile()
            return self._compiled

    def _compile(self) -> tuple[Isolate, Lease, Lease]:
        isolate = _shared_isolate()
        module, words = self._contents
        return isolate, isolate.compile(module), isolate.compile(words)


class V8Instance:
    """One live instance: its two memories, its globals, and the call that applies a batch."""

    def __init__(self, isolate: Isolate, lease: Lease, types: list[int], host: HostFunctions | None) -> None:
        """`host` serves the imports, if there are any."""
        self.isolate = isolate
        self.number = lease.number
        self.board: V8Switchboard | None = None
        self.is_introduced = False
        self._types = types
        self._host = host
        self._advance = f"advance({lease.number})"
        self.memory = self._view("memory", lease)
        self.system = self._view("system", lease)
        self._globals = self._view("globals", lease)

    def advance(self) -> bool:
        """Apply frames to their end (True), or to a message that found the outbox full (False)."""
        while (end := self._cross()) > _FINISHED:
            assert self.board is not None
            self.board.join(end)
        return end == _FINISHED

    def _cross(self) -> int:
        """One crossing: how far it came, or the address of a contract without which it cannot go on."""
        if self._host is None:
            return int(self.isolate.call(self._advance))
        board = "null" if self.board is None else self.board.text()
        with v8_services.Attendance(self.isolate, self._host) as attendance:
            end = self.isolate.call(f"converse({self.number},{board},{attendance.text})")
        if isinstance(end, str):
            assert self.board is not None
            end, *noted = json.loads(end)
            self.board.note(*noted)
        return int(end)

    @property
    def is_lost(self) -> bool:
        """Whether its isolate was interrupted."""
        return self.isolate.is_broken

    def globals(self) -> bytes:
        """Wasm's type byte and the little-endian value (4, 8 or 16 bytes) of every exported global, in order."""
        values, offset = [], _WORD_BYTES
        for value_type in self._types:
            values.append(bytes([value_type]) + self._globals[offset : offset + TYPE_BYTES[value_type]])
            offset += _WORD_BYTES * word_count(value_type)
        return b"".join(values)

    def set_globals(self, values: bytes) -> None:
        """Restore what `globals` returned; the guest sees it at the next call."""
        source, offset = 0, _WORD_BYTES
        for value_type in self._types:
            width = TYPE_BYTES[value_type]
            self._globals[offset : offset + width] = values[source + 1 : source + 1 + width]
            source += 1 + width
            offset += _WORD_BYTES * word_count(value_type)
        self._globals[0] = 1

    def _view(self, name: str, lease: Lease) -> memoryview:
        return _memory_view(self.isolate.call(f"{name}({lease.number})"), lease)


class V8Kernel:
    """One live instance of a kernel's module: its memories and its exports."""

    def __init__(self, isolate: Isolate, lease: Lease) -> None:
        self._isolate, self._lease = isolate, lease
        self.memory, self.system = (
            _memory_view(isolate.call(f"{name}({lease.number})"), lease) for name in ("memory", "system")
        )

    def call(self, name: str, values: Sequence[int]) -> int:
        """The export's result, 0 or more; below 0, -1 - (trap code | site << 12) if it stopped."""
        arguments = ", ".join([str(self._lease.number), json.dumps(name), *map(str, values)])
        return int(self._isolate.call(f"compute({arguments})"))


def _memory_view(buffer: Any, lease: Lease) -> memoryview:
    return owned_view(ctypes.addressof(ctypes.c_char.from_buffer(buffer)), len(buffer), lease)


class Lease:
    """A number of an object in the isolate; the object goes when nobody holds the lease any more."""

    def __init__(self, isolate: Isolate, number: int) -> None:
        self.isolate = isolate
        self.number = number

    def __del__(self) -> None:
        self.isolate.released.append(self.number)


class Isolate:
    """V8 with our half loaded. Calls from several threads wait for one another."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._lock = threading.Lock()
        self._is_broken = False
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(self._loop)
        try:
            self._racer = _start_v8()
        finally:
            asyncio._set_running_loop(outer)
        atexit.register(self._close)  # left to the interpreter's end, V8's threads are waited for in vain
        self.released: deque[int] = deque()
        self._staging = threading.Lock()
        self._is_implemented = False
        sources = (
            (_HERE / name).read_text(encoding="utf-8") for name in ("v8_host.js", "v8_calls.js", "v8_services.js")
        )
        host, calls, services = (f"(\n{source})" for source in sources)
        self._evaluate(f"var corten = {host}({json.dumps(_SETTINGS)}, {calls}, {services}); 0")

    def compile(self, module: bytes) -> Lease:
        """Machine code of a module; InvalidModule when V8 refuses it."""
        from py_mini_racer import JSEvalException

        with self._staging:
            self.call(f"stage({len(module)})")[:] = module
            try:
                return Lease(self, self._evaluate("corten.compile()"))
            except JSEvalException as error:
                raise InvalidModule(f"the engine refuses the module: {_first_line(error)}") from error

    def implement(self) -> None:
        """Load the host functions, once a contract needs them."""
        if not self._is_implemented:
            self.call(f"implement({functions_source()})")
            self._is_implemented = True

    def call(self, expression: str) -> Any:
        """A function of `v8_host.js`; HostFault when it throws."""
        from py_mini_racer import JSEvalException

        if self.released:
            self._release()
        try:
            return self._evaluate(f"corten.{expression}")
        except JSEvalException as error:
            message = _first_line(error)
            if _OVERFLOW in message:
                message = "native stack overflow inside the guest: the metered limits should have stopped it first"
            raise HostFault(message) from error

    def lease(self, expression: str) -> Lease:
        """As `call`, of a function whose result is the number of an object."""
        return Lease(self, self.call(expression))

    def _evaluate(self, code: str) -> Any:
        from py_mini_racer import JSEvalException

        with self._lock:
            if self._is_broken:
                raise HostFault("V8 was interrupted in an earlier call: restore a snapshot")
            has_answered = False
            outer = asyncio._get_running_loop()
            asyncio._set_running_loop(self._loop)
            try:
                answer = self._racer.eval(code)
                has_answered = True
            except JSEvalException:
                has_answered = True
                raise
            finally:
                self._is_broken = not has_answered
                asyncio._set_running_loop(outer)
            return answer

    def _release(self) -> None:
        """Not done where a lease ends: that may be any thread, in the middle of a call. Two threads may come here."""
        numbers = []
        with suppress(IndexError):
            while True:
                numbers.append(self.released.popleft())
        if numbers:
            self._evaluate(f"corten.release({numbers})")

    def _close(self) -> None:
        self._racer.close()
        self._loop.close()

    @property
    def is_broken(self) -> bool:
        """Whether a call was interrupted: nothing can be asked of it any more."""
        return self._is_broken


_isolates: list[Isolate] = []
_isolates_lock = threading.Lock()


def _shared_isolate() -> Isolate:
    """The process's isolate; another one after an interrupt."""
    with _isolates_lock:
        if not _isolates or _isolates[-1].is_broken:
            _isolates[:] = [Isolate()]
        return _isolates[0]


def _start_v8() -> MiniRacer:
    try:
        import py_mini_racer
    except ModuleNotFoundError as error:
        expected = "mini-racer, which `pip install 'corten[v8]'` installs"
        raise InvalidInput("engine 'v8'", expected, "it missing") from error
    if not _isolates:
        try:
            py_mini_racer.init_mini_racer(flags=_FLAGS)
        except py_mini_racer.LibAlreadyInitializedError as error:
            expected = "V8 not started yet: its stack and its compiler are set once for a process"
            raise InvalidInput("engine 'v8'", expected, "mini-racer in use already: make the machine first") from error
    return py_mini_racer.MiniRacer()


def _first_line(error: Exception) -> str:
    """What was thrown, without the place in our script."""
    lines = str(error).splitlines()
    thrown = [line for line in lines if "Error: " in line]
    return (thrown or lines or [type(error).__name__])[0].strip()
