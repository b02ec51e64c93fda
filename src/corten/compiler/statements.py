"""Checks function bodies: syntax → typed IR statements."""

from __future__ import annotations

import ast
from collections.abc import Callable

from corten.base.errors import TrapCode
from corten.compiler import ir
from corten.compiler.control import ControlChecker
from corten.compiler.limits import MAX_FRAME_BYTES, MAX_LOCALS, MAX_NESTING
from corten.compiler.modules import Builtin
from corten.compiler.program import Instance, ProgramBuilder, is_constant
from corten.compiler.types import BOOL, ERROR, NONE, U8, U32, IntType, RefType, StructType, Type
from corten.compiler.typetable import shortened
from corten.compiler.walk import expressions, terminates

_REFUSED: dict[type[ast.stmt], str] = {
    ast.Try: "errors end the message: use require, or test before",
    ast.TryStar: "errors end the message: use require, or test before",
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
    ast.Assign: "assign one name at a time",
    ast.AnnAssign: "give it a value",
}


class FunctionChecker(ControlChecker):
    """Checks one function instance and fills its IR."""

    def __init__(self, program: ProgramBuilder, instance: Instance) -> None:
        super().__init__(program, instance)
        self._nesting = 0
        self._handlers_of_statements: dict[type[ast.stmt], Callable[..., list[ir.Statement]]] = {
            ast.AugAssign: self.augmented,
            ast.Expr: self._expression_statement,
            ast.If: self.if_statement,
            ast.While: self.while_loop,
            ast.For: self.for_loop,
            ast.Match: self.match_statement,
            ast.Return: self._return,
            ast.Break: lambda node: [ir.Break(node.lineno)],
            ast.Continue: lambda node: [ir.Continue(node.lineno)],
            ast.Pass: lambda _: [],
            ast.Assert: self._assert,
            ast.Delete: lambda node: [item for target in node.targets for item in self.delete(target)],
        }

    def check(self) -> None:
        """Fill `function.body`; reports diagnostics."""
        node, signature = self.instance.declaration.node, self.instance.signature
        if self.instance.owner is not None:
            self._parameter("self", self.instance.owner)
        for name, kind in zip(signature.names, signature.types, strict=True):
            self._parameter(name, kind)
        self._check_defaults()
        body = self.block(node.body)
        if not terminates(body):
            if self.function.result is NONE:
                body.append(ir.Return(node.end_lineno or node.lineno, None))
            elif self.function.result is not ERROR:
                message = f"`{node.name}` can end without returning {self.function.result}"
                self.error("E401", message, node, "return on every path")
        self.function.body = body
        self.check_aliases()
        self._check_size(node)

    def _check_defaults(self) -> None:
        """Defaults are right where they are declared, whether or not a call uses them."""
        signature = self.instance.signature
        for kind, default in zip(signature.types, signature.defaults, strict=True):
            if default is not None and is_constant(default):
                with self.elsewhere(self.module):
                    self.typed(default, kind)

    def _check_size(self, node: ast.FunctionDef) -> None:
        count = len(self.function.locals)
        if count > MAX_LOCALS:
            self.error("E600", f"`{node.name}` needs {count} locals, the limit is {MAX_LOCALS}", node, "split it")
        size = sum(kind.stride for kind in self.function.slots)
        size += sum(map(_frame_bytes, expressions(self.function.body)))
        if size > MAX_FRAME_BYTES:
            message = f"the structs and arrays made in `{node.name}` take {size} bytes, the limit is {MAX_FRAME_BYTES}"
            self.error("E600", message, node, "keep large arrays in the contract's fields")

    def _parameter(self, name: str, kind: Type) -> None:
        self.function.parameters.append(self.declare(name, kind).local)
        self.assigned.add(name)

    def block(self, nodes: list[ast.stmt]) -> list[ir.Statement]:
        """A list of statements; what follows a return, break or continue is refused."""
        if self._nesting > MAX_NESTING:
            self.error("E600", f"statements nested deeper than {MAX_NESTING}", nodes[0], "split the function")
            return []
        is_elif = len(nodes) == 1 and nodes[0] in self.elifs and isinstance(nodes[0], ast.If)
        self._nesting += not is_elif
        result: list[ir.Statement] = []
        for node in nodes:
            if terminates(result) and not _is_docstring(node):
                self.error("E404", "this statement is never reached", node, "remove it")
                break
            result += self.statement(node)
        self._nesting -= not is_elif
        return result

    def statement(self, node: ast.stmt) -> list[ir.Statement]:
        """Any statement."""
        self.program.count_work(self.module, node)
        match node:
            case ast.Assign(targets=[target], value=value):
                return self.assign(target, value, None, node)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                return self.assign(target, value, node.annotation, node)
        handler = self._handlers_of_statements.get(type(node))
        if handler is not None:
            return handler(node)
        self.error("E101", f"`{shortened(node)}` is outside the language", node, _REFUSED.get(type(node), ""))
        return []

    def _assert(self, node: ast.Assert) -> list[ir.Statement]:
        condition = self.condition(node.test)
        return [ir.If(node.lineno, condition, [], [ir.Trap(node.lineno, TrapCode.ASSERTION_FAILED)])]

    # ---- statements that are calls -------------------------------------------------------------------------------

    def _expression_statement(self, node: ast.Expr) -> list[ir.Statement]:
        if _is_docstring(node):
            return []
        value = node.value
        if isinstance(value, ast.Constant) and value.value is Ellipsis:
            return []
        if isinstance(value, ast.Call):
            special = self._special_call(value)
            if special is not None:
                return special
            checked = self.expression(value)
            return [] if checked.type is ERROR else [ir.Evaluate(node.lineno, checked)]
        if type(value) in (ast.Yield, ast.YieldFrom, ast.Await, ast.NamedExpr):
            self.expression(value)
        else:
            self.error("E101", "an expression on a line of its own has no effect", node, "assign it, or remove it")
        return []

    def _special_call(self, node: ast.Call) -> list[ir.Statement] | None:
        """Calls that are statements: self.emit, require, store, trap, check_index, copy_memory, fill_memory."""
        match node.func:
            case ast.Attribute(value=owner, attr="emit") if self.is_contract_self(owner):
                return self._emit(node)
            case ast.Name(id=name) if not self.is_local(name):
                declaration = self.module.names.get(name)
                handlers: dict[str, Callable[[ast.Call], list[ir.Statement]]] = {
                    "require": self._require,
                    "store": self._store_call,
                    "trap": self._trap,
                    "check_index": self._check_index,
                    "copy_memory": lambda call: self._memory_call(call, "copy_memory", U32),
                    "fill_memory": lambda call: self._memory_call(call, "fill_memory", U8),
                }
                if isinstance(declaration, Builtin) and declaration.name in handlers:
                    return handlers[declaration.name](node)
        return None

    def _require(self, node: ast.Call) -> list[ir.Statement]:
        match node.args:
            case [condition, ast.Constant(value=str() as name)] if name.isidentifier() and not node.keywords:
                return [ir.Require(node.lineno, self.condition(condition), self.program.error_code(name))]
        hint = 'write require(amount > 0, "amount_not_positive")'
        self.error("E304", "`require` takes a condition and an error name", node, hint)
        return []

    def _emit(self, node: ast.Call) -> list[ir.Statement]:
        if len(node.args) != 1 or node.keywords:
            self.error("E304", "`self.emit` takes one event", node, "write self.emit(Transfer(…))")
            return []
        value = self.expression(node.args[0])
        if value.type is ERROR:
            return []
        if not isinstance(value.type, StructType) or not value.type.is_event:
            hint = "decorate the class with @event"
            self.error("E300", f"`self.emit` takes an event, found {value.type}", node.args[0], hint)
            return []
        return [ir.Emit(node.lineno, self.program.events.index(value.type), value)]

    def _store_call(self, node: ast.Call) -> list[ir.Statement]:
        if not self.builtins.arity(node, 3):
            return []
        kind = self.type_named(node.args[0])
        if kind is ERROR:
            return []
        place = self.builtins.place(kind, node.args[1], node.lineno)
        value = self.typed(node.args[2], kind)
        return [] if ERROR in (place.type, value.type) else [ir.Store(node.lineno, kind, place, value)]

    def _trap(self, node: ast.Call) -> list[ir.Statement]:
        match node.args:
            case [ast.Attribute(value=ast.Name(id="TrapCode"), attr=name)] if name in TrapCode.__members__:
                return [ir.Trap(node.lineno, TrapCode[name])]
        self.error("E304", "`trap` takes a TrapCode", node, "write trap(TrapCode.INDEX_OUT_OF_RANGE)")
        return []

    def _check_index(self, node: ast.Call) -> list[ir.Statement]:
        if not self.builtins.arity(node, 2):
            return []
        index, bound = self.same_type(node.args, None)
        if ERROR in (index.type, bound.type):
            return []
        if not isinstance(index.type, IntType) or index.type is not bound.type:
            message = f"`check_index` takes two integers of one type, found {index.type} and {bound.type}"
            self.error("E300", message, node, "convert one of them")
            return []
        line, (local, read) = node.lineno, self.temporary(index)
        inside: ir.Expression = ir.Compare(BOOL, line, "<", read, bound)
        if index.type.signed:
            positive = ir.Compare(BOOL, line, ">=", read, ir.Constant(index.type, line, 0))
            inside = ir.Logical(BOOL, line, "and", positive, inside)
        trap = ir.Trap(line, TrapCode.INDEX_OUT_OF_RANGE)
        return [ir.SetLocal(line, local, index), ir.If(line, inside, [], [trap])]

    def _memory_call(self, node: ast.Call, name: str, second: Type) -> list[ir.Statement]:
        if not self.builtins.arity(node, 3):
            return []
        types = (U32, second, U32)
        values = [self.typed(argument, kind) for argument, kind in zip(node.args, types, strict=True)]
        if any(value.type is ERROR for value in values):
            return []
        return [ir.Evaluate(node.lineno, ir.Intrinsic(NONE, node.lineno, name, values))]

    # ---- return --------------------------------------------------------------------------------------------------

    def _return(self, node: ast.Return) -> list[ir.Statement]:
        wanted = self.function.result
        if node.value is None:
            if wanted is not NONE:
                self.error("E300", f"expected a value of {wanted}", node, "return one")
            return [ir.Return(node.lineno, None)]
        if isinstance(wanted, RefType):
            return self._return_place(node, node.value, wanted)
        if wanted is NONE:
            if isinstance(node.value, ast.Constant) and node.value.value is None:
                return [ir.Return(node.lineno, None)]
            self.error("E300", "this function returns nothing", node, "change its result type")
            return [ir.Return(node.lineno, None)]
        return [ir.Return(node.lineno, self.typed(node.value, wanted))]

    def _return_place(self, node: ast.Return, value: ast.expr, wanted: RefType) -> list[ir.Statement]:
        place = self._place(value)
        kind = place.type.target if isinstance(place.type, RefType) else place.type
        if kind is ERROR:
            return [ir.Return(node.lineno, place)]
        if kind is not wanted.target:
            message = f"expected a place of {wanted.target}, found {kind}"
            self.error("E300", message, value, "return a field, an element or ref(T, address)")
        elif not isinstance(place.type, RefType) and not kind.is_aggregate:
            self.error("E402", "a value is not a place", value, "return a field, an element or ref(T, address)")
        else:
            self.note_result(place, value, wanted.target)
        return [ir.Return(node.lineno, place)]

    def _place(self, node: ast.expr) -> ir.Expression:
        """An expression taken as a place where it is one."""
        match node:
            case ast.Attribute():
                value = self.expression(node)
                return value.address if isinstance(value, ir.Load) else value
            case ast.Subscript():
                return self.subscript(node)
            case ast.Call(func=ast.Name(id="ref")) if isinstance(self.module.names.get("ref"), Builtin):
                return self.builtins.reference(node)
            case ast.Call():
                return self.call(node, None)
        return self.expression(node)


def _frame_bytes(node: ir.Expression) -> int:
    """What an expression needs in the frame besides its slot: a call's result, a copy of a part to be stored."""
    match node:
        case ir.Call(function=function) if function.returns_copy:
            return function.result.stride
        case ir.Construct(stores=stores):
            return sum(kind.stride for _, kind, _ in stores if kind.is_aggregate)
    return 0


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
