"""Type validation of a module: the algorithm of the specification's appendix, over instruction tuples.

The operand stack holds value types; `UNKNOWN` stands for any type (code after a branch), `BOUNDARY` separates the
operands of a block from those outside it, so that one slice comparison checks both types and height.
Specification: WebAssembly Core 2.0, section 3 and appendix "Validation Algorithm", with several memories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from corten.base.errors import InvalidModule
from corten.wasm import op
from corten.wasm.module import Function, FuncType, GlobalType, Instr, Kind, Limits, Module, Table
from corten.wasm.opcodes import EMPTY_BLOCK, I32, OPCODES, TYPE_NAMES, Immediate
from corten.wasm.reader import instruction_offset

UNKNOWN: Final = 0
BOUNDARY: Final = -1

_MEMORY_PAGES: Final = 65_536
_CONSTANTS: Final = frozenset((op.I32_CONST, op.I64_CONST, op.F32_CONST, op.F64_CONST, op.V128_CONST))


class _MismatchError(Exception):
    """An instruction does not fit; translated to InvalidModule with its place."""


@dataclass(slots=True)
class Context:
    """What a function body can refer to; index spaces count imports first."""

    types: list[FuncType]
    functions: list[FuncType]
    globals: list[GlobalType]
    tables: list[Table]
    memories: list[Limits]
    data_segments: int
    first_function: int  # index of the first function that the module defines


def context_of(module: Module) -> Context:
    """The index spaces of a module. Raises InvalidModule if a function's type does not exist."""
    types = module.types
    imported_tables = [item.description for item in module.imported(Kind.TABLE)]
    imported_memories = [item.description for item in module.imported(Kind.MEMORY)]
    indices = module.function_type_indices()
    for index, type_index in enumerate(indices):
        if not 0 <= type_index < len(types):
            number = index - len(indices) + len(module.functions)
            place = module.functions[number].offset or None if number >= 0 else module.place("import", index)
            raise InvalidModule(f"function {index}: expected a type below {len(types)}, found {type_index}", place)
    return Context(
        types,
        [types[index] for index in indices],
        module.global_types(),
        [item for item in imported_tables if isinstance(item, Table)] + module.tables,
        [item for item in imported_memories if isinstance(item, Limits)] + module.memories,
        len(module.data),
        len(indices) - len(module.functions),
    )


def validate(module: Module, source: bytes | None = None) -> None:
    """Check that a module is well-typed.

    Raises InvalidModule naming the function, the instruction and, if `source` is the file that `module` was read from,
    the byte offset.
    """
    context = context_of(module)
    _check_declarations(module, context)
    for place, function in enumerate(module.functions):
        checker = _FunctionChecker(context, function)
        try:
            checker.run()
        except _MismatchError as error:
            instruction = checker.position
            where = f"function {context.first_function + place}: {_describe(function, instruction)}"
            offset = None if source is None else instruction_offset(source, function, instruction)
            raise InvalidModule(f"{where}: {error}", offset) from None


def max_operand_height(context: Context, function: Function) -> int:
    """The most operands that a valid function has on its stack at once, locals excluded, in values."""
    checker = _FunctionChecker(context, function)
    checker.run()
    return checker.max_height


def walk(context: Context, function: Function) -> Iterator[tuple[Instr, list[int]]]:
    """Step through a valid function: each instruction with the stack of operand types before it.

    The list is live: copy what is to be kept. Its last entry is the top; `BOUNDARY` and `UNKNOWN` as in this module's
    docstring.
    """
    checker = _FunctionChecker(context, function)
    final = len(function.body) - 1
    for checker.position, instr in enumerate(function.body):
        yield instr, checker.stack
        checker.at_end = checker.position == final
        checker.step(instr)


