"""Calls of other contracts, checked and emitted: `self.coin.balance(account)`, `self.call(self.coin, "balance", …)`.

An `At[Coin]` knows the signatures. What crosses: payload record, selector, result record (docs/spec/calls.md).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TYPE_CHECKING

from corten.base.calls import scalar_texts, selector, signature
from corten.compiler import ir
from corten.compiler.modules import ContractDeclaration, FunctionDeclaration
from corten.compiler.program import Instance, ProgramBuilder
from corten.compiler.types import (
    ERROR,
    NONE,
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
        known = self.checker.program.signature(method, {})
        if ERROR in (*known.types, known.result) or isinstance(known.result, RefType):
            return self.checker.erroneous(node)
        instance = Instance(method, None, {}, known, ir.Function(name, name, method.module.file, node.lineno))
        matched = self.checker.match(instance, arguments, node.keywords, node)
        if matched is None:
            return self.checker.erroneous(node)
        payload = record(f"{name} payload", list(zip(known.names, known.types, strict=True)))
        stores = [
            (
                payload.fields[key].offset,
                payload.fields[key].type,
                self.checker.argument(value, payload.fields[key].type),
            )
            for key, value in matched.items()
        ]
        if any(value.type is ERROR for _, _, value in stores):
            return self.checker.erroneous(node)
        return self._made(at, method, payload, stores, known.result, node)

    def _made(
        self,
        at: ir.Expression,
        method: FunctionDeclaration,
        payload: StructType,
        stores: list[tuple[int, Type, ir.Expression]],
        result: Type,
        node: ast.Call,
    ) -> ir.Expression:
        returned = record(f"{method.name} result", [] if result is NONE else [("value", result)])
        if max(leaf_count(payload), leaf_count(returned)) > MAX_RECORD_SCALARS:
            message = f"`{method.name}` takes or returns more than {MAX_RECORD_SCALARS} scalars"
            return self.checker.error("E600", message, node, "pass the data in several calls")
        new_slot = self.checker.function.new_slot
        kind = kind_of(method)
        text = signature(kind, method.name, _scalars(payload), _scalars(returned))
        arguments = ir.Construct(payload, node.lineno, new_slot(payload), stores)
        is_message = kind == "message"
        return ir.ContractCall(result, node.lineno, at, selector(text), is_message, arguments, new_slot(returned))

    def _entry(self, interface: ContractDeclaration, name: str, node: ast.AST) -> FunctionDeclaration | None:
        entries = {each.name: each for each in interface.methods.values() if kind_of(each)}
        if name in entries:
            return entries[name]
        hint = f"entries: {', '.join(entries) or 'none'}"
        self.checker.error("E202", f"contract `{interface.name}` has no message or view `{name}`", node, hint)
        return None


def check_interface(builder: ProgramBuilder, interface: ContractDeclaration) -> None:
    """An interface holds messages and views without bodies, and no state."""
    for item in interface.node.body:
        match item:
            case ast.FunctionDef(name=name) if name in interface.methods:
                _check_signature(builder, interface.methods[name])
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case _:
                hint = "write @message or @view methods with the body `...`"
                message = f"interface `{interface.name}` holds signatures only"
                builder.error("E104", message, interface.module, item, hint)


def _check_signature(builder: ProgramBuilder, method: FunctionDeclaration) -> None:
    builder.signature(method, {})
    plain = all(isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) for item in method.node.body)
    if not plain or not kind_of(method):
        hint = "decorate it with @message or @view, and write `...` as its body"
        builder.error("E501", f"`{method.name}` of an interface is no signature", method.module, method.node, hint)


def kind_of(method: FunctionDeclaration) -> str:
    """Whether a method is a message or a view; "" for what other contracts cannot call."""
    return next((name for name in method.decorators if name in _KINDS), "")


def _scalars(kind: StructType) -> Iterator[str]:
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
    operands = [contract, f"{node.selector}", payload, f"{sizes[0]}", place, f"{sizes[1]}"]
    status = out.op(f'call i32 @"corten.call"({", ".join(f"i32 {each}" for each in operands)})')
    reject, carry_on = out.fresh("reject"), out.fresh("ok")
    out.branch(out.op(f"icmp ne i32 {status}, 0"), reject, carry_on, ", !prof !0")
    out.label(reject)
    out.return_status(out.op(f"or i32 {status}, {out.site(node.line)}"))
    out.label(carry_on)
    if node.type is NONE:
        return ""
    return slot if node.type.is_aggregate else out.load(node.type, slot)
