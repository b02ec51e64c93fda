"""What checking any part of a function shares: its names, diagnostics, literals and temporaries."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from corten.compiler import ir
from corten.compiler.constants import Number
from corten.compiler.modules import SourceModule
from corten.compiler.program import Instance, ProgramBuilder
from corten.compiler.types import ERROR, F64, I64, NONE, EnumType, FloatType, HandleType, IntType, RefType, Type
from corten.compiler.typetable import Bindings


@dataclass
class Variable:
    """A local of the author's: `owned` if it ever names a value in a stack slot of this function."""

    local: int
    type: Type
    owned: bool = False


class Scope(ABC):
    """One function instance while it is checked."""

    def __init__(self, program: ProgramBuilder, instance: Instance) -> None:
        self.program = program
        self.instance = instance
        self.function = instance.function
        self.module: SourceModule = instance.declaration.module
        self.bindings: Bindings = instance.bindings
        self.in_contract = instance.declaration.owner is not None and instance.owner is None
        self.variables: dict[str, Variable] = {}
        self.assigned: set[str] = set()
        self.local_names = _assigned_names(instance.declaration.node)

    @abstractmethod
    def expression(self, node: ast.expr, expected: Type | None = None) -> ir.Expression:
        """Check any expression; a literal adopts `expected`."""

    def error(self, code: str, message: str, node: ast.AST, hint: str = "") -> ir.Expression:
        """Report and return an expression that agrees with everything."""
        self.program.error(code, message, self.module, node, hint)
        return self.erroneous(node)

    def erroneous(self, node: ast.AST) -> ir.Expression:
        """Stands for an expression that already has a diagnostic."""
        return ir.Constant(ERROR, getattr(node, "lineno", 1), 0)

    def literal(self, node: ast.expr) -> Number | None:
        """The value of an untyped constant expression, if it is one."""
        return self.program.constants.value(node, self.module, self.local_names)

    def type_named(self, node: ast.expr) -> Type:
        """The type of a value that an annotation or argument names; ERROR after a diagnostic."""
        return self.program.value_type(node, self.module, self.bindings)

    def is_contract_self(self, node: ast.expr) -> bool:
        return self.in_contract and isinstance(node, ast.Name) and node.id == "self"

    def is_local(self, name: str) -> bool:
        """Whether a name is a local of the function, assigned already or not."""
        return name in self.variables or name in self.local_names

    def value(self, node: ast.expr, expected: Type | None = None) -> ir.Expression:
        """An expression that is not None."""
        value = self.expression(node, expected)
        return self.error("E300", "this call returns nothing", node) if value.type is NONE else value

    def scalar(self, node: ast.expr, expected: Type | None = None) -> ir.Expression:
        """An expression that must be a scalar value."""
        value = self.value(node, expected)
        if value.type.is_aggregate:
            return self.error("E300", f"expected a scalar, found {value.type}", node)
        return value

    def typed(self, node: ast.expr, expected: Type) -> ir.Expression:
        """An expression that must have type `expected`."""
        return self.agree(self.expression(node, expected), expected, node)

    def agree(self, value: ir.Expression, expected: Type, node: ast.AST) -> ir.Expression:
        """`value` if it has type `expected`; a diagnostic otherwise."""
        if value.type is expected or ERROR in (value.type, expected):
            return value
        hint = conversion_hint(value.type, expected, node)
        return self.error("E300", f"expected {expected}, found {value.type}", node, hint)

    def constant(self, value: Number, expected: Type | None, node: ast.expr) -> ir.Expression:
        """A literal adopts the expected type, else i64 or f64."""
        kind = expected if isinstance(expected, (IntType, FloatType)) else (F64 if isinstance(value, float) else I64)
        if isinstance(kind, FloatType):
            return self._float_constant(value, node)
        if isinstance(value, float):
            hint = f"write {kind}(…) to truncate"
            return self.error("E300", f"expected {kind}, found the float {value!r}", node, hint)
        if not kind.holds(value):
            message = f"{value} does not fit {kind} ({kind.minimum} … {kind.maximum})"
            return self.error("E303", message, node, "use a wider type")
        return ir.Constant(kind, node.lineno, value)

    def _float_constant(self, value: Number, node: ast.expr) -> ir.Expression:
        number = float(value)
        if isinstance(value, int) and int(number) != value:
            return self.error("E303", f"{value} is not exact as f64", node, "write it as a float literal")
        return ir.Constant(F64, node.lineno, number)

    def temporary(self, value: ir.Expression, name: str = "") -> tuple[int, ir.ReadLocal]:
        """A fresh local of `value`'s type and a read of it; the caller binds it with Let or SetLocal."""
        local = self.function.new_local(name, value.type)
        return local, ir.ReadLocal(value.type, value.line, local)

    def read_place(self, value: ir.Expression) -> ir.Expression:
        """A place used as a value: a scalar is loaded, an aggregate stays an address."""
        if not isinstance(value.type, RefType):
            return value
        target = value.type.target
        if target.is_aggregate:
            return ir.Offset(target, value.line, value, 0)
        return ir.Load(target, value.line, value)

    @contextmanager
    def elsewhere(self, module: SourceModule) -> Iterator[None]:
        """Check what was written in another place: defaults see the names of their own file and no locals."""
        here = self.module, self.variables, self.local_names, self.in_contract
        self.module, self.variables, self.local_names, self.in_contract = module, {}, frozenset(), False
        yield
        self.module, self.variables, self.local_names, self.in_contract = here


def _assigned_names(node: ast.FunctionDef) -> frozenset[str]:
    """Every name that the function binds: to Python these are locals everywhere in it."""
    stored = (item.id for item in ast.walk(node) if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store))
    return frozenset(stored) | {argument.arg for argument in node.args.args}


def conversion_hint(found: Type, expected: Type, node: ast.AST) -> str:
    """How to write the conversion, where there is one."""
    if isinstance(expected, HandleType) or not isinstance(expected, (IntType, FloatType)):
        return ""
    if not isinstance(found, (IntType, FloatType, EnumType)):
        return ""
    simple = isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))
    text = ast.unparse(node) if simple else "…"
    return f"convert: {expected}({text if len(text) < 40 else '…'})"
