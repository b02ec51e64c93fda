"""Checks function bodies: syntax → typed IR statements, definite assignment, references that could dangle."""

from __future__ import annotations

import ast

from corten.base.errors import TrapCode
from corten.compiler import ir
from corten.compiler.expressions import ExpressionChecker, Variable
from corten.compiler.modules import Builtin, StructDeclaration
from corten.compiler.program import Instance, ProgramBuilder
from corten.compiler.types import (
    BOOL,
    ERROR,
    I64,
    NONE,
    U32,
    ArrayType,
    EnumType,
    IntType,
    RefType,
    StructType,
    Type,
    UnitType,
    carrier,
)

MAX_NESTING = 60
MAX_LOCALS = 2000
_REFUSED: dict[type[ast.stmt], str] = {
    ast.Try: "errors end the message: use require, or test before",
    ast.Raise: 'write require(condition, "error_name")',
    ast.With: "there are no context managers",
    ast.FunctionDef: "declare functions at module level; there are no closures",
    ast.ClassDef: "declare classes at module level",
    ast.Import: "import at the top of the file",
    ast.ImportFrom: "import at the top of the file",
    ast.Global: "state lives in the contract's fields",
    ast.Nonlocal: "there are no closures",
    ast.AsyncFor: "there is no async",
    ast.AsyncWith: "there is no async",
    ast.AsyncFunctionDef: "there is no async",
}


