"""Emits the loop of an iterated kernel: `run(rows, steps, columns …)` applies it to a state again and again.

The kernel's first parameter and its result are the state, one struct. Its columns stay in place from step to step.
Every other column is a parameter's: one value a row, or one value for all rows of a step; and it moves on from step to
step by as many bytes as the caller says. Steps are the outer loop, so that the inner one is over rows and can compute
two at once.
"""

from __future__ import annotations

from corten.compiler import ir
from corten.compiler.columns import Loop, LoopEmitter, columns
from corten.compiler.llvmtypes import memory_type
from corten.compiler.lower import ATTRIBUTES
from corten.compiler.types import BOOL, F64, ArrayType, Leaf, leaves


class IterationEmitter(LoopEmitter):
    """Emits `entry.run` of an iterated kernel's program; parameters in `by_row` have a value for each row."""

    def __init__(self, program: ir.Program, loop: Loop, by_row: frozenset[str]) -> None:
        super().__init__(program, loop)
        entry = program.entries[0]
        self._state = len(columns(entry.parameters[0][1]))
        names = [name for name, kind in entry.parameters for _ in columns(kind)]
        self._by_row = [number < self._state or name in by_row for number, name in enumerate(names)]
        self._uniform: dict[int, str] = {}

    def emit(self) -> str:
        moving = range(self._state, len(self._inputs))
        positive = self.op(f"and i1 {self.op('icmp sgt i32 %rows, 0')}, {self.op('icmp sgt i32 %steps, 0')}")
        before = self.fresh("before")
        self.jump(before)
        self.label(before)
        self.branch(positive, "step", "exit")
        self.label("step")
        self.lines.append(f"  %s = phi i32 [ 0, %{before} ], [ %following, %stepped ]")
        for number in moving:
            self.lines.append(f"  %in{number} = phi ptr [ %first{number}, %{before} ], [ %then{number}, %stepped ]")
        for number in moving:
            if not self._by_row[number]:
                self._uniform[number] = self._load_uniform(number)
        outer = self.fresh("rows")
        self.jump(outer)
        self.label(outer)
        self.jump("row")
        self.label("row")
        self.lines.append(f"  %i = phi i32 [ 0, %{outer} ], [ %next, %done ]")
        result = self._call_kernel()
        for number, leaf in enumerate(self._outputs):
            value = self.load(leaf.type, self.offset(result, leaf.offset))
            self.store(leaf.type, self._element_address(f"%in{number}", leaf), value)
        self.jump("done")
        self.label("done")
        self.lines.append("  %next = add nuw nsw i32 %i, 1")
        self.branch(self.op("icmp slt i32 %next, %rows"), "row", "stepped")
        self.label("stepped")
        for number in moving:
            self.lines.append(f"  %then{number} = getelementptr i8, ptr %in{number}, i32 %stride{number}")
        self.lines.append("  %following = add nuw nsw i32 %s, 1")
        self.branch(self.op("icmp slt i32 %following, %steps"), "step", "exit")
        self.label("exit")
        self.do("ret i32 0")
        parameters = ["i32 %rows", "i32 %steps"]
        parameters += [f"ptr noalias nonnull align 16 %in{number}" for number in range(self._state)]
        for number in moving:
            parameters += [f"ptr noalias nonnull align 8 %first{number}", f"i32 %stride{number}"]
        header = f'define i32 @"entry.run"({", ".join(parameters)}) {ATTRIBUTES} "wasm-export-name"="entry.run" {{'
        return "\n".join([header, "entry:", *self.entry, *self.lines, "}\n"])

    def _load_uniform(self, number: int) -> str:
        """A step's value for all rows; an array stays where it is."""
        leaf = self._inputs[number]
        if isinstance(leaf.type, ArrayType):
            return f"%in{number}"
        value = self.op(f"load {memory_type(leaf.type)}, ptr %in{number}, align {leaf.type.align}")
        if leaf.type is BOOL:
            return self.op(f"icmp ne i8 {value}, 0")
        return self.operations.canonical(value) if leaf.type is F64 else value

    def _load_scalar(self, number: int, leaf: Leaf) -> str:
        return self._uniform[number] if number in self._uniform else super()._load_scalar(number, leaf)

    def _element_address(self, column: str, leaf: Leaf) -> str:
        number = int(column.removeprefix("%in"))
        return self._uniform.get(number) or super()._element_address(column, leaf)


def state_problem(entry: ir.Entry) -> str:
    """Why a kernel cannot be iterated; empty if it can."""
    first = entry.parameters[0][1] if entry.parameters else None
    if first is None or first is not entry.function.result or not first.is_aggregate or isinstance(first, ArrayType):
        return "its first parameter and its result must be one struct, the state"
    return "" if list(leaves(first)) else "the state has no fields"
