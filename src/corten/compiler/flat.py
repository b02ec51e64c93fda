"""Lowers a kernel's functions without branches: every path is computed, and a mask says which values are kept.

This is what a loop vectorizer does with conditions; done here, LLVM sees straight code, in which two rows at once cost
as much as one. A row that traps is remembered and goes on with values that mean nothing: the exact loop computes it
again.

A mask is true where the row is on this path. `live` is cleared by `return`; a loop's `running` by `break`, and its
`turn` by `break` and `continue`. Locals that the author named are changed only where the mask is true; temporaries of
the checker are read on the path that has set them, and need no mask. Everything on the stack begins as zero, so that
what is computed beside the path is never undefined.
"""

from __future__ import annotations

from corten.compiler import ir
from corten.compiler.emitter import Sites
from corten.compiler.llvmtypes import llvm_type, result_type
from corten.compiler.lower import FunctionEmitter
from corten.compiler.types import IntType, Type, leaf_count, leaves
from corten.compiler.walk import expressions, statements

MOST_SCALARS = 64  # of a struct or array that is written under a mask, scalar by scalar
MOST_TURNS = 16  # of a loop that may end early


def is_flattenable(program: ir.Program) -> bool:
    """Whether a row ends in straight code, of a kind that LLVM may vectorize."""
    for function in program.functions:
        loops = [each for each in statements(function.body) if isinstance(each, ir.While)]
        if any(not loop.turns or (loop.turns > MOST_TURNS and _ends_early(loop)) for loop in loops):
            return False
        types = [*function.slots, function.result, *(local.type for local in function.locals)]
        if any(kind.is_aggregate and leaf_count(kind) > MOST_SCALARS for kind in types if _is_written(kind, function)):
            return False
        for each in expressions(function.body):
            is_wide = isinstance(each.type, IntType) and each.type.bits == 128
            if is_wide or (isinstance(each, ir.Intrinsic) and each.name in ("mul_div_floor", "mul_div_ceil")):
                return False
    return not _recurses(program.entries[0].function, [])


def _is_written(kind: Type, function: ir.Function) -> bool:
    return kind in function.slots or kind is function.result


def _ends_early(loop: ir.While) -> bool:
    return any(isinstance(each, ir.Break | ir.Return | ir.Trap) for each in statements(loop.body))


def _recurses(function: ir.Function, callers: list[ir.Function]) -> bool:
    called = {each.function.symbol: each.function for each in expressions(function.body) if isinstance(each, ir.Call)}
    return function in callers or any(_recurses(each, [*callers, function]) for each in called.values())


