"""Execution: WebAssembly Core 2.0, section 4.4. One `step` is one instruction.

A frame holds a function's locals, operands and labels; the frames are the call stack, so that how deep a guest may
call does not depend on Python's own stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from corten.base.errors import TrapCode
from corten.wasm import op
from corten.wasm.module import FuncType, Instr
from corten.wasm.opcodes import EMPTY_BLOCK, OPCODES, Category
from spec.wasm.instance import AnyFunction, HostFunction, Instance, WasmFunction
from spec.wasm.memory import load_operators, store_operators
from spec.wasm.trap import Exhausted, Trap

MOST_CALLS: Final = 20_000
_LOADS: Final = load_operators()
_STORES: Final = store_operators()


@dataclass(slots=True)
class Label:
    """An open block: a branch to it takes `arity` operands down to `height` and continues at `target`."""

    arity: int
    height: int
    target: int
    is_loop: bool


@dataclass(slots=True)
class Frame:
    """An activation of a function. Locals and operands are bits, unsigned."""

    function: WasmFunction
    locals: list[int]
    operands: list[int] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    position: int = 0

    def pop(self) -> int:
        """The topmost operand."""
        return self.operands.pop()

    def pop_many(self, count: int) -> list[int]:
        """The topmost operands, the last pushed last."""
        return [self.operands.pop() for _ in range(count)][::-1]


Rule: TypeAlias = "Callable[[Machine, Frame, Instr], None]"


class Machine:
    """Runs functions of instances. `steps` counts instructions; `most_steps` and `most_calls` bound a run."""

    def __init__(self, most_steps: int | None = None, most_calls: int = MOST_CALLS) -> None:
        self.most_steps = most_steps
        self.most_calls = most_calls
        self.steps = 0
        self.frames: list[Frame] = []
        self.results: list[int] = []

    def invoke(self, function: AnyFunction, *arguments: int) -> list[int]:
        """Call a function and run until it returns. Raises Trap, or Exhausted when a bound is reached."""
        self.frames, self.results = [], []
        try:
            self.call(function, list(arguments))
            while self.frames:
                self.step()
        finally:
            self.frames = []
        return self.results

    def step(self) -> None:
        """One instruction of the topmost frame."""
        frame = self.frames[-1]
        instr = frame.function.code.body[frame.position]
        frame.position += 1
        self.steps += 1
        if self.steps == self.most_steps:
            raise Exhausted(f"{self.steps} steps")
        RULES[instr[0]](self, frame, instr)

    def call(self, function: AnyFunction, arguments: list[int]) -> None:
        """Enter a function: its parameters, then its other locals as zeroes."""
        if isinstance(function, HostFunction):
            self.give_results(function.call(*arguments))
            return
        if len(self.frames) == self.most_calls:
            raise Exhausted(f"{self.most_calls} nested calls")
        frame = Frame(function, arguments + [0] * len(function.code.locals))
        frame.labels.append(Label(len(function.type.results), 0, len(function.code.body), is_loop=False))
        self.frames.append(frame)

    def give_results(self, results: Iterable[int]) -> None:
        """Hand results to the caller: the topmost frame, or whoever invoked the function."""
        if self.frames:
            self.frames[-1].operands.extend(results)
        else:
            self.results = list(results)

    def leave(self, frame: Frame) -> None:
        """Leave a function with its results, which are all the operands that it has left."""
        self.frames.pop()
        self.give_results(frame.operands)

    def branch(self, frame: Frame, depth: int) -> None:
        """Leave all blocks inside the one that `depth` counts to; continue at its end, or at the start of a loop."""
        label = frame.labels[-1 - depth]
        carried = frame.pop_many(label.arity)
        del frame.operands[label.height :]
        frame.operands.extend(carried)
        frame.position = label.target
        del frame.labels[len(frame.labels) - depth - (0 if label.is_loop else 1) :]
        if not frame.labels:
            self.leave(frame)


# ── control ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def block_type(instance: Instance, immediate: int) -> FuncType:
    """Parameters and results of a block."""
    if immediate == EMPTY_BLOCK:
        return FuncType()
    return FuncType((), (immediate + 0x80,)) if immediate < 0 else instance.module.types[immediate]


def enter(frame: Frame, instr: Instr, *, is_loop: bool = False) -> int:
    """Open the block that the instruction just read begins; returns where its `else` or `end` stands."""
    start = frame.position - 1
    type_ = block_type(frame.function.instance, instr[1])
    otherwise, end = frame.function.targets[start]
    height = len(frame.operands) - len(type_.params)
    if is_loop:
        frame.labels.append(Label(len(type_.params), height, start + 1, is_loop=True))
    else:
        frame.labels.append(Label(len(type_.results), height, end + 1, is_loop=False))
    return otherwise


def execute_unreachable(machine: Machine, frame: Frame, instr: Instr) -> None:
    raise Trap(TrapCode.UNREACHABLE)


def execute_nop(machine: Machine, frame: Frame, instr: Instr) -> None:
    pass


def execute_block(machine: Machine, frame: Frame, instr: Instr) -> None:
    enter(frame, instr)


def execute_loop(machine: Machine, frame: Frame, instr: Instr) -> None:
    enter(frame, instr, is_loop=True)


def execute_if(machine: Machine, frame: Frame, instr: Instr) -> None:
    """Not zero: the first arm. Zero: the arm behind `else`; without one, nothing, and the operands are the results."""
    condition = frame.pop()
    otherwise = enter(frame, instr)
    if not condition:
        has_else = frame.function.code.body[otherwise][0] == op.ELSE
        frame.position = otherwise + 1 if has_else else otherwise


def execute_else(machine: Machine, frame: Frame, instr: Instr) -> None:
    """The end of an `if`'s first arm."""
    frame.position = frame.labels.pop().target


