"""A guest on V8, in the isolate that engine "v8" runs contracts in (same flags, same tier).

Values are bits: JavaScript has no v128 and need not keep the bits of a NaN, so a small module beside each guest, the
adapter, moves arguments, results and globals between the guest and a scratch memory that Python sees. A call is one
crossing: 40 µs.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corten.base.errors import InvalidModule, TrapCode
from corten.vm import v8_engine
from corten.wasm import op
from corten.wasm.module import Export, Function, FuncType, GlobalType, Import, Instr, Kind, Limits, Module
from corten.wasm.opcodes import F32, F64, I32, I64, TYPE_BYTES, V128
from corten.wasm.writer import write_module
from spec.wasm import Exhausted, Trap
from tests.wasm.engines import Guest

SLOT = 16
LOADS = {I32: op.I32_LOAD, I64: op.I64_LOAD, F32: op.F32_LOAD, F64: op.F64_LOAD, V128: op.V128_LOAD}
STORES = {I32: op.I32_STORE, I64: op.I64_STORE, F32: op.F32_STORE, F64: op.F64_STORE, V128: op.V128_STORE}
END: Instr = (op.END,)


class Isolate:
    """The process's V8 with the test's half loaded."""

    def __init__(self) -> None:
        self._isolate = v8_engine._shared_isolate()
        source = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
        self._isolate._evaluate(f"var corten_test = (\n{source})({json.dumps(v8_engine._TRAPS)}); 0")
        self.released: deque[int] = deque()
        self._buffer = self.call("scratch()")
        self.scratch = memoryview(self._buffer).cast("B")

    def call(self, expression: str) -> Any:
        return self._isolate._evaluate(f"corten_test.{expression}")

    def start(self, module: bytes, adapter: bytes, imports: list[tuple[str, str, int]]) -> int:
        """The number of a new guest; Trap as its instantiation does, InvalidModule if V8 refuses it."""
        from py_mini_racer import JSEvalException

        if self.released:
            self.call(f"release({[self.released.popleft() for _ in range(len(self.released))]})")
        self.call(f"stage({len(module) + len(adapter)})")[:] = module + adapter
        try:
            found = json.loads(self.call(f"start({len(module)}, {json.dumps(imports)})"))
        except JSEvalException as error:
            raise InvalidModule(f"V8 refuses the module: {error}") from error
        if isinstance(found, list):
            raise Trap(TrapCode(found[0]))
        assert isinstance(found, int)
        return found

    @property
    def is_broken(self) -> bool:
        """Whether some other test had V8 interrupted."""
        return self._isolate.is_broken


_started: list[Isolate] = []


def isolate() -> Isolate:
    """Started once, and again after it was interrupted; the flags are V8's for the process."""
    if not _started or _started[-1].is_broken:
        _started.append(Isolate())
    return _started[-1]


def use_liftoff() -> None:
    """V8's baseline compiler instead of TurboFan: before V8 starts, and for the whole process."""
    flags = tuple(flag for flag in v8_engine._FLAGS if flag != "--no-liftoff")
    assert not v8_engine._isolates
    v8_engine._FLAGS = (*flags, "--liftoff-only")  # type: ignore[misc]


