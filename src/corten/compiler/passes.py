"""Passes over the checked program, in order; `verify` runs after each.

effects    which functions may reject, and which change state
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from corten.compiler import ir
from corten.compiler.host import returns_digest
from corten.compiler.walk import expressions, statements

OWN = -1
ELSEWHERE = -2


class _Origins:
    """Where the addresses in a function's locals come from: OWN (its stack), a parameter's position, ELSEWHERE."""

    def __init__(self, function: ir.Function) -> None:
        bindings = [(s.local, s.value) for s in statements(function.body) if isinstance(s, ir.SetLocal)]
        bindings += [(e.local, e.value) for e in expressions(function.body) if isinstance(e, ir.Let)]
        bindings = [(local, value) for local, value in bindings if function.locals[local].type.is_address]
        self._known: dict[int, set[int]] = {local: set() for local, _ in bindings}
        for position, local in enumerate(function.parameters):
            self._known.setdefault(local, set()).add(position)
        changed = True
        while changed:
            changed = False
            for local, value in bindings:
                known, found = self._known[local], self.of(value)
                if not found <= known:
                    known |= found
                    changed = True

    def of(self, address: ir.Expression) -> set[int]:
        """Everything that an address may come from."""
        return {origin for base in _bases(address) for origin in self._origin(base)}

    def _origin(self, base: ir.Expression) -> set[int]:
        if isinstance(base, ir.Construct | ir.ContractCall):
            return {OWN}
        if isinstance(base, ir.Call) and base.function.returns_copy:
            return {OWN}
        return self._known.get(base.local, set()) if isinstance(base, ir.ReadLocal) else {ELSEWHERE}


def _bases(address: ir.Expression) -> Iterator[ir.Expression]:
    match address:
        case ir.Offset(base=base) | ir.Element(base=base):
            yield from _bases(base)
        case ir.Conditional(then=then, otherwise=otherwise):
            yield from _bases(then)
            yield from _bases(otherwise)
        case ir.Let(body=body):
            yield from _bases(body)
        case _:
            yield address


def _creates_zero(function: ir.Function) -> bool:
    """`x[k]` may make a zero value exist, as a Map does; a view rolls that back, so it may read this way."""
    return function.name == "__getitem__"


def effects(program: ir.Program) -> None:
    """Set `may_reject`, `mutates` and `mutated_parameters` to their least fixed point over the call graph.

    A store through an address of the function's own stack changes nothing; one through a parameter changes what the
    caller passed.
    """
    origins = {function: _Origins(function) for function in program.functions}
    callers: dict[ir.Function, list[ir.Function]] = {function: [] for function in program.functions}
    calls: dict[ir.Function, list[ir.Call]] = {}
    for function in program.functions:
        _own_effects(function, origins[function])
        calls[function] = [e for e in expressions(function.body) if isinstance(e, ir.Call)]
        for callee in dict.fromkeys(call.function for call in calls[function]):
            callers[callee].append(function)
    work = list(program.functions)
    while work:
        callee = work.pop()
        work += [caller for caller in callers[callee] if _absorb(caller, calls[caller], origins[caller])]


def _own_effects(function: ir.Function, origins: _Origins) -> None:
    for statement in statements(function.body):
        if isinstance(statement, ir.Require):
            function.may_reject = True
        elif isinstance(statement, ir.Store):
            _change(function, origins.of(statement.address))
    for expression in expressions(function.body):
        if isinstance(expression, ir.ContractCall):
            function.may_reject = True
            function.mutates = function.mutates or expression.is_message
        elif isinstance(expression, ir.Deployment):
            function.may_reject = function.mutates = True
        elif isinstance(expression, ir.Intrinsic) and ir.INTRINSICS[expression.name][1]:
            function.mutates = True
        elif isinstance(expression, ir.HostCall) and not returns_digest(expression.function):
            output = expression.function.output
            if output is not None:
                position = expression.function.names.index(output.name)
                _change(function, origins.of(expression.arguments[position]))


def _change(function: ir.Function, changed: set[int]) -> None:
    function.mutates = function.mutates or ELSEWHERE in changed
    function.mutated_parameters |= {origin for origin in changed if origin >= 0}


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
