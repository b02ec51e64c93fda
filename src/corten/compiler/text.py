"""Prints the IR as indented text: a stage of `corten build --dump` and of golden tests."""

from __future__ import annotations

from corten.compiler import ir


def print_program(program: ir.Program) -> str:
    """Every function in order."""
    return "\n\n".join(print_function(function) for function in program.functions) + "\n"


def print_function(function: ir.Function) -> str:
    parameters = ", ".join(f"%{i}:{function.locals[i].name}: {function.locals[i].type}" for i in function.parameters)
    marks = " ".join(word for word, on in (("may_reject", function.may_reject), ("mutates", function.mutates)) if on)
    head = f"function {function.symbol}({parameters}) -> {function.result}  # {function.file}:{function.line} {marks}".rstrip()
    return "\n".join([head, *_block(function.body, 1)])


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
    match node:
        case ir.Constant(value=value):
            return f"{value}:{node.type}"
        case ir.ReadLocal(local=local):
            return f"%{local}"
        case ir.StateAddress(offset=offset):
            return f"state+{offset}"
        case ir.Offset(base=base, offset=offset):
            return f"{_text(base)}+{offset}"
        case ir.Element(base=base, index=index, length=length, stride=stride):
            return f"{_text(base)}[{_text(index)} < {length}]*{stride}"
        case ir.Load(address=address):
            return f"load {node.type} ({_text(address)})"
        case ir.Binary(operator=name, left=left, right=right) | ir.Compare(operator=name, left=left, right=right):
            return f"({_text(left)} {name} {_text(right)})"
        case ir.Logical(operator=name, left=left, right=right):
            return f"({_text(left)} {name} {_text(right)})"
        case ir.Not(operand=operand):
            return f"not {_text(operand)}"
        case ir.Conditional(condition=condition, then=then, otherwise=otherwise):
            return f"({_text(then)} if {_text(condition)} else {_text(otherwise)})"
        case ir.Let(local=local, value=value, body=body):
            return f"let %{local} = {_text(value)} in {_text(body)}"
        case ir.Convert(operand=operand, mode=mode):
            return f"{mode} {node.type}({_text(operand)})"
        case ir.Intrinsic(name=name, arguments=arguments):
            return f"{name}({', '.join(map(_text, arguments))})"
        case ir.Call(function=function, arguments=arguments):
            return f"{function.symbol}({', '.join(map(_text, arguments))})"
        case ir.Construct(slot=slot, stores=stores):
            inner = ", ".join(f"+{offset} {_text(value)}" for offset, _, value in stores)
            return f"new {node.type} slot{slot} {{{inner}}}"
    return type(node).__name__
