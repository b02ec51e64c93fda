"""Contract source made to run as the compiler understands it.

A small rewriting of the syntax tree, without type inference: what annotations promise is enforced where a value passes
them (assignments, parameters, results, constants), a local that is bound to a bare literal becomes i64, float literals
become f64, `assert` traps, type variables stand for the types they are bound to. Every new node takes the position of
the node it replaces, so tracebacks and debuggers work on the author's text.
"""

from __future__ import annotations

import ast
from copy import deepcopy
from dataclasses import dataclass, field

Function = ast.FunctionDef
PREFIX = "_corten_"


def transformed(tree: ast.Module) -> ast.Module:
    """The module, rewritten in place."""
    module = _Module(_type_variables(tree))
    tree.body = [statement for old in tree.body for statement in module.top_level(old)]
    return ast.fix_missing_locations(tree)


def _type_variables(tree: ast.Module) -> frozenset[str]:
    """Names that the module declares by `T = TypeVar("T")`."""
    return frozenset(
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and _called(node.value) == "TypeVar"
        for target in node.targets
        if isinstance(target, ast.Name)
    )


def _called(node: ast.expr) -> str:
    """The name that an expression calls, if it is such a call."""
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def helper(name: str, *arguments: ast.expr, at: ast.AST) -> ast.expr:
    """A call of one of the loader's functions, at the position of another node."""
    call = ast.Call(ast.Name(PREFIX + name, ast.Load()), list(arguments), [])
    return ast.fix_missing_locations(ast.copy_location(call, at))


def annotation_of(node: ast.expr | None) -> ast.expr | None:
    """An annotation; one in quotes is parsed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _clone(ast.parse(node.value, mode="eval").body, at=node)
    return node


def _reference(node: ast.expr) -> ast.expr | None:
    """T when the annotation is `Ref[T]`."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Ref":
        return node.slice
    return None


def _is_literal(node: ast.expr) -> bool:
    """Whether an expression is made of literals only, so that nothing in it has a type yet."""
    match node:
        case ast.Constant(value):
            return isinstance(value, int) and not isinstance(value, bool)
        case ast.UnaryOp(_, operand):
            return _is_literal(operand)
        case ast.BinOp(left, _, right) | ast.IfExp(_, left, right):
            return _is_literal(left) and _is_literal(right)
    return False


@dataclass
class _Module:
    """Rewrites a module's statements."""

    type_variables: frozenset[str]

    def top_level(self, node: ast.stmt) -> list[ast.stmt]:
        """One statement of the module."""
        match node:
            case ast.FunctionDef():
                return [_Function(self.type_variables, {}).rewritten(node)]
            case ast.ClassDef():
                return [self.class_definition(node)]
            case ast.AnnAssign(value=ast.expr() as value):
                node.value = _Expressions().visit(value)
                if (kind := _constant_kind(node.annotation)) is not None:
                    node.value = helper("coerce", kind, node.value, at=value)
            case ast.Assign():
                node.value = _Expressions().visit(node.value)
        return [node]

    def class_definition(self, node: ast.ClassDef) -> ast.ClassDef:
        """A class: only its methods change."""
        parameters = self.type_parameters(node)
        for position, member in enumerate(node.body):
            if isinstance(member, ast.FunctionDef) and member.args.args:
                this = member.args.args[0].arg
                bound = {name: _attribute(this, name) for name in parameters}
                node.body[position] = _Function(self.type_variables - parameters, bound).rewritten(member, skip=1)
        return node

    def type_parameters(self, node: ast.ClassDef) -> frozenset[str]:
        """The type variables in `Generic[…]`."""
        names = {name.id for base in node.bases for name in ast.walk(base) if isinstance(name, ast.Name)}
        return self.type_variables & names


def _constant_kind(annotation: ast.expr) -> ast.expr | None:
    """The type of a module's constant; None for a bare `Final`."""
    node = annotation_of(annotation)
    final = node.value if isinstance(node, ast.Subscript) else node
    if isinstance(final, ast.Name) and final.id == "Final":
        return node.slice if isinstance(node, ast.Subscript) else None
    return node


def _attribute(this: str, name: str) -> ast.expr:
    return ast.Attribute(ast.Name(this, ast.Load()), f"_type_{name}", ast.Load())