class FlatEmitter(FunctionEmitter):
    """Emits one function that takes, after its parameters, where to remember a trap and the mask of its caller."""

    def __init__(self, function: ir.Function, program: ir.Program, sites: Sites) -> None:
        super().__init__(function, program, sites, defers=True)
        self.mask = "%active"
        self._flags: list[list[str]] = []  # of the loops around, innermost last: running, turn
        self._value = ""
        self._statement_handlers[ir.Break] = lambda _: self._leave(*self._flags[-1])
        self._statement_handlers[ir.Continue] = lambda _: self._leave(self._flags[-1][1])

    def emit(self) -> str:
        self.entry += ["  %live = alloca i1, align 1", "  store i1 %active, ptr %live"]
        if result_type(self.function) != "void":
            self._value = self.stack_slot(result_type(self.function), 8)
        return super().emit()

    def _emit_trap_block(self) -> None:
        """The one return stands where elsewhere traps do."""
        kind = result_type(self.function)
        self.do(f"ret {kind} {self.op(f'load {kind}, ptr {self._value}')}" if self._value else "ret void")

    def stack_slot(self, kind: str, align: int) -> str:
        """A slot that is zero at first."""
        name = super().stack_slot(kind, align)
        if kind.startswith("["):
            size = kind[1:].partition(" ")[0]
            self.entry.append(f"  call void @llvm.memset.p0.i32(ptr align {align} {name}, i8 0, i32 {size}, i1 false)")
        else:
            self.entry.append(f"  store {kind} zeroinitializer, ptr {name}, align {align}")
        return name

    def remember_trap(self, condition: str) -> None:
        """The row traps if it is on this path."""
        super().remember_trap(self.op(f"and i1 {self.mask}, {condition}"))

    def context(self) -> list[str]:
        return ["ptr %trapped", f"i1 {self.mask}"]

    # ---- paths -------------------------------------------------------------------------------------------------------

    def _leave(self, *flags: str) -> None:
        """Rows on this path do not go on: clear their flags."""
        stay = self.op(f"xor i1 {self.mask}, true")
        for flag in flags:
            before = self.op(f"load i1, ptr {flag}")
            self.do(f"store i1 {self.op(f'and i1 {before}, {stay}')}, ptr {flag}")
        self.mask = "false"
        self._ended = True

    def _still(self, mask: str) -> str:
        """`mask` without the rows that have left since."""
        flags = ["%live", *(self._flags[-1][1:] if self._flags else [])]
        for flag in flags:
            mask = self.op(f"and i1 {mask}, {self.op(f'load i1, ptr {flag}')}")
        return mask

    def _if(self, node: ir.If) -> None:
        condition, before = self.expression(node.condition), self.mask
        ended = []
        for body, test in ((node.then, condition), (node.otherwise, self.op(f"xor i1 {condition}, true"))):
            self.mask = self.op(f"and i1 {before}, {test}")
            self.block(body)
            ended.append(self._ended)
        self._ended = all(ended)
        has_left = any(isinstance(each, ir.Return | ir.Break | ir.Continue | ir.Trap) for each in statements([node]))
        self.mask = self._still(before) if has_left else before

    def _while(self, node: ir.While) -> None:
        before = self.mask
        running, turn = (self.stack_slot("i1", 1) for _ in range(2))
        self.do(f"store i1 {before}, ptr {running}")
        condition, body, after = (self.fresh(name) for name in ("while", "body", "after"))
        self.jump(condition)
        self.label(condition)
        self.branch(self.expression(node.condition), body, after)
        self.label(body)
        self.mask = self.op(f"load i1, ptr {running}")
        self.do(f"store i1 {self.mask}, ptr {turn}")
        self._flags.append([running, turn])
        self.block(node.body)
        self._flags.pop()
        self.mask = before
        self.block(node.step)  # sets temporaries, for all rows alike
        self.jump(condition)
        self.label(after)
        self.mask, self._ended = self._still(before), False

    def _return(self, value: ir.Expression | None) -> None:
        result = "" if value is None else self.expression(value)
        if self.function.returns_copy:
            self.store(self.function.result, "%result", result)
        elif self._value:
            self._store_masked(result_type(self.function), result, self._value)
        self._leave_function()

    def _trap(self, node: ir.Trap) -> None:
        self.remember_trap("true")
        self._leave_function()

    def _leave_function(self) -> None:
        self._leave("%live", *(flag for flags in self._flags for flag in flags))

    # ---- values ------------------------------------------------------------------------------------------------------

    def _store_masked(self, kind: str, value: str, address: str, align: int = 8) -> None:
        before = self.op(f"load {kind}, ptr {address}, align {align}")
        kept = self.op(f"select i1 {self.mask}, {kind} {value}, {kind} {before}")
        self.do(f"store {kind} {kept}, ptr {address}, align {align}")

    def set_local(self, local: int, value: ir.Expression) -> None:
        if not self.function.locals[local].name:
            super().set_local(local, value)
            return
        found = self.expression(value)
        self._store_masked(llvm_type(value.type), found, self._locals[local])

    def store(self, kind: Type, address: str, value: str) -> None:
        """A scalar, or an aggregate scalar by scalar: all are read before the first is written."""
        if kind.is_aggregate:
            parts = [(leaf, self.load(leaf.type, self.offset(value, leaf.offset))) for leaf in leaves(kind)]
            for leaf, part in parts:
                self.store(leaf.type, self.offset(address, leaf.offset), part)
            return
        scalar = llvm_type(kind)
        kept = self.op(f"select i1 {self.mask}, {scalar} {value}, {scalar} {self.load(kind, address)}")
        super().store(kind, address, kept)

    def clear(self, kind: Type, slot: str) -> None:
        for leaf in leaves(kind):
            self.store(leaf.type, self.offset(slot, leaf.offset), "zeroinitializer")

    def _logical(self, node: ir.Logical) -> str:
        left, before = self.expression(node.left), self.mask
        both = node.operator == "and"
        goes_on = left if both else self.op(f"xor i1 {left}, true")
        self.mask = self.op(f"and i1 {before}, {goes_on}")
        right = self.expression(node.right)
        self.mask = before
        return self.op(f"select i1 {left}, i1 {right if both else 'true'}, i1 {'false' if both else right}")

    def _conditional(self, node: ir.Conditional) -> str:
        condition, before = self.expression(node.condition), self.mask
        kind = llvm_type(node.type)
        self.mask = self.op(f"and i1 {before}, {condition}")
        first = self.expression(node.then)
        self.mask = self.op(f"and i1 {before}, {self.op(f'xor i1 {condition}, true')}")
        second = self.expression(node.otherwise)
        self.mask = before
        return self.op(f"select i1 {condition}, {kind} {first}, {kind} {second}")
