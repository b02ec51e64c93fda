"""Seeded modules for the tests: well-typed by construction, and mutated ones that mostly are not."""

from __future__ import annotations

import random

import wasmtime

from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.module import Data, Element, Export, Function, FuncType, Global, Instr, Kind, Limits, Module, Table
from corten.wasm.opcodes import F32, F64, I32, I64, OPCODES, V128, Immediate, Opcode
from corten.wasm.reader import read_module
from corten.wasm.validate import validate

TYPES = [I32, I64, F32, F64, V128]
FUNCTION_TYPES = [
    FuncType(),
    FuncType((I32, I64), (I64,)),
    FuncType((I32,), (I32, I32)),
    FuncType((F64, V128), (V128,)),
]
SIMPLE = [row for row in OPCODES.values() if row.signature is not None]
FREQUENT = [row for row in OPCODES.values() if row.signature is None] + [
    OPCODES[code] for code in (op.I32_CONST, op.I64_CONST, op.I32_ADD, op.I32_LOAD, op.I32_STORE)
]
END: Instr = (op.END,)
# Extremes of every immediate; out of range ones included.
CHOICES: dict[Immediate, list[Instr]] = {
    Immediate.NONE: [()],
    Immediate.BLOCK: [(value,) for value in (-64, -1, -2, -3, -4, -5, 0, 1, 2, 3, 4)],
    Immediate.LABEL: [(depth,) for depth in range(4)],
    Immediate.LABELS: [((), 0), ((0,), 1), ((0, 1, 0), 0), ((2, 2), 2), ((1,), 3)],
    Immediate.FUNCTION: [(index,) for index in range(5)],
    Immediate.INDIRECT: [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (0, 1)],
    Immediate.TYPES: [((I32,),), ((I64,),), ((V128,),), ((F32, F32),), ((),)],
    Immediate.LOCAL: [(index,) for index in range(8)],
    Immediate.GLOBAL: [(index,) for index in range(4)],
    Immediate.ACCESS: [(0, 0, 0), (0, 300, 1), (1, 1 << 31, 0), (2, 0, 0), (3, 5, 0), (4, 0, 0), (5, 0, 0), (0, 0, 2)],
    Immediate.ACCESS_LANE: [(0, 0, 0, 0), (0, 70_000, 1, 1), (1, 0, 0, 3), (2, 0, 0, 7), (3, 0, 0, 15), (0, 0, 0, 16)],
    Immediate.MEMORY: [(0,), (1,), (2,)],
    Immediate.MEMORY_COPY: [(0, 0), (1, 0), (0, 1), (2, 0), (0, 2)],
    Immediate.MEMORY_INIT: [(0, 0), (1, 0), (1, 1), (2, 0), (0, 2)],
    Immediate.I32: [(value,) for value in (0, -1, 63, 64, -64, -65, (1 << 31) - 1, -(1 << 31))],
    Immediate.I64: [(value,) for value in (0, -1, 63, 64, -65, (1 << 63) - 1, -(1 << 63))],
    Immediate.F32: [(bits,) for bits in (0, 0x7FC00000, 0xFF800001, 0x3FC00000, 1)],
    Immediate.F64: [(bits,) for bits in (0, 0x7FF8 << 48, 0xFFF0_0000_0000_0001, 0x3FF8 << 48, 1)],
    Immediate.V128: [(0,), ((1 << 128) - 1,), (1,)],
    Immediate.LANE: [(lane,) for lane in (0, 1, 2, 4, 8, 16)],
    Immediate.SHUFFLE: [(tuple(range(16)),), ((31,) * 16,), ((32,) * 16,)],
}
# Per immediate, the choices that are valid for every opcode in `module`'s index spaces.
VALID_CHOICES = CHOICES | {
    Immediate.ACCESS: [(0, 0, 0), (0, 300, 1), (0, 1 << 31, 0)],
    Immediate.ACCESS_LANE: [(0, 0, 0, 0), (0, 70_000, 1, 1)],
    Immediate.MEMORY: [(0,), (1,)],
    Immediate.MEMORY_COPY: [(0, 0), (1, 0), (0, 1)],
    Immediate.MEMORY_INIT: [(0, 0), (1, 0), (1, 1)],
    Immediate.LANE: [(0,), (1,)],
    Immediate.SHUFFLE: [(tuple(range(16)),), ((31,) * 16,)],
}
CONSTANTS = {I32: op.I32_CONST, I64: op.I64_CONST, F32: op.F32_CONST, F64: op.F64_CONST, V128: op.V128_CONST}


def constant(value_type: int, value: int = 0) -> Instr:
    return (CONSTANTS[value_type], value)


