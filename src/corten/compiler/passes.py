"""Passes over the checked program, in order; `verify` runs after each.

effects    which functions may reject, and which change state
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from corten.compiler import ir


def children(node: ir.Expression) -> Iterator[ir.Expression]:
    """The direct operands of an expression."""
    match node:
        case ir.Offset(base=base):
            yield base
        case ir.Element(base=base, index=index):
            yield base
            yield index
        case ir.Load(address=address):
            yield address
        case (
            ir.Binary(left=left, right=right) | ir.Compare(left=left, right=right) | ir.Logical(left=left, right=right)
        ):
            yield left
            yield right
        case ir.Not(operand=operand) | ir.Convert(operand=operand):
            yield operand
        case ir.Conditional(condition=condition, then=then, otherwise=otherwise):
            yield condition
            yield then
            yield otherwise
        case ir.Let(value=value, body=body):
            yield value
            yield body
        case ir.Intrinsic(arguments=arguments) | ir.Call(arguments=arguments):
            yield from arguments
        case ir.Construct(stores=stores):
            yield from (value for _, _, value in stores)


def operands(node: ir.Statement) -> Iterator[ir.Expression]:
    """The expressions of a statement itself, without nested statements."""
    match node:
        case ir.SetLocal(value=value) | ir.Evaluate(value=value) | ir.Emit(value=value):
            yield value
        case ir.Store(address=address, value=value):
            yield address
            yield value
        case ir.If(condition=condition) | ir.While(condition=condition) | ir.Require(condition=condition):
            yield condition
        case ir.Return(value=ir.Expression() as value):
            yield value


def nested(node: ir.Statement) -> Iterator[list[ir.Statement]]:
    """The blocks inside a statement."""
    match node:
        case ir.If(then=then, otherwise=otherwise):
            yield then
            yield otherwise
        case ir.While(body=body, step=step):
            yield body
            yield step


def statements(body: list[ir.Statement]) -> Iterator[ir.Statement]:
    """All statements, nested ones included."""
    for statement in body:
        yield statement
        for block in nested(statement):
            yield from statements(block)


def expressions(body: list[ir.Statement]) -> Iterator[ir.Expression]:
    """All expressions, operands before the expression that uses them."""

    def walk(node: ir.Expression) -> Iterator[ir.Expression]:
        for child in children(node):
            yield from walk(child)
        yield node

    for statement in statements(body):
        for expression in operands(statement):
            yield from walk(expression)


def _root(address: ir.Expression) -> ir.Expression:
    while isinstance(address, (ir.Offset, ir.Element)):
        address = address.base
    return address


class _Origins:
    """Where the addresses in a function's locals come from: its own stack, a parameter, or elsewhere (None)."""

    OWN = -1

    def __init__(self, function: ir.Function) -> None:
        self._sources: dict[int, list[ir.Expression]] = {}
        self._parameters = {local: position for position, local in enumerate(function.parameters)}
        bindings = [(s.local, s.value) for s in statements(function.body) if isinstance(s, ir.SetLocal)]
        bindings += [(e.local, e.value) for e in expressions(function.body) if isinstance(e, ir.Let)]
        for local, value in bindings:
            self._sources.setdefault(local, []).append(value)

    def of(self, address: ir.Expression, seen: frozenset[int] = frozenset()) -> int | None:
        """OWN, the position of a parameter, or None."""
        root = _root(address)
        if isinstance(root, ir.Construct) or (isinstance(root, ir.Call) and root.function.returns_copy):
            return self.OWN
        if isinstance(root, ir.Conditional):
            both = {self.of(root.then, seen), self.of(root.otherwise, seen)}
            return both.pop() if len(both) == 1 else None
        if not isinstance(root, ir.ReadLocal):
            return None
        if root.local in seen:
            return self.OWN
        found = {self.of(value, seen | {root.local}) for value in self._sources.get(root.local, [])}
        if root.local in self._parameters:
            found.add(self._parameters[root.local])
        return found.pop() if len(found) == 1 else None


def _creates_zero(function: ir.Function) -> bool:
    """`x[k]` may make a zero value exist, as a Map does; a view rolls that back, so it may read this way."""
    return function.name == "__getitem__"


def effects(program: ir.Program) -> None:
    """Set `may_reject`, `mutates` and `mutated_parameters` to their least fixed point over the call graph.

    A store through an address of the function's own stack changes nothing; one through a parameter changes what the
    caller passed.
    """
    origins = {function: _Origins(function) for function in program.functions}
    calls: dict[ir.Function, list[ir.Call]] = {}
    for function in program.functions:
        body = list(statements(function.body))
        function.may_reject = any(isinstance(s, ir.Require) for s in body)
        for statement in body:
            if isinstance(statement, ir.Store):
                _change(function, origins[function].of(statement.address))
        found = list(expressions(function.body))
        calls[function] = [e for e in found if isinstance(e, ir.Call)]
        if any(isinstance(e, ir.Intrinsic) and ir.INTRINSICS[e.name][1] for e in found):
            function.mutates = True
    changed = True
    while changed:
        changed = any([_absorb(function, calls[function], origins[function]) for function in program.functions])


def _change(function: ir.Function, origin: int | None) -> None:
    if origin is None:
        function.mutates = True
    elif origin != _Origins.OWN:
        function.mutated_parameters.add(origin)


def _absorb(function: ir.Function, calls: list[ir.Call], origins: _Origins) -> bool:
    """Take over the effects of the callees; whether that changed anything."""
    before = (function.may_reject, function.mutates, len(function.mutated_parameters))
    for call in calls:
        function.may_reject = function.may_reject or call.function.may_reject
        if _creates_zero(call.function):
            continue
        function.mutates = function.mutates or call.function.mutates
        for position in call.function.mutated_parameters:
            _change(function, origins.of(call.arguments[position]))
    return before != (function.may_reject, function.mutates, len(function.mutated_parameters))


PASSES: list[tuple[str, Callable[[ir.Program], None]]] = [("effects", effects)]
