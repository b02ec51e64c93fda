"""Seeded modules of the whole profile that run: well-typed, terminating, and mostly without traps.

Every function and loop takes from a fuel global, so that calls may be recursive. Addresses are mostly masked into
memory, with bytes around page borders preferred; a few are anything. Every opcode of the profile can be generated.
"""

from __future__ import annotations

import random
from typing import Final

from corten.wasm import op
from corten.wasm.module import Data, Element, Export, Function, FuncType, Global, Instr, Kind, Limits, Module, Table
from corten.wasm.opcodes import EMPTY_BLOCK, F32, F64, I32, I64, OPCODES, V128, Category, Immediate, Opcode

TYPES: Final = (I32, I64, F32, F64, V128)
CONSTANTS: Final = {I32: op.I32_CONST, I64: op.I64_CONST, F32: op.F32_CONST, F64: op.F64_CONST, V128: op.V128_CONST}
BITS: Final = {I32: 32, I64: 64, F32: 32, F64: 64, V128: 128}
END: Final[Instr] = (op.END,)
FUEL: Final = 0  # index of the global
FUEL_PER_CALL: Final = 40
PAGES: Final = 2
PASSIVE: Final = b"0123456789abcdefghijklmnopqrstuvwxyz" * 8

TRAPPING: Final = {row.code for row in OPCODES.values() if row.category == Category.DIVIDE or ".trunc_f" in row.name}
EDGES_32: Final = """
0 1 2 7 31 32 255 4095 4096 65535 0x7FFFFFFF 0x80000000 0xFFFFFFFF 0x3F800000 0x7F800000 0xFF800000 0x7FC00000
0xFFC00000 0x7FA00001 0x00800000 0x007FFFFF 0x7F7FFFFF 0x4F000000 0xCF000000 0x3F000000
"""
EDGES_64: Final = """
0 1 3 63 64 0x7FFFFFFF 0x80000000 0x7FFFFFFFFFFFFFFF 0x8000000000000000 0xFFFFFFFFFFFFFFFF 0x3FF0000000000000
0xBFF0000000000000 0x7FF0000000000000 0xFFF0000000000000 0x7FF8000000000000 0xFFF8000000000000 0x7FF4000000000001
0x0010000000000000 0x41E0000000000000 0x43E0000000000000 0xC3E0000000000000 0x3FE0000000000000
"""
SPECIAL: Final = {  # zeros, infinities, NaNs quiet and signalling, 1, the largest
    32: [0x8000_0000, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC0_1234, 0x7F80_0001, 0x3F80_0000, 0x7F7F_FFFF],
    64: [bits << 48 for bits in (0x8000, 0x7FF0, 0xFFF0, 0x7FF8, 0xFFF8, 0x7FF4, 0x3FF0, 0x7FEF, 0xBFF0)],
}
EDGES: Final = {32: [int(text, 0) for text in EDGES_32.split()], 64: [int(text, 0) for text in EDGES_64.split()]}


