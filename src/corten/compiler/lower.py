"""Lowers one IR function to LLVM IR.

Locals become stack slots that LLVM promotes to registers; checks become branches to one trap block per function.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from corten.base.errors import TrapCode
from corten.compiler import ir
from corten.compiler.contract_calls import emit_contract_call, emit_deployment
from corten.compiler.emitter import Emitter, Sites
from corten.compiler.host import emit_host_call
from corten.compiler.llvmtypes import STATE_ADDRESS, constant_text, function_name, llvm_type, memory_type, result_type
from corten.compiler.operations import Operations
from corten.compiler.types import BOOL, BYTES32, F64, IntType, Type, leaf_count, leaves
from corten.compiler.walk import runs_forever

MAX_FLATTENED = 64
ATTRIBUTES = "nounwind null_pointer_is_valid"
_STATUS_BITS = 12


class FunctionEmitter(Emitter):
    """Emits one IR function."""

    def __init__(self, function: ir.Function, program: ir.Program, sites: Sites, defers: bool = False) -> None:
        super().__init__()
        self.function, self.program, self.sites, self.defers = function, program, sites, defers
        self.operations = Operations(self)
        self._locals: list[str] = []
        self._slots: list[str] = []
        self._texts: list[str] = []
        self._traps: list[tuple[str, int]] = []
        self._loops: list[tuple[str, str]] = []
        self._ended = False
        self._statement_handlers: dict[type[ir.Statement], Callable[[Any], None]] = {
            ir.SetLocal: lambda node: self.set_local(node.local, node.value),
            ir.Store: self._store,
            ir.Evaluate: self._evaluate,
            ir.If: self._if,
            ir.While: self._while,
            ir.Break: lambda _: self._end(f"br label %{self._loops[-1][0]}"),
            ir.Continue: lambda _: self._end(f"br label %{self._loops[-1][1]}"),
            ir.Return: lambda node: self._return(node.value),
            ir.Require: lambda node: self._require(node.condition, node.code, node.line),
            ir.Emit: self._emit_event,
            ir.Trap: self._trap,
        }
        self._expression_handlers: dict[type[ir.Expression], Callable[[Any], str]] = {
            ir.Constant: lambda node: constant_text(node.type, node.value),
            ir.ReadLocal: lambda node: self.op(f"load {llvm_type(node.type)}, ptr {self._locals[node.local]}"),
            ir.StateAddress: lambda node: f"inttoptr (i32 {STATE_ADDRESS + node.offset} to ptr)",
            ir.Offset: lambda node: self.offset(self.expression(node.base), node.offset),
            ir.Element: self._element,
            ir.Load: lambda node: self.load(node.type, self.expression(node.address)),
            ir.Logical: self._logical,
            ir.Not: lambda node: self.op(f"xor i1 {self.expression(node.operand)}, true"),
            ir.Conditional: self._conditional,
            ir.Let: self._let,
            ir.Call: self._call,
            ir.Construct: self._construct,
            ir.HostCall: lambda node: emit_host_call(self, node),
            ir.Text: self._text,
            ir.ContractCall: lambda node: emit_contract_call(self, node),
            ir.Deployment: lambda node: emit_deployment(self, node),
            ir.Binary: self.operations.binary,
            ir.Compare: self.operations.compare,
            ir.Convert: self.operations.convert,
            ir.Intrinsic: self.operations.intrinsic,
        }

    def emit(self) -> str:
        function = self.function
        self._locals = [self.stack_slot(llvm_type(local.type), 8) for local in function.locals]
        self._slots = [self.stack_slot(f"[{max(kind.size, 1)} x i8]", max(kind.align, 8)) for kind in function.slots]
        for local in function.parameters:
            self.do(f"store {llvm_type(function.locals[local].type)} %p{local}, ptr {self._locals[local]}")
        self.block(function.body)
        self._emit_trap_block()
        return "\n".join([*self._texts, self._header(), "entry:", *self.entry, *self.lines, "}\n"])

    def _header(self) -> str:
        function = self.function
        parameters = [f"{llvm_type(function.locals[i].type)} %p{i}" for i in function.parameters]
        if function.returns_copy:
            parameters.insert(0, "ptr %result")
        hint = {True: " alwaysinline", False: " noinline", None: ""}[function.inline]
        if self.defers:
            parameters += ["ptr %trapped", "i1 %active"]
        name, result = function_name(function, self.defers), result_type(function)
        return f"define internal {result} {name}({', '.join(parameters)}) {ATTRIBUTES}{hint} {{"

    # ---- traps -------------------------------------------------------------------------------------------------------

    def trap_if(self, condition: str, code: TrapCode, line: int) -> None:
        """Branch to the trap block when `condition`; it is taken rarely. Deferred: only remember it."""
        if self.defers:
            self.remember_trap(condition)
            return
        carry_on = self.fresh("ok")
        self._traps.append((self.current, code | self.sites.number(self.function, line) << _STATUS_BITS))
        self.branch(condition, "trap", carry_on, ", !prof !0")
        self.label(carry_on)

    def trap_unless(self, condition: str, code: TrapCode, line: int) -> None:
        self.trap_if(self.op(f"xor i1 {condition}, true"), code, line)

    def remember_trap(self, condition: str) -> None:
        """The row would have trapped, or may have: it is computed again, exactly, so its values mean nothing now."""
        before = self.op("load i1, ptr %trapped")
        self.do(f"store i1 {self.op(f'or i1 {before}, {condition}')}, ptr %trapped")

    def context(self) -> list[str]:
        """What calls pass on besides their arguments."""
        return []

    def guarded(self, kind: str, bad: str, value: str, instead: str) -> str:
        """`value`; if traps are deferred, what the machine can go on with where there should have been one."""
        return self.op(f"select i1 {bad}, {kind} {instead}, {kind} {value}") if self.defers else value

    def _emit_trap_block(self) -> None:
        if self._traps:
            self.label("trap")
            incoming = ", ".join(f"[ {value}, %{block} ]" for block, value in self._traps)
            packed = self.op(f"phi i32 {incoming}")
            self.do(f'call void @"corten.trap"(i32 {packed})')
            self.do("unreachable")

    # ---- statements --------------------------------------------------------------------------------------------------

    def block(self, body: list[ir.Statement]) -> None:
        self._ended = False
        for statement in body:
            self.statement(statement)

    def statement(self, node: ir.Statement) -> None:
        """Emit any statement."""
        self._statement_handlers[type(node)](node)

    def _evaluate(self, node: ir.Evaluate) -> None:
        self.expression(node.value)

    def _store(self, node: ir.Store) -> None:
        target = self.expression(node.address)
        self.store(node.type, target, self.expression(node.value))

    def _emit_event(self, node: ir.Emit) -> None:
        event = self.program.events[node.event]
        self.output(event, f"emit.{event.name}", node.event, self.expression(node.value))

    def _trap(self, node: ir.Trap) -> None:
        self._traps.append((self.current, node.code | self.sites.number(self.function, node.line) << _STATUS_BITS))
        self._end("br label %trap")

    def _end(self, terminator: str) -> None:
        self.do(terminator)
        self._ended = True

    def set_local(self, local: int, value: ir.Expression) -> None:
        self.do(f"store {llvm_type(value.type)} {self.expression(value)}, ptr {self._locals[local]}")

    def store(self, kind: Type, address: str, value: str) -> None:
        """Store a scalar, or copy an aggregate (the two may be the same place)."""
        if kind.is_aggregate:
            self.copy(address, value, kind.size, kind.align)
            return
        if kind is BOOL:
            value = self.op(f"zext i1 {value} to i8")
        self.do(f"store {memory_type(kind)} {value}, ptr {address}, align {kind.align}")

    def copy(self, target: str, source: str, size: int, align: int) -> None:
        places = f"ptr align {align} {target}, ptr align {align} {source}"
        self.do(f"call void @llvm.memmove.p0.p0.i32({places}, i32 {size}, i1 false)")

    def _if(self, node: ir.If) -> None:
        condition = self.expression(node.condition)
        then, otherwise, after = self.fresh("then"), self.fresh("else"), self.fresh("after")
        self.branch(condition, then, otherwise)
        ended = []
        for name, body in ((then, node.then), (otherwise, node.otherwise)):
            self.label(name)
            self.block(body)
            ended.append(self._ended)
            if not self._ended:
                self.jump(after)
        self._ended = all(ended)
        if not self._ended:
            self.label(after)

    def _while(self, node: ir.While) -> None:
        condition, body, step, after = (self.fresh(name) for name in ("while", "body", "step", "after"))
        self.jump(condition)
        self.label(condition)
        self.branch(self.expression(node.condition), body, after)
        self.label(body)
        self._loops.append((after, step))
        self.block(node.body)
        if not self._ended:
            self.jump(step)
        self._loops.pop()
        self.label(step)
        self.block(node.step)
        self.jump(condition)
        self.label(after)
        # `while True` without break never comes here, but LLVM wants the block ended
        if runs_forever(node):
            self.do("unreachable")
        self._ended = runs_forever(node)

    def _require(self, condition: ir.Expression, code: int, line: int) -> None:
        carry_on, reject = self.fresh("ok"), self.fresh("reject")
        self.branch(self.expression(condition), carry_on, reject)
        self.label(reject)
        self.return_status(str(code | self.sites.number(self.function, line) << _STATUS_BITS))
        self.label(carry_on)

    def slot(self, number: int) -> str:
        """The address of a stack slot."""
        return self._slots[number]

    def site(self, line: int) -> int:
        """Where a reject happens, as it stands in a status above the code."""
        return self.sites.number(self.function, line) << _STATUS_BITS

    def return_status(self, status: str) -> None:
        """Leave the function with a reject status."""
        kind = result_type(self.function)
        if kind == "i32":
            self.do(f"ret i32 {status}")
            return
        self.do(f"ret {kind} {self.op(f'insertvalue {kind} zeroinitializer, i32 {status}, 0')}")

    def _return(self, value: ir.Expression | None) -> None:
        function, kind = self.function, result_type(self.function)
        result = "" if value is None else self.expression(value)
        if value is not None and function.returns_copy:
            self.copy("%result", result, function.result.size, function.result.align)
        if kind == "void":
            self._end("ret void")
        elif kind == "i32" and function.may_reject and (value is None or function.returns_copy):
            self._end("ret i32 0")
        elif function.may_reject:
            value_type = llvm_type(function.result)
            empty = f"{{ i32 0, {value_type} poison }}"
            packed = self.op(f"insertvalue {kind} {empty}, {value_type} {result}, 1")
            self._end(f"ret {kind} {packed}")
        else:
            self._end(f"ret {kind} {result}")

    # ---- expressions -------------------------------------------------------------------------------------------------

    def expression(self, node: ir.Expression) -> str:
        """The LLVM operand of an expression."""
        return self._expression_handlers[type(node)](node)

    def _text(self, node: ir.Text) -> str:
        name = f'@"text.{len(self._texts)}.{self.function.symbol}"'
        content = "".join(f"\\{byte:02X}" for byte in node.content)
        self._texts.append(f'{name} = private unnamed_addr constant [{len(node.content)} x i8] c"{content}", align 1')
        return name

    def _let(self, node: ir.Let) -> str:
        self.set_local(node.local, node.value)
        return self.expression(node.body)

    def offset(self, base: str, offset: int) -> str:
        return base if offset == 0 else self.op(f"getelementptr inbounds nuw i8, ptr {base}, i32 {offset}")

    def load(self, kind: Type, address: str) -> str:
        value = self.op(f"load {memory_type(kind)}, ptr {address}, align {kind.align}")
        return self.op(f"trunc i8 {value} to i1") if kind is BOOL else value

    def _element(self, node: ir.Element) -> str:
        base = self.expression(node.base)
        index, kind = self.expression(node.index), node.index.type
        assert isinstance(kind, IntType)
        if isinstance(node.index, ir.Constant) and 0 <= node.index.value < node.length:
            return self.offset(base, int(node.index.value) * node.stride)
        # an unsigned comparison also refuses negative indices
        outside = self.op(f"icmp uge {llvm_type(kind)} {index}, {node.length}") if kind.holds(node.length) else "false"
        if kind.signed and not kind.holds(node.length):
            outside = self.op(f"icmp slt {llvm_type(kind)} {index}, 0")
        self.trap_if(outside, TrapCode.INDEX_OUT_OF_RANGE, node.line)
        index = self.guarded(llvm_type(kind), outside, index, "0")
        wide = self.operations.resize(index, kind.bits, 32, False)
        offset = self.op(f"mul nuw i32 {wide}, {node.stride}")
        return self.op(f"getelementptr inbounds nuw i8, ptr {base}, i32 {offset}")

    def _logical(self, node: ir.Logical) -> str:
        left = self.expression(node.left)
        start, other, after = self.current, self.fresh("more"), self.fresh("after")
        both = node.operator == "and"
        self.branch(left, other if both else after, after if both else other)
        self.label(other)
        right = self.expression(node.right)
        end = self.current
        self.jump(after)
        self.label(after)
        return self.op(f"phi i1 [ {'false' if both else 'true'}, %{start} ], [ {right}, %{end} ]")

    def _conditional(self, node: ir.Conditional) -> str:
        condition = self.expression(node.condition)
        then, otherwise, after = self.fresh("then"), self.fresh("else"), self.fresh("after")
        self.branch(condition, then, otherwise)
        self.label(then)
        first = self.expression(node.then)
        then_end = self.current
        self.jump(after)
        self.label(otherwise)
        second = self.expression(node.otherwise)
        otherwise_end = self.current
        self.jump(after)
        self.label(after)
        return self.op(f"phi {llvm_type(node.type)} [ {first}, %{then_end} ], [ {second}, %{otherwise_end} ]")

    def _call(self, node: ir.Call) -> str:
        callee = node.function
        arguments = [f"{llvm_type(argument.type)} {self.expression(argument)}" for argument in node.arguments]
        slot = ""
        if callee.returns_copy:
            slot = self.stack_slot(f"[{max(callee.result.size, 1)} x i8]", max(callee.result.align, 8))
            arguments.insert(0, f"ptr {slot}")
        arguments += self.context()
        kind = result_type(callee)
        call = f"call {kind} {function_name(callee, self.defers)}({', '.join(arguments)})"
        if kind == "void":
            self.do(call)
            return slot
        value = self.op(call)
        if not callee.may_reject:
            return value
        return self._propagate(value, kind, callee, slot)

    def _propagate(self, value: str, kind: str, callee: ir.Function, slot: str) -> str:
        """Return on with the callee's status unless it is 0; otherwise its value."""
        status = value if kind == "i32" else self.op(f"extractvalue {kind} {value}, 0")
        rejected = self.op(f"icmp ne i32 {status}, 0")
        reject, carry_on = self.fresh("reject"), self.fresh("ok")
        self.branch(rejected, reject, carry_on)
        self.label(reject)
        self.return_status(status)
        self.label(carry_on)
        if kind == "i32":
            return slot
        return self.op(f"extractvalue {kind} {value}, 1")

    def _construct(self, node: ir.Construct) -> str:
        slot = self._slots[node.slot]
        found = [(offset, kind, self.expression(value)) for offset, kind, value in node.stores]
        values = [(offset, kind, self._stable(kind, value)) for offset, kind, value in found]
        covered = sum(kind.size for _, kind, _ in values)
        if covered < node.type.size:
            self.clear(node.type, slot)
        for offset, kind, value in values:
            self.store(kind, self.offset(slot, offset), value)
        return slot

    def clear(self, kind: Type, slot: str) -> None:
        """Zeroes, where a value will be made."""
        self.do(f"call void @llvm.memset.p0.i32(ptr align 8 {slot}, i8 0, i32 {kind.size}, i1 false)")

    def _stable(self, kind: Type, value: str) -> str:
        """An aggregate operand may live in the very slot that is about to be overwritten: copy it aside."""
        if not kind.is_aggregate:
            return value
        aside = self.stack_slot(f"[{max(kind.size, 1)} x i8]", 8)
        self.copy(aside, value, kind.size, kind.align)
        return aside

    # ---- records -----------------------------------------------------------------------------------------------------

    def output(self, kind: Type, name: str, number: int, value: str) -> None:
        """Append an event or result: as scalars when it is small, by address otherwise."""
        if leaf_count(kind) > MAX_FLATTENED:
            size = -(-kind.size // 8) * 8
            address = self.op(f"ptrtoint ptr {self._padded(kind, value, size)} to i32")
            self.do(f'call void @"corten.output"(i32 {number}, i32 {address}, i32 {size})')
            return
        scalars: list[str] = []
        for leaf in leaves(kind):
            scalar = self.load(leaf.type, self.offset(value, leaf.offset)) if kind.is_aggregate else value
            scalars += self._flatten(leaf.type, scalar)
        self.do(f'call void @"corten.{name}"({", ".join(scalars)})')

    def _padded(self, kind: Type, value: str, size: int) -> str:
        """A record's bytes up to a multiple of 8; not those of its neighbours in memory."""
        if kind.size == size:
            return value
        aside = self.stack_slot(f"[{size} x i8]", 8)
        self.do(f"store i64 0, ptr {self.offset(aside, size - 8)}, align 8")
        self.copy(aside, value, kind.size, kind.align)
        return aside

    def _flatten(self, kind: Type, value: str) -> list[str]:
        if kind is F64:
            return [f"double {value}"]
        if kind is BYTES32 or (isinstance(kind, IntType) and kind.bits == 128):
            bits = 256 if kind is BYTES32 else 128
            return [f"i64 {self._word(value, bits, index)}" for index in range(bits // 64)]
        if kind is BOOL:
            return [f"i32 {self.op(f'zext i1 {value} to i32')}"]
        bits = kind.bits if isinstance(kind, IntType) else 8
        signed = isinstance(kind, IntType) and kind.signed
        target = 64 if bits == 64 else 32
        return [f"i{target} {self.operations.resize(value, bits, target, signed)}"]

    def _word(self, value: str, bits: int, index: int) -> str:
        shifted = value if index == 0 else self.op(f"lshr i{bits} {value}, {64 * index}")
        return self.op(f"trunc i{bits} {shifted} to i64")
