"""Prints the IR as indented text: a stage of `corten build --dump` and of golden tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from corten.compiler import ir


def print_program(program: ir.Program) -> str:
    """Every function in order."""
    return "\n\n".join(print_function(function) for function in program.functions) + "\n"


def print_function(function: ir.Function) -> str:
    parameters = ", ".join(f"%{i}:{function.locals[i].name}: {function.locals[i].type}" for i in function.parameters)
    marks = " ".join(word for word, on in (("may_reject", function.may_reject), ("mutates", function.mutates)) if on)
    head = f"function {function.symbol}({parameters}) -> {function.result}"
    place = f"  # {function.file}:{function.line} {marks}".rstrip()
    return "\n".join([head + place, *_block(function.body, 1)])


def _block(body: list[ir.Statement], depth: int) -> list[str]:
    lines: list[str] = []
    pad = "  " * depth
    for node in body:
        match node:
            case ir.If(condition=condition, then=then, otherwise=otherwise):
                lines += [f"{pad}if {_text(condition)}", *_block(then, depth + 1)]
                if otherwise:
                    lines += [f"{pad}else", *_block(otherwise, depth + 1)]
            case ir.While(condition=condition, body=inner, step=step):
                lines += [f"{pad}while {_text(condition)}", *_block(inner, depth + 1)]
                if step:
                    lines += [f"{pad}step", *_block(step, depth + 1)]
            case _:
                lines.append(pad + _line(node))
    return lines


def _line(node: ir.Statement) -> str:
    match node:
        case ir.SetLocal(local=local, value=value):
            return f"%{local} = {_text(value)}"
        case ir.Store(type=kind, address=address, value=value):
            return f"store {kind} {_text(address)}, {_text(value)}"
        case ir.Evaluate(value=value):
            return _text(value)
        case ir.Return(value=value):
            return "return" if value is None else f"return {_text(value)}"
        case ir.Require(condition=condition, code=code):
            return f"require {_text(condition)} else {code}"
        case ir.Emit(event=event, value=value):
            return f"emit {event} {_text(value)}"
        case ir.Trap(code=code):
            return f"trap {code}"
    return type(node).__name__.lower()


def _text(node: ir.Expression) -> str:
    return _PRINTERS[type(node)](node)


def _contract_call(node: ir.ContractCall) -> str:
    return f"call {_text(node.contract)}.{node.selector:#010x} {_text(node.arguments)} slot{node.slot}"


def _deployment(node: ir.Deployment) -> str:
    return f"deploy {_text(node.code)}.{node.selector:#010x} {_text(node.arguments)} slot{node.slot}"


def _construct(node: ir.Construct) -> str:
    inner = ", ".join(f"+{offset} {_text(value)}" for offset, _, value in node.stores)
    return f"new {node.type} slot{node.slot} {{{inner}}}"


def _operator(node: ir.Binary | ir.Compare | ir.Logical) -> str:
    return f"({_text(node.left)} {node.operator} {_text(node.right)})"


def _element(node: ir.Element) -> str:
    return f"{_text(node.base)}[{_text(node.index)} < {node.length}]*{node.stride}"


def _conditional(node: ir.Conditional) -> str:
    return f"({_text(node.then)} if {_text(node.condition)} else {_text(node.otherwise)})"


def _arguments(name: str, arguments: list[ir.Expression]) -> str:
    return f"{name}({', '.join(map(_text, arguments))})"


_PRINTERS: dict[type[ir.Expression], Callable[[Any], str]] = {
    ir.Constant: lambda node: f"{node.value}:{node.type}",
    ir.ReadLocal: lambda node: f"%{node.local}",
    ir.StateAddress: lambda node: f"state+{node.offset}",
    ir.Offset: lambda node: f"{_text(node.base)}+{node.offset}",
    ir.Element: _element,
    ir.Load: lambda node: f"load {node.type} ({_text(node.address)})",
    ir.Binary: _operator,
    ir.Compare: _operator,
    ir.Logical: _operator,
    ir.Not: lambda node: f"not {_text(node.operand)}",
    ir.Conditional: _conditional,
    ir.Let: lambda node: f"let %{node.local} = {_text(node.value)} in {_text(node.body)}",
    ir.Convert: lambda node: f"{node.mode} {node.type}({_text(node.operand)})",
    ir.Intrinsic: lambda node: _arguments(node.name, node.arguments),
    ir.Call: lambda node: _arguments(node.function.symbol, node.arguments),
    ir.HostCall: lambda node: _arguments(f"host {node.function.name}", node.arguments),
    ir.Text: lambda node: repr(node.content),
    ir.ContractCall: _contract_call,
    ir.Deployment: _deployment,
    ir.Construct: _construct,
}