def execute_end(machine: Machine, frame: Frame, instr: Instr) -> None:
    """The end of a block, or of the function."""
    frame.labels.pop()
    if not frame.labels:
        machine.leave(frame)


def execute_br(machine: Machine, frame: Frame, instr: Instr) -> None:
    machine.branch(frame, instr[1])


def execute_br_if(machine: Machine, frame: Frame, instr: Instr) -> None:
    if frame.pop():
        machine.branch(frame, instr[1])


def execute_br_table(machine: Machine, frame: Frame, instr: Instr) -> None:
    """To the label that the operand selects, or to the default."""
    index = frame.pop()
    machine.branch(frame, instr[1][index] if index < len(instr[1]) else instr[2])


def execute_return(machine: Machine, frame: Frame, instr: Instr) -> None:
    machine.branch(frame, len(frame.labels) - 1)


def execute_call(machine: Machine, frame: Frame, instr: Instr) -> None:
    function = frame.function.instance.functions[instr[1]]
    machine.call(function, frame.pop_many(len(function.type.params)))


def execute_call_indirect(machine: Machine, frame: Frame, instr: Instr) -> None:
    """The table's element must exist, be a function, and have the expected type."""
    instance, index = frame.function.instance, frame.pop()
    table = instance.tables[instr[2]]
    if index >= len(table):
        raise Trap(TrapCode.TABLE_OUT_OF_BOUNDS)
    function = table[index]
    if function is None or function.type != instance.module.types[instr[1]]:
        raise Trap(TrapCode.INDIRECT_CALL_MISMATCH)
    machine.call(function, frame.pop_many(len(function.type.params)))


# ── parametric, variables ────────────────────────────────────────────────────────────────────────────────────────────


def execute_drop(machine: Machine, frame: Frame, instr: Instr) -> None:
    frame.pop()


def execute_select(machine: Machine, frame: Frame, instr: Instr) -> None:
    """The first of two operands if the third is not zero, else the second."""
    first, second, condition = frame.pop_many(3)
    frame.operands.append(first if condition else second)


def execute_local_get(machine: Machine, frame: Frame, instr: Instr) -> None:
    frame.operands.append(frame.locals[instr[1]])


def execute_local_set(machine: Machine, frame: Frame, instr: Instr) -> None:
    frame.locals[instr[1]] = frame.pop()


def execute_local_tee(machine: Machine, frame: Frame, instr: Instr) -> None:
    frame.locals[instr[1]] = frame.operands[-1]


def execute_global_get(machine: Machine, frame: Frame, instr: Instr) -> None:
    frame.operands.append(frame.function.instance.globals[instr[1]])


def execute_global_set(machine: Machine, frame: Frame, instr: Instr) -> None:
    frame.function.instance.globals[instr[1]] = frame.pop()


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def execute_load(machine: Machine, frame: Frame, instr: Instr) -> None:
    """Read little-endian bytes at address + offset, which does not wrap; traps beyond the memory."""
    row = OPCODES[instr[0]]
    _, offset, index, *lane = instr[1:]
    address, *vector = frame.pop_many(operand_count(instr[0]))
    data = frame.function.instance.memories[index].read(address + offset, row.access_bytes)
    frame.operands.append(_LOADS[row.name](int.from_bytes(data, "little"), *vector, *lane))


