"""Checks control flow: branches, loops, match; what is assigned on every path, and what is never reached."""

from __future__ import annotations

import ast
from abc import abstractmethod

from corten.compiler import ir
from corten.compiler.assignments import AssignmentChecker
from corten.compiler.limits import MAX_CASES
from corten.compiler.program import Instance, ProgramBuilder
from corten.compiler.scope import Variable
from corten.compiler.types import BOOL, ERROR, U32, ArrayType, EnumType, IntType, StructType, Type, carrier
from corten.compiler.walk import terminates


class ControlChecker(AssignmentChecker):
    """Statements that contain statements."""

    def __init__(self, program: ProgramBuilder, instance: Instance) -> None:
        super().__init__(program, instance)
        self.elifs: set[ast.stmt] = set()

    @abstractmethod
    def block(self, nodes: list[ast.stmt]) -> list[ir.Statement]:
        """A list of statements."""

    def branches(self, bodies: list[list[ast.stmt]]) -> list[list[ir.Statement]]:
        """Check alternatives; afterwards a name is assigned if it is on every path that goes on."""
        before = set(self.assigned)
        results, after = [], []
        for body in bodies:
            self.assigned = set(before)
            checked = self.block(body) if body else []
            results.append(checked)
            if not terminates(checked):
                after.append(self.assigned)
        self.assigned = set.intersection(*after) if after else before
        return results

    def if_statement(self, node: ast.If) -> list[ir.Statement]:
        """`if`, `elif`, `else`."""
        condition = self.condition(node.test)
        self.elifs |= set(node.orelse[:1])
        then, otherwise = self.branches([node.body, node.orelse])
        return [ir.If(node.lineno, condition, then, otherwise)]

    # ---- loops ---------------------------------------------------------------------------------------------------

    def _loop_body(self, body: list[ast.stmt], variable: str = "") -> list[ir.Statement]:
        """A loop's body, which may run no time at all: what it assigns does not count afterwards."""
        before = set(self.assigned)
        self.assigned.add(variable)
        checked = self.block(body)
        self.assigned = before
        return checked

    def while_loop(self, node: ast.While) -> list[ir.Statement]:
        """`while condition:`."""
        self._refuse_else(node)
        condition = self.condition(node.test)
        return [ir.While(node.lineno, condition, self._loop_body(node.body), [])]

    def _refuse_else(self, node: ast.While | ast.For) -> None:
        if node.orelse:
            self.error("E101", "`else` on a loop is outside the language", node.orelse[0], "use a flag")

    def for_loop(self, node: ast.For) -> list[ir.Statement]:
        """`for i in range(…):`, `for x in values:`."""
        self._refuse_else(node)
        if not isinstance(node.target, ast.Name):
            self.error("E101", "a loop has one variable", node.target, "write `for i in range(n)`")
            return []
        match node.iter:
            case ast.Call(func=ast.Name(id="range")) as call if not self.is_local("range"):
                return self._for_range(node, node.target, call)
        return self._for_each(node, node.target)

    def _loop_variable(self, target: ast.Name, kind: Type) -> Variable:
        known = self.variables.get(target.id)
        if known is not None and known.type is not kind and ERROR not in (known.type, kind):
            self.error("E203", f"`{target.id}` already has type {known.type}", target, "use another name")
        return self.declare(target.id, kind)

    def _for_range(self, node: ast.For, target: ast.Name, call: ast.Call) -> list[ir.Statement]:
        bounds = self._range_bounds(target, call)
        if bounds is None:
            self._loop_variable(target, ERROR)
            self._loop_body(node.body, target.id)
            return []
        start, stop, step = bounds
        kind = start.type
        assert isinstance(kind, IntType)
        variable = self._loop_variable(target, kind)
        counter, counter_read = self.temporary(start)
        limit, limit_read = self.temporary(stop)
        body = self._loop_body(node.body, target.id)
        line = node.lineno
        more = ir.Compare(BOOL, line, "<" if step > 0 else ">", counter_read, limit_read)
        turns = 0
        if isinstance(start, ir.Constant) and isinstance(stop, ir.Constant):
            turns = len(range(int(start.value), int(stop.value), step))
        advance = ir.SetLocal(line, counter, self._advanced(kind, counter_read, limit_read, step, line))
        return [
            ir.SetLocal(line, counter, start),
            ir.SetLocal(line, limit, stop),
            ir.While(line, more, [ir.SetLocal(line, variable.local, counter_read), *body], [advance], turns),
        ]

    def _range_bounds(self, target: ast.Name, call: ast.Call) -> tuple[ir.Expression, ir.Expression, int] | None:
        """Start and stop of one integer type, and the step; None after a diagnostic."""
        if not 1 <= len(call.args) <= 3 or call.keywords:
            self.error("E304", "`range` takes one to three positional arguments", call, "write range(start, stop)")
            return None
        step = self.literal(call.args[2]) if len(call.args) == 3 else 1
        if not isinstance(step, int) or step == 0:
            hint = "write range(start, stop, 2)"
            self.error("E304", "the step of `range` is a non-zero integer constant", call.args[2], hint)
            return None
        zero = ast.copy_location(ast.Constant(0), call)
        first, last = (zero, call.args[0]) if len(call.args) == 1 else (call.args[0], call.args[1])
        known = self.variables.get(target.id)
        start, stop = self.operands(first, last, known.type if known else None)
        if ERROR in (start.type, stop.type):
            return None
        if start.type is not stop.type or not isinstance(start.type, IntType):
            self.error("E301", f"`range` from {start.type} to {stop.type}", call, "use one integer type")
            return None
        return start, stop, step

    def _advanced(self, kind: IntType, read: ir.ReadLocal, limit: ir.ReadLocal, step: int, line: int) -> ir.Expression:
        """The counter's next value; where it would pass the type's end, the limit."""
        operator, size = ("wrapping_add", step) if step > 0 else ("wrapping_sub", -step)
        plain = carrier(kind)
        if size >> plain.bits:
            return limit
        wrapped = size - (1 << plain.bits) if size > plain.maximum else size
        following = ir.Binary(kind, line, operator, read, ir.Constant(kind, line, wrapped))
        if size == 1:
            return following
        local, following_read = self.temporary(following)
        onwards = ir.Compare(BOOL, line, ">" if step > 0 else "<", following_read, read)
        return ir.Let(kind, line, local, following, ir.Conditional(kind, line, onwards, following_read, limit))

    def _for_each(self, node: ast.For, target: ast.Name) -> list[ir.Statement]:
        """`for x in array` / `for x in vec`: by index, the length read again each time round."""
        base = self.value(node.iter)
        line = node.lineno
        base_local, base_read = self.temporary(base)
        index, index_read = self.temporary(ir.Constant(U32, line, 0))
        parts = None if base.type is ERROR else self._iteration(base_read, index_read, node)
        if parts is None:
            self._loop_variable(target, ERROR)
            self._loop_body(node.body, target.id)
            return []
        length, element = parts
        variable = self._loop_variable(target, element.type)
        if element.type.is_aggregate:
            self.note_part(variable, base)
        body = self._loop_body(node.body, target.id)
        advance = ir.Binary(U32, line, "wrapping_add", index_read, ir.Constant(U32, line, 1))
        return [
            ir.SetLocal(line, base_local, base),
            ir.SetLocal(line, index, ir.Constant(U32, line, 0)),
            ir.While(
                line,
                ir.Compare(BOOL, line, "<", index_read, length),
                [ir.SetLocal(line, variable.local, element), *body],
                [ir.SetLocal(line, index, advance)],
                base.type.length if isinstance(base.type, ArrayType) else 0,
            ),
        ]

    def _iteration(
        self, base: ir.ReadLocal, index: ir.ReadLocal, node: ast.For
    ) -> tuple[ir.Expression, ir.Expression] | None:
        """The number of elements and the element at `index`."""
        if isinstance(base.type, ArrayType):
            place = self.element(base, index, node.lineno)
            return ir.Constant(U32, node.lineno, base.type.length), self.read_place(place)
        if isinstance(base.type, StructType):
            length, getter = self.program.method(base.type, "__len__"), self.program.method(base.type, "__getitem__")
            if length and getter and length.signature.result is U32 and getter.signature.types == (U32,):
                item = ir.Call(getter.signature.result, node.lineno, getter.function, [base, index])
                return ir.Call(U32, node.lineno, length.function, [base]), self.read_place(item)
        hint = "loop over an Array or a Vec, or use range"
        self.error("E302", f"{base.type} cannot be iterated", node.iter, hint)
        return None

    # ---- match ---------------------------------------------------------------------------------------------------

    def match_statement(self, node: ast.Match) -> list[ir.Statement]:
        """`match` on integers, bools and enums: a chain of comparisons."""
        subject = self.scalar(node.subject)
        if subject.type is not ERROR and not isinstance(subject.type, (IntType, EnumType)) and subject.type is not BOOL:
            message = f"`match` is for integers, bools and enums, found {subject.type}"
            self.error("E302", message, node.subject, "write if and elif")
            return []
        if len(node.cases) > MAX_CASES:
            self.error("E600", f"`match` with more than {MAX_CASES} cases", node, "use an Array or a Map")
            return []
        local, read = self.temporary(subject)
        conditions = [self._case_condition(case, read) for case in node.cases]
        exhaustive = _covers_all(node.cases, subject.type)
        bodies = [case.body for case in node.cases]
        checked = self.branches(bodies if exhaustive else [*bodies, []])
        chain: list[ir.Statement] = []
        for position in range(len(node.cases) - 1, -1, -1):
            condition = conditions[position]
            if condition is None or (exhaustive and position == len(node.cases) - 1):
                chain = checked[position]
            else:
                chain = [ir.If(node.cases[position].pattern.lineno, condition, checked[position], chain)]
        return [ir.SetLocal(node.lineno, local, subject), *chain]

    def _case_condition(self, case: ast.match_case, subject: ir.ReadLocal) -> ir.Expression | None:
        """When a case applies; None for always."""
        condition = self._pattern(case.pattern, subject)
        if case.guard is None:
            return condition
        guard = self.condition(case.guard)
        return guard if condition is None else ir.Logical(BOOL, case.pattern.lineno, "and", condition, guard)

    def _pattern(self, pattern: ast.pattern, subject: ir.ReadLocal) -> ir.Expression | None:
        """The condition that `pattern` matches; None for the wildcard."""
        match pattern:
            case ast.MatchAs(pattern=None, name=None):
                return None
            case ast.MatchValue(value=value):
                wanted = self.typed(value, subject.type)
                return self.compare(ast.Eq(), subject, wanted, pattern)
            case ast.MatchSingleton(value=bool() as flag) if subject.type is BOOL:
                return ir.Compare(BOOL, pattern.lineno, "==", subject, ir.Constant(BOOL, pattern.lineno, int(flag)))
            case ast.MatchOr(patterns=patterns) if len(patterns) <= MAX_CASES:
                return self._any_pattern(patterns, subject, pattern.lineno)
            case ast.MatchOr():
                message = f"more than {MAX_CASES} alternatives"
                return self.error("E600", message, pattern, "compare with < and >")
        hint = "patterns are literals, enum members, `|` of them, and `_`"
        return self.error("E101", "pattern outside the language", pattern, hint)

    def _any_pattern(self, patterns: list[ast.pattern], subject: ir.ReadLocal, line: int) -> ir.Expression | None:
        conditions = [self._pattern(item, subject) for item in patterns]
        result = conditions[0]
        for condition in conditions[1:]:
            if result is None or condition is None:
                return None
            result = ir.Logical(BOOL, line, "or", result, condition)
        return result


def _covers_all(cases: list[ast.match_case], kind: Type) -> bool:
    """Whether the last case always matches, or the cases name every member of an enum or both bools."""
    plain = [case.pattern for case in cases if case.guard is None]
    if not plain or cases[-1].guard is not None:
        return False
    if isinstance(plain[-1], ast.MatchAs):
        return True
    named = {name for pattern in plain for name in _named(pattern)}
    if kind is BOOL:
        return named >= {"True", "False"}
    return isinstance(kind, EnumType) and named >= set(kind.members)


def _named(pattern: ast.pattern) -> list[str]:
    match pattern:
        case ast.MatchOr(patterns=patterns):
            return [name for item in patterns for name in _named(item)]
        case ast.MatchValue(value=ast.Attribute(attr=name)):
            return [name]
        case ast.MatchSingleton(value=bool() as value):
            return [str(value)]
    return []
