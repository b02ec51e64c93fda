"""Checks expressions: names, attributes, elements, and where every other expression is sent."""

from __future__ import annotations

import ast
from collections.abc import Callable

from corten.compiler import ir
from corten.compiler.calls import CallChecker
from corten.compiler.limits import MAX_EXPRESSION_DEPTH
from corten.compiler.modules import BUILTINS, PYTHON_BUILTINS, BrokenDeclaration, ConstantDeclaration, EnumDeclaration
from corten.compiler.program import Instance, ProgramBuilder
from corten.compiler.types import BOOL, ERROR, U32, ArrayType, EnumType, IntType, StructType, Type
from corten.compiler.typetable import MESSAGE_VALUES

_REFUSED: dict[type[ast.expr], tuple[str, str]] = {
    ast.ListComp: ("a list comprehension", "write a loop"),
    ast.GeneratorExp: ("a generator", "write a loop"),
    ast.DictComp: ("a dict comprehension", "write a loop"),
    ast.SetComp: ("a set comprehension", "write a loop"),
    ast.Lambda: ("lambda", "declare a function"),
    ast.List: ("a list", "use Array or Vec"),
    ast.Dict: ("a dict", "use Map"),
    ast.Set: ("a set", "use Map or Bitmap"),
    ast.Tuple: ("a tuple", "use a struct"),
    ast.JoinedStr: ("an f-string", "text is outside the language"),
    ast.NamedExpr: ("`:=`", "assign on a line of its own"),
    ast.Await: ("await", "there is no async"),
    ast.Yield: ("yield", "there are no generators"),
    ast.YieldFrom: ("yield", "there are no generators"),
    ast.Starred: ("`*`", "write the values out"),
    ast.Slice: ("a slice", "write a loop over the indices"),
}


