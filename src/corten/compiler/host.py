"""Calls of host functions (`corten.host`): checked against their rows, and emitted as calls of imports.

Whatever a function reads is the memory of its argument: a place as it lies there, a scalar through a stack slot, and
`bytes_at(address, length)` any bytes. A digest is returned as a value; every other output is a place that is given.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from corten.compiler import ir
from corten.compiler.llvmtypes import memory_type
from corten.compiler.modules import Builtin
from corten.compiler.types import (
    BOOL,
    BYTES32,
    ERROR,
    NONE,
    U8,
    U32,
    ArrayType,
    EnumType,
    IntType,
    Type,
    carrier,
)
from corten.compiler.walk import expressions
from corten.host import BY_NAME, HostFunction, Parameter, Role

if TYPE_CHECKING:
    from corten.compiler.calls import CallChecker
    from corten.compiler.lower import FunctionEmitter

_DEBUG_HINT = 'write debug("text", value, …)'


def returns_digest(function: HostFunction) -> bool:
    """Whether the language returns the output as a value."""
    return function.output is not None and not function.returns_bool


def used_host_functions(program: ir.Program) -> list[HostFunction]:
    """The host functions that a program calls, in the order of the table."""
    found = {
        e.function.name
        for function in program.functions
        for e in expressions(function.body)
        if isinstance(e, ir.HostCall)
    }
    return [function for name, function in BY_NAME.items() if name in found]


def import_types(function: HostFunction) -> tuple[str, list[str]]:
    """Result and parameters of the import in LLVM: addresses are pointers."""
    types: list[str] = []
    for parameter in function.parameters:
        types += ["i32"] if parameter.role is Role.VALUE else ["ptr", "i32"][: len(parameter.names)]
    return "i32" if function.returns_bool else "void", types


# ---- checking --------------------------------------------------------------------------------------------------------


def check_host_call(checker: CallChecker, node: ast.Call) -> ir.Expression:
    """A call of a host function; `debug` takes a text and any number of scalars."""
    assert isinstance(node.func, ast.Name)
    function = BY_NAME[checker.module.names[node.func.id].name]
    if function.name == "debug":
        return _check_debug(checker, function, node)
    wanted = [p for p in function.parameters if p.role is not Role.OUT or not returns_digest(function)]
    if not checker.builtins.arity(node, len(wanted)):
        return checker.erroneous(node)
    arguments: list[ir.Expression] = []
    for parameter, argument in zip(wanted, node.args, strict=True):
        arguments += _check_argument(checker, parameter, argument)
    if any(argument.type is ERROR for argument in arguments):
        return checker.erroneous(node)
    result = BOOL if function.returns_bool else BYTES32
    return ir.HostCall(result, node.lineno, function, arguments)


def _check_argument(checker: CallChecker, parameter: Parameter, node: ast.expr) -> list[ir.Expression]:
    """The operands for one parameter, one for each of its Wasm parameters."""
    if parameter.role is Role.VALUE:
        return [checker.typed(node, U32)]
    if parameter.length and _is_bytes_at(checker, node):
        assert isinstance(node, ast.Call)
        if not checker.builtins.arity(node, 2):
            return [checker.erroneous(node)]
        return [checker.builtins.place(U8, node.args[0], node.lineno), checker.typed(node.args[1], U32)]
    value = checker.value(node)
    if value.type is ERROR:
        return [value]
    if parameter.length:
        return [value, ir.Constant(U32, node.lineno, value.type.size)]
    if not _is_bytes(value.type, parameter):
        expected = f"Array[u8, {parameter.size}]"
        if parameter.role is Role.IN and parameter.size == BYTES32.size:
            expected = f"bytes32 or {expected}"
        return [checker.error("E300", f"`{parameter.name}`: expected {expected}, found {value.type}", node)]
    return [value]


def _is_bytes(kind: Type, parameter: Parameter) -> bool:
    if kind is BYTES32:
        return parameter.size == BYTES32.size and parameter.role is Role.IN
    return isinstance(kind, ArrayType) and kind.element is U8 and kind.length == parameter.size


def _is_bytes_at(checker: CallChecker, node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name)) if not checker.is_local(name):
            declaration = checker.module.names.get(name)
            return isinstance(declaration, Builtin) and declaration.name == "bytes_at"
    return False


def _check_debug(checker: CallChecker, function: HostFunction, node: ast.Call) -> ir.Expression:
    """The text gets a place for each value, and the values lie in a buffer, each in a multiple of 8 bytes."""
    match node.args:
        case [ast.Constant(value=str() as text), *arguments] if not node.keywords and not {"{", "}"} & set(text):
            values = [checker.scalar(argument) for argument in arguments]
        case _:
            return checker.error("E304", "`debug` takes a text without braces, and values", node, _DEBUG_HINT)
    if any(value.type is ERROR for value in values):
        return checker.erroneous(node)
    stores: list[tuple[int, Type, ir.Expression]] = []
    size = 0
    for value in values:
        stores.append((size, value.type, value))
        size += -(-value.type.size // 8) * 8
    text += ": " * bool(values) + ", ".join(f"{{{_spelling(value.type)}}}" for value in values)
    line, content = node.lineno, text.encode()
    buffer = checker.program.parts.array(U8, size)
    address: list[ir.Expression] = [
        ir.Text(checker.program.parts.ref(U8), line, content),
        ir.Constant(U32, line, len(content)),
        ir.Construct(buffer, line, checker.function.new_slot(buffer), stores),
        ir.Constant(U32, line, size),
    ]
    return ir.HostCall(NONE, line, function, address)


def _spelling(kind: Type) -> str:
    """The plain type that a scalar is stored as."""
    if isinstance(kind, IntType):
        return carrier(kind).name
    return "u8" if isinstance(kind, EnumType) else kind.name


# ---- emission --------------------------------------------------------------------------------------------------------


def emit_host_call(out: FunctionEmitter, node: ir.HostCall) -> str:
    """The call; its value is a bool, a digest, or nothing."""
    function = node.function
    result, types = import_types(function)
    operands = [_operand(out, argument, kind) for argument, kind in zip(node.arguments, types, strict=False)]
    digest = ""
    if returns_digest(function):
        digest = out.stack_slot(memory_type(BYTES32), BYTES32.align)
        operands.append(digest)
    listed = ", ".join(f"{kind} {operand}" for kind, operand in zip(types, operands, strict=True))
    call = f'call {result} @"corten.{function.name}"({listed})'
    if result != "void":
        return out.op(f"icmp ne i32 {out.op(call)}, 0")
    out.do(call)
    return out.load(BYTES32, digest) if digest else ""


def _operand(out: FunctionEmitter, argument: ir.Expression, wanted: str) -> str:
    """A number or a place as it is; a scalar that is to be read goes to a stack slot first."""
    value, kind = out.expression(argument), argument.type
    if kind.is_address or wanted != "ptr":
        return value
    slot = out.stack_slot(memory_type(kind), max(kind.align, 8))
    out.store(kind, slot, value)
    return slot
