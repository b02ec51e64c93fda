"""Constant integer and float expressions, evaluated while checking."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection

from corten.compiler.modules import ConstantDeclaration, SourceModule

Number = int | float
_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
    ast.Pow: operator.pow,
}
LIMIT = 1 << 256
_MAX_DEPTH = 50


class Constants:
    """The values of untyped constant expressions; a module's constants are evaluated once."""

    def __init__(self) -> None:
        self._named: dict[ConstantDeclaration, Number | None] = {}

    def value(self, node: ast.expr, module: SourceModule, hidden: Collection[str] = ()) -> Number | None:
        """The value of literals, operators on them and names of un-annotated constants; None for anything else.

        `hidden` holds local names, which shadow the module's. Booleans are not constants in this sense.
        """
        return self._value(node, module, hidden, 0)

    def _value(self, node: ast.expr, module: SourceModule, hidden: Collection[str], depth: int) -> Number | None:
        if depth > _MAX_DEPTH:
            return None
        match node:
            case ast.Constant(value=bool()):
                return None
            case ast.Constant(value=int() | float() as value):
                return value
            case ast.UnaryOp(op=op, operand=operand):
                return _unary(op, self._value(operand, module, hidden, depth + 1))
            case ast.BinOp(left=left, op=op, right=right):
                first = self._value(left, module, hidden, depth + 1)
                return None if first is None else _fold(op, first, self._value(right, module, hidden, depth + 1))
            case ast.Name(id=name) if name not in hidden:
                return self._constant(module.names.get(name))
        return None

    def _constant(self, declaration: object) -> Number | None:
        if not isinstance(declaration, ConstantDeclaration) or declaration.annotation is not None:
            return None
        if declaration not in self._named:
            self._named[declaration] = None  # a constant that names itself has no value
            self._named[declaration] = self.value(declaration.node, declaration.module)
        return self._named[declaration]


def _unary(op: ast.unaryop, value: Number | None) -> Number | None:
    match op:
        case ast.USub() if value is not None:
            return -value
        case ast.UAdd():
            return value
        case ast.Invert() if isinstance(value, int):
            return ~value
    return None


def _fold(op: ast.operator, left: Number, right: Number | None) -> Number | None:
    if right is None:
        return None
    if isinstance(left, float) or isinstance(right, float):
        return _fold_float(op, left, right)
    if isinstance(op, (ast.LShift, ast.Pow)) and not 0 <= right <= 255:
        return None
    if isinstance(op, ast.RShift) and right < 0:
        return None
    if isinstance(op, (ast.FloorDiv, ast.Mod)) and right == 0:
        return None
    if isinstance(op, ast.Pow) and abs(left).bit_length() * right > 2 * LIMIT.bit_length():
        return None
    function = _OPERATORS.get(type(op))
    if function is None:
        return None
    value = function(left, right)
    return value if -LIMIT < value < LIMIT else None


def _fold_float(op: ast.operator, left: Number, right: Number) -> float | None:
    """IEEE arithmetic on literals; a division by zero is left to run time."""
    a, b = float(left), float(right)
    match op:
        case ast.Add():
            return a + b
        case ast.Sub():
            return a - b
        case ast.Mult():
            return a * b
        case ast.Div() if b != 0.0:
            return a / b
    return None