class Generator:
    """One module; `rng` decides everything. `first` is the index of its first function, behind the imports."""

    first = 0

    def __init__(self, rng: random.Random, *, grows: bool = False) -> None:
        self.rng, self.grows = rng, grows
        self.types = [FuncType((), ()), *(self.signature() for _ in range(rng.randint(3, 6)))]
        self.function_types = [rng.randrange(len(self.types)) for _ in range(rng.randint(2, 6))]
        self.slots = [rng.randrange(len(self.function_types)) for _ in range(rng.randint(2, 6))]
        self.globals = [Global(I32, True, [(op.I32_CONST, 0), END])]
        for value_type in TYPES:
            self.globals += [Global(value_type, mutable, [self.constant(value_type), END]) for mutable in (True, False)]
        self.makers: dict[int, list[Opcode]] = {value_type: [] for value_type in TYPES}
        for row in OPCODES.values():
            if row.signature is not None and len(row.signature[1]) == 1 and row.category != Category.MEMORY:
                self.makers[row.signature[1][0]].append(row)
        self.stores = [row for row in OPCODES.values() if row.category in (Category.STORE, Category.SIMD_STORE)]

    def signature(self) -> FuncType:
        rng = self.rng
        kinds = [rng.choice(TYPES) for _ in range(6)]
        return FuncType(tuple(kinds[: rng.randint(0, 3)]), tuple(kinds[3 : 3 + rng.choice((0, 1, 1, 1, 2, 3))]))

    def bits(self, width: int) -> int:
        """A value, often at an edge."""
        rng = self.rng
        if width == 128:
            lane = rng.choice((32, 64))
            return sum(self.bits(lane) << shift for shift in range(0, 128, lane))
        return rng.choice(EDGES[width]) if rng.random() < 0.7 else rng.getrandbits(width)

    def constant(self, value_type: int) -> Instr:
        bits = self.bits(BITS[value_type])
        if value_type in (I32, I64) and bits >> BITS[value_type] - 1:
            bits -= 1 << BITS[value_type]
        return CONSTANTS[value_type], bits

    def module(self) -> Module:
        """All functions, each with an exported entry `call.<i>` that fills up the fuel first."""
        count = len(self.function_types)
        functions = [FunctionGenerator(self, index).function() for index in range(count)]
        for index, type_index in enumerate(self.function_types):
            params: list[Instr] = [(op.LOCAL_GET, place) for place in range(len(self.types[type_index].params))]
            fill: list[Instr] = [(op.I32_CONST, FUEL_PER_CALL), (op.GLOBAL_SET, FUEL)]
            functions.append(Function(type_index, [], [*fill, *params, (op.CALL, index), END]))
        exports = [Export(f"call.{index}", Kind.FUNCTION, count + index) for index in range(count)]
        exports += [Export(f"global.{index}", Kind.GLOBAL, index) for index in range(len(self.globals))]
        zero: list[Instr] = [(op.I32_CONST, 0), END]
        return Module(
            types=self.types,
            functions=functions,
            tables=[Table(Limits(8, 8))],
            memories=[Limits(1, PAGES) if self.grows else Limits(PAGES, PAGES)],
            globals=self.globals,
            exports=[*exports, Export("memory", Kind.MEMORY, 0)],
            elements=[Element(0, zero, self.slots)],
            data=[Data(0, [(op.I32_CONST, 4090), END], bytes(range(64))), Data(0, None, PASSIVE)],
        )


