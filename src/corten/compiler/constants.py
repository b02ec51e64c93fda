"""Constant integer and float expressions, evaluated while checking."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable

from corten.compiler.modules import ConstantDeclaration, SourceModule

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
_LIMIT = 1 << 256


def literal(
    node: ast.expr, module: SourceModule, hidden: frozenset[str] = frozenset(), depth: int = 0
) -> int | float | None:
    """The value of an *untyped* constant expression, or None: literals, operators on them, names of un-annotated constants.

    `hidden` holds local names that shadow module constants. Booleans are not constants in this sense.
    """
    if depth > 50:
        return None
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = literal(operand, module, hidden, depth + 1)
            return None if value is None else -value
        case ast.BinOp(left=left, op=op, right=right):
            return _fold(op, literal(left, module, hidden, depth + 1), literal(right, module, hidden, depth + 1))
        case ast.Name(id=name) if name not in hidden:
            declaration = module.names.get(name)
            if isinstance(declaration, ConstantDeclaration) and declaration.annotation is None:
                return literal(declaration.node, declaration.module, frozenset(), depth + 1)
    return None


def _fold(op: ast.operator, left: int | float | None, right: int | float | None) -> int | float | None:
    if isinstance(left, float) or isinstance(right, float):
        return _fold_float(op, left, right)
    if left is None or right is None:
        return None
    if isinstance(op, (ast.LShift, ast.Pow)) and not 0 <= right <= 255:
        return None
    if isinstance(op, ast.RShift) and right < 0:
        return None
    if isinstance(op, (ast.FloorDiv, ast.Mod)) and right == 0:
        return None
    function = _OPERATORS.get(type(op))
    if function is None or (isinstance(op, ast.Pow) and abs(left) > 256):
        return None if function is None or left not in (10**3, 10**6, 10**9) else function(left, right)
    value = function(left, right)
    return value if -_LIMIT < value < _LIMIT else None


def _fold_float(op: ast.operator, left: int | float | None, right: int | float | None) -> float | None:
    """IEEE arithmetic on literals; a division by zero is left to run time."""
    if left is None or right is None:
        return None
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