class V8Guest:
    """On V8."""

    def __init__(self, module: Module, others: Mapping[str, Guest] | None = None) -> None:
        self.module, self._isolate = module, isolate()
        imports = [
            (item.module, item.name, self._source(item.module, item.name, others or {}))
            for item in module.imported(Kind.FUNCTION)
        ]
        indices, globals_ = module.function_type_indices(), module.global_types()
        self.types = {
            item.name: module.types[indices[item.index]] for item in module.exports if item.kind == Kind.FUNCTION
        }
        self.globals = {item.name: globals_[item.index] for item in module.exports if item.kind == Kind.GLOBAL}
        self._number = self._isolate.start(
            write_module(module), write_module(adapter(self.types, self.globals)), imports
        )
        self._fixed: dict[str, memoryview] = {}

    def __del__(self) -> None:
        if hasattr(self, "_number"):
            self._isolate.released.append(self._number)

    @staticmethod
    def _source(module: str, name: str, others: Mapping[str, Guest]) -> int:
        other = others.get(module)
        if isinstance(other, V8Guest):
            return other._number
        if module == "spectest":
            return 0
        raise KeyError(f"{module}.{name}")

    def invoke(self, name: str, *arguments: int) -> list[int]:
        scratch = self._isolate.scratch
        scratch[: SLOT * len(arguments)] = b"".join(item.to_bytes(SLOT, "little") for item in arguments)
        self._perform(f"call.{name}")
        return [
            int.from_bytes(scratch[SLOT * place : SLOT * place + TYPE_BYTES[kind]], "little")
            for place, kind in enumerate(self.types[name].results)
        ]

    def _perform(self, entry: str) -> None:
        ended = self._isolate.call(f"call({self._number}, {json.dumps(entry)})")
        if ended < 0:
            raise Exhausted("the engine's stack")
        if ended:
            raise Trap(TrapCode(ended))

    def value(self, name: str) -> int:
        self._perform(f"get.{name}")
        return int.from_bytes(self._isolate.scratch[: TYPE_BYTES[self.globals[name].value_type]], "little")

    def assign(self, name: str, bits: int) -> None:
        self._isolate.scratch[:SLOT] = bits.to_bytes(SLOT, "little")
        self._perform(f"set.{name}")

    def memory(self, name: str) -> bytes:
        return bytes(self._memory(name))

    def write(self, name: str, address: int, data: bytes) -> None:
        self._memory(name)[address : address + len(data)] = data

    def _memory(self, name: str) -> memoryview:
        """A memory that cannot grow never moves; one that can has another buffer afterwards."""
        found = self._fixed.get(name)
        if found is None:
            buffer = self._isolate.call(f"memory({self._number}, {json.dumps(name)})")
            found = memoryview(buffer).cast("B")
            index = next(item.index for item in self.module.exports if item.name == name)
            limits = self.module.memories[index]
            if limits.minimum == limits.maximum:
                self._fixed[name] = found
        return found


def adapter(types: Mapping[str, FuncType], globals_: Mapping[str, GlobalType]) -> Module:
    """`call.<name>`, `get.<name>` and `set.<name>`, all () → (): values go through slots of the scratch memory."""
    made = Module(types=[FuncType(), *dict.fromkeys(types.values())])
    made.imports = [Import("test", "scratch", Kind.MEMORY, Limits(2, 2))]
    made.imports += [Import("guest", name, Kind.FUNCTION, made.types.index(type_)) for name, type_ in types.items()]
    made.imports += [Import("guest", name, Kind.GLOBAL, type_) for name, type_ in globals_.items()]

    def add(name: str, body: list[Instr], locals_: tuple[int, ...] = ()) -> None:
        made.exports.append(Export(name, Kind.FUNCTION, len(types) + len(made.functions)))
        made.functions.append(Function(0, list(locals_), [*body, END]))

    for index, (name, type_) in enumerate(types.items()):
        body = [instr for place, kind in enumerate(type_.params) for instr in load(place, kind)]
        body.append((op.CALL, index))
        body += [(op.LOCAL_SET, place) for place in reversed(range(len(type_.results)))]
        for place, kind in enumerate(type_.results):
            body += store(place, kind, (op.LOCAL_GET, place))
        add(f"call.{name}", body, type_.results)
    for index, (name, global_) in enumerate(globals_.items()):
        add(f"get.{name}", store(0, global_.value_type, (op.GLOBAL_GET, index)))
        if global_.mutable:
            add(f"set.{name}", [*load(0, global_.value_type), (op.GLOBAL_SET, index)])
    return made


def load(place: int, kind: int) -> list[Instr]:
    return [(op.I32_CONST, 0), (LOADS[kind], 0, SLOT * place, 0)]


def store(place: int, kind: int, value: Instr) -> list[Instr]:
    return [(op.I32_CONST, 0), value, (STORES[kind], 0, SLOT * place, 0)]
