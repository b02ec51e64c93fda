"""Instances: a module with its memories, tables and globals. WebAssembly Core 2.0, sections 4.2 and 4.5.4."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from corten.base.errors import TrapCode
from corten.wasm import op
from corten.wasm.module import Function, FuncType, Instr, Kind, Module
from spec.wasm.floats import Format, canonical
from spec.wasm.integers import wrap
from spec.wasm.memory import MOST_PAGES, Memory
from spec.wasm.scalars import Operator, scalar_operators
from spec.wasm.trap import Trap
from spec.wasm.vectors import vector_operators

NanChoice: TypeAlias = Callable[[Format], int]


@dataclass
class WasmFunction:
    """A function with the instance that it belongs to. `targets` is where its blocks end: position → (else, end)."""

    type: FuncType
    instance: Instance
    code: Function
    targets: dict[int, tuple[int, int]]


@dataclass
class HostFunction:
    """A function of the embedder, over bits; it may raise Trap."""

    type: FuncType
    call: Callable[..., Sequence[int]]


AnyFunction: TypeAlias = WasmFunction | HostFunction


@dataclass
class Instance:
    """A module's run-time state. Globals and results are bits, unsigned."""

    module: Module
    operators: dict[str, Operator]
    functions: list[AnyFunction] = field(default_factory=list)
    tables: list[list[AnyFunction | None]] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)
    globals: list[int] = field(default_factory=list)

    def exported(self, kind: Kind, name: str) -> int:
        """The index of an export. Raises KeyError if there is none."""
        for item in self.module.exports:
            if (item.kind, item.name) == (kind, name):
                return item.index
        raise KeyError(name)

    def function(self, name: str) -> AnyFunction:
        """An exported function."""
        return self.functions[self.exported(Kind.FUNCTION, name)]

    def memory(self, name: str) -> Memory:
        """An exported memory."""
        return self.memories[self.exported(Kind.MEMORY, name)]

    def value(self, name: str) -> int:
        """The bits of an exported global."""
        return self.globals[self.exported(Kind.GLOBAL, name)]


def instantiate(
    module: Module,
    imports: Mapping[tuple[str, str], AnyFunction] | None = None,
    open_nan: NanChoice = canonical,
    most_pages: int = MOST_PAGES,
) -> Instance:
    """A new instance of a valid module without start function.

    `open_nan` chooses the bits of NaNs that the specification leaves open; `most_pages` bounds memories that declare no
    maximum. Raises KeyError for a missing import, Trap for a segment out of bounds, ValueError outside the profile.
    """
    if module.start is not None or any(item.kind != Kind.FUNCTION for item in module.imports):
        raise ValueError("expected a module of the profile: no start function, imports are functions")
    f32, f64 = Format(32, 23, open_nan), Format(64, 52, open_nan)
    instance = Instance(module, scalar_operators(f32, f64) | vector_operators(f32, f64))
    for item in module.imports:
        instance.functions.append((imports or {})[item.module, item.name])
    for code in module.functions:
        type_ = module.types[code.type_index]
        instance.functions.append(WasmFunction(type_, instance, code, block_ends(code.body)))
    instance.tables = [[None] * table.limits.minimum for table in module.tables]
    for limits in module.memories:
        instance.memories.append(Memory(limits.minimum, most_pages if limits.maximum is None else limits.maximum))
    for global_ in module.globals:
        instance.globals.append(constant(instance, global_.init))
    fill_tables(instance)
    fill_memories(instance)
    return instance


def constant(instance: Instance, expression: list[Instr]) -> int:
    """The value of a constant expression."""
    instr = expression[0]
    if instr[0] == op.GLOBAL_GET:
        return instance.globals[instr[1]]
    bits = {op.I32_CONST: 32, op.I64_CONST: 64, op.F32_CONST: 32, op.F64_CONST: 64, op.V128_CONST: 128}
    return wrap(bits[instr[0]], instr[1])


def fill_tables(instance: Instance) -> None:
    """Apply the element segments in order. Traps at the first that does not fit."""
    for segment in instance.module.elements:
        table, offset = instance.tables[segment.table], constant(instance, segment.offset)
        if offset + len(segment.functions) > len(table):
            raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
        table[offset : offset + len(segment.functions)] = [instance.functions[index] for index in segment.functions]


def fill_memories(instance: Instance) -> None:
    """Apply the active data segments in order. Traps at the first that does not fit; earlier ones stay."""
    for segment in instance.module.data:
        if segment.offset is not None:
            instance.memories[segment.memory].write(constant(instance, segment.offset), segment.content)


def block_ends(body: list[Instr]) -> dict[int, tuple[int, int]]:
    """For every block, loop and if: the position of its `else` (of its `end` if it has none) and of its `end`."""
    targets: dict[int, tuple[int, int]] = {}
    opened: list[tuple[int, int | None]] = []
    for position, instr in enumerate(body):
        if instr[0] in (op.BLOCK, op.LOOP, op.IF):
            opened.append((position, None))
        elif instr[0] == op.ELSE:
            opened[-1] = opened[-1][0], position
        elif instr[0] == op.END and opened:
            start, otherwise = opened.pop()
            targets[start] = position if otherwise is None else otherwise, position
    return targets