def block_type(types: Sequence[FuncType], immediate: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Parameters and results of a block, loop or if. Raises IndexError if its type is not there."""
    if immediate == EMPTY_BLOCK:
        return (), ()
    if immediate < 0:
        return (), (immediate + 0x80,)
    return types[immediate].params, types[immediate].results


def _describe(function: Function, instruction: int) -> str:
    if instruction >= len(function.body):
        return "end of the body"
    row = OPCODES.get(function.body[instruction][0])
    return f"instruction {instruction} ({row.name if row else 'unknown'})"


# Declarations


@dataclass(frozen=True, slots=True)
class _Item:
    """A declaration being checked: how messages call it, and its byte in the file."""

    what: str
    offset: int | None

    def fail(self, message: str) -> NoReturn:
        raise InvalidModule(f"{self.what}: {message}", self.offset)

    def index(self, kind: str, index: int, size: int) -> None:
        if not 0 <= index < size:
            self.fail(f"expected a {kind} below {size}, found {index}")


def _check_declarations(module: Module, context: Context) -> None:
    for index, item in enumerate(module.imports):
        if item.kind == Kind.FUNCTION:
            name = f"import {item.module}.{item.name}"
            _Item(name, module.place("import", index)).index("type", item.type_index, len(module.types))
    for index, memory in enumerate(context.memories):
        place = module.place("memory", index - len(context.memories) + len(module.memories))
        _check_limits(_Item(f"memory {index}", place), memory, _MEMORY_PAGES)
    for index, table in enumerate(context.tables):
        place = module.place("table", index - len(context.tables) + len(module.tables))
        _check_limits(_Item(f"table {index}", place), table.limits, (1 << 32) - 1)
    imported = [item.description for item in module.imported(Kind.GLOBAL)]
    constants = [item for item in imported if isinstance(item, GlobalType)]
    for index, variable in enumerate(module.globals):
        declared = _Item(f"global {len(constants) + index}", module.place("global", index))
        _check_constant(declared, variable.init, variable.value_type, constants)
    _check_exports(module, context)
    if module.start is not None:
        start = _Item("start", module.place("start"))
        start.index("function", module.start, len(context.functions))
        if context.functions[module.start] != FuncType():
            start.fail(f"expected function {module.start} without parameters and results")
    _check_segments(module, context, constants)


def _check_limits(item: _Item, limits: Limits, largest: int) -> None:
    maximum = largest if limits.maximum is None else limits.maximum
    if not 0 <= limits.minimum <= maximum <= largest:
        item.fail(f"expected minimum <= maximum <= {largest}, found {limits.minimum}, {maximum}")


def _check_constant(item: _Item, body: list[Instr], expected: int, constants: list[GlobalType]) -> None:
    if len(body) != 2 or body[1][0] != op.END:
        item.fail(f"expected one constant instruction and end, found {len(body)} instructions")
    code = body[0][0]
    found = _constant_type(item, body[0], constants)
    if found != expected:
        item.fail(f"expected a constant of {TYPE_NAMES[expected]}, found {OPCODES[code].name} of {TYPE_NAMES[found]}")


def _constant_type(item: _Item, instr: Instr, constants: list[GlobalType]) -> int:
    if instr[0] == op.GLOBAL_GET:
        item.index("imported global", instr[1], len(constants))
        if constants[instr[1]].mutable:
            item.fail(f"expected an immutable global, found mutable global {instr[1]}")
        return constants[instr[1]].value_type
    row = OPCODES.get(instr[0])
    if instr[0] not in _CONSTANTS or row is None or row.signature is None:
        item.fail(f"expected a constant instruction, found {row.name if row else 'an unknown one'}")
    return row.signature[1][0]


def _check_exports(module: Module, context: Context) -> None:
    sizes = {
        Kind.FUNCTION: len(context.functions),
        Kind.TABLE: len(context.tables),
        Kind.MEMORY: len(context.memories),
        Kind.GLOBAL: len(context.globals),
    }
    names: set[str] = set()
    for number, export in enumerate(module.exports):
        item = _Item(f"export {export.name!r}", module.place("export", number))
        if export.name in names:
            item.fail("expected the name once, found it again")
        names.add(export.name)
        item.index(export.kind.name.lower(), export.index, sizes[export.kind])


def _check_segments(module: Module, context: Context, constants: list[GlobalType]) -> None:
    for index, element in enumerate(module.elements):
        item = _Item(f"element segment {index}", module.place("element", index))
        item.index("table", element.table, len(context.tables))
        _check_constant(item, element.offset, I32, constants)
        for function in element.functions:
            item.index("function", function, len(context.functions))
    for index, data in enumerate(module.data):
        if data.offset is not None:
            item = _Item(f"data segment {index}", module.place("data", index))
            item.index("memory", data.memory, len(context.memories))
            _check_constant(item, data.offset, I32, constants)


# Function bodies


@dataclass(slots=True)
class _Frame:
    """A block that is open. `floor` is the stack's length just above the frame's boundary."""

    code: int
    params: list[int]
    results: list[int]
    floor: int
    unreachable: bool = False


def _simple_signatures() -> dict[int, tuple[list[int], int, list[int]]]:
    """Operands, their count and results of the instructions that need no other check."""
    kinds = (Immediate.NONE, Immediate.I32, Immediate.I64, Immediate.F32, Immediate.F64, Immediate.V128)
    return {
        code: (list(row.signature[0]), len(row.signature[0]), list(row.signature[1]))
        for code, row in OPCODES.items()
        if row.signature is not None and row.immediate in kinds
    }


_SIMPLE: Final = _simple_signatures()
_SIGNATURES: Final = {
    code: (list(row.signature[0]), list(row.signature[1])) for code, row in OPCODES.items() if row.signature is not None
}
_LANES: Final = {"i8x16": 16, "i16x8": 8, "i32x4": 4, "i64x2": 2, "f32x4": 4, "f64x2": 2}


def _lane_counts() -> dict[int, int]:
    lanes = {code: 16 // row.access_bytes for code, row in OPCODES.items() if row.immediate == Immediate.ACCESS_LANE}
    shapes = {code: row.name.split(".")[0] for code, row in OPCODES.items() if row.immediate == Immediate.LANE}
    return lanes | {code: _LANES[shape] for code, shape in shapes.items()}


_LANE_COUNTS: Final = _lane_counts()
_MAX_ALIGNMENTS: Final = {code: row.access_bytes.bit_length() - 1 for code, row in OPCODES.items() if row.access_bytes}


class _FunctionChecker:
    """The state of the algorithm for one function; `position` is the instruction being checked."""

    def __init__(self, context: Context, function: Function) -> None:
        self.context, self.body = context, function.body
        self.type = context.types[function.type_index]
        self.locals = [*self.type.params, *function.locals]
        self.stack = [BOUNDARY]
        self.frames = [_Frame(op.BLOCK, [], list(self.type.results), 1)]
        self.position = 0
        self.max_height = 0
        self.at_end = False

    def run(self) -> None:
        """Check the whole body; `step` for every instruction, with its two most frequent cases inlined."""
        stack, frames, types, simple, step = self.stack, self.frames, self.locals, _SIMPLE, self.step
        position, highest, final = 0, 0, len(self.body) - 1
        try:
            for position, instr in enumerate(self.body):
                code = instr[0]
                if code == 0x20 and 0 <= instr[1] < len(types):
                    stack.append(types[instr[1]])
                elif code in simple:
                    operands, count, results = simple[code]
                    if not count:
                        stack += results
                    elif stack[-count:] == operands:
                        stack[-count:] = results
                    else:
                        self.pop_all(operands)
                        stack += results
                else:
                    self.at_end = position == final
                    step(instr)
                height = len(stack) - len(frames)
                if height > highest:
                    highest = height
            position = final + 1
            if frames:
                self.fail("expected end, found the end of the body")
        finally:
            self.position, self.max_height = position, highest

    def step(self, instr: Instr) -> None:
        """Check one instruction and apply it to the operand stack."""
        handler = _HANDLERS.get(instr[0])
        if handler is None:
            self.fail("unknown opcode")
        handler(self, instr)

    def fail(self, message: str) -> NoReturn:
        raise _MismatchError(message)

    # Operands

    def pop(self, expected: int = UNKNOWN) -> int:
        found = self.stack[-1]
        if found == BOUNDARY:
            if self.frames[-1].unreachable:
                return UNKNOWN
            self.fail(f"expected {TYPE_NAMES.get(expected, 'an operand')}, found an empty stack")
        self.stack.pop()
        if found != expected and found != UNKNOWN and expected != UNKNOWN:
            self.fail(f"expected {TYPE_NAMES[expected]}, found {TYPE_NAMES[found]}")
        return found

    def pop_all(self, types: list[int]) -> None:
        count = len(types)
        if count and self.stack[-count:] == types:
            del self.stack[-count:]
            return
        for expected in reversed(types):
            self.pop(expected)

    def apply(self, operands: list[int], results: list[int]) -> None:
        self.pop_all(operands)
        self.stack += results

    def index(self, what: str, index: int, size: int) -> int:
        if not 0 <= index < size:
            self.fail(f"expected a {what} below {size}, found {index}")
        return index

    # Control

    def set_unreachable(self) -> None:
        frame = self.frames[-1]
        frame.unreachable = True
        del self.stack[frame.floor :]

    def label(self, depth: int) -> list[int]:
        self.index("label", depth, len(self.frames))
        frame = self.frames[-1 - depth]
        return frame.params if frame.code == op.LOOP else frame.results

    def block(self, instr: Instr) -> None:
        if instr[1] >= 0:
            self.index("type", instr[1], len(self.context.types))
        if instr[0] == op.IF:
            self.pop(I32)
        params, results = block_type(self.context.types, instr[1])
        self.pop_all(list(params))
        self.stack.append(BOUNDARY)
        self.frames.append(_Frame(instr[0], list(params), list(results), len(self.stack)))
        self.stack += params

    def close(self) -> _Frame:
        """Check that the operands of the innermost block are its results, and remove them."""
        frame = self.frames[-1]
        self.pop_all(frame.results)
        left = len(self.stack) - frame.floor
        if left:
            self.fail(f"expected the block's results only, found {left} more operands")
        return frame

    def else_(self, instr: Instr) -> None:
        frame = self.close()
        if frame.code != op.IF:
            self.fail("expected an open if")
        frame.code, frame.unreachable = instr[0], False
        self.stack += frame.params

    def end(self, _: Instr) -> None:
        frame = self.close()
        if frame.code == op.IF and frame.params != frame.results:
            self.fail("expected an else, as the if's parameters are not its results")
        if self.at_end != (len(self.frames) == 1):
            self.fail("expected the function's last end at its last instruction")
        self.frames.pop()
        self.stack.pop()
        self.stack += frame.results

    def branch(self, instr: Instr) -> None:
        self.pop_all(self.label(instr[1]))
        self.set_unreachable()

    def branch_if(self, instr: Instr) -> None:
        self.pop(I32)
        types = self.label(instr[1])
        self.apply(types, types)

    def branch_table(self, instr: Instr) -> None:
        self.pop(I32)
        default = self.label(instr[2])
        for depth in dict.fromkeys(instr[1]):
            types = self.label(depth)
            if len(types) != len(default):
                self.fail(f"expected {len(default)} operands for every label, found {len(types)} for label {depth}")
            if types and self.stack[-len(types) :] != types:
                popped = [self.pop(expected) for expected in reversed(types)]
                self.stack += reversed(popped)
        self.pop_all(default)
        self.set_unreachable()

    def return_(self, _: Instr) -> None:
        self.pop_all(self.frames[0].results)
        self.set_unreachable()

    def unreachable(self, _: Instr) -> None:
        self.set_unreachable()

    def call(self, instr: Instr) -> None:
        functions = self.context.functions
        target = functions[self.index("function", instr[1], len(functions))]
        self.apply(list(target.params), list(target.results))

    def call_indirect(self, instr: Instr) -> None:
        types = self.context.types
        target = types[self.index("type", instr[1], len(types))]
        self.index("table", instr[2], len(self.context.tables))
        self.pop(I32)
        self.apply(list(target.params), list(target.results))

    # Values

    def drop(self, _: Instr) -> None:
        self.pop()

    def select(self, _: Instr) -> None:
        self.pop(I32)
        first = self.pop()
        second = self.pop(first)
        self.stack.append(first or second)

    def select_typed(self, instr: Instr) -> None:
        if len(instr[1]) != 1:
            self.fail(f"expected one type, found {len(instr[1])}")
        value_type = instr[1][0]
        self.apply([value_type, value_type, I32], [value_type])

    def local(self, instr: Instr) -> None:
        code, index = instr
        value_type = self.locals[self.index("local", index, len(self.locals))]
        if code != op.LOCAL_GET:
            self.pop(value_type)
        if code != op.LOCAL_SET:
            self.stack.append(value_type)

    def global_(self, instr: Instr) -> None:
        variables = self.context.globals
        variable = variables[self.index("global", instr[1], len(variables))]
        if instr[0] == op.GLOBAL_GET:
            self.stack.append(variable.value_type)
            return
        if not variable.mutable:
            self.fail(f"expected a mutable global, found immutable global {instr[1]}")
        self.pop(variable.value_type)

    def simple(self, instr: Instr) -> None:
        operands, results = _SIGNATURES[instr[0]]
        self.apply(operands, results)

    # Memory and vectors

    def access(self, instr: Instr) -> None:
        code, alignment, _, memory = instr[:4]
        if alignment > _MAX_ALIGNMENTS[code]:
            self.fail(f"expected an alignment of at most 2**{_MAX_ALIGNMENTS[code]}, found 2**{alignment}")
        self.index("memory", memory, len(self.context.memories))
        self.simple(instr)

    def access_lane(self, instr: Instr) -> None:
        self.index("lane", instr[4], _LANE_COUNTS[instr[0]])
        self.access(instr)

    def memories(self, instr: Instr) -> None:
        for memory in instr[1:]:
            self.index("memory", memory, len(self.context.memories))
        self.simple(instr)

    def memory_init(self, instr: Instr) -> None:
        self.index("data segment", instr[1], self.context.data_segments)
        self.index("memory", instr[2], len(self.context.memories))
        self.simple(instr)

    def lane(self, instr: Instr) -> None:
        self.index("lane", instr[1], _LANE_COUNTS[instr[0]])
        self.simple(instr)

    def shuffle(self, instr: Instr) -> None:
        for lane in instr[1]:
            self.index("lane", lane, 32)
        self.simple(instr)


_Handler = Callable[[_FunctionChecker, Instr], None]
_KIND_HANDLERS: Final[dict[Immediate, _Handler]] = {
    Immediate.BLOCK: _FunctionChecker.block,
    Immediate.LABELS: _FunctionChecker.branch_table,
    Immediate.FUNCTION: _FunctionChecker.call,
    Immediate.INDIRECT: _FunctionChecker.call_indirect,
    Immediate.TYPES: _FunctionChecker.select_typed,
    Immediate.LOCAL: _FunctionChecker.local,
    Immediate.GLOBAL: _FunctionChecker.global_,
    Immediate.ACCESS: _FunctionChecker.access,
    Immediate.ACCESS_LANE: _FunctionChecker.access_lane,
    Immediate.MEMORY: _FunctionChecker.memories,
    Immediate.MEMORY_COPY: _FunctionChecker.memories,
    Immediate.MEMORY_INIT: _FunctionChecker.memory_init,
    Immediate.LANE: _FunctionChecker.lane,
    Immediate.SHUFFLE: _FunctionChecker.shuffle,
}
_CODE_HANDLERS: Final[dict[int, _Handler]] = {
    op.UNREACHABLE: _FunctionChecker.unreachable,
    op.ELSE: _FunctionChecker.else_,
    op.END: _FunctionChecker.end,
    op.BR: _FunctionChecker.branch,
    op.BR_IF: _FunctionChecker.branch_if,
    op.RETURN: _FunctionChecker.return_,
    op.DROP: _FunctionChecker.drop,
    op.SELECT: _FunctionChecker.select,
}
_HANDLERS: Final[dict[int, _Handler]] = {
    code: _CODE_HANDLERS.get(code) or _KIND_HANDLERS.get(row.immediate, _FunctionChecker.simple)
    for code, row in OPCODES.items()
}