def execute_store(machine: Machine, frame: Frame, instr: Instr) -> None:
    """Write little-endian bytes at address + offset, which does not wrap; traps beyond the memory."""
    row = OPCODES[instr[0]]
    _, offset, index, *lane = instr[1:]
    address, operand = frame.pop_many(2)
    data = _STORES[row.name](operand, *lane).to_bytes(row.access_bytes, "little")
    frame.function.instance.memories[index].write(address + offset, data)


def execute_memory_size(machine: Machine, frame: Frame, instr: Instr) -> None:
    frame.operands.append(frame.function.instance.memories[instr[1]].pages)


def execute_memory_grow(machine: Machine, frame: Frame, instr: Instr) -> None:
    frame.operands.append(frame.function.instance.memories[instr[1]].grow(frame.pop()))


def execute_memory_fill(machine: Machine, frame: Frame, instr: Instr) -> None:
    """Fill with a byte. The whole range is checked first, also when it is empty."""
    start, byte, size = frame.pop_many(3)
    memory = frame.function.instance.memories[instr[1]]
    memory.check(start, size)
    memory.write(start, bytes([byte % 256]) * size)


def execute_memory_copy(machine: Machine, frame: Frame, instr: Instr) -> None:
    """Copy, as if all bytes were read before any is written. Both ranges are checked first."""
    target, source, size = frame.pop_many(3)
    memories = frame.function.instance.memories
    memories[instr[1]].check(target, size)
    memories[instr[1]].write(target, memories[instr[2]].read(source, size))


def execute_memory_init(machine: Machine, frame: Frame, instr: Instr) -> None:
    """Copy from a data segment; an active one is empty once it has been applied."""
    target, source, size = frame.pop_many(3)
    segment = frame.function.instance.module.data[instr[1]]
    content = segment.content if segment.offset is None else b""
    memory = frame.function.instance.memories[instr[2]]
    memory.check(target, size)
    if source + size > len(content):
        raise Trap(TrapCode.MEMORY_OUT_OF_BOUNDS)
    memory.write(target, content[source : source + size])


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def operand_count(code: int) -> int:
    """How many operands an instruction of fixed signature takes."""
    signature = OPCODES[code].signature
    assert signature is not None
    return len(signature[0])


def execute_numeric(machine: Machine, frame: Frame, instr: Instr) -> None:
    """Operands, then immediates, to one result."""
    operator = frame.function.instance.operators[OPCODES[instr[0]].name]
    operands = frame.pop_many(operand_count(instr[0]))
    frame.operands.append(operator(*operands, *instr[1:]))


def _rules() -> dict[int, Rule]:
    by_category: dict[Category, Rule] = {
        Category.LOAD: execute_load,
        Category.SIMD_LOAD: execute_load,
        Category.STORE: execute_store,
        Category.SIMD_STORE: execute_store,
    }
    rules = {code: by_category.get(row.category, execute_numeric) for code, row in OPCODES.items()}
    return rules | {
        op.UNREACHABLE: execute_unreachable,
        op.NOP: execute_nop,
        op.BLOCK: execute_block,
        op.LOOP: execute_loop,
        op.IF: execute_if,
        op.ELSE: execute_else,
        op.END: execute_end,
        op.BR: execute_br,
        op.BR_IF: execute_br_if,
        op.BR_TABLE: execute_br_table,
        op.RETURN: execute_return,
        op.CALL: execute_call,
        op.CALL_INDIRECT: execute_call_indirect,
        op.DROP: execute_drop,
        op.SELECT: execute_select,
        op.SELECT_T: execute_select,
        op.LOCAL_GET: execute_local_get,
        op.LOCAL_SET: execute_local_set,
        op.LOCAL_TEE: execute_local_tee,
        op.GLOBAL_GET: execute_global_get,
        op.GLOBAL_SET: execute_global_set,
        op.MEMORY_SIZE: execute_memory_size,
        op.MEMORY_GROW: execute_memory_grow,
        op.MEMORY_FILL: execute_memory_fill,
        op.MEMORY_COPY: execute_memory_copy,
        op.MEMORY_INIT: execute_memory_init,
    }


RULES: Final = _rules()