@dataclass
class _Expressions(ast.NodeTransformer):
    """Rewrites expressions: float literals, and type variables that are bound here."""

    bound: dict[str, ast.expr] = field(default_factory=dict)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        """A float literal is an f64."""
        return helper("f64", node, at=node) if isinstance(node.value, float) else node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """A bound type variable is the type it stands for."""
        found = self.bound.get(node.id)
        return node if found is None else _clone(found, at=node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """A literal in one branch adopts the type of a plain name in the other."""
        self.generic_visit(node)
        for one, other in ((node.body, node.orelse), (node.orelse, node.body)):
            if _is_literal(one) and isinstance(other, ast.Name | ast.Attribute) and _is_path(other):
                adopted = helper("like", one, _clone(other, at=one), at=one)
                return ast.copy_location(_with_branch(node, one, adopted), node)
        return node


def _with_branch(node: ast.IfExp, old: ast.expr, new: ast.expr) -> ast.IfExp:
    return ast.IfExp(node.test, new if node.body is old else node.body, new if node.orelse is old else node.orelse)


def _is_path(node: ast.expr) -> bool:
    """Whether an expression only reads names and fields."""
    return isinstance(node, ast.Name) or (isinstance(node, ast.Attribute) and _is_path(node.value))


def _clone(node: ast.expr, at: ast.AST) -> ast.expr:
    """A copy of an expression, all of it at the position of another node."""
    copied = deepcopy(node)
    for part in ast.walk(copied):
        ast.copy_location(part, at)
    return copied


class _Function(ast.NodeTransformer):
    """Rewrites one function or method."""

    def __init__(self, free_variables: frozenset[str], bound: dict[str, ast.expr]) -> None:
        self.free_variables = free_variables
        self.bound = bound
        self.locals: set[str] = set()
        self.result: ast.expr | None = None

    def rewritten(self, node: Function, skip: int = 0) -> Function:
        """The function, enforcing its annotations; `skip` parameters (self) have none."""
        parameters = [arg for arg in node.args.args[skip:] if arg.annotation is not None]
        self.result = annotation_of(node.returns)
        self.locals = {arg.arg for arg in node.args.args}
        prologue = self.bind_type_variables(parameters)
        prologue += [self.parameter(arg) for arg in parameters]
        start = 1 if ast.get_docstring(node, clean=False) is not None else 0
        body = [self.visit(statement) for statement in node.body[start:]]
        node.body = node.body[:start] + prologue + (body or [ast.copy_location(ast.Pass(), node)])
        return node

    def expression(self, node: ast.expr) -> ast.expr:
        """An expression of this function."""
        rewritten: ast.expr = _Expressions(self.bound).visit(node)
        return rewritten

    def kind(self, annotation: ast.expr, at: ast.AST) -> ast.expr:
        """The type that an annotation names, as an expression."""
        node = annotation_of(annotation)
        assert node is not None
        return self.expression(_clone(_reference(node) or node, at=at))

    def bind_type_variables(self, parameters: list[ast.arg]) -> list[ast.stmt]:
        """Binds a generic function's type variables from its arguments."""
        statements: list[ast.stmt] = []
        for arg in parameters:
            assert arg.annotation is not None
            pattern = annotation_of(arg.annotation)
            assert pattern is not None
            for name in sorted({node.id for node in ast.walk(pattern) if isinstance(node, ast.Name)}):
                if name in self.free_variables and name not in self.bound:
                    local = f"{PREFIX}type_{name}"
                    value = ast.Name(arg.arg, ast.Load())
                    call = helper("bind", ast.Name(name, ast.Load()), _clone(pattern, at=arg), value, at=arg)
                    statements.append(_assign(local, call, at=arg))
                    self.bound = {**self.bound, name: ast.Name(local, ast.Load())}
        return statements

    def parameter(self, arg: ast.arg) -> ast.stmt:
        """`x = coerce(T, x)` for a parameter `x: T`."""
        assert arg.annotation is not None
        value = helper("coerce", self.kind(arg.annotation, arg), ast.Name(arg.arg, ast.Load()), at=arg)
        return _assign(arg.arg, value, at=arg)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        """`x: T = value` checks the value."""
        if isinstance(node.target, ast.Name):
            self.locals.add(node.target.id)
        if node.value is not None:
            node.value = helper("coerce", self.kind(node.annotation, node), self.expression(node.value), at=node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        """A bare literal becomes i64 where a local is declared, and what the local is where it is assigned again."""
        target, value = node.targets[0], self.expression(node.value)
        if isinstance(target, ast.Name) and len(node.targets) == 1:
            declared = target.id in self.locals
            self.locals.add(target.id)
            if declared and (_is_literal(value) or isinstance(value, ast.Name)):
                earlier = ast.parse(f"locals().get({target.id!r})", mode="eval").body
                value = helper("like", value, _clone(earlier, at=value), at=value)
            elif not declared and (_is_literal(value) or not isinstance(value, ast.IfExp)):
                value = helper("local", value, at=value)
        node.value = value
        node.targets = [self.expression(each) for each in node.targets]
        return node

    def visit_For(self, node: ast.For) -> ast.stmt:
        """Loops run over ranges, arrays and what has a length and elements."""
        if isinstance(node.target, ast.Name):
            self.locals.add(node.target.id)
        node.iter = helper("iterate", self.expression(node.iter), at=node.iter)
        node.body = [self.visit(statement) for statement in node.body]
        node.orelse = [self.visit(statement) for statement in node.orelse]
        return node

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        """A result has the declared type; a struct is copied unless the type is `Ref[…]`."""
        if node.value is None or self.result is None:
            return node
        name = "coerce" if _reference(self.result) else "returned"
        node.value = helper(name, self.kind(self.result, node), self.expression(node.value), at=node.value)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        """`assert` traps."""
        failed = ast.copy_location(ast.Expr(helper("assertion_failed", at=node)), node)
        test = ast.copy_location(ast.UnaryOp(ast.Not(), self.expression(node.test)), node.test)
        return ast.copy_location(ast.If(test, [failed], []), node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Every other statement: its expressions and its statements."""
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                setattr(node, name, self.expression(value))
            elif isinstance(value, list):
                setattr(node, name, [self.part(each) for each in value])
        return node

    def part(self, node: object) -> object:
        """One member of a list of nodes."""
        if isinstance(node, ast.expr):
            return self.expression(node)
        return self.visit(node) if isinstance(node, ast.stmt | ast.match_case) else node


def _assign(name: str, value: ast.expr, at: ast.AST) -> ast.stmt:
    assign = ast.Assign([ast.Name(name, ast.Store())], value)
    return ast.fix_missing_locations(ast.copy_location(assign, at))
