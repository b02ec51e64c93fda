"""Emits a kernel's loops: `run(rows, column addresses …)` computes rows and says what was found (docs/spec/kernels.md).

A column is contiguous: one scalar a row, or an array of scalars a row. The kernel is inlined into the loop, so that
LLVM can make one iteration of two rows. What would keep it from that is avoided here: the columns do not overlap, and
the two functions that LLVM must not look into have twins for vectors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from corten.compiler import ir
from corten.compiler.emitter import Sites
from corten.compiler.llvmtypes import CANONICAL, OPAQUE, function_name, llvm_type, memory_type
from corten.compiler.lower import ATTRIBUTES, FunctionEmitter
from corten.compiler.types import BOOL, F64, ArrayType, Leaf, Type, leaves

RUN, UNIFORM, EXACT = "run", "uniform", "exact"
_TRAP_SHIFT = 32  # what a loop counts: NaNs in the low half, rows that may have trapped above
VECTOR_SUFFIX = ".v2"


def vectorizable(declaration: str) -> str:
    """The declaration of CANONICAL or OPAQUE, with the twin that LLVM may call for two numbers at once."""
    name = CANONICAL if f'"{CANONICAL}"' in declaration else OPAQUE
    twin = declaration.replace("double", "<2 x double>").replace(name, name + VECTOR_SUFFIX)
    mapping = f'"vector-function-abi-variant"="_ZGV_LLVM_N2v_corten.{name}(corten.{name}{VECTOR_SUFFIX})"'
    return f"{declaration} {mapping}\n{twin}"


def kept_twins() -> str:
    """Keeps the twins until the vectorizer looks for them."""
    names = ", ".join(f'ptr @"corten.{name}{VECTOR_SUFFIX}"' for name in (CANONICAL, OPAQUE))
    return f'@llvm.compiler.used = appending global [2 x ptr] [{names}], section "llvm.metadata"\n'


def columns(kind: Type) -> list[Leaf]:
    """The columns of a parameter or result: its scalars, or the array itself."""
    if isinstance(kind, ArrayType):
        return [Leaf(kind, 0)]
    return list(leaves(kind))


@dataclass(frozen=True)
class Loop:
    """A loop that a kernel's module exports as `entry.<name>`.

    `defers`: a row that may trap is only counted, and what follows in it means nothing. `is_uniform`: arrays have one
    row, for all rows of the others.
    """

    name: str
    defers: bool = False
    is_uniform: bool = False


class LoopEmitter(FunctionEmitter):
    """Emits one loop around a kernel."""

    def __init__(self, program: ir.Program, loop: Loop) -> None:
        entry = program.entries[0]
        super().__init__(entry.function, program, Sites(program.files), loop.defers)
        self._entry, self._loop = entry, loop
        self._inputs = [leaf for _, kind in entry.parameters for leaf in columns(kind)]
        self._outputs = columns(entry.function.result)
        if self.defers:
            self.entry.append("  %trapped = alloca i1, align 1")

    def emit(self) -> str:
        for number, leaf in enumerate(self._inputs):
            if isinstance(leaf.type, ArrayType) and leaf.type.element is F64:
                self._canonicalize(number, leaf.type.length)
        some = self.op("icmp sgt i32 %rows, 0")
        before = self.fresh("before")
        self.jump(before)
        self.label(before)
        self.branch(some, "row", "exit")
        self.label("row")
        self.lines.append(f"  %i = phi i32 [ 0, %{before} ], [ %next, %done ]")
        self.lines.append(f"  %bad = phi i64 [ 0, %{before} ], [ %worse, %done ]")
        self._row()
        self.lines.append("  %next = add nuw nsw i32 %i, 1")
        self.branch(self.op("icmp slt i32 %next, %rows"), "row", "exit")
        self.label("exit")
        self.lines.append(f"  %found = phi i64 [ 0, %{before} ], [ %worse, %done ]")
        self.do("ret i64 %found")
        return self._function_text()

    def _row(self) -> None:
        if self.defers:
            self.do("store i1 false, ptr %trapped")
        flags = list(self._results(self._call_kernel()))
        if self.defers:
            trapped = self.op(f"zext i1 {self.op('load i1, ptr %trapped')} to i64")
            flags.append(self.op(f"shl i64 {trapped}, {_TRAP_SHIFT}"))
        self.jump("done")
        self.label("done")
        total = "%bad"
        for flag in flags:
            total = self.op(f"add i64 {total}, {flag}")  # LLVM loses sight of what `or` gathers
        self.lines.append(f"  %worse = add i64 {total}, 0")

    def _function_text(self) -> str:
        names = [f"%in{number}" for number in range(len(self._inputs))]
        names += [f"%out{number}" for number in range(len(self._outputs))]
        parameters = ", ".join(["i32 %rows", *(f"ptr noalias nonnull align 16 {name}" for name in names)])
        name = f'"entry.{self._loop.name}"'
        header = f'define i64 @{name}({parameters}) {ATTRIBUTES} "wasm-export-name"={name} {{'
        return "\n".join([header, "entry:", *self.entry, *self.lines, "}\n"])

    def _canonicalize(self, number: int, length: int) -> None:
        """The one NaN in an array's column: its elements are read in place, and their bits may be looked at."""
        before, loop, after = (self.fresh(name) for name in ("clean", "element", "cleaned"))
        count = str(length) if self._loop.is_uniform else self.op(f"mul nuw i32 %rows, {length}")
        some = self.op(f"icmp ne i32 {count}, 0")
        self.jump(before)
        self.label(before)
        self.branch(some, loop, after)
        self.label(loop)
        index, following = f"%{self.fresh('k')}", f"%{self.fresh('k')}"
        self.lines.append(f"  {index} = phi i32 [ 0, %{before} ], [ {following}, %{loop} ]")
        address = self.op(f"getelementptr inbounds double, ptr %in{number}, i32 {index}")
        value = self.operations.canonical(self.op(f"load double, ptr {address}, align 8"))
        self.do(f"store double {value}, ptr {address}, align 8")
        self.lines.append(f"  {following} = add nuw i32 {index}, 1")
        self.branch(self.op(f"icmp ult i32 {following}, {count}"), loop, after)
        self.label(after)

    def _element_address(self, column: str, leaf: Leaf) -> str:
        offset = self.op(f"mul nuw nsw i32 %i, {leaf.type.size}")
        return self.op(f"getelementptr inbounds nuw i8, ptr {column}, i32 {offset}")

    def _call_kernel(self) -> str:
        """Load a row, call the kernel; its value, or the slot that it is in."""
        function, arguments, slot = self.function, list[str](), ""
        numbers = iter(range(len(self._inputs)))
        if function.returns_copy:
            slot = self._slot(function.result)
            arguments.append(f"ptr {slot}")
        for _, kind in self._entry.parameters:
            arguments.append(f"{llvm_type(kind)} {self._parameter(kind, numbers)}")
        if self.defers:
            arguments += ["ptr %trapped", "i1 true"]
        returned = "void" if slot else llvm_type(function.result)
        call = f"call {returned} {function_name(function, self.defers)}({', '.join(arguments)})"
        if slot:
            self.do(call)
            return slot
        return self.op(call)

    def _slot(self, kind: Type) -> str:
        return self.stack_slot(f"[{max(kind.size, 1)} x i8]", max(kind.align, 8))

    def _parameter(self, kind: Type, numbers: Iterator[int]) -> str:
        if isinstance(kind, ArrayType) and self._loop.is_uniform:
            return f"%in{next(numbers)}"
        if isinstance(kind, ArrayType):
            return self._element_address(f"%in{next(numbers)}", Leaf(kind, 0))
        if not kind.is_aggregate:
            return self._load_scalar(next(numbers), Leaf(kind, 0))
        slot = self._slot(kind)
        for leaf in leaves(kind):
            self.store(leaf.type, self.offset(slot, leaf.offset), self._load_scalar(next(numbers), leaf))
        return slot

    def _load_scalar(self, number: int, leaf: Leaf) -> str:
        address = self._element_address(f"%in{number}", leaf)
        value = self.op(f"load {memory_type(leaf.type)}, ptr {address}, align {leaf.type.align}")
        if leaf.type is BOOL:
            return self.op(f"icmp ne i8 {value}, 0")
        return self.operations.canonical(value) if leaf.type is F64 else value

    def _results(self, result: str) -> Iterator[str]:
        """Store a row's results; 1 or 0 for each that may be NaN."""
        kind = self.function.result
        for number, leaf in enumerate(self._outputs):
            address = self._element_address(f"%out{number}", leaf)
            if isinstance(leaf.type, ArrayType):
                for element in leaves(leaf.type):
                    yield from self._result(result, element, self.offset(address, element.offset))
            else:
                yield from self._result(result, leaf, address, kind.is_aggregate)

    def _result(self, result: str, leaf: Leaf, address: str, is_slot: bool = True) -> Iterator[str]:
        value = self.load(leaf.type, self.offset(result, leaf.offset)) if is_slot else result
        self.store(leaf.type, address, value)
        if leaf.type is F64:
            yield self.op(f"zext i1 {self.op(f'fcmp uno double {value}, {value}')} to i64")
