"""Checks expressions: syntax → typed IR. Statements are in `statements`, calls of built-in functions in `builtins`."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from corten.compiler import ir
from corten.compiler.constants import literal
from corten.compiler.modules import (
    BUILTINS,
    PYTHON_BUILTINS,
    Builtin,
    ConstantDeclaration,
    EnumDeclaration,
    FunctionDeclaration,
    SourceModule,
    StructDeclaration,
    UnitDeclaration,
    VariableDeclaration,
)
from corten.compiler.program import Bindings, Instance, ProgramBuilder
from corten.compiler.types import (
    BOOL,
    BYTES32,
    ERROR,
    F64,
    I64,
    NONE,
    SCALARS,
    U32,
    ArrayType,
    EnumType,
    FloatType,
    HandleType,
    IntType,
    RefType,
    StructType,
    Type,
    UnitType,
    VariableType,
)

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
_COMPARES: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_MESSAGE_VALUES: dict[str, Type] = {"sender": U32, "time": I64, "height": SCALARS["u64"], "chain": SCALARS["u64"]}
MAX_DEPTH = 200


@dataclass
class Variable:
    """A local of the author's: `owned` if it ever names a value in a stack slot of this function."""

    local: int
    type: Type
    owned: bool = False


class ExpressionChecker:
    """Checks the expressions of one function instance."""

    def __init__(self, program: ProgramBuilder, instance: Instance) -> None:
        self.program = program
        self.instance = instance
        self.function = instance.function
        self.module: SourceModule = instance.declaration.module
        self.bindings: Bindings = instance.bindings
        self.owner = instance.owner
        self.in_contract = instance.declaration.owner is not None and instance.owner is None
        self.variables: dict[str, Variable] = {}
        self.assigned: set[str] = set()
        self._depth = 0
        from corten.compiler.builtins import BuiltinCalls

        self.builtins = BuiltinCalls(self)

    # ---- helpers -----------------------------------------------------------------------------------------

    def error(self, code: str, message: str, node: ast.AST, hint: str = "") -> ir.Expression:
        """Report and return an expression that agrees with everything."""
        self.program.error(code, message, self.module, node, hint)
        return ir.Constant(ERROR, getattr(node, "lineno", 1), 0)

    def literal(self, node: ast.expr) -> int | float | None:
        return literal(node, self.module, frozenset(self.variables))

    def scalar(self, node: ast.expr, expected: Type | None = None) -> ir.Expression:
        """An expression that must be a scalar value."""
        value = self.expression(node, expected)
        if value.type.is_aggregate or value.type is NONE:
            return self.error("E300", f"expected a scalar, found {value.type}", node)
        return value

    def typed(self, node: ast.expr, expected: Type) -> ir.Expression:
        """An expression that must have type `expected`."""
        return self.agree(self.expression(node, expected), expected, node)

    def agree(self, value: ir.Expression, expected: Type, node: ast.AST) -> ir.Expression:
        if value.type is expected or ERROR in (value.type, expected):
            return value
        return self.error(
            "E300", f"expected {expected}, found {value.type}", node, _conversion_hint(value.type, expected, node)
        )

    def constant(self, value: int | float, expected: Type | None, node: ast.expr) -> ir.Expression:
        """A literal adopts the expected type, else i64 or f64."""
        kind = expected if isinstance(expected, (IntType, FloatType)) else (F64 if isinstance(value, float) else I64)
        line = node.lineno
        if isinstance(kind, FloatType):
            number = float(value)
            if isinstance(value, int) and int(number) != value:
                return self.error("E303", f"{value} is not exact as f64", node, "write it as a float literal")
            return ir.Constant(kind, line, number)
        if isinstance(value, float):
            return self.error(
                "E300", f"expected {kind}, found the float {value!r}", node, f"write {kind}(…) to truncate"
            )
        assert isinstance(kind, IntType)
        if not kind.holds(value):
            return self.error(
                "E303", f"{value} does not fit {kind} ({kind.minimum} … {kind.maximum})", node, "use a wider type"
            )
        return ir.Constant(kind, line, value)

    def temporary(self, value: ir.Expression, name: str = "") -> tuple[int, ir.ReadLocal]:
        """A fresh local of `value`'s type and a read of it; the caller binds it with Let or SetLocal."""
        local = self.function.new_local(name, value.type)
        return local, ir.ReadLocal(value.type, value.line, local)

    # ---- dispatch ------------------------------------------------------------------------------------------

    def expression(self, node: ast.expr, expected: Type | None = None) -> ir.Expression:
        """Check any expression; a literal adopts `expected`."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._depth -= 1
            return self.error("E600", f"expression nested deeper than {MAX_DEPTH}", node, "split it with locals")
        try:
            return self._expression(node, expected)
        finally:
            self._depth -= 1

    def _expression(self, node: ast.expr, expected: Type | None) -> ir.Expression:
        value = self.literal(node)
        if value is not None:
            return self.constant(value, expected, node)
        match node:
            case ast.Constant(value=bool() as flag):
                return ir.Constant(BOOL, node.lineno, int(flag))
            case ast.Constant():
                return self.error(
                    "E102",
                    f"the constant {node.value!r} is outside the language",
                    node,
                    "text is allowed as an error name only",
                )
            case ast.Name():
                return self._name(node)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self.read_place(self.subscript(node), node)
            case ast.BinOp():
                return self._binary(node, expected)
            case ast.UnaryOp():
                return self._unary(node, expected)
            case ast.BoolOp():
                return self._logical(node)
            case ast.Compare():
                return self._compare(node)
            case ast.IfExp():
                return self._conditional(node, expected)
            case ast.Call():
                return self.read_place(self._call(node, expected), node)
        hints: dict[type[ast.expr], str] = {
            ast.ListComp: "write a loop",
            ast.GeneratorExp: "write a loop",
            ast.DictComp: "write a loop",
            ast.SetComp: "write a loop",
            ast.Lambda: "declare a function",
            ast.List: "use Array or Vec",
            ast.Dict: "use Map",
            ast.Set: "use Map or Bitmap",
            ast.Tuple: "use a struct",
            ast.JoinedStr: "text is outside the language",
            ast.NamedExpr: "assign on a line of its own",
        }
        return self.error("E102", f"`{type(node).__name__}` is outside the language", node, hints.get(type(node), ""))

    def read_place(self, value: ir.Expression, node: ast.expr) -> ir.Expression:
        """A place used as a value: a scalar is loaded, an aggregate stays an address."""
        if not isinstance(value.type, RefType):
            return value
        target = value.type.target
        if target.is_aggregate:
            return ir.Offset(target, value.line, value, 0)
        return ir.Load(target, value.line, value)

    # ---- names, attributes, elements -----------------------------------------------------------------------

    def _name(self, node: ast.Name) -> ir.Expression:
        variable = self.variables.get(node.id)
        if variable is not None:
            if node.id not in self.assigned:
                self.error(
                    "E400",
                    f"`{node.id}` may be used before it is assigned",
                    node,
                    "assign it on every path before this line",
                )
            return ir.ReadLocal(variable.type, node.lineno, variable.local)
        declaration = self.module.names.get(node.id)
        if isinstance(declaration, ConstantDeclaration):
            return self._module_constant(declaration, node)
        if node.id == "self":
            return self.error("E102", "`self` of a contract is not a value", node, "pass the fields that are needed")
        if declaration is not None or node.id in PYTHON_BUILTINS:
            return self.error("E102", f"`{node.id}` is not a value", node, "call it, or name a constant or local")
        hint = f"add it to `from corten.lang import …`" if node.id in BUILTINS else "assign, declare or import it first"
        return self.error("E200", f"unknown name `{node.id}`", node, hint)

    def _module_constant(self, declaration: ConstantDeclaration, node: ast.Name) -> ir.Expression:
        if declaration.annotation is None:
            return self.error(
                "E102", f"`{node.id}` is not a constant expression of numbers", node, f"annotate it: {node.id}: i64 = …"
            )
        kind = self.program.resolve_type(declaration.annotation, declaration.module, {})
        if kind is BOOL and isinstance(declaration.node, ast.Constant):
            return ir.Constant(BOOL, node.lineno, int(bool(declaration.node.value)))
        inner = declaration.node
        if (
            isinstance(inner, ast.Call)
            and isinstance(inner.func, ast.Name)
            and len(inner.args) == 1
            and not inner.keywords
        ):
            inner = inner.args[0]
        value = literal(inner, declaration.module)
        if value is None:
            return self.error(
                "E102", f"constant `{node.id}` is not a constant expression", node, "use literals and operators on them"
            )
        return self.constant(value, kind, node)

    def _attribute(self, node: ast.Attribute) -> ir.Expression:
        member = self._enum_member(node)
        if member is not None:
            return member
        if self.is_contract_self(node.value) and node.attr in _MESSAGE_VALUES:
            return ir.Intrinsic(_MESSAGE_VALUES[node.attr], node.lineno, node.attr, [])
        return self.read_place(self.attribute(node), node)

    def _enum_member(self, node: ast.Attribute) -> ir.Expression | None:
        if not isinstance(node.value, ast.Name) or node.value.id in self.variables:
            return None
        declaration = self.module.names.get(node.value.id)
        if isinstance(declaration, EnumDeclaration):
            kind = self.program.simple_type(declaration)
            assert isinstance(kind, EnumType)
            if node.attr not in kind.members:
                return self.error(
                    "E202", f"enum `{kind}` has no member `{node.attr}`", node, "members: " + ", ".join(kind.members)
                )
            return ir.Constant(kind, node.lineno, kind.members[node.attr])
        return None

    def is_contract_self(self, node: ast.expr) -> bool:
        return self.in_contract and isinstance(node, ast.Name) and node.id == "self" and "self" not in self.variables

    def attribute(self, node: ast.Attribute) -> ir.Expression:
        """The place of `value.attr`."""
        if self.is_contract_self(node.value):
            field = self.program.state.fields.get(node.attr)
            if field is None:
                if node.attr in _MESSAGE_VALUES or self._contract_method(node.attr):
                    return self.error(
                        "E102", f"`self.{node.attr}` is not a field", node, "fields are declared in the class body"
                    )
                hint = "fields are declared in the class body as `name: type`; fields: " + ", ".join(
                    self.program.state.fields
                )
                return self.error("E202", f"the contract has no field `{node.attr}`", node, hint)
            return ir.StateAddress(self.program.parts.ref(field.type), node.lineno, field.offset)
        base = self.expression(node.value)
        if base.type is ERROR:
            return base
        if not isinstance(base.type, StructType) or node.attr not in base.type.fields:
            names = ", ".join(base.type.fields) if isinstance(base.type, StructType) else "none"
            return self.error("E202", f"{base.type} has no field `{node.attr}`", node, f"fields: {names}")
        field = base.type.fields[node.attr]
        return ir.Offset(self.program.parts.ref(field.type), node.lineno, base, field.offset)

    def _contract_method(self, name: str) -> FunctionDeclaration | None:
        contract = self.program.contract
        return contract.methods.get(name) if contract else None

    def subscript(self, node: ast.Subscript) -> ir.Expression:
        """`base[index]`: a place, or the value that `__getitem__` returns."""
        base = self.expression(node.value)
        if base.type is ERROR:
            return base
        if isinstance(base.type, ArrayType):
            return self.element(base, self.index(node.slice), node.lineno)
        if base.type is BYTES32:
            index = self.index(node.slice)
            return ir.Intrinsic(SCALARS["u8"], node.lineno, "word", [base, index])
        if isinstance(base.type, StructType):
            method = self.program.method(base.type, "__getitem__")
            if method is not None:
                return self.call_instance(method, base, [node.slice], [], node)
        return self.error("E302", f"{base.type} cannot be indexed", node)

    def element(self, base: ir.Expression, index: ir.Expression, line: int) -> ir.Expression:
        assert isinstance(base.type, ArrayType)
        kind = base.type.element
        return ir.Element(self.program.parts.ref(kind), line, base, index, base.type.length, kind.stride)

    def index(self, node: ast.expr) -> ir.Expression:
        """An array index: any integer type."""
        value = self.scalar(
            node, U32 if isinstance(self.literal(node), int) and (self.literal(node) or 0) >= 0 else None
        )
        if not isinstance(value.type, IntType) and value.type is not ERROR:
            return self.error("E300", f"an index is an integer, found {value.type}", node)
        return value

    # ---- operators -------------------------------------------------------------------------------------------

    def _operands(self, left: ast.expr, right: ast.expr, expected: Type | None) -> tuple[ir.Expression, ir.Expression]:
        """Both sides; a literal side adopts the other's type."""
        if self.literal(left) is not None:
            other = self.expression(right, expected)
            return self.expression(left, other.type), other
        first = self.expression(left, expected)
        return first, self.expression(right, first.type)

    def _binary(self, node: ast.BinOp, expected: Type | None) -> ir.Expression:
        if isinstance(node.op, (ast.LShift, ast.RShift)):
            left = self.expression(node.left, expected)
            right = self.scalar(node.right, left.type if isinstance(left.type, IntType) else None)
        elif isinstance(node.op, ast.Mult) and isinstance(expected, UnitType):
            left, right = self._operands(node.left, node.right, None)
        else:
            left, right = self._operands(node.left, node.right, expected)
        return self.binary(node.op, left, right, node)

    def binary(self, op: ast.operator, left: ir.Expression, right: ir.Expression, node: ast.AST) -> ir.Expression:
        """`left op right` on checked operands."""
        a, b = left.type, right.type
        if ERROR in (a, b):
            return ir.Constant(ERROR, left.line, 0)
        symbol = _symbol(op)
        if a is F64 and b is F64:
            if type(op) not in _FLOAT_OPERATORS:
                hint = (
                    "write x * x"
                    if isinstance(op, ast.Pow)
                    else "f64 has + - * / only; convert with i64(floor(x)) for integer division"
                )
                return self.error("E302", f"`{symbol}` is not defined on f64", node, hint)
            return ir.Binary(F64, left.line, _FLOAT_OPERATORS[type(op)], left, right)
        if not isinstance(a, IntType) or not isinstance(b, IntType):
            code, hint = ("E302", "") if a is b else ("E301", _conversion_hint(b, a, node))
            return self.error(code, f"`{symbol}` is not defined on {a} and {b}", node, hint)
        if isinstance(op, ast.Div):
            return self.error(
                "E302",
                "`/` is for f64; integers divide with `//`",
                node,
                "write a // b (floor) or mul_div_floor(a, b, c)",
            )
        if type(op) not in _INT_OPERATORS:
            return self.error("E302", f"`{symbol}` is not defined on {a}", node, "write the product out")
        result, b_wanted = self._integer_result(op, a, b)
        if result is None:
            return self.error("E301", f"`{symbol}` is not defined on {a} and {b}", node, _conversion_hint(b, a, node))
        if isinstance(op, (ast.FloorDiv, ast.Mod)) and isinstance(right, ir.Constant) and right.value == 0:
            return self.error("E306", "division by zero", node)
        del b_wanted
        return ir.Binary(result, left.line, _INT_OPERATORS[type(op)], left, right)

    def _integer_result(self, op: ast.operator, a: IntType, b: IntType) -> tuple[IntType | None, None]:
        """The type of `a op b`, None when undefined (docs/spec/language.md, units)."""
        if isinstance(a, HandleType) or isinstance(b, HandleType):
            return None, None
        if isinstance(op, (ast.LShift, ast.RShift)):
            return (a if not isinstance(b, UnitType) else None), None
        if not isinstance(a, UnitType) and not isinstance(b, UnitType):
            return (a if a is b else None), None
        if isinstance(op, (ast.Add, ast.Sub, ast.Mod, ast.BitAnd, ast.BitOr, ast.BitXor)):
            return (a if a is b else None), None
        if isinstance(op, ast.Mult):
            if isinstance(a, UnitType) and a.base is b:
                return a, None
            return (b if isinstance(b, UnitType) and b.base is a else None), None
        if isinstance(op, ast.FloorDiv) and isinstance(a, UnitType):
            return (a.base if a is b else a if b is a.base else None), None
        return None, None

    def _unary(self, node: ast.UnaryOp, expected: Type | None) -> ir.Expression:
        if isinstance(node.op, ast.Not):
            return ir.Not(BOOL, node.lineno, self.condition(node.operand))
        value = self.scalar(node.operand, expected)
        if value.type is ERROR or isinstance(node.op, ast.UAdd):
            return value
        if value.type is F64 and isinstance(node.op, ast.USub):
            return ir.Intrinsic(F64, node.lineno, "fneg", [value])
        if not isinstance(value.type, IntType) or isinstance(value.type, HandleType):
            return self.error(
                "E302", f"`{'-' if isinstance(node.op, ast.USub) else '~'}` is not defined on {value.type}", node
            )
        return ir.Intrinsic(value.type, node.lineno, "neg" if isinstance(node.op, ast.USub) else "invert", [value])

    def condition(self, node: ast.expr) -> ir.Expression:
        """A bool; other types are refused, with the comparison to write."""
        value = self.expression(node)
        if value.type in (BOOL, ERROR):
            return value
        hint = f"write `{ast.unparse(node)} != 0`" if isinstance(value.type, IntType) else "compare it"
        return self.error("E300", f"expected bool, found {value.type}", node, hint)

    def _logical(self, node: ast.BoolOp) -> ir.Expression:
        operator = "and" if isinstance(node.op, ast.And) else "or"
        before = set(self.assigned)
        result = self.condition(node.values[0])
        for value in node.values[1:]:
            result = ir.Logical(BOOL, node.lineno, operator, result, self.condition(value))
        self.assigned = before
        return result

    def _compare(self, node: ast.Compare) -> ir.Expression:
        if len(node.ops) == 1:
            return self._compare_pair(node.ops[0], node.left, node.comparators[0], node)
        return self._compare_chain(node)

    def _compare_pair(self, op: ast.cmpop, left: ast.expr, right: ast.expr, node: ast.Compare) -> ir.Expression:
        if isinstance(op, (ast.In, ast.NotIn)):
            found = self._contains(right, left, node)
            return ir.Not(BOOL, node.lineno, found) if isinstance(op, ast.NotIn) else found
        a, b = self._operands(left, right, None)
        return self._compare_values(op, a, b, node)

    def _compare_values(self, op: ast.cmpop, a: ir.Expression, b: ir.Expression, node: ast.AST) -> ir.Expression:
        if ERROR in (a.type, b.type):
            return ir.Constant(ERROR, a.line, 0)
        if type(op) not in _COMPARES:
            return self.error("E102", "`is` is outside the language", node, "write == or !=")
        symbol = _COMPARES[type(op)]
        if isinstance(a.type, HandleType) and isinstance(b, ir.Constant) and b.type is U32:
            b = ir.Constant(a.type, b.line, b.value)
        if a.type is not b.type:
            return self.error(
                "E301", f"cannot compare {a.type} with {b.type}", node, _conversion_hint(b.type, a.type, node)
            )
        if a.type.is_aggregate or a.type is NONE:
            return self.error("E302", f"`{symbol}` is not defined on {a.type}", node, "compare the fields")
        ordered = isinstance(a.type, IntType) and not isinstance(a.type, HandleType) or a.type is F64
        if symbol not in ("==", "!=") and not ordered:
            return self.error("E302", f"`{symbol}` is not defined on {a.type}", node, "only == and != are")
        return ir.Compare(BOOL, a.line, symbol, a, b)

    def _compare_chain(self, node: ast.Compare) -> ir.Expression:
        """`a < b < c`: each operand once, short-circuit."""
        if any(isinstance(op, (ast.In, ast.NotIn)) for op in node.ops):
            return self.error(
                "E102", "`in` inside a chain of comparisons is outside the language", node, "write it with `and`"
            )
        typed = next((item for item in [node.left, *node.comparators] if self.literal(item) is None), node.left)
        kind = self.expression(typed).type
        local, read = self.temporary(self.expression(node.left, kind))
        chain = self._chain_link(read, 0, kind, node)
        return (
            chain if chain.type is ERROR else ir.Let(BOOL, node.lineno, local, self.expression(node.left, kind), chain)
        )

    def _chain_link(self, left: ir.ReadLocal, position: int, kind: Type, node: ast.Compare) -> ir.Expression:
        """`left op right`, and the rest of the chain when that holds."""
        right = self.expression(node.comparators[position], kind)
        local, read = self.temporary(right)
        link = self._compare_values(node.ops[position], left, read, node)
        if position < len(node.ops) - 1:
            rest = self._chain_link(read, position + 1, kind, node)
            link = rest if ERROR in (link.type, rest.type) else ir.Logical(BOOL, left.line, "and", link, rest)
        return link if link.type is ERROR else ir.Let(BOOL, left.line, local, right, link)

    def _contains(self, container: ast.expr, item: ast.expr, node: ast.Compare) -> ir.Expression:
        base = self.expression(container)
        if isinstance(base.type, StructType):
            method = self.program.method(base.type, "__contains__")
            if method is not None:
                return self.call_instance(method, base, [item], [], node)
        if base.type is ERROR:
            return base
        return self.error("E302", f"`in` is not defined on {base.type}", node)

    def _conditional(self, node: ast.IfExp, expected: Type | None) -> ir.Expression:
        condition = self.condition(node.test)
        before = set(self.assigned)
        then, otherwise = self._operands(node.body, node.orelse, expected)
        self.assigned = before
        if ERROR in (then.type, otherwise.type):
            return ir.Constant(ERROR, node.lineno, 0)
        if then.type is not otherwise.type:
            return self.error(
                "E301", f"branches of different types: {then.type} and {otherwise.type}", node, "convert one of them"
            )
        return ir.Conditional(then.type, node.lineno, condition, then, otherwise)

    # ---- calls -------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, expected: Type | None) -> ir.Expression:
        if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
            return self.error("E102", "* and ** in calls are outside the language", node, "write the arguments out")
        if isinstance(node.func, ast.Attribute):
            return self._method_call(node, node.func)
        if isinstance(node.func, ast.Subscript):
            kind = self.program.resolve_type(node.func, self.module, self.bindings)
            return self.builtins.convert(kind, node) if isinstance(kind, HandleType) else self._construct(kind, node)
        if not isinstance(node.func, ast.Name):
            return self.error("E102", "only functions and methods can be called", node)
        return self._named_call(node, node.func.id, expected)

    def _named_call(self, node: ast.Call, name: str, expected: Type | None) -> ir.Expression:
        declaration = self.module.names.get(name)
        if isinstance(declaration, FunctionDeclaration):
            return self._function_call(declaration, node)
        if isinstance(declaration, StructDeclaration) and declaration.variables:
            if isinstance(expected, StructType) and self.program.declared.get(expected) is declaration:
                return self._construct(expected, node)
            return self.error(
                "E304", f"`{name}` needs type arguments", node, f"write {name}[{', '.join(declaration.variables)}](…)"
            )
        if (
            isinstance(declaration, (StructDeclaration, EnumDeclaration, UnitDeclaration, VariableDeclaration))
            or name in self.bindings
        ):
            kind = self.program.resolve_type(ast.copy_location(ast.Name(name), node), self.module, self.bindings)
            return self._construct(kind, node) if kind.is_aggregate else self.builtins.convert(kind, node)
        if isinstance(declaration, Builtin) or (name in PYTHON_BUILTINS and declaration is None):
            builtin = declaration.name if declaration else name
            kind = SCALARS.get(builtin) if builtin != "bool" else BOOL
            if kind is BYTES32:
                return self.builtins.bytes32(node)
            if kind is not None:
                return self.builtins.convert(kind, node)
            return self.builtins.call(builtin, node, expected)
        hints = {
            "print": "emit an event",
            "int": "write i64(x)",
            "float": "write f64(x)",
            "sum": "write a loop",
            "isinstance": "types are known",
        }
        hint = hints.get(
            name, "declare or import it" if name not in BUILTINS else "add it to `from corten.lang import …`"
        )
        return self.error("E200", f"unknown function `{name}`", node, hint)

    def _method_call(self, node: ast.Call, func: ast.Attribute) -> ir.Expression:
        if self.is_contract_self(func.value):
            declaration = self._contract_method(func.attr)
            if func.attr == "emit":
                return self.error("E102", "`self.emit(…)` is a statement", node, "write it on a line of its own")
            if declaration is None:
                return self.error("E202", f"the contract has no method `{func.attr}`", node)
            return self.call_instance(
                self.program.instance(declaration, None, {}), None, node.args, node.keywords, node
            )
        base = self.expression(func.value)
        if base.type is ERROR:
            return base
        method = self.program.method(base.type, func.attr) if isinstance(base.type, StructType) else None
        if method is None:
            known = ", ".join(self.program.methods_of(base.type)) if isinstance(base.type, StructType) else ""
            return self.error(
                "E202", f"{base.type} has no method `{func.attr}`", node, f"methods: {known}" if known else ""
            )
        return self.call_instance(method, base, node.args, node.keywords, node)

    def _function_call(self, declaration: FunctionDeclaration, node: ast.Call) -> ir.Expression:
        variables = [d for d in declaration.module.names.values() if isinstance(d, VariableDeclaration)]
        bindings: Bindings = {}
        if variables:
            bindings = self._infer(declaration, node)
        return self.call_instance(
            self.program.instance(declaration, None, bindings), None, node.args, node.keywords, node
        )

    def _infer(self, declaration: FunctionDeclaration, node: ast.Call) -> Bindings:
        """Bind type variables of a generic function from its arguments' types."""
        signature = self.program.signature(declaration, {})
        bindings: Bindings = {}
        for kind, argument in zip(signature.types, node.args, strict=False):
            if isinstance(kind, VariableType) and kind.name not in bindings and self.literal(argument) is None:
                bindings[kind.name] = self.expression(argument).type
        return bindings

    def call_instance(
        self,
        instance: Instance,
        base: ir.Expression | None,
        arguments: list[ast.expr],
        keywords: list[ast.keyword],
        node: ast.AST,
    ) -> ir.Expression:
        """A call with arguments matched to the signature; the result of a Ref function is a place."""
        signature = instance.signature
        ordered = self._match(instance, arguments, keywords, node)
        if ordered is None:
            return ir.Constant(ERROR, getattr(node, "lineno", 1), 0)
        values = [] if base is None else [base]
        values += [self.typed(value, kind) for value, kind in zip(ordered, signature.types, strict=True)]
        if any(value.type is ERROR for value in values) or signature.result is ERROR:
            return ir.Constant(ERROR, getattr(node, "lineno", 1), 0)
        return ir.Call(signature.result, getattr(node, "lineno", 1), instance.function, values)

    def _match(
        self, instance: Instance, arguments: list[ast.expr], keywords: list[ast.keyword], node: ast.AST
    ) -> list[ast.expr] | None:
        name, signature = instance.declaration.name, instance.signature
        given: dict[str, ast.expr] = dict(zip(signature.names, arguments, strict=False))
        if len(arguments) > len(signature.names):
            self.error("E304", f"`{name}` takes {len(signature.names)} arguments, found {len(arguments)}", node)
            return None
        for keyword in keywords:
            if keyword.arg not in signature.names or keyword.arg in given:
                self.error(
                    "E304",
                    f"`{name}` has no free parameter `{keyword.arg}`",
                    keyword,
                    "parameters: " + ", ".join(signature.names),
                )
                return None
            given[str(keyword.arg)] = keyword.value
        for parameter, default in zip(signature.names, signature.defaults, strict=True):
            if parameter not in given:
                if default is None:
                    self.error(
                        "E304", f"`{name}` needs `{parameter}`", node, "parameters: " + ", ".join(signature.names)
                    )
                    return None
                given[parameter] = default
        return [given[parameter] for parameter in signature.names]

    def _construct(self, kind: Type, node: ast.Call) -> ir.Expression:
        """`Order(price=1, size=2)`, or `Array[i64, 4]()` for zeros."""
        if kind is ERROR:
            return ir.Constant(ERROR, node.lineno, 0)
        if isinstance(kind, ArrayType):
            if node.args or node.keywords:
                return self.error("E304", f"{kind} takes no arguments: it starts as zeros", node)
            return ir.Construct(kind, node.lineno, self.function.new_slot(kind), [])
        if not isinstance(kind, StructType):
            return self.error("E304", f"{kind} cannot be constructed", node)
        given = self._match_fields(kind, node)
        stores = []
        for name, value in given.items():
            field = kind.fields[name]
            stores.append((field.offset, field.type, self.typed(value, field.type)))
        if any(value.type is ERROR for _, _, value in stores):
            return ir.Constant(ERROR, node.lineno, 0)
        return ir.Construct(kind, node.lineno, self.function.new_slot(kind), stores)

    def _match_fields(self, kind: StructType, node: ast.Call) -> dict[str, ast.expr]:
        names = list(kind.fields)
        given: dict[str, ast.expr] = dict(zip(names, node.args, strict=False))
        if len(node.args) > len(names):
            self.error(
                "E304",
                f"{kind} has {len(names)} fields, found {len(node.args)} values",
                node,
                "fields: " + ", ".join(names),
            )
        for keyword in node.keywords:
            if keyword.arg not in kind.fields or keyword.arg in given:
                self.error("E304", f"{kind} has no free field `{keyword.arg}`", keyword, "fields: " + ", ".join(names))
            else:
                given[str(keyword.arg)] = keyword.value
        for item in self.program.declared[kind].node.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.value is not None:
                given.setdefault(item.target.id, item.value)
        return given


def _symbol(op: ast.operator) -> str:
    symbols = {
        "Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**", "LShift": "<<",
        "RShift": ">>", "BitOr": "|", "BitXor": "^", "BitAnd": "&", "MatMult": "@",
    }  # fmt: skip
    return symbols[type(op).__name__]


def _conversion_hint(found: Type, expected: Type, node: ast.AST) -> str:
    if (
        isinstance(expected, (IntType, FloatType))
        and isinstance(found, (IntType, FloatType, EnumType))
        and not isinstance(expected, HandleType)
    ):
        text = ast.unparse(node) if isinstance(node, ast.expr) and len(ast.unparse(node)) < 40 else "…"
        return f"convert: {expected}({text if not isinstance(node, (ast.BinOp, ast.Compare)) else '…'})"
    return ""
