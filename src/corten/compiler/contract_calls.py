"""Other contracts, checked and emitted: `self.coin.balance(account)`, `self.call(self.coin, …)`, `self.deploy(…)`.

An `At[Coin]` knows the signatures, and a contract's class those of its init.
What crosses: payload record, selector, result record (docs/spec/calls.md).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from corten.base.calls import init_signature, scalar_texts, selector, signature
from corten.compiler import ir
from corten.compiler.llvmtypes import memory_type
from corten.compiler.modules import BrokenDeclaration, ContractDeclaration, FunctionDeclaration
from corten.compiler.program import Instance, ProgramBuilder
from corten.compiler.types import (
    BYTES32,
    ERROR,
    NONE,
    U32,
    AtType,
    EnumType,
    IntType,
    RefType,
    StructType,
    Type,
    carrier,
    leaf_count,
    leaves,
)

if TYPE_CHECKING:
    from corten.compiler.calls import CallChecker
    from corten.compiler.lower import FunctionEmitter

MAX_RECORD_SCALARS = 256
RECORD_ALIGNMENT = 8
_KINDS = ("message", "view")
_DEPLOY_HINT = "write self.deploy(Coin, code, supply)"


def record(name: str, members: list[tuple[str, Type]]) -> StructType:
    """A payload or result: the struct's layout, its size a multiple of 8."""
    made = StructType(name)
    made.lay_out(members)
    made.align = RECORD_ALIGNMENT
    made.size = -(-made.size // RECORD_ALIGNMENT) * RECORD_ALIGNMENT
    return made


class ContractCalls:
    """Checks calls of other contracts on behalf of an expression checker."""

    def __init__(self, checker: CallChecker) -> None:
        self.checker = checker

    def explicit(self, node: ast.Call) -> ir.Expression:
        """`self.call(at, "entry", …)`."""
        match node.args:
            case [contract, ast.Constant(value=str() as name), *arguments]:
                at = self.checker.value(contract)
                return self.call(at, name, arguments, node)
        hint = 'write self.call(self.coin, "balance", account)'
        return self.checker.error("E304", "`self.call` takes a contract and an entry's name", node, hint)

    def call(self, at: ir.Expression, name: str, arguments: list[ast.expr], node: ast.Call) -> ir.Expression:
        """The call of one entry of the contract at an address."""
        if not isinstance(at.type, AtType):
            if at.type is ERROR:
                return at
            hint = "convert a u32: At[Coin](address)"
            return self.checker.error("E300", f"a contract is called by an At[…], found {at.type}", node, hint)
        method = self._entry(at.type.interface, name, node)
        if method is None:
            return self.checker.erroneous(node)
        payload = self._payload(method, arguments, node)
        result = self.checker.program.signature(method, {}).result
        if payload is None or result is ERROR or isinstance(result, RefType):
            return self.checker.erroneous(node)
        returned = record(f"{name} result", [] if result is NONE else [("value", result)])
        if not self._is_sendable(name, returned, node):
            return self.checker.erroneous(node)
        kind = kind_of(method)
        text = signature(kind, name, _scalars(payload.type), _scalars(returned))
        slot, is_message = self.checker.function.new_slot(returned), kind == "message"
        return ir.ContractCall(result, node.lineno, at, selector(text), is_message, payload, slot)

    def deploy(self, node: ast.Call) -> ir.Expression:
        """`self.deploy(Coin, code, …)`: arguments of Coin's init, in order or by keyword."""
        match node.args:
            case [ast.Name(id=name), code, *arguments] if not self.checker.is_local(name):
                interface = self.checker.module.names.get(name)
            case _:
                interface = None
        if not isinstance(interface, ContractDeclaration):
            if isinstance(interface, BrokenDeclaration):
                return self.checker.erroneous(node)
            message = "`self.deploy` takes a contract, the hash of its code, and its init's arguments"
            return self.checker.error("E304", message, node, _DEPLOY_HINT)
        value = self.checker.typed(code, BYTES32)
        init = next((each for each in interface.methods.values() if "init" in each.decorators), None)
        if init is None and (arguments or node.keywords):
            message = f"`{interface.name}` has no @init: it is deployed without arguments"
            return self.checker.error("E304", message, node, "declare the @init, also in an @interface")
        payload = self._payload(init, arguments, node)
        if payload is None or value.type is ERROR:
            return self.checker.erroneous(node)
        text = init_signature(_scalars(payload.type))
        kind = self.checker.program.parts.at(interface)
        slot = self.checker.function.new_slot(U32)
        return ir.Deployment(kind, node.lineno, value, selector(text), payload, slot)

    def _payload(
        self, method: FunctionDeclaration | None, arguments: list[ast.expr], node: ast.Call
    ) -> ir.Construct | None:
        """The record of the arguments of a method, if there is one; None where something is wrong."""
        stores: list[tuple[int, Type, ir.Expression]] = []
        payload = record("empty payload", [])
        if method is not None:
            name, known = method.name, self.checker.program.signature(method, {})
            if ERROR in known.types:
                return None
            instance = Instance(method, None, {}, known, ir.Function(name, name, method.module.file, node.lineno))
            matched = self.checker.match(instance, arguments, node.keywords, node)
            if matched is None:
                return None
            payload = record(f"{name} payload", list(zip(known.names, known.types, strict=True)))
            fields = {key: payload.fields[key] for key in matched}
            stores = [
                (field.offset, field.type, self.checker.argument(matched[key], field.type))
                for key, field in fields.items()
            ]
            if any(value.type is ERROR for _, _, value in stores) or not self._is_sendable(name, payload, node):
                return None
        return ir.Construct(payload, node.lineno, self.checker.function.new_slot(payload), stores)

    def _is_sendable(self, name: str, content: StructType, node: ast.Call) -> bool:
        if leaf_count(content) <= MAX_RECORD_SCALARS:
            return True
        message = f"`{name}` takes or returns more than {MAX_RECORD_SCALARS} scalars"
        self.checker.error("E600", message, node, "pass the data in several calls")
        return False

    def _entry(self, interface: ContractDeclaration, name: str, node: ast.AST) -> FunctionDeclaration | None:
        entries = {each.name: each for each in interface.methods.values() if kind_of(each)}
        if name in entries:
            return entries[name]
        hint = f"entries: {', '.join(entries) or 'none'}"
        self.checker.error("E202", f"contract `{interface.name}` has no message or view `{name}`", node, hint)
        return None


def check_interface(builder: ProgramBuilder, interface: ContractDeclaration) -> None:
    """An interface holds messages, views and an init without bodies, and no state."""
    inits = [method for method in interface.methods.values() if "init" in method.decorators]
    for extra in inits[1:]:
        builder.error("E503", "a contract has at most one @init", interface.module, extra.node, "remove the others")
    for item in interface.node.body:
        match item:
            case ast.FunctionDef(name=name) if name in interface.methods:
                _check_signature(builder, interface.methods[name])
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case _:
                hint = "write @message, @view or @init methods with the body `...`"
                message = f"interface `{interface.name}` holds signatures only"
                builder.error("E104", message, interface.module, item, hint)


def _check_signature(builder: ProgramBuilder, method: FunctionDeclaration) -> None:
    result = builder.signature(method, {}).result
    if "init" in method.decorators and result not in (NONE, ERROR):
        builder.error("E503", "init returns a value", method.module, method.node, "write -> None")
    plain = all(isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) for item in method.node.body)
    if not plain or not (kind_of(method) or "init" in method.decorators):
        hint = "decorate it with @message, @view or @init, and write `...` as its body"
        builder.error("E501", f"`{method.name}` of an interface is no signature", method.module, method.node, hint)