class BodyGenerator:
    """Bodies that type-check, made by tracking the operand stack."""

    def __init__(self, rng: random.Random, local_types: list[int]) -> None:
        self.rng, self.local_types = rng, local_types
        self.body: list[Instr] = []
        self.stack: list[int] = []

    def push(self, value_type: int) -> None:
        known = [index for index, found in enumerate(self.local_types) if found == value_type]
        if known and self.rng.random() < 0.5:
            self.body.append((op.LOCAL_GET, self.rng.choice(known)))
        else:
            row = OPCODES[CONSTANTS[value_type]]
            self.body.append((row.code, *self.rng.choice(VALID_CHOICES[row.immediate])))

    def push_all(self, types: tuple[int, ...] | list[int]) -> None:
        for value_type in types:
            self.push(value_type)

    def generate(self, results: list[int], budget: int) -> list[Instr]:
        """Instructions that leave `results`; the final `end` is not included."""
        makers = [self.simple] * 12 + [self.set_local] * 2 + [self.select, self.call, self.call_indirect, self.branch]
        for _ in range(self.rng.randrange(budget)):
            maker = self.rng.choice([*makers, self.block, self.block] if budget > 4 else makers)
            maker(budget // 3)
        self.body += [(op.DROP,)] * len(self.stack)
        self.push_all(results)
        if self.rng.random() < 0.1:
            self.body.append(self.rng.choice([(op.UNREACHABLE,), (op.BR, 0), (op.NOP,)]))
        return self.body

    def nested(self, results: list[int], budget: int) -> list[Instr]:
        return BodyGenerator(self.rng, self.local_types).generate(results, max(budget, 1))

    def simple(self, _: int) -> None:
        row = self.rng.choice(SIMPLE)
        assert row.signature is not None
        self.push_all(row.signature[0])
        self.body.append((row.code, *self.rng.choice(VALID_CHOICES[row.immediate])))
        self.stack += row.signature[1]

    def set_local(self, _: int) -> None:
        if self.stack:
            value_type = self.stack.pop()
            known = [index for index, found in enumerate(self.local_types) if found == value_type]
            self.body.append((op.LOCAL_SET, self.rng.choice(known)) if known else (op.DROP,))

    def select(self, _: int) -> None:
        value_type = self.rng.choice(TYPES)
        self.push_all([value_type, value_type, I32])
        self.body.append(self.rng.choice([(op.SELECT,), (op.SELECT_T, (value_type,))]))
        self.stack.append(value_type)

    def call(self, _: int) -> None:
        index = self.rng.randrange(len(FUNCTION_TYPES))
        self.push_all(FUNCTION_TYPES[index].params)
        self.body.append((op.CALL, index))
        self.stack += FUNCTION_TYPES[index].results

    def call_indirect(self, _: int) -> None:
        index = self.rng.randrange(len(FUNCTION_TYPES))
        self.push_all([*FUNCTION_TYPES[index].params, I32])
        self.body.append((op.CALL_INDIRECT, index, 0))
        self.stack += FUNCTION_TYPES[index].results

    def block(self, budget: int) -> None:
        value_type = self.rng.choice(TYPES)
        code = self.rng.choice([op.BLOCK, op.LOOP, op.IF])
        if code == op.IF:
            self.push(I32)
        self.body += [(code, value_type - 0x80), *self.nested([value_type], budget)]
        if code == op.IF:
            self.body += [(op.ELSE,), *self.nested([value_type], budget)]
        self.body.append(END)
        self.stack.append(value_type)

    def branch(self, _: int) -> None:
        self.body += [(op.BLOCK, -64), constant(I32, 1), (op.BR_IF, 0), constant(I32), (op.BR_TABLE, (0, 0), 0), END]


def module(rng: random.Random, mutations: int = 0) -> Module:
    """A module with two memories and every kind of declaration; valid if it has no mutations."""
    functions = []
    for index, kind in enumerate(FUNCTION_TYPES):
        local_types = [rng.choice(TYPES) for _ in range(4)]
        body = BodyGenerator(rng, [*kind.params, *local_types]).generate(list(kind.results), 25)
        functions.append(Function(index, local_types, [*body, END]))
    mutated = rng.choice(functions).body
    for _ in range(mutations):
        mutate(rng, mutated)
    return Module(
        types=list(FUNCTION_TYPES),
        functions=functions,
        tables=[Table(Limits(4, 4))],
        memories=[Limits(1, 2), Limits(1)],
        globals=[
            Global(I32, True, [constant(I32, -1), END]),
            Global(F64, False, [constant(F64, 0x7FF8 << 48), END]),
            Global(V128, True, [constant(V128, 1), END]),
        ],
        exports=[Export("run", Kind.FUNCTION, 0), Export("memory", Kind.MEMORY, 0)],
        elements=[Element(0, [constant(I32), END], [0, 1, 2, 3])],
        data=[Data(0, [constant(I32, 8), END], b"abc"), Data(0, None, b"passive"), Data(1, [constant(I32), END], b"")],
    )


def random_instruction(rng: random.Random) -> Instr:
    row: Opcode = rng.choice(list(OPCODES.values()) if rng.random() < 0.4 else FREQUENT)
    return (row.code, *rng.choice(CHOICES[row.immediate]))


def mutate(rng: random.Random, body: list[Instr]) -> None:
    """Change one or two instructions somewhere."""
    place, other = rng.randrange(len(body) + 1), rng.randrange(len(body) + 1)
    match rng.randrange(5):
        case 0:
            del body[place : place + 1]
        case 1:
            body.insert(place, random_instruction(rng))
        case 2:
            body[place : place + 1] = [random_instruction(rng)]
        case 3:
            body.insert(place, (op.UNREACHABLE,))
        case _:
            body.insert(place, body[other % len(body)] if body else END)


def verdict(data: bytes) -> str | None:
    """Why Corten refuses a module, or None; an offset outside the file fails the test."""
    try:
        validate(read_module(data), data)
    except InvalidModule as error:
        if error.offset is not None and not 0 <= error.offset <= len(data):
            raise AssertionError(f"offset outside the file: {error}") from error
        return str(error)
    return None


_ENGINE = wasmtime.Engine()


def wasmtime_verdict(data: bytes) -> str | None:
    """Why Wasmtime refuses a module, or None."""
    try:
        wasmtime.Module.validate(_ENGINE, data)
    except wasmtime.WasmtimeError as error:
        return str(error)
    return None
