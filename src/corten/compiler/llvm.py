"""Typed IR → LLVM IR text.

Locals become stack slots that LLVM promotes to registers; checks become branches to one trap block per function.
A function that may reject returns a status next to its value; callers test it and return it on (docs/spec/module.md).
The same text is compiled for WebAssembly and, as a benchmark's peer, for the host: guest addresses are plain integers.
"""

from __future__ import annotations

import struct
from pathlib import Path

from corten.base.errors import CompilerBug, TrapCode
from corten.compiler import ir
from corten.compiler.operations import Operations
from corten.compiler.types import (
    BOOL,
    BYTES32,
    F64,
    NONE,
    EnumType,
    IntType,
    RefType,
    Type,
    carrier,
    leaf_count,
    leaves,
)

STATE_HEADER = 0x10000
STATE_ADDRESS = STATE_HEADER + 64
MAX_FLATTENED = 64
RESULT_KIND = 0xFFFF
STATUS_BITS = 12
_ATTRIBUTES = "nounwind null_pointer_is_valid"


def llvm_type(kind: Type) -> str:
    """The LLVM type of a value of `kind` in a register; addresses are ptr."""
    if kind is BOOL:
        return "i1"
    if isinstance(kind, IntType):
        return f"i{kind.bits}"
    if isinstance(kind, EnumType):
        return "i8"
    if kind is F64:
        return "double"
    if kind is BYTES32:
        return "i256"
    return "void" if kind is NONE else "ptr"


def memory_type(kind: Type) -> str:
    """The LLVM type of a scalar in memory."""
    return "i8" if kind is BOOL else llvm_type(kind)


class Sites:
    """Places in source that traps and rejects name by number; 0 is unknown."""

    def __init__(self, files: list[str]) -> None:
        self.files = files
        self.rows: list[tuple[int, str, int]] = [(0, "", 0)]
        self._numbers: dict[tuple[int, str, int], int] = {}

    def number(self, function: ir.Function, line: int) -> int:
        key = (self.files.index(function.file), function.name, line)
        if key not in self._numbers:
            self._numbers[key] = len(self.rows)
            self.rows.append(key)
        return self._numbers[key]


def emit_llvm(program: ir.Program, triple: str) -> tuple[str, Sites]:
    """The LLVM module of a checked program, and its table of sites."""
    sites = Sites(program.files)
    parts = [f'target triple = "{triple}"', _declarations(program)]
    parts += [FunctionEmitter(function, program, sites).emit() for function in program.functions]
    parts += [_EntryEmitter(entry, program).emit() for entry in program.entries]
    parts.append((Path(__file__).parent / "helpers.ll").read_text(encoding="utf-8"))
    parts.append('!0 = !{!"branch_weights", i32 1, i32 4000}\n!1 = !{!"branch_weights", i32 4000, i32 1}\n')
    return "\n".join(parts), sites


def _declarations(program: ir.Program) -> str:
    """The imports of module `corten`, as external functions whose effects stay out of guest memory."""
    outside = "nounwind memory(inaccessiblemem: readwrite)"
    lines = [
        _declare("trap", "void", ["i32"], "noreturn cold nounwind memory(inaccessiblemem: readwrite)"),
        _declare("output", "void", ["i32", "i32", "i32"], "nounwind"),
    ]
    for name, kind in (
        ("sender", "i32"),
        ("memory_limit", "i32"),
        ("time", "i64"),
        ("height", "i64"),
        ("chain", "i64"),
    ):
        lines.append(_declare(name, kind, [], "nounwind willreturn memory(none)"))
    for event in program.events:
        if leaf_count(event) <= MAX_FLATTENED:
            lines.append(_declare(f"emit.{event.name}", "void", flat_types(event), outside))
    for entry in program.entries:
        if entry.function.result is not NONE and leaf_count(entry.function.result) <= MAX_FLATTENED:
            lines.append(_declare(f"result.{entry.name}", "void", flat_types(entry.function.result), outside))
    return "\n".join(lines)


def _declare(name: str, result: str, types: list[str], attributes: str) -> str:
    imported = f'"wasm-import-module"="corten" "wasm-import-name"="{name}"'
    return f'declare {result} @"corten.{name}"({", ".join(types)}) {attributes} {imported}'


def flat_types(kind: Type) -> list[str]:
    """The LLVM types of a flattened value (docs/spec/module.md)."""
    result: list[str] = []
    for leaf in leaves(kind):
        if isinstance(leaf.type, IntType) and leaf.type.bits == 128:
            result += ["i64", "i64"]
        elif leaf.type is BYTES32:
            result += ["i64"] * 4
        elif leaf.type is F64:
            result.append("double")
        else:
            result.append("i64" if leaf.type.size == 8 else "i32")
    return result


