"""Emits a kernel's loop: `run(rows, column addresses …) -> whether a result was NaN` (docs/spec/kernels.md).

A column is contiguous: one scalar a row, or an array of scalars a row. The kernel is inlined into the loop, so that
LLVM can make one iteration of two rows. What would keep it from that is avoided here: the columns do not overlap, and
the two functions that LLVM must not look into have twins for vectors.
"""

from __future__ import annotations

from collections.abc import Iterator

from corten.compiler import ir
from corten.compiler.emitter import Sites
from corten.compiler.llvmtypes import CANONICAL, OPAQUE, function_name, llvm_type, memory_type
from corten.compiler.lower import ATTRIBUTES, FunctionEmitter
from corten.compiler.types import BOOL, F64, ArrayType, Leaf, Type, leaves

RUN = "run"
VECTOR_SUFFIX = ".v2"


def vectorizable(declaration: str) -> str:
    """The declaration of CANONICAL or OPAQUE, with the twin that LLVM may call for two numbers at once."""
    name = CANONICAL if f'"{CANONICAL}"' in declaration else OPAQUE
    twin = declaration.replace("double", "<2 x double>").replace(name, name + VECTOR_SUFFIX)
    mapping = f'"vector-function-abi-variant"="_ZGV_LLVM_N2v_corten.{name}(corten.{name}{VECTOR_SUFFIX})"'
    return f"{declaration} {mapping}\n{twin}"


#: LLVM's estimate of costs is for other machines' vectors: it sees no gain in some loops that gain a third
_TWO_ROWS = '!90 = distinct !{!90, !91}\n!91 = !{!"llvm.loop.vectorize.width", i32 2}\n'


def kept_twins() -> str:
    """Keeps the twins until the vectorizer looks for them."""
    names = ", ".join(f'ptr @"corten.{name}{VECTOR_SUFFIX}"' for name in (CANONICAL, OPAQUE))
    return f'@llvm.compiler.used = appending global [2 x ptr] [{names}], section "llvm.metadata"\n'


def columns(kind: Type) -> list[Leaf]:
    """The columns of a parameter or result: its scalars, or the array itself."""
    if isinstance(kind, ArrayType):
        return [Leaf(kind, 0)]
    return list(leaves(kind))


class KernelEmitter(FunctionEmitter):
    """Emits `entry.run` for the one entry of a kernel's program."""

    def __init__(self, entry: ir.Entry, program: ir.Program) -> None:
        super().__init__(entry.function, program, Sites(program.files))
        self._entry = entry
        self._inputs = [leaf for _, kind in entry.parameters for leaf in columns(kind)]
        self._outputs = columns(entry.function.result)

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
        flags = list(self._results(self._call_kernel()))
        self.jump("done")
        self.label("done")
        total = "%bad"
        for flag in flags:
            total = self.op(f"add i64 {total}, {flag}")  # LLVM loses sight of what `or` gathers
        self.lines.append(f"  %worse = add i64 {total}, 0")
        self.lines.append("  %next = add nuw nsw i32 %i, 1")
        self.branch(self.op("icmp slt i32 %next, %rows"), "row", "exit", ", !llvm.loop !90")
        self.label("exit")
        self.lines.append(f"  %found = phi i64 [ 0, %{before} ], [ %worse, %done ]")
        flag = self.op("icmp ne i64 %found, 0")
        self.do(f"ret i32 {self.op(f'zext i1 {flag} to i32')}")
        names = [f"%in{number}" for number in range(len(self._inputs))]
        names += [f"%out{number}" for number in range(len(self._outputs))]
        parameters = ", ".join(["i32 %rows", *(f"ptr noalias nonnull align 16 {name}" for name in names)])
        name = f'"entry.{RUN}"'
        header = f'define i32 @{name}({parameters}) {ATTRIBUTES} "wasm-export-name"={name} {{'
        return "\n".join([header, "entry:", *self.entry, *self.lines, "}\n", kept_twins(), _TWO_ROWS])

    def _canonicalize(self, number: int, length: int) -> None:
        """The one NaN in an array's column: its elements are read in place, and their bits may be looked at."""
        before, loop, after = (self.fresh(name) for name in ("clean", "element", "cleaned"))
        count = self.op(f"mul nuw i32 %rows, {length}")
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
        call = (
            f"call {'void' if slot else llvm_type(function.result)} {function_name(function)}({', '.join(arguments)})"
        )
        if slot:
            self.do(call)
            return slot
        return self.op(call)

    def _slot(self, kind: Type) -> str:
        return self.stack_slot(f"[{max(kind.size, 1)} x i8]", max(kind.align, 8))

    def _parameter(self, kind: Type, numbers: Iterator[int]) -> str:
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
