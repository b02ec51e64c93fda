"""Checks operators: arithmetic, comparison, logic, conditional expressions."""

from __future__ import annotations

import ast

from corten.compiler import ir
from corten.compiler.limits import MAX_OPERANDS
from corten.compiler.scope import Scope, conversion_hint
from corten.compiler.types import BOOL, ERROR, F64, NONE, HandleType, IntType, StructType, Type, UnitType

_INT_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.LShift: "shl",
    ast.RShift: "shr",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
}
_FLOAT_OPERATORS: dict[type[ast.operator], str] = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
_SYMBOLS = {
    "Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**", "LShift": "<<",
    "RShift": ">>", "BitOr": "|", "BitXor": "^", "BitAnd": "&", "MatMult": "@",
    "Eq": "==", "NotEq": "!=", "Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=",
}  # fmt: skip
_HINTS: dict[type[ast.operator], str] = {
    ast.Pow: "write the product out",
    ast.Div: "write a // b (floor), or mul_div_floor(a, b, c)",
}
_FLOAT_HINTS: dict[type[ast.operator], str] = {
    ast.Pow: "write x * x",
    ast.FloorDiv: "write floor(x / y)",
    ast.Mod: "write x - floor(x / y) * y",
}


class OperatorChecker(Scope):
    """Expressions made of operators."""

    def operands(self, left: ast.expr, right: ast.expr, expected: Type | None) -> tuple[ir.Expression, ir.Expression]:
        """Both sides; a literal side adopts the other's type."""
        if self.literal(left) is not None:
            other = self.value(right, expected)
            return self.value(left, other.type), other
        first = self.value(left, expected)
        return first, self.value(right, first.type)

    def binary_expression(self, node: ast.BinOp, expected: Type | None) -> ir.Expression:
        """`left op right`."""
        if isinstance(node.op, ast.Mult) and isinstance(expected, UnitType):
            expected = None
        if isinstance(node.op, (ast.LShift, ast.RShift)):
            left = self.value(node.left, expected)
            right = self.scalar(node.right, left.type if isinstance(left.type, IntType) else None)
        elif self.literal(node.left) is not None:
            right = self.value(node.right, expected)
            left = self.value(node.left, _scale(right.type) if isinstance(node.op, ast.Mult) else right.type)
        else:
            left = self.value(node.left, expected)
            scales = isinstance(node.op, (ast.Mult, ast.FloorDiv))
            right = self.value(node.right, _scale(left.type) if scales else left.type)
        return self.binary(node.op, left, right, node)

    def binary(self, op: ast.operator, left: ir.Expression, right: ir.Expression, node: ast.AST) -> ir.Expression:
        """`left op right` on checked operands."""
        a, b = left.type, right.type
        if ERROR in (a, b):
            return self.erroneous(node)
        if a is F64 and b is F64:
            return self._float_binary(op, left, right, node)
        symbol = _SYMBOLS[type(op).__name__]
        if not isinstance(a, IntType) or not isinstance(b, IntType):
            code, hint = ("E302", "") if a is b else ("E301", conversion_hint(b, a, _right_side(node)))
            return self.error(code, f"`{symbol}` is not defined on {a} and {b}", node, hint)
        if type(op) not in _INT_OPERATORS:
            return self.error("E302", f"`{symbol}` is not defined on {a}", node, _HINTS.get(type(op), ""))
        result = _integer_result(op, a, b)
        if result is None:
            code = "E302" if a is b else "E301"
            hint = conversion_hint(b, a, _right_side(node))
            return self.error(code, f"`{symbol}` is not defined on {a} and {b}", node, hint if a is not b else "")
        if isinstance(op, (ast.FloorDiv, ast.Mod)) and isinstance(right, ir.Constant) and right.value == 0:
            return self.error("E306", "division by zero", node, "divide by something else")
        return ir.Binary(result, left.line, _INT_OPERATORS[type(op)], left, right)

    def _float_binary(
        self, op: ast.operator, left: ir.Expression, right: ir.Expression, node: ast.AST
    ) -> ir.Expression:
        if type(op) in _FLOAT_OPERATORS:
            return ir.Binary(F64, left.line, _FLOAT_OPERATORS[type(op)], left, right)
        hint = _FLOAT_HINTS.get(type(op), "f64 has + - * / only")
        return self.error("E302", f"`{_SYMBOLS[type(op).__name__]}` is not defined on f64", node, hint)

    def unary_expression(self, node: ast.UnaryOp, expected: Type | None) -> ir.Expression:
        """`-x`, `+x`, `~x`, `not x`."""
        if isinstance(node.op, ast.Not):
            return ir.Not(BOOL, node.lineno, self.condition(node.operand))
        value = self.scalar(node.operand, expected)
        if value.type is ERROR:
            return value
        if value.type is F64 and isinstance(node.op, (ast.USub, ast.UAdd)):
            return value if isinstance(node.op, ast.UAdd) else ir.Intrinsic(F64, node.lineno, "fneg", [value])
        plain = isinstance(value.type, IntType) and not isinstance(value.type, HandleType)
        if not plain or (isinstance(node.op, ast.Invert) and isinstance(value.type, UnitType)):
            return self.error("E302", f"this operator is not defined on {value.type}", node)
        if isinstance(node.op, ast.UAdd):
            return value
        return ir.Intrinsic(value.type, node.lineno, "neg" if isinstance(node.op, ast.USub) else "invert", [value])

    def condition(self, node: ast.expr) -> ir.Expression:
        """An expression of type bool."""
        value = self.expression(node, BOOL)
        if value.type in (BOOL, ERROR):
            return value
        hint = "write `x != 0`" if isinstance(value.type, IntType) else "compare it"
        return self.error("E300", f"a condition is a bool, found {value.type}", node, hint)

    def logical_expression(self, node: ast.BoolOp) -> ir.Expression:
        """`a and b`, `a or b`."""
        if len(node.values) > MAX_OPERANDS:
            return self.error("E600", f"more than {MAX_OPERANDS} operands", node, "split it with locals")
        operator = "and" if isinstance(node.op, ast.And) else "or"
        result = self.condition(node.values[0])
        for value in node.values[1:]:
            result = ir.Logical(BOOL, node.lineno, operator, result, self.condition(value))
        return result

    # ---- comparison --------------------------------------------------------------------------------------------

    def comparison(self, node: ast.Compare) -> ir.Expression:
        """`a < b`, `a in b`, `a < b < c`."""
        if len(node.ops) > 1:
            return self._chain(node)
        op, right = node.ops[0], node.comparators[0]
        if isinstance(op, (ast.In, ast.NotIn)):
            found = self.contains(right, node.left, node)
            return ir.Not(BOOL, node.lineno, found) if isinstance(op, ast.NotIn) and found.type is BOOL else found
        return self.compare(op, *self.operands(node.left, right, None), node)

    def compare(self, op: ast.cmpop, a: ir.Expression, b: ir.Expression, node: ast.AST) -> ir.Expression:
        """`a op b` on checked operands."""
        if ERROR in (a.type, b.type):
            return self.erroneous(node)
        symbol = _SYMBOLS.get(type(op).__name__)
        if symbol is None:
            return self.error("E102", "`is` is outside the language", node, "write == or !=")
        if a.type is not b.type:
            hint = conversion_hint(b.type, a.type, _right_side(node))
            return self.error("E301", f"cannot compare {a.type} with {b.type}", node, hint)
        if a.type.is_aggregate or a.type is NONE:
            return self.error("E302", f"`{symbol}` is not defined on {a.type}", node, "compare the fields")
        ordered = (isinstance(a.type, IntType) and not isinstance(a.type, HandleType)) or a.type is F64
        if symbol not in ("==", "!=") and not ordered:
            return self.error("E302", f"`{symbol}` is not defined on {a.type}", node, "only == and != are")
        return ir.Compare(BOOL, a.line, symbol, a, b)

    def _chain(self, node: ast.Compare) -> ir.Expression:
        """`a < b < c`: each operand once, short-circuit."""
        if any(isinstance(op, (ast.In, ast.NotIn)) for op in node.ops):
            message = "`in` inside a chain of comparisons is outside the language"
            return self.error("E102", message, node, "write it with `and`")
        if len(node.ops) > MAX_OPERANDS:
            return self.error("E600", f"more than {MAX_OPERANDS} comparisons", node, "split it with locals")
        values = self.same_type([node.left, *node.comparators], None)
        reads = [self.temporary(value) for value in values]
        result: ir.Expression | None = None
        for position in range(len(node.ops) - 1, -1, -1):
            link = self.compare(node.ops[position], reads[position][1], reads[position + 1][1], node)
            if link.type is ERROR:
                return link
            if result is not None:
                link = ir.Logical(BOOL, node.lineno, "and", link, result)
            result = ir.Let(BOOL, node.lineno, reads[position + 1][0], values[position + 1], link)
        assert result is not None
        return ir.Let(BOOL, node.lineno, reads[0][0], values[0], result)

    def same_type(self, nodes: list[ast.expr], expected: Type | None) -> list[ir.Expression]:
        """Operands where literals adopt the type of the first one that is none. They need not agree yet."""
        leader = next((node for node in nodes if self.literal(node) is None), nodes[0])
        first = self.value(leader, expected)
        return [first if node is leader else self.value(node, first.type) for node in nodes]

    def contains(self, container: ast.expr, item: ast.expr, node: ast.Compare) -> ir.Expression:
        """`item in container`; Python evaluates the item first."""
        base = self.value(container)
        if base.type is ERROR:
            return base
        method = self.program.method(base.type, "__contains__") if isinstance(base.type, StructType) else None
        if method is None:
            return self.error("E302", f"`in` is not defined on {base.type}", node, "it is for Map, Pool and Bitmap")
        if len(method.signature.types) != 1 or method.signature.result is not BOOL:
            return self.error("E302", f"`__contains__` of {base.type} does not take one key to a bool", node)
        key = self.typed(item, method.signature.types[0])
        if key.type is ERROR:
            return key
        local, read = self.temporary(key)
        return ir.Let(BOOL, node.lineno, local, key, ir.Call(BOOL, node.lineno, method.function, [base, read]))

    def conditional(self, node: ast.IfExp, expected: Type | None) -> ir.Expression:
        """`a if condition else b`."""
        condition = self.condition(node.test)
        then, otherwise = self.operands(node.body, node.orelse, expected)
        if ERROR in (then.type, otherwise.type, condition.type):
            return self.erroneous(node)
        if then.type is not otherwise.type:
            message = f"branches of different types: {then.type} and {otherwise.type}"
            return self.error("E301", message, node, "convert one of them")
        return ir.Conditional(then.type, node.lineno, condition, then, otherwise)


def _scale(kind: Type) -> Type:
    """What a literal beside `*` or after `//` adopts: it scales a unit."""
    return kind.base if isinstance(kind, UnitType) else kind


def _right_side(node: ast.AST) -> ast.AST:
    """What a conversion would be written around."""
    match node:
        case ast.BinOp(right=right) | ast.Compare(comparators=[right]) | ast.AugAssign(value=right):
            return right
    return node


def _integer_result(op: ast.operator, a: IntType, b: IntType) -> IntType | None:
    """The type of `a op b`, None when undefined (docs/spec/language.md, units)."""
    if isinstance(a, HandleType) or isinstance(b, HandleType):
        return None
    if not isinstance(a, UnitType) and not isinstance(b, UnitType):
        return a if a is b or isinstance(op, (ast.LShift, ast.RShift)) else None
    if isinstance(op, (ast.Add, ast.Sub, ast.Mod)):
        return a if a is b else None
    if isinstance(op, ast.Mult):
        if isinstance(a, UnitType):
            return a if a.base is b else None
        return b if isinstance(b, UnitType) and b.base is a else None
    if isinstance(op, ast.FloorDiv) and isinstance(a, UnitType):
        return a.base if a is b else a if b is a.base else None
    return None