class Emitter:
    """Lines of one LLVM function: fresh names, blocks, instructions."""

    def __init__(self) -> None:
        self.entry: list[str] = []
        self.lines: list[str] = []
        self.current = "entry"
        self._counter = 0

    def fresh(self, prefix: str = "t") -> str:
        self._counter += 1
        return f"{prefix}{self._counter}"

    def op(self, text: str) -> str:
        """Append an instruction and return the name of its result."""
        name = "%" + self.fresh()
        self.lines.append(f"  {name} = {text}")
        return name

    def do(self, text: str) -> None:
        self.lines.append(f"  {text}")

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")
        self.current = name

    def jump(self, name: str) -> None:
        self.do(f"br label %{name}")

    def branch(self, condition: str, then: str, otherwise: str, weights: str = "") -> None:
        self.do(f"br i1 {condition}, label %{then}, label %{otherwise}{weights}")

    def stack_slot(self, kind: str, align: int) -> str:
        name = "%" + self.fresh("s")
        self.entry.append(f"  {name} = alloca {kind}, align {align}")
        return name


class FunctionEmitter(Emitter):
    """Emits one IR function."""

    def __init__(self, function: ir.Function, program: ir.Program, sites: Sites) -> None:
        super().__init__()
        self.function, self.program, self.sites = function, program, sites
        self.operations = Operations(self)
        self._locals: list[str] = []
        self._slots: list[str] = []
        self._traps: list[tuple[str, int]] = []
        self._loops: list[tuple[str, str]] = []
        self._ended = False

    def emit(self) -> str:
        function = self.function
        self._locals = [self.stack_slot(*self._local_type(local.type)) for local in function.locals]
        self._slots = [self.stack_slot(f"[{max(kind.size, 1)} x i8]", max(kind.align, 8)) for kind in function.slots]
        for local in function.parameters:
            self.do(f"store {llvm_type(function.locals[local].type)} %p{local}, ptr {self._locals[local]}")
        self.block(function.body)
        self._emit_trap_block()
        return "\n".join([self._header(), "entry:", *self.entry, *self.lines, "}\n"])

    def _local_type(self, kind: Type) -> tuple[str, int]:
        return llvm_type(kind), 8

    def _header(self) -> str:
        function = self.function
        parameters = [f"{llvm_type(function.locals[i].type)} %p{i}" for i in function.parameters]
        if function.returns_copy:
            parameters.insert(0, "ptr %result")
        hint = {True: " alwaysinline", False: " noinline", None: ""}[function.inline]
        name, result = function_name(function), result_type(function)
        return f"define internal {result} {name}({', '.join(parameters)}) {_ATTRIBUTES}{hint} {{"

    # ---- traps -----------------------------------------------------------------------------------------------

    def trap_if(self, condition: str, code: TrapCode, line: int) -> None:
        """Branch to the trap block when `condition`; it is taken rarely."""
        carry_on = self.fresh("ok")
        self._traps.append((self.current, code | self.sites.number(self.function, line) << STATUS_BITS))
        self.branch(condition, "trap", carry_on, ", !prof !0")
        self.label(carry_on)

    def trap_unless(self, condition: str, code: TrapCode, line: int) -> None:
        self.trap_if(self.op(f"xor i1 {condition}, true"), code, line)

    def _emit_trap_block(self) -> None:
        if self._traps:
            self.label("trap")
            incoming = ", ".join(f"[ {value}, %{block} ]" for block, value in self._traps)
            packed = self.op(f"phi i32 {incoming}")
            self.do(f'call void @"corten.trap"(i32 {packed})')
            self.do("unreachable")

    # ---- statements --------------------------------------------------------------------------------------------

    def block(self, body: list[ir.Statement]) -> None:
        self._ended = False
        for statement in body:
            self.statement(statement)

    def statement(self, node: ir.Statement) -> None:
        match node:
            case ir.SetLocal(local=local, value=value):
                self.set_local(local, value)
            case ir.Store(type=kind, address=address, value=value):
                target = self.expression(address)
                self.store(kind, target, self.expression(value))
            case ir.Evaluate(value=value):
                self.expression(value)
            case ir.If():
                self._if(node)
            case ir.While():
                self._while(node)
            case ir.Break():
                self._end(f"br label %{self._loops[-1][0]}")
            case ir.Continue():
                self._end(f"br label %{self._loops[-1][1]}")
            case ir.Return(value=value):
                self._return(value)
            case ir.Require(condition=condition, code=code, line=line):
                self._require(condition, code, line)
            case ir.Emit(event=event, value=value):
                self.output(
                    self.program.events[event], f"emit.{self.program.events[event].name}", event, self.expression(value)
                )
            case ir.Trap(code=code, line=line):
                self._traps.append((self.current, code | self.sites.number(self.function, line) << STATUS_BITS))
                self._end("br label %trap")
            case _:
                raise CompilerBug(f"no lowering for {type(node).__name__}")

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
        self.do(
            f"call void @llvm.memmove.p0.p0.i32(ptr align {align} {target}, ptr align {align} {source}, i32 {size}, i1 false)"
        )

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
        if _never_ends(node):
            self.do("unreachable")
        self._ended = _never_ends(node)

    def _require(self, condition: ir.Expression, code: int, line: int) -> None:
        carry_on, reject = self.fresh("ok"), self.fresh("reject")
        self.branch(self.expression(condition), carry_on, reject)
        self.label(reject)
        self.return_status(str(code | self.sites.number(self.function, line) << STATUS_BITS))
        self.label(carry_on)

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
            packed = self.op(
                f"insertvalue {kind} {{ i32 0, {llvm_type(function.result)} poison }}, {llvm_type(function.result)} {result}, 1"
            )
            self._end(f"ret {kind} {packed}")
        else:
            self._end(f"ret {kind} {result}")

    # ---- expressions -----------------------------------------------------------------------------------------------

    def expression(self, node: ir.Expression) -> str:
        """The LLVM operand of an expression."""
        match node:
            case ir.Constant(value=value):
                return constant_text(node.type, value)
            case ir.ReadLocal(local=local):
                return self.op(f"load {llvm_type(node.type)}, ptr {self._locals[local]}")
            case ir.StateAddress(offset=offset):
                return f"inttoptr (i32 {STATE_ADDRESS + offset} to ptr)"
            case ir.Offset(base=base, offset=offset):
                return self.offset(self.expression(base), offset)
            case ir.Element():
                return self._element(node)
            case ir.Load(address=address):
                return self.load(node.type, self.expression(address))
            case ir.Logical():
                return self._logical(node)
            case ir.Not(operand=operand):
                return self.op(f"xor i1 {self.expression(operand)}, true")
            case ir.Conditional():
                return self._conditional(node)
            case ir.Let(local=local, value=value, body=body):
                self.set_local(local, value)
                return self.expression(body)
            case ir.Call():
                return self._call(node)
            case ir.Construct():
                return self._construct(node)
        return self.operations.emit(node)

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
        kind = result_type(callee)
        call = f"call {kind} {function_name(callee)}({', '.join(arguments)})"
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
        values = [(offset, kind, self._stable(kind, self.expression(value))) for offset, kind, value in node.stores]
        covered = sum(kind.size for _, kind, _ in values)
        if covered < node.type.size:
            self.do(f"call void @llvm.memset.p0.i32(ptr align 8 {slot}, i8 0, i32 {node.type.size}, i1 false)")
        for offset, kind, value in values:
            self.store(kind, self.offset(slot, offset), value)
        return slot

    def _stable(self, kind: Type, value: str) -> str:
        """An aggregate operand may live in the very slot that is about to be overwritten: copy it aside."""
        if not kind.is_aggregate:
            return value
        aside = self.stack_slot(f"[{max(kind.size, 1)} x i8]", 8)
        self.copy(aside, value, kind.size, kind.align)
        return aside

    # ---- records ---------------------------------------------------------------------------------------------------

    def output(self, kind: Type, name: str, number: int, value: str) -> None:
        """Append an event or result: as scalars when it is small, by address otherwise."""
        if leaf_count(kind) > MAX_FLATTENED:
            address = self.op(f"ptrtoint ptr {value} to i32")
            self.do(f'call void @"corten.output"(i32 {number}, i32 {address}, i32 {kind.size})')
            return
        scalars: list[str] = []
        for leaf in leaves(kind):
            scalar = self.load(leaf.type, self.offset(value, leaf.offset)) if kind.is_aggregate else value
            scalars += self._flatten(leaf.type, scalar)
        self.do(f'call void @"corten.{name}"({", ".join(scalars)})')

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


