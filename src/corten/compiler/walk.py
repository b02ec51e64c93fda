"""Walks over the IR: operands, nested blocks, all statements, all expressions."""

from __future__ import annotations

from collections.abc import Iterator

from corten.compiler import ir


def children(node: ir.Expression) -> tuple[ir.Expression, ...]:
    """The direct operands of an expression, in order of evaluation."""
    match node:
        case ir.Offset(base=only) | ir.Load(address=only) | ir.Not(operand=only) | ir.Convert(operand=only):
            return (only,)
        case ir.Element(base=first, index=second) | ir.Let(value=first, body=second):
            return (first, second)
        case ir.Binary(left=left, right=right) | ir.Compare(left=left, right=right):
            return (left, right)
        case ir.Logical(left=left, right=right):
            return (left, right)
        case ir.Conditional(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case ir.Intrinsic(arguments=arguments) | ir.Call(arguments=arguments) | ir.HostCall(arguments=arguments):
            return tuple(arguments)
        case ir.ContractCall(contract=contract, arguments=payload):
            return (contract, payload)
        case ir.Deployment(code=code, arguments=payload):
            return (code, payload)
        case ir.Construct(stores=stores):
            return tuple(value for _, _, value in stores)
    return ()


def operands(node: ir.Statement) -> tuple[ir.Expression, ...]:
    """The expressions of a statement itself, without nested statements."""
    match node:
        case ir.SetLocal(value=value) | ir.Evaluate(value=value) | ir.Emit(value=value):
            return (value,)
        case ir.Store(address=address, value=value):
            return (address, value)
        case ir.If(condition=condition) | ir.While(condition=condition) | ir.Require(condition=condition):
            return (condition,)
        case ir.Return(value=ir.Expression() as value):
            return (value,)
    return ()


def nested(node: ir.Statement) -> tuple[list[ir.Statement], ...]:
    """The blocks inside a statement."""
    match node:
        case ir.If(then=then, otherwise=otherwise):
            return (then, otherwise)
        case ir.While(body=body, step=step):
            return (body, step)
    return ()


def statements(body: list[ir.Statement]) -> Iterator[ir.Statement]:
    """All statements, nested ones included."""
    work = list(reversed(body))
    while work:
        statement = work.pop()
        yield statement
        for block in reversed(nested(statement)):
            work += reversed(block)


def parts(node: ir.Expression) -> Iterator[ir.Expression]:
    """An expression and everything in it."""
    work = [node]
    while work:
        found = work.pop()
        yield found
        work += children(found)


def expressions(body: list[ir.Statement]) -> Iterator[ir.Expression]:
    """All expressions of all statements."""
    for statement in statements(body):
        for operand in operands(statement):
            yield from parts(operand)


def terminates(body: list[ir.Statement]) -> bool:
    """Whether control never goes past the end of `body`."""
    if not body:
        return False
    match body[-1]:
        case ir.Return() | ir.Break() | ir.Continue() | ir.Trap():
            return True
        case ir.If(then=then, otherwise=otherwise):
            return terminates(then) and terminates(otherwise)
        case ir.While() as loop:
            return runs_forever(loop)
    return False


def runs_forever(loop: ir.While) -> bool:
    """Whether a loop is `while True` without a break of its own."""
    return isinstance(loop.condition, ir.Constant) and loop.condition.value == 1 and not _breaks(loop.body)


def _breaks(body: list[ir.Statement]) -> bool:
    """Whether `body` breaks out of the loop it belongs to."""
    for statement in body:
        if isinstance(statement, ir.Break):
            return True
        if isinstance(statement, ir.If) and (_breaks(statement.then) or _breaks(statement.otherwise)):
            return True
    return False