class ExpressionChecker(CallChecker):
    """Checks the expressions of one function instance."""

    def __init__(self, program: ProgramBuilder, instance: Instance) -> None:
        super().__init__(program, instance)
        self._depth = 0
        self._handlers: dict[type[ast.expr], Callable[..., ir.Expression]] = {
            ast.Constant: self._constant_expression,
            ast.Name: lambda node, _: self._name(node),
            ast.Attribute: lambda node, _: self._attribute(node),
            ast.Subscript: lambda node, _: self.read_place(self.subscript(node)),
            ast.BinOp: self.binary_expression,
            ast.UnaryOp: self.unary_expression,
            ast.BoolOp: lambda node, _: self.logical_expression(node),
            ast.Compare: lambda node, _: self.comparison(node),
            ast.IfExp: self.conditional,
            ast.Call: lambda node, expected: self.read_place(self.call(node, expected)),
        }

    def expression(self, node: ast.expr, expected: Type | None = None) -> ir.Expression:
        """Check any expression; a literal adopts `expected`."""
        self.program.count_work(self.module, node)
        value = self.literal(node)
        if value is not None:
            return self.constant(value, expected, node)
        handler = self._handlers.get(type(node))
        if handler is None:
            what, hint = _REFUSED.get(type(node), (type(node).__name__, ""))
            return self.error("E102", f"{what} is outside the language", node, hint)
        if self._depth >= MAX_EXPRESSION_DEPTH:
            message = f"expression nested deeper than {MAX_EXPRESSION_DEPTH}"
            return self.error("E600", message, node, "split it with locals")
        self._depth += 1
        checked = handler(node, expected)
        self._depth -= 1
        return checked

    def _constant_expression(self, node: ast.Constant, _: Type | None) -> ir.Expression:
        if isinstance(node.value, bool):
            return ir.Constant(BOOL, node.lineno, int(node.value))
        what = "None" if node.value is None else f"a {type(node.value).__name__} constant"
        hints = {
            "None": "use a null Handle, a bool or an enum",
            "a str constant": "text is allowed as an error name only",
        }
        return self.error("E102", f"{what} is outside the language", node, hints.get(what, ""))

    # ---- names ---------------------------------------------------------------------------------------------------

    def _name(self, node: ast.Name) -> ir.Expression:
        variable = self.variables.get(node.id)
        if variable is not None and node.id in self.assigned:
            return ir.ReadLocal(variable.type, node.lineno, variable.local)
        if self.is_local(node.id) and not self.is_contract_self(node):
            self.error("E400", f"`{node.id}` may be used before it is assigned", node, "assign it on every path before")
            return self.erroneous(node)
        declaration = self.module.names.get(node.id)
        if isinstance(declaration, BrokenDeclaration):
            return self.erroneous(node)
        if isinstance(declaration, ConstantDeclaration):
            return self._module_constant(declaration, node)
        if node.id == "self":
            return self.error("E102", "`self` of a contract is not a value", node, "pass the fields that are needed")
        if declaration is not None or node.id in PYTHON_BUILTINS:
            return self.error("E102", f"`{node.id}` is not a value", node, "call it, or name a constant or local")
        hint = "add it to `from corten.lang import …`" if node.id in BUILTINS else "assign, declare or import it first"
        return self.error("E200", f"unknown name `{node.id}`", node, hint)

    def _module_constant(self, declaration: ConstantDeclaration, node: ast.Name) -> ir.Expression:
        """An annotated constant; others are literals already."""
        if declaration.annotation is None:
            hint = f"annotate it: {node.id}: i64 = …"
            return self.error("E102", f"`{node.id}` is not a constant expression of numbers", node, hint)
        kind = self.program.value_type(declaration.annotation, declaration.module, {})
        if kind is ERROR:
            return self.erroneous(node)
        if not self.program.enter_constant(declaration):
            return self.error("E102", f"constant `{node.id}` is made of itself", node, "write a number")
        with self.elsewhere(declaration.module):
            value = self.typed(declaration.node, kind)
        self.program.leave_constant(declaration)
        if isinstance(value, ir.Convert) and isinstance(value.operand, ir.Constant):
            value = self._converted(value, value.operand, node)
        if isinstance(value, ir.Constant):
            return ir.Constant(value.type, node.lineno, value.value)
        hint = "use literals and operators on them"
        return self.error("E102", f"constant `{node.id}` is not a constant expression", node, hint)

    def _converted(self, value: ir.Convert, operand: ir.Constant, node: ast.Name) -> ir.Expression:
        """`Ticks(N)` of a constant, folded."""
        if isinstance(value.type, IntType) and isinstance(operand.value, int) and value.type.holds(operand.value):
            return ir.Constant(value.type, node.lineno, operand.value)
        return value

    # ---- attributes and elements ---------------------------------------------------------------------------------

    def _attribute(self, node: ast.Attribute) -> ir.Expression:
        member = self._enum_member(node)
        if member is not None:
            return member
        if self.is_contract_self(node.value) and node.attr in MESSAGE_VALUES:
            name = "own_address" if node.attr == "address" else node.attr
            return ir.Intrinsic(MESSAGE_VALUES[node.attr], node.lineno, name, [])
        return self.read_place(self.attribute(node))

    def _enum_member(self, node: ast.Attribute) -> ir.Expression | None:
        if not isinstance(node.value, ast.Name) or self.is_local(node.value.id):
            return None
        declaration = self.module.names.get(node.value.id)
        if not isinstance(declaration, EnumDeclaration):
            return None
        kind = self.program.simple_type(declaration)
        assert isinstance(kind, EnumType)
        if node.attr not in kind.members:
            hint = "members: " + ", ".join(kind.members)
            return self.error("E202", f"enum `{kind}` has no member `{node.attr}`", node, hint)
        return ir.Constant(kind, node.lineno, kind.members[node.attr])

    def attribute(self, node: ast.Attribute) -> ir.Expression:
        """The place of `value.attr`."""
        if self.is_contract_self(node.value):
            return self._state_field(node)
        base = self.value(node.value)
        if base.type is ERROR:
            return base
        if not isinstance(base.type, StructType) or node.attr not in base.type.fields:
            names = ", ".join(base.type.fields) if isinstance(base.type, StructType) else "none"
            return self.error("E202", f"{base.type} has no field `{node.attr}`", node, f"fields: {names}")
        field = base.type.fields[node.attr]
        return ir.Offset(self.program.parts.ref(field.type), node.lineno, base, field.offset)

    def _state_field(self, node: ast.Attribute) -> ir.Expression:
        fields = self.program.state.fields
        field = fields.get(node.attr)
        if field is not None:
            return ir.StateAddress(self.program.parts.ref(field.type), node.lineno, field.offset)
        contract = self.program.contract
        if node.attr in MESSAGE_VALUES or (contract and node.attr in contract.methods):
            hint = "fields are declared in the class body"
            return self.error("E102", f"`self.{node.attr}` is not a field", node, hint)
        if node.attr in self.program.broken_fields:
            return self.erroneous(node)
        hint = f"fields are declared in the class body as `name: type`; fields: {', '.join(fields)}"
        return self.error("E202", f"the contract has no field `{node.attr}`", node, hint)

    def subscript(self, node: ast.Subscript) -> ir.Expression:
        """`base[index]`: a place, or the value that `__getitem__` returns."""
        base = self.value(node.value)
        if base.type is ERROR:
            return base
        if isinstance(base.type, ArrayType):
            return self.element(base, self.index(node.slice), node.lineno)
        if isinstance(base.type, StructType):
            method = self.program.method(base.type, "__getitem__")
            if method is not None:
                return self.call_instance(method, base, [node.slice], [], node)
        hint = "struct fields are named, Array, Vec, Map and Pool are indexed"
        return self.error("E302", f"{base.type} cannot be indexed", node, hint)

    def element(self, base: ir.Expression, index: ir.Expression, line: int) -> ir.Expression:
        """The place of one element of an array."""
        assert isinstance(base.type, ArrayType)
        if index.type is ERROR:
            return index
        kind = base.type.element
        return ir.Element(self.program.parts.ref(kind), line, base, index, base.type.length, kind.stride)

    def index(self, node: ast.expr) -> ir.Expression:
        """An array index: any integer type."""
        number = self.literal(node)
        value = self.scalar(node, U32 if isinstance(number, int) and number >= 0 else None)
        if not isinstance(value.type, IntType) and value.type is not ERROR:
            return self.error("E300", f"an index is an integer, found {value.type}", node, "convert it, as in u32(x)")
        return value