class _EntryEmitter(FunctionEmitter):
    """Emits `entry.<name>`: flattened parameters in, status out, the result as a record."""

    def __init__(self, entry: ir.Entry, program: ir.Program) -> None:
        super().__init__(entry.function, program, Sites(program.files))
        self._entry = entry

    def emit(self) -> str:
        types = [t for _, kind in self._entry.parameters for t in flat_types(kind)]
        names = iter([f"%a{i}" for i in range(len(types))])
        arguments = [f"{llvm_type(kind)} {self._rebuild(kind, names)}" for _, kind in self._entry.parameters]
        self._invoke(arguments)
        parameters = ", ".join(f"{kind} %a{i}" for i, kind in enumerate(types))
        header = f'define i32 @"entry.{self._entry.name}"({parameters}) {_ATTRIBUTES} "wasm-export-name"="entry.{self._entry.name}" {{'
        return "\n".join([header, "entry:", *self.entry, *self.lines, "}\n"])

    def _invoke(self, arguments: list[str]) -> None:
        function, kind = self.function, result_type(self.function)
        slot = ""
        if function.returns_copy:
            slot = self.stack_slot(f"[{max(function.result.size, 1)} x i8]", max(function.result.align, 8))
            arguments.insert(0, f"ptr {slot}")
        call = f"call {kind} {function_name(function)}({', '.join(arguments)})"
        value = ""
        if kind == "void":
            self.do(call)
        else:
            value = self.op(call)
        if function.may_reject:
            value = self._pass_status(value, kind)
        if function.result is not NONE:
            result = slot or value
            if isinstance(function.result, RefType):
                raise CompilerBug("an entry returns a place")
            self.output(function.result, f"result.{self._entry.name}", RESULT_KIND, result)
        self.do("ret i32 0")

    def _pass_status(self, value: str, kind: str) -> str:
        status = value if kind == "i32" else self.op(f"extractvalue {kind} {value}, 0")
        rejected = self.op(f"icmp ne i32 {status}, 0")
        self.branch(rejected, "reject", "accept")
        self.label("reject")
        self.do(f"ret i32 {status}")
        self.label("accept")
        return "" if kind == "i32" else self.op(f"extractvalue {kind} {value}, 1")

    def _rebuild(self, kind: Type, names: object) -> str:
        """A parameter from its flattened scalars."""
        if not kind.is_aggregate:
            return self._scalar(kind, names)
        slot = self.stack_slot(f"[{max(kind.size, 1)} x i8]", 8)
        self.do(f"call void @llvm.memset.p0.i32(ptr align 8 {slot}, i8 0, i32 {kind.size}, i1 false)")
        for leaf in leaves(kind):
            self.store(leaf.type, self.offset(slot, leaf.offset), self._scalar(leaf.type, names))
        return slot

    def _scalar(self, kind: Type, names: object) -> str:
        first = next(names)  # type: ignore[call-overload]
        if kind is F64:
            return str(first)
        if kind is BOOL:
            return self.op(f"icmp ne i32 {first}, 0")
        if kind is BYTES32 or (isinstance(kind, IntType) and kind.bits == 128):
            bits = 256 if kind is BYTES32 else 128
            value = self.op(f"zext i64 {first} to i{bits}")
            for index in range(1, bits // 64):
                word = self.op(f"zext i64 {next(names)} to i{bits}")  # type: ignore[call-overload]
                value = self.op(f"or i{bits} {value}, {self.op(f'shl i{bits} {word}, {64 * index}')}")
            return value
        bits = kind.bits if isinstance(kind, IntType) else 8
        return self.operations.resize(str(first), 64 if bits == 64 else 32, bits, False)


def constant_text(kind: Type, value: int | float) -> str:
    """An LLVM constant; floats in hexadecimal, exact to the bit."""
    if kind is F64:
        return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
    if kind is BOOL:
        return "true" if value else "false"
    return str(int(value))


def function_name(function: ir.Function) -> str:
    return '@"' + function.symbol.replace('"', "'") + '"'


def result_type(function: ir.Function) -> str:
    """The LLVM result type: the value, the reject status, or both."""
    value = "void" if function.returns_copy or function.result is NONE else llvm_type(function.result)
    if not function.may_reject:
        return value
    return "i32" if value == "void" else f"{{ i32, {value} }}"


def _never_ends(node: ir.While) -> bool:
    from corten.compiler.statements import _breaks

    return isinstance(node.condition, ir.Constant) and node.condition.value == 1 and not _breaks(node.body)


__all__ = ["STATE_ADDRESS", "STATE_HEADER", "Sites", "carrier", "emit_llvm", "flat_types"]