class FunctionGenerator:
    """One function's body: expressions leave one value, statements none."""

    def __init__(self, parent: Generator, index: int) -> None:
        self.parent, self.rng = parent, parent.rng
        self.type_index = parent.function_types[index]
        self.signature = parent.types[self.type_index]
        self.local_types = [self.rng.choice(TYPES) for _ in range(self.rng.randint(0, 8))]
        self.all_locals = [*self.signature.params, *self.local_types]
        self.labels: list[tuple[int, ...]] = [
            self.signature.results
        ]  # what a branch to each carries; the outermost first
        self.body: list[Instr] = []
        self.budget = self.rng.randint(10, 120)

    def function(self) -> Function:
        self.emit((op.GLOBAL_GET, FUEL), (op.I32_CONST, 0), (op.I32_LE_S,), (op.IF, EMPTY_BLOCK))
        self.body += [(CONSTANTS[value_type], 0) for value_type in self.signature.results]
        self.emit((op.RETURN,), END)
        self.burn()
        while self.budget > 0:
            self.statement(3)
        for value_type in self.signature.results:
            self.expression(value_type, 2)
        self.emit(END)
        return Function(self.type_index, self.local_types, self.body)

    def emit(self, *instructions: Instr) -> None:
        self.body += instructions

    def burn(self) -> None:
        self.emit((op.GLOBAL_GET, FUEL), (op.I32_CONST, 1), (op.I32_SUB,), (op.GLOBAL_SET, FUEL))

    # ── expressions ──

    def expression(self, value_type: int, depth: int) -> None:
        """Instructions that leave one value of that type."""
        self.budget -= 1
        choice = self.rng.random()
        if depth <= 0 or self.budget < 0 or choice < 0.15:
            self.leaf(value_type)
        elif choice < 0.75:
            self.operator(value_type, depth)
        elif choice < 0.80:
            self.select(value_type, depth)
        elif choice < 0.92:
            self.block_expression((value_type,), depth)
        elif choice < 0.97:
            self.call_for(value_type, depth)
        else:
            self.expression(value_type, depth - 1)
            self.tee(value_type)

    def leaf(self, value_type: int) -> None:
        rng = self.rng
        known = [place for place, found in enumerate(self.all_locals) if found == value_type]
        if known and rng.random() < 0.5:
            self.emit((op.LOCAL_GET, rng.choice(known)))
        elif rng.random() < 0.3:
            self.emit((op.GLOBAL_GET, 1 + 2 * TYPES.index(value_type) + rng.randrange(2)))
        elif value_type == I32 and rng.random() < 0.05:
            self.emit((op.MEMORY_SIZE, 0))
        else:
            self.emit(self.parent.constant(value_type))

    def operator(self, value_type: int, depth: int) -> None:
        row = self.rng.choice(self.parent.makers[value_type])
        assert row.signature is not None
        if row.category == Category.CONST or (row.code in TRAPPING and self.rng.random() < 0.6):
            return self.leaf(value_type)
        operands = list(row.signature[0])
        if row.access_bytes:
            self.address(depth - 1)
            operands = operands[1:]
        for operand in operands:
            self.expression(operand, depth - 1)
        if row.category == Category.DIVIDE and self.rng.random() < 0.9:
            self.emit((CONSTANTS[value_type], 1), (op.I32_OR if value_type == I32 else op.I64_OR,))
        self.emit((row.code, *self.immediates(row)))
        return None

    def immediates(self, row: Opcode) -> tuple[object, ...]:
        rng = self.rng
        lane = rng.randrange(16 // row.access_bytes) if row.access_bytes else rng.randrange(lane_count(row.name))
        offset = rng.choice((0, 0, 0, 1, 4, 8, 4094, 65530)) if rng.random() < 0.99 else rng.getrandbits(32)
        alignment = rng.randrange(row.access_bytes.bit_length()) if row.access_bytes else 0
        found: dict[Immediate, tuple[object, ...]] = {
            Immediate.NONE: (),
            Immediate.ACCESS: (alignment, offset, 0),
            Immediate.ACCESS_LANE: (alignment, offset, 0, lane),
            Immediate.LANE: (lane,),
            Immediate.SHUFFLE: (tuple(rng.randrange(32) for _ in range(16)),),
        }
        return found[row.immediate]

    def address(self, depth: int) -> None:
        """Mostly within memory, often at the border of a page."""
        rng = self.rng
        choice = rng.random()
        if choice < 0.3:
            self.emit((op.I32_CONST, rng.choice((0, 8, 4088, 4090, 4095, 65528, 65530, 70_000))))
        elif choice < 0.5:
            self.emit((op.I32_CONST, rng.randrange(60_000)))
        else:
            self.expression(I32, depth)
            if rng.random() < 0.97:
                self.emit((op.I32_CONST, 0xFFFF), (op.I32_AND,))

    def select(self, value_type: int, depth: int) -> None:
        for operand in (value_type, value_type, I32):
            self.expression(operand, depth - 1)
        typed = value_type == V128 or self.rng.random() < 0.5
        self.emit((op.SELECT_T, (value_type,)) if typed else (op.SELECT,))

    def tee(self, value_type: int) -> None:
        known = [place for place, found in enumerate(self.all_locals) if found == value_type]
        if known:
            self.emit((op.LOCAL_TEE, self.rng.choice(known)))

    def call_for(self, value_type: int, depth: int) -> None:
        """A call whose last results are dropped until one of that type is on top; else a leaf."""
        candidates = [
            index
            for index, type_index in enumerate(self.parent.function_types)
            if value_type in self.parent.types[type_index].results
        ]
        if not candidates:
            return self.leaf(value_type)
        results = self.call(self.rng.choice(candidates), depth)
        while results[-1] != value_type:
            results.pop()
            self.emit((op.DROP,))
        for kind in reversed(results[:-1]):
            # A branch carries the topmost value out of a block and leaves the other.
            self.emit((op.BLOCK, self.block_type((kind, value_type), (value_type,))), (op.BR, 0), END)
        return None

    def call(self, index: int, depth: int) -> list[int]:
        """A call, direct or through the table; its result types."""
        functions = self.parent.function_types
        type_index = functions[index]
        signature = self.parent.types[type_index]
        for operand in signature.params:
            self.expression(operand, depth - 2)
        slots = [
            slot for slot, found in enumerate(self.parent.slots) if self.parent.function_types[found] == type_index
        ]
        if slots and self.rng.random() < 0.5:
            self.emit((op.I32_CONST, self.rng.choice(slots)), (op.CALL_INDIRECT, type_index, 0))
        elif self.rng.random() < 0.03:
            self.expression(I32, 1)
            self.emit((op.I32_CONST, 15), (op.I32_AND,), (op.CALL_INDIRECT, type_index, 0))
        else:
            self.emit((op.CALL, self.parent.first + index))
        return list(signature.results)

    # ── blocks ──

    def block_expression(self, results: tuple[int, ...], depth: int) -> None:
        """A block, loop or if that leaves these values; inside, it may be left early."""
        kind = self.rng.choice((op.BLOCK, op.LOOP, op.IF, op.IF))
        params = tuple(self.rng.choice(TYPES) for _ in range(self.rng.choice((0, 0, 0, 1, 2))))
        for operand in params:
            self.expression(operand, depth - 2)
        if kind == op.IF:
            self.expression(I32, depth - 1)
        self.emit((kind, self.block_type(params, results)))
        self.arm(kind, params, results, depth)
        if kind == op.IF and (results != params or self.rng.random() < 0.5):
            self.emit((op.ELSE,))
            self.arm(kind, params, results, depth)
        self.emit(END)

    def arm(self, kind: int, params: tuple[int, ...], results: tuple[int, ...], depth: int) -> None:
        self.labels.append(params if kind == op.LOOP else results)
        for value_type in reversed(params):
            self.consume(value_type)
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            self.statement(depth - 1)
        if kind == op.LOOP:
            self.repeat(params)
        for value_type in results:
            self.expression(value_type, depth - 1)
        if kind != op.LOOP and results and self.rng.random() < 0.2:
            self.expression(I32, depth - 1)
            self.emit((op.BR_IF, 0))
        self.labels.pop()

    def repeat(self, params: tuple[int, ...]) -> None:
        """Go round again while there is fuel."""
        self.burn()
        self.emit((op.GLOBAL_GET, FUEL), (op.I32_CONST, 0), (op.I32_GT_S,), (op.IF, EMPTY_BLOCK))
        self.labels.append(())
        for value_type in params:
            self.expression(value_type, 1)
        self.expression(I32, 1)
        self.emit((op.BR_IF, 1))
        self.body += [(op.DROP,)] * len(params)
        self.labels.pop()
        self.emit(END)

    def consume(self, value_type: int) -> None:
        known = [place for place, found in enumerate(self.all_locals) if found == value_type]
        self.emit((op.LOCAL_SET, self.rng.choice(known)) if known else (op.DROP,))

    def block_type(self, params: tuple[int, ...], results: tuple[int, ...]) -> int:
        if not params and len(results) < 2 and self.rng.random() < 0.9:
            return results[0] - 0x80 if results else EMPTY_BLOCK
        wanted = FuncType(params, results)
        if wanted not in self.parent.types:
            self.parent.types.append(wanted)
        return self.parent.types.index(wanted)

    # ── statements ──

    def statement(self, depth: int) -> None:
        """Instructions that leave nothing."""
        self.budget -= 1
        makers = (
            [self.store] * 6
            + [self.set_local] * 3
            + [self.set_global] * 2
            + [self.bulk, self.leave, self.grow, self.nothing]
        )
        if depth > 0 and self.budget > 0:
            makers += [self.nested] * 3 + [self.call_statement, self.switch]
        self.rng.choice(makers)(depth)

    def store(self, depth: int) -> None:
        row = self.rng.choice(self.parent.stores)
        assert row.signature is not None
        self.address(depth - 1)
        self.expression(row.signature[0][1], depth)
        self.emit((row.code, *self.immediates(row)))

    def set_local(self, depth: int) -> None:
        if self.all_locals:
            place = self.rng.randrange(len(self.all_locals))
            self.expression(self.all_locals[place], depth)
            self.emit((op.LOCAL_SET, place))

    def set_global(self, depth: int) -> None:
        number = self.rng.randrange(len(TYPES))
        self.expression(TYPES[number], depth)
        self.emit((op.GLOBAL_SET, 1 + 2 * number))

    def bulk(self, depth: int) -> None:
        rng = self.rng
        code = rng.choice((op.MEMORY_FILL, op.MEMORY_COPY, op.MEMORY_INIT))
        self.address(depth - 1)
        if code == op.MEMORY_INIT:
            self.emit((op.I32_CONST, rng.randrange(40)))
        else:
            self.address(depth - 1)
        self.expression(I32, depth - 1)
        if rng.random() < 0.95:
            self.emit((op.I32_CONST, 0xFF if rng.random() < 0.9 else 0x1FFF), (op.I32_AND,))
        segment = 0 if rng.random() < 0.1 else 1
        self.emit({op.MEMORY_FILL: (code, 0), op.MEMORY_COPY: (code, 0, 0), op.MEMORY_INIT: (code, segment, 0)}[code])

    def grow(self, depth: int) -> None:
        self.emit((op.I32_CONST, self.rng.choice((0, 0, 1, 2, -1))), (op.MEMORY_GROW, 0))
        self.consume(I32)

    def nothing(self, depth: int) -> None:
        self.emit((op.NOP,))

    def nested(self, depth: int) -> None:
        results = tuple(self.rng.choice(TYPES) for _ in range(self.rng.choice((0, 0, 1, 2))))
        self.block_expression(results, depth)
        for value_type in reversed(results):
            self.consume(value_type)

    def call_statement(self, depth: int) -> None:
        for value_type in reversed(self.call(self.rng.randrange(len(self.parent.function_types)), depth)):
            self.consume(value_type)

    def leave(self, depth: int) -> None:
        """A conditional branch to an enclosing block, or return; rarely a trap."""
        rng = self.rng
        label = rng.randrange(len(self.labels))
        carried = self.labels[-1 - label]
        if rng.random() < 0.03:
            self.expression(I32, 1)
            self.emit((op.IF, EMPTY_BLOCK), (op.UNREACHABLE,), END)
            return
        # Inside a block of its own, so that what follows the branch is still reached.
        self.expression(I32, 1)
        self.emit((op.IF, EMPTY_BLOCK), (op.GLOBAL_GET, FUEL), (op.I32_CONST, 0), (op.I32_GT_S,), (op.IF, EMPTY_BLOCK))
        self.burn()
        self.labels += [(), ()]
        for value_type in carried:
            self.expression(value_type, 1)
        self.labels = self.labels[:-2]
        is_outermost = label == len(self.labels) - 1
        self.emit((op.RETURN,) if is_outermost and rng.random() < 0.5 else (op.BR, label + 2), END, END)

    def switch(self, depth: int) -> None:
        """A br_table over a few nested blocks."""
        count = self.rng.randint(1, 4)
        self.body += [(op.BLOCK, EMPTY_BLOCK)] * count
        self.labels += [()] * count
        self.expression(I32, depth - 1)
        if self.rng.random() < 0.7:
            self.emit((op.I32_CONST, 7), (op.I32_AND,))
        targets = tuple(self.rng.randrange(count) for _ in range(self.rng.randint(0, 6)))
        self.emit((op.BR_TABLE, targets, self.rng.randrange(count)), END)
        self.labels.pop()
        for _ in range(count - 1):
            self.statement(depth - 1)
            self.emit(END)
            self.labels.pop()


class FloatGenerator(Generator):
    """Mostly float arithmetic, scalar and vector, over values of which many are NaNs, infinities and zeros."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        for value_type, rows in self.makers.items():
            floats = [row for row in rows if "float" in row.category]
            self.makers[value_type] = rows + floats * (8 * len(rows) // max(1, len(floats)))

    def bits(self, width: int) -> int:
        if width == 128 or self.rng.random() < 0.6:
            return super().bits(width)
        return self.rng.choice(SPECIAL[width])


def lane_count(name: str) -> int:
    """Lanes of a shape such as i8x16; 1 for scalars."""
    lanes = name.partition(".")[0].partition("x")[2]
    return int(lanes) if lanes.isdigit() else 1


def generate(seed: int, *, grows: bool = False) -> Module:
    """The module of a seed."""
    return Generator(random.Random(seed), grows=grows).module()


def generate_floats(seed: int) -> Module:
    """The float-heavy module of a seed."""
    return FloatGenerator(random.Random(seed)).module()