def kind_of(method: FunctionDeclaration) -> str:
    """Whether a method is a message or a view; "" for what other contracts cannot call."""
    return next((name for name in method.decorators if name in _KINDS), "")


def _scalars(kind: Type) -> Iterator[str]:
    """The scalars of a record in a signature."""
    for leaf in leaves(kind):
        members = leaf.type.members.values() if isinstance(leaf.type, EnumType) else ()
        yield from scalar_texts(_carrier_name(leaf.type), leaf.offset, members)


def _carrier_name(kind: Type) -> str:
    if isinstance(kind, EnumType):
        return "u8"
    return carrier(kind).name if isinstance(kind, IntType) else kind.name


def emit_contract_call(out: FunctionEmitter, node: ir.ContractCall) -> str:
    """The call of the import, returning on a status other than 0; the result's value, or its address."""
    contract = out.expression(node.contract)
    payload = out.op(f"ptrtoint ptr {out.expression(node.arguments)} to i32")
    slot = out.slot(node.slot)
    place = out.op(f"ptrtoint ptr {slot} to i32")
    sizes = node.arguments.type.size, out.function.slots[node.slot].size
    _emit_call(out, "call", [contract, f"{node.selector}", payload, f"{sizes[0]}", place, f"{sizes[1]}"], node.line)
    if node.type is NONE:
        return ""
    return slot if node.type.is_aggregate else out.load(node.type, slot)


def emit_deployment(out: FunctionEmitter, node: ir.Deployment) -> str:
    """The call of the import, returning on a status other than 0; the new contract's address."""
    code = out.expression(node.code)
    if not node.code.type.is_address:
        held = out.stack_slot(memory_type(BYTES32), BYTES32.align)
        out.store(BYTES32, held, code)
        code = held
    payload = out.op(f"ptrtoint ptr {out.expression(node.arguments)} to i32")
    code = out.op(f"ptrtoint ptr {code} to i32")
    slot = out.slot(node.slot)
    place = out.op(f"ptrtoint ptr {slot} to i32")
    _emit_call(out, "deploy", [code, f"{node.selector}", payload, f"{node.arguments.type.size}", place], node.line)
    return out.load(node.type, slot)


def _emit_call(out: FunctionEmitter, name: str, operands: list[str], line: int) -> None:
    status = out.op(f'call i32 @"corten.{name}"({", ".join(f"i32 {each}" for each in operands)})')
    reject, carry_on = out.fresh("reject"), out.fresh("ok")
    out.branch(out.op(f"icmp ne i32 {status}, 0"), reject, carry_on, ", !prof !0")
    out.label(reject)
    out.return_status(out.op(f"or i32 {status}, {out.site(line)}"))
    out.label(carry_on)