class FunctionChecker(ExpressionChecker):
    """Checks one function instance and fills its IR."""

    def __init__(self, program: ProgramBuilder, instance: Instance) -> None:
        super().__init__(program, instance)
        self._nesting = 0

    def check(self) -> None:
        """Fill `function.body`; reports diagnostics."""
        node, signature = self.instance.declaration.node, self.instance.signature
        if self.instance.owner is not None:
            self._parameter("self", self.instance.owner)
        for name, kind in zip(signature.names, signature.types, strict=True):
            self._parameter(name, kind)
        body = self.block(node.body)
        if not _terminates(body):
            if self.function.result is NONE:
                body.append(ir.Return(getattr(node, "end_lineno", node.lineno) or node.lineno, None))
            else:
                self.error(
                    "E401",
                    f"`{node.name}` can end without returning {self.function.result}",
                    node,
                    "return on every path",
                )
        self.function.body = body
        if len(self.function.locals) > MAX_LOCALS:
            self.error(
                "E600",
                f"`{node.name}` needs {len(self.function.locals)} locals, the limit is {MAX_LOCALS}",
                node,
                "split it",
            )

    def _parameter(self, name: str, kind: Type) -> None:
        local = self.function.new_local(name, kind)
        self.function.parameters.append(local)
        self.variables[name] = Variable(local, kind)
        self.assigned.add(name)

    def block(self, nodes: list[ast.stmt]) -> list[ir.Statement]:
        """A list of statements; what follows a return, break or continue is refused."""
        self._nesting += 1
        result: list[ir.Statement] = []
        if self._nesting > MAX_NESTING:
            self.error("E600", f"statements nested deeper than {MAX_NESTING}", nodes[0], "split the function")
            nodes = []
        for position, node in enumerate(nodes):
            if result and _terminates(result) and not _is_docstring(node):
                self.error("E404", "this statement is never reached", nodes[position], "remove it")
                break
            result += self.statement(node)
        self._nesting -= 1
        return result

    def statement(self, node: ast.stmt) -> list[ir.Statement]:
        match node:
            case ast.Assign(targets=[target], value=value):
                return self._assign(target, value, None, node)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return self._assign(target, value, node.annotation, node)
            case ast.AugAssign():
                return self._augmented(node)
            case ast.Expr():
                return self._expression_statement(node)
            case ast.If():
                return self._if(node)
            case ast.While():
                return self._while(node)
            case ast.For():
                return self._for(node)
            case ast.Match():
                return self._match_statement(node)
            case ast.Return():
                return self._return(node)
            case ast.Break():
                return [ir.Break(node.lineno)]
            case ast.Continue():
                return [ir.Continue(node.lineno)]
            case ast.Pass():
                return []
            case ast.Assert():
                condition = self.condition(node.test)
                return [ir.If(node.lineno, condition, [], [ir.Trap(node.lineno, TrapCode.ASSERTION_FAILED)])]
            case ast.Delete():
                return [item for target in node.targets for item in self._delete(target)]
        hint = _REFUSED.get(type(node), "")
        if isinstance(node, ast.Assign):
            hint = "assign one name at a time"
        elif isinstance(node, ast.AnnAssign):
            hint = "give it a value"
        self.error("E101", f"`{ast.unparse(node).splitlines()[0][:40]}` is outside the language", node, hint)
        return []

    # ---- assignment ---------------------------------------------------------------------------------------------

    def _assign(
        self, target: ast.expr, value: ast.expr, annotation: ast.expr | None, node: ast.stmt
    ) -> list[ir.Statement]:
        if isinstance(target, ast.Name):
            return self._assign_name(target, value, annotation, node)
        if annotation is not None:
            self.error("E101", "annotations are for locals; fields are declared in the class body", target)
        if isinstance(target, ast.Attribute):
            place = self.attribute(target)
            return self._store(place, value, target)
        if isinstance(target, ast.Subscript):
            return self._assign_item(target, value)
        self.error(
            "E101",
            "assignment to several names is outside the language",
            target,
            "assign one name at a time, or return a struct",
        )
        return []

    def _assign_name(
        self, target: ast.Name, value: ast.expr, annotation: ast.expr | None, node: ast.stmt
    ) -> list[ir.Statement]:
        known = self.variables.get(target.id)
        wanted = self.program.resolve_type(annotation, self.module, self.bindings) if annotation is not None else None
        if known is not None and wanted not in (None, known.type, ERROR):
            self.error("E203", f"`{target.id}` already has type {known.type}", node, "use another name")
        wanted = known.type if known else wanted
        checked = self.expression(value, wanted)
        if checked.type is NONE:
            checked = self.error("E300", "this call returns nothing", value)
        if wanted is not None:
            checked = self.agree(checked, wanted, value)
        if checked.type is ERROR:
            if known is None:
                self.variables[target.id] = Variable(
                    self.function.new_local(target.id, wanted or ERROR), wanted or ERROR
                )
            self.assigned.add(target.id)
            return []
        if target.id == "self":
            self.error("E101", "`self` cannot be assigned", node)
        if known is None:
            known = self.variables[target.id] = Variable(self.function.new_local(target.id, checked.type), checked.type)
        if checked.type.is_aggregate:
            self._check_alias(checked, value, target.id)
            known.owned = known.owned or _is_fresh(checked)
        self.assigned.add(target.id)
        return [ir.SetLocal(node.lineno, known.local, checked)]

    def _check_alias(self, value: ir.Expression, node: ast.expr, name: str) -> None:
        root = _root(value)
        if isinstance(root, ir.ReadLocal) and self._is_owned(root.local):
            hint = f"write `{name} = copy({ast.unparse(node)})`"
            self.error("E402", f"`{name}` would be a second name for a local value", node, hint)

    def _is_owned(self, local: int) -> bool:
        return any(variable.local == local and variable.owned for variable in self.variables.values())

    def _store(self, place: ir.Expression, value: ast.expr, node: ast.expr) -> list[ir.Statement]:
        if not isinstance(place.type, RefType):
            if place.type is not ERROR:
                self.error("E302", f"`{ast.unparse(node)}` cannot be assigned", node)
            self.expression(value)
            return []
        kind = place.type.target
        checked = self.typed(value, kind)
        if checked.type is ERROR:
            return []
        # Python evaluates the value first, then the target's parts
        local, read = self.temporary(checked)
        return [ir.SetLocal(node.lineno, local, checked), ir.Store(node.lineno, kind, place, read)]

    def _assign_item(self, target: ast.Subscript, value: ast.expr) -> list[ir.Statement]:
        base = self.expression(target.value)
        if isinstance(base.type, StructType):
            method = self.program.method(base.type, "__setitem__")
            if method is not None:
                call = self.call_instance(method, base, [target.slice, value], [], target)
                return [] if call.type is ERROR else [ir.Evaluate(target.lineno, call)]
        return self._store(self.subscript(target), value, target)

    def _augmented(self, node: ast.AugAssign) -> list[ir.Statement]:
        if isinstance(node.target, ast.Name):
            current = self.expression(node.target)
            changed = self._augment(current, node)
            if changed.type is ERROR:
                return []
            return [ir.SetLocal(node.lineno, self.variables[node.target.id].local, changed)]
        place = self.attribute(node.target) if isinstance(node.target, ast.Attribute) else self.subscript(node.target)
        if not isinstance(place.type, RefType):
            if place.type is ERROR:
                return []
            return self._augmented_item(node)
        if place.type.target.is_aggregate:
            self.error("E302", f"`{ast.unparse(node.target)}` is {place.type.target}: no arithmetic", node)
            return []
        local, read = self.temporary(place)
        changed = self._augment(ir.Load(place.type.target, node.lineno, read), node)
        if changed.type is ERROR:
            return []
        return [ir.SetLocal(node.lineno, local, place), ir.Store(node.lineno, place.type.target, read, changed)]

    def _augment(self, current: ir.Expression, node: ast.AugAssign) -> ir.Expression:
        if current.type is ERROR:
            return current
        wanted: Type = current.type
        if isinstance(wanted, UnitType) and isinstance(node.op, (ast.Mult, ast.FloorDiv)):
            wanted = wanted.base
        operand = self.expression(node.value, wanted)
        return self.agree(self.binary(node.op, current, operand, node), current.type, node)

    def _augmented_item(self, node: ast.AugAssign) -> list[ir.Statement]:
        """`x[k] += v` on a container whose `__getitem__` returns a value: get, then set, with the key evaluated once."""
        target = node.target
        assert isinstance(target, ast.Subscript)
        base = self.expression(target.value)
        assert isinstance(base.type, StructType)
        getter, setter = self.program.method(base.type, "__getitem__"), self.program.method(base.type, "__setitem__")
        if getter is None or setter is None:
            self.error("E302", f"{base.type} has no __setitem__", node)
            return []
        key = self.typed(target.slice, getter.signature.types[0])
        key_local, key_read = self.temporary(key)
        base_local, base_read = self.temporary(base)
        current = ir.Call(getter.signature.result, node.lineno, getter.function, [base_read, key_read])
        changed = self._augment(current, node)
        if ERROR in (changed.type, key.type):
            return []
        call = ir.Call(NONE, node.lineno, setter.function, [base_read, key_read, changed])
        return [
            ir.SetLocal(node.lineno, base_local, base),
            ir.SetLocal(node.lineno, key_local, key),
            ir.Evaluate(node.lineno, call),
        ]

    def _delete(self, target: ast.expr) -> list[ir.Statement]:
        if isinstance(target, ast.Subscript):
            base = self.expression(target.value)
            method = self.program.method(base.type, "__delitem__") if isinstance(base.type, StructType) else None
            if method is not None:
                call = self.call_instance(method, base, [target.slice], [], target)
                return [] if call.type is ERROR else [ir.Evaluate(target.lineno, call)]
        self.error(
            "E101", f"`del {ast.unparse(target)}` is outside the language", target, "`del map[key]` is for containers"
        )
        return []

    # ---- statements that are calls -----------------------------------------------------------------------------------

    def _expression_statement(self, node: ast.Expr) -> list[ir.Statement]:
        if _is_docstring(node):
            return []
        value = node.value
        if isinstance(value, ast.Call):
            special = self._special_call(value)
            if special is not None:
                return special
            checked = self.expression(value)
            return [] if checked.type is ERROR else [ir.Evaluate(node.lineno, checked)]
        self.error("E101", "an expression on a line of its own has no effect", node, "assign it, or remove it")
        return []

    def _special_call(self, node: ast.Call) -> list[ir.Statement] | None:
        """Calls that are statements: require, self.emit, store, trap, check_index, copy_memory, fill_memory."""
        match node.func:
            case ast.Attribute(value=owner, attr="emit") if self.is_contract_self(owner):
                return self._emit(node)
            case ast.Name(id=name) if name not in self.variables and isinstance(self.module.names.get(name), Builtin):
                match self.module.names[name].name:
                    case "require":
                        return self._require(node)
                    case "store":
                        return self._store_call(node)
                    case "trap":
                        return self._trap(node)
                    case "check_index":
                        return self._check_index(node)
                    case "copy_memory" | "fill_memory" as intrinsic:
                        types: list[Type] = [U32, U32 if intrinsic == "copy_memory" else self.program_u8(), U32]
                        if not self.builtins.arity(node, 3):
                            return []
                        values = [self.typed(argument, kind) for argument, kind in zip(node.args, types, strict=True)]
                        return [ir.Evaluate(node.lineno, ir.Intrinsic(NONE, node.lineno, intrinsic, values))]
        return None

    def program_u8(self) -> Type:
        from corten.compiler.types import U8

        return U8

    def _require(self, node: ast.Call) -> list[ir.Statement]:
        match node.args:
            case [condition, ast.Constant(value=str() as name)] if name.isidentifier() and not node.keywords:
                return [ir.Require(node.lineno, self.condition(condition), self.program.error_code(name))]
        self.error(
            "E304",
            "`require` takes a condition and an error name",
            node,
            'write require(amount > 0, "amount_not_positive")',
        )
        return []

    def _emit(self, node: ast.Call) -> list[ir.Statement]:
        if len(node.args) != 1 or node.keywords:
            self.error("E304", "`self.emit` takes one event", node, "write self.emit(Transfer(…))")
            return []
        value = self.expression(node.args[0])
        if value.type is ERROR:
            return []
        if not isinstance(value.type, StructType) or not value.type.is_event:
            self.error(
                "E300", f"`self.emit` takes an event, found {value.type}", node, "decorate the class with @event"
            )
            return []
        return [ir.Emit(node.lineno, self.program.events.index(value.type), value)]

    def _store_call(self, node: ast.Call) -> list[ir.Statement]:
        if not self.builtins.arity(node, 3):
            return []
        kind = self.program.resolve_type(node.args[0], self.module, self.bindings)
        if kind is ERROR:
            return []
        place = self.builtins.place(kind, node.args[1], node.lineno)
        value = self.typed(node.args[2], kind)
        return [] if value.type is ERROR else [ir.Store(node.lineno, kind, place, value)]

    def _trap(self, node: ast.Call) -> list[ir.Statement]:
        match node.args:
            case [ast.Attribute(value=ast.Name(id="TrapCode"), attr=name)] if name in TrapCode.__members__:
                return [ir.Trap(node.lineno, TrapCode[name])]
        self.error("E304", "`trap` takes a TrapCode", node, "trap(TrapCode.INDEX_OUT_OF_RANGE)")
        return []

    def _check_index(self, node: ast.Call) -> list[ir.Statement]:
        if not self.builtins.arity(node, 2):
            return []
        index = self.index(node.args[0])
        bound = self.typed(node.args[1], index.type)
        if ERROR in (index.type, bound.type):
            return []
        assert isinstance(index.type, IntType)
        below = ir.Compare(BOOL, node.lineno, "<", index, bound)
        if index.type.signed:
            local, read = self.temporary(index)
            zero = ir.Constant(index.type, node.lineno, 0)
            not_negative = ir.Compare(BOOL, node.lineno, ">=", read, zero)
            below = ir.Compare(BOOL, node.lineno, "<", read, bound)
            both = ir.Logical(BOOL, node.lineno, "and", not_negative, below)
            return [
                ir.SetLocal(node.lineno, local, index),
                ir.If(node.lineno, both, [], [ir.Trap(node.lineno, TrapCode.INDEX_OUT_OF_RANGE)]),
            ]
        return [ir.If(node.lineno, below, [], [ir.Trap(node.lineno, TrapCode.INDEX_OUT_OF_RANGE)])]

    # ---- control flow --------------------------------------------------------------------------------------------------

    def _branches(self, bodies: list[list[ast.stmt]]) -> list[list[ir.Statement]]:
        """Check alternatives; afterwards a name is assigned if it is on every path that goes on."""
        before = set(self.assigned)
        results, after = [], []
        for body in bodies:
            self.assigned = set(before)
            checked = self.block(body) if body else []
            results.append(checked)
            if not _terminates(checked):
                after.append(self.assigned)
        self.assigned = set.intersection(*after) if after else before
        return results

    def _if(self, node: ast.If) -> list[ir.Statement]:
        condition = self.condition(node.test)
        then, otherwise = self._branches([node.body, node.orelse])
        return [ir.If(node.lineno, condition, then, otherwise)]

    def _loop_body(self, body: list[ast.stmt], variable: str = "") -> list[ir.Statement]:
        """A loop's body, which may run no time at all: what it assigns does not count afterwards."""
        before = set(self.assigned)
        self.assigned.add(variable)
        checked = self.block(body)
        self.assigned = before
        return checked

    def _while(self, node: ast.While) -> list[ir.Statement]:
        if node.orelse:
            self.error("E101", "`else` on a loop is outside the language", node.orelse[0], "use a flag")
        condition = self.condition(node.test)
        return [ir.While(node.lineno, condition, self._loop_body(node.body), [])]

    def _for(self, node: ast.For) -> list[ir.Statement]:
        if node.orelse:
            self.error("E101", "`else` on a loop is outside the language", node.orelse[0], "use a flag")
        if not isinstance(node.target, ast.Name):
            self.error("E101", "a loop has one variable", node.target, "write `for i in range(n)`")
            return []
        if isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Name) and node.iter.func.id == "range":
            return self._for_range(node, node.target, node.iter)
        return self._for_each(node, node.target)

    def _loop_variable(self, target: ast.Name, kind: Type) -> Variable:
        known = self.variables.get(target.id)
        if known is not None and known.type is not kind:
            self.error("E203", f"`{target.id}` already has type {known.type}", target, "use another name")
        if known is None:
            known = self.variables[target.id] = Variable(self.function.new_local(target.id, kind), kind)
        return known

    def _for_range(self, node: ast.For, target: ast.Name, call: ast.Call) -> list[ir.Statement]:
        if not 1 <= len(call.args) <= 3 or call.keywords:
            self.error("E304", "`range` takes one to three positional arguments", call)
            return []
        step = self.literal(call.args[2]) if len(call.args) == 3 else 1
        if not isinstance(step, int) or step == 0:
            self.error(
                "E304", "the step of `range` is a non-zero integer constant", call, "write range(start, stop, 2)"
            )
            return []
        zero = ast.copy_location(ast.Constant(0), call)
        first, last = (zero, call.args[0]) if len(call.args) == 1 else (call.args[0], call.args[1])
        known = self.variables.get(target.id)
        start, stop = self._operands(first, last, known.type if known else None)
        kind = start.type
        if ERROR in (kind, stop.type):
            kind = I64
        elif kind is not stop.type or not isinstance(kind, IntType):
            self.error("E301", f"`range` from {start.type} to {stop.type}", call, "use one integer type")
            kind = I64
        assert isinstance(kind, IntType)
        variable = self._loop_variable(target, kind)
        counter, counter_read = self.temporary(ir.Constant(kind, node.lineno, 0))
        limit, limit_read = self.temporary(ir.Constant(kind, node.lineno, 0))
        body = self._loop_body(node.body, target.id)
        line = node.lineno
        return [
            ir.SetLocal(line, counter, start),
            ir.SetLocal(line, limit, stop),
            ir.While(
                line,
                ir.Compare(BOOL, line, "<" if step > 0 else ">", counter_read, limit_read),
                [ir.SetLocal(line, variable.local, counter_read), *body],
                self._range_step(kind, counter, counter_read, limit_read, step, line),
            ),
        ]

    def _range_step(
        self, kind: IntType, counter: int, read: ir.ReadLocal, limit: ir.ReadLocal, step: int, line: int
    ) -> list[ir.Statement]:
        """Advance the counter; it stops at the limit instead of passing it, so it cannot overflow."""
        plain = carrier(kind)
        operator, size = ("wrapping_add", step) if step > 0 else ("wrapping_sub", -step)
        if size == 1:
            return [ir.SetLocal(line, counter, ir.Binary(kind, line, operator, read, ir.Constant(kind, line, 1)))]
        unsigned = self.program_integer(plain.bits)
        ahead = (limit, read) if step > 0 else (read, limit)
        left = ir.Convert(unsigned, line, ir.Binary(kind, line, "wrapping_sub", *ahead), "wrapping")
        size = min(size, unsigned.maximum)
        more = ir.Compare(BOOL, line, ">", left, ir.Constant(unsigned, line, size))
        amount = ir.Convert(kind, line, ir.Constant(unsigned, line, size), "wrapping")
        advanced = ir.Binary(kind, line, operator, read, amount)
        return [ir.SetLocal(line, counter, ir.Conditional(kind, line, more, advanced, limit))]

    def program_integer(self, bits: int) -> IntType:
        """The unsigned integer of `bits` bits (i128 has none: its ranges step by 1 only)."""
        from corten.compiler.types import I128, INTEGERS

        return INTEGERS[f"u{bits}"] if bits < 128 else I128

    def _for_each(self, node: ast.For, target: ast.Name) -> list[ir.Statement]:
        """`for x in array` / `for x in vec`: by index, the length read again each time round."""
        base = self.expression(node.iter)
        if base.type is ERROR:
            self._loop_variable(target, ERROR)
            self._loop_body(node.body, target.id)
            return []
        line = node.lineno
        base_local, base_read = self.temporary(base)
        index, index_read = self.temporary(ir.Constant(U32, line, 0))
        parts = self._iteration(base_read, index_read, node)
        if parts is None:
            return []
        length, element = parts
        variable = self._loop_variable(target, element.type)
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
            ),
        ]

    def _iteration(
        self, base: ir.ReadLocal, index: ir.ReadLocal, node: ast.For
    ) -> tuple[ir.Expression, ir.Expression] | None:
        if isinstance(base.type, ArrayType):
            place = self.element(base, index, node.lineno)
            return ir.Constant(U32, node.lineno, base.type.length), self.read_place(place, node.iter)
        if isinstance(base.type, StructType):
            length, getter = self.program.method(base.type, "__len__"), self.program.method(base.type, "__getitem__")
            if length and getter and length.signature.result is U32 and getter.signature.types == (U32,):
                item = ir.Call(getter.signature.result, node.lineno, getter.function, [base, index])
                return ir.Call(U32, node.lineno, length.function, [base]), self.read_place(item, node.iter)
        hint = "loop over an Array or a Vec, or use range"
        self.error("E302", f"{base.type} cannot be iterated", node.iter, hint)
        return None

    def _match_statement(self, node: ast.Match) -> list[ir.Statement]:
        subject = self.scalar(node.subject)
        if subject.type is ERROR:
            return []
        if not isinstance(subject.type, (IntType, EnumType)) and subject.type is not BOOL:
            self.error("E302", f"`match` is for integers, bools and enums, found {subject.type}", node.subject)
            return []
        local, read = self.temporary(subject)
        exhaustive = _covers_all(node.cases, subject.type)
        bodies = [case.body for case in node.cases]
        checked = self._branches(bodies if exhaustive else [*bodies, []])
        chain: list[ir.Statement] = []
        for position in range(len(node.cases) - 1, -1, -1):
            case = node.cases[position]
            last_of_all = exhaustive and position == len(node.cases) - 1
            condition = None if last_of_all else self._pattern(case.pattern, read)
            if case.guard is not None:
                guard = self.condition(case.guard)
                condition = guard if condition is None else ir.Logical(BOOL, node.lineno, "and", condition, guard)
            chain = (
                checked[position]
                if condition is None
                else [ir.If(case.pattern.lineno, condition, checked[position], chain)]
            )
        return [ir.SetLocal(node.lineno, local, subject), *chain]

    def _pattern(self, pattern: ast.pattern, subject: ir.ReadLocal) -> ir.Expression | None:
        """The condition that `pattern` matches; None for the wildcard."""
        match pattern:
            case ast.MatchAs(pattern=None, name=None):
                return None
            case ast.MatchValue(value=value):
                return self._compare_values(ast.Eq(), subject, self.typed(value, subject.type), pattern)
            case ast.MatchSingleton(value=bool() as value) if subject.type is BOOL:
                return ir.Compare(BOOL, pattern.lineno, "==", subject, ir.Constant(BOOL, pattern.lineno, int(value)))
            case ast.MatchOr(patterns=patterns):
                result: ir.Expression | None = None
                for item in patterns:
                    condition = self._pattern(item, subject)
                    if condition is None:
                        return None
                    result = condition if result is None else ir.Logical(BOOL, pattern.lineno, "or", result, condition)
                return result
        hint = "patterns are literals, enum members, `|` of them, and `_`"
        return self.error("E101", "pattern outside the language", pattern, hint)

    def _return(self, node: ast.Return) -> list[ir.Statement]:
        wanted = self.function.result
        if node.value is None:
            if wanted is not NONE:
                self.error("E300", f"expected a value of {wanted}", node, "return one")
            return [ir.Return(node.lineno, None)]
        if isinstance(wanted, RefType):
            return self._return_place(node, node.value, wanted)
        if wanted is NONE:
            self.error("E300", "this function returns nothing", node, "change its result type")
            return [ir.Return(node.lineno, None)]
        return [ir.Return(node.lineno, self.typed(node.value, wanted))]

    def _return_place(self, node: ast.Return, value: ast.expr, wanted: RefType) -> list[ir.Statement]:
        place = self.place(value)
        if isinstance(place.type, RefType):
            kind: Type = place.type.target
        else:
            kind = place.type
        if kind is not ERROR and kind is not wanted.target:
            self.error("E300", f"expected a place of {wanted.target}, found {kind}", value)
        if kind is not ERROR and not isinstance(place.type, RefType) and not kind.is_aggregate:
            self.error("E402", "a value is not a place", value, "return a field, an element or ref(T, address)")
        root = _root(place)
        if _is_fresh(root) or (isinstance(root, ir.ReadLocal) and self._is_owned(root.local)):
            self.error(
                "E402", "the place would be gone when the function returns", value, f"return a copy: -> {wanted.target}"
            )
        return [ir.Return(node.lineno, place)]

    def place(self, node: ast.expr) -> ir.Expression:
        """An expression taken as a place where it is one."""
        if isinstance(node, ast.Attribute) and not isinstance(node.value, ast.Name):
            return self.attribute(node)
        if isinstance(node, ast.Attribute) and not isinstance(
            self.module.names.get(getattr(node.value, "id", "")), StructDeclaration
        ):
            return self.attribute(node)
        if isinstance(node, ast.Subscript):
            return self.subscript(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ref":
            kind = self.builtins._type_and(node, 2)
            return (
                self.error("E305", "not a type", node)
                if kind is ERROR
                else self.builtins.place(kind, node.args[1], node.lineno)
            )
        if isinstance(node, ast.Call):
            return self._call(node, None)
        return self.expression(node)


def _root(value: ir.Expression) -> ir.Expression:
    """What an address was derived from."""
    while isinstance(value, (ir.Offset, ir.Element)):
        value = value.base
    if isinstance(value, ir.Conditional):
        then = _root(value.then)
        return then if isinstance(then, ir.ReadLocal) or _is_fresh(then) else _root(value.otherwise)
    return value


def _is_fresh(value: ir.Expression) -> bool:
    """Whether an aggregate expression makes a value of this function's own."""
    if isinstance(value, (ir.Offset, ir.Element)):
        return _is_fresh(value.base)
    if isinstance(value, ir.Conditional):
        return _is_fresh(value.then) or _is_fresh(value.otherwise)
    return isinstance(value, ir.Construct) or (isinstance(value, ir.Call) and value.function.returns_copy)


def _terminates(body: list[ir.Statement]) -> bool:
    """Whether control never goes past the end of `body`."""
    if not body:
        return False
    last = body[-1]
    match last:
        case ir.Return() | ir.Break() | ir.Continue() | ir.Trap():
            return True
        case ir.If():
            return _terminates(last.then) and _terminates(last.otherwise)
        case ir.While(condition=ir.Constant(value=1)):
            return not _breaks(last.body)
    return False


def _breaks(body: list[ir.Statement]) -> bool:
    """Whether `body` breaks out of the loop it belongs to."""
    for statement in body:
        if isinstance(statement, ir.Break):
            return True
        if isinstance(statement, ir.If) and (_breaks(statement.then) or _breaks(statement.otherwise)):
            return True
    return False


def _covers_all(cases: list[ast.match_case], kind: Type) -> bool:
    """Whether the last case always matches, or the cases name every member of an enum or bool."""
    plain = [case for case in cases if case.guard is None]
    if (
        plain
        and plain[-1] is cases[-1]
        and isinstance(cases[-1].pattern, ast.MatchAs)
        and cases[-1].pattern.pattern is None
    ):
        return True
    if not isinstance(kind, EnumType) or not plain or plain[-1] is not cases[-1]:
        return False
    named = {
        value.value.attr
        for case in plain
        for value in (case.pattern.patterns if isinstance(case.pattern, ast.MatchOr) else [case.pattern])
        if isinstance(value, ast.MatchValue) and isinstance(value.value, ast.Attribute)
    }
    return named == set(kind.members)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
