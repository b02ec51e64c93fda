"""The functions of a compilation: signatures, instances of generic functions, the work list."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from corten.compiler import ir
from corten.compiler.diagnostics import Diagnostics
from corten.compiler.limits import MAX_FUNCTIONS, MAX_PARAMETERS, MAX_WORK
from corten.compiler.modules import ContractDeclaration, FunctionDeclaration, Modules, SourceModule
from corten.compiler.types import ERROR, StructType, Type
from corten.compiler.typetable import Bindings, TypeTable


@dataclass(frozen=True)
class Signature:
    """A function's concrete parameter and result types. `self` is not among the parameters."""

    names: tuple[str, ...]
    types: tuple[Type, ...]
    defaults: tuple[ast.expr | None, ...]
    result: Type


@dataclass(eq=False)
class Instance:
    """A function declaration with its type variables bound."""

    declaration: FunctionDeclaration
    owner: StructType | None
    bindings: Bindings
    signature: Signature
    function: ir.Function


class ProgramBuilder(TypeTable):
    """Holds every type and function instance of one compilation."""

    def __init__(self, diagnostics: Diagnostics, modules: Modules) -> None:
        super().__init__(diagnostics, modules)
        self.instances: dict[tuple[FunctionDeclaration, Type | None, tuple[Type, ...]], Instance] = {}
        self.pending: list[Instance] = []
        self.errors: list[str] = []
        self.contract: ContractDeclaration | None = None
        self.state = StructType("State")
        self._error_codes: dict[str, int] = {}
        self._symbols: set[str] = set()
        self._work = 0

    def lay_out_state(self, declaration: ContractDeclaration) -> None:
        """Place the contract's fields."""
        self.contract = declaration
        self.state = self.contract_state(declaration)

    def count_work(self, module: SourceModule, node: ast.AST) -> None:
        """One expression or statement more; a limit on their number bounds compile time."""
        self._work += 1
        if self._work > MAX_WORK:
            message = f"the contract has more than {MAX_WORK} expressions, counting every instance of generics"
            self.fatal(message, module, node, "split it into several contracts")

    def error_code(self, name: str) -> int:
        """The permanent number of a reject name: its position in order of first appearance, from 1."""
        if name not in self._error_codes:
            self.errors.append(name)
            self._error_codes[name] = len(self.errors)
        return self._error_codes[name]

    # ---- functions -----------------------------------------------------------------------------------------------

    def instance(self, declaration: FunctionDeclaration, owner: StructType | None, bindings: Bindings) -> Instance:
        """The function with `bindings`; queued for checking on first use."""
        key = (declaration, owner, tuple(bindings.values()))
        if key not in self.instances:
            if len(self.instances) >= MAX_FUNCTIONS:
                message = f"more than {MAX_FUNCTIONS} functions, counting every instance of generics"
                self.fatal(message, declaration.module, declaration.node, "write fewer, or bind fewer types")
            made = self.instances[key] = self._make(declaration, owner, bindings)
            self.pending.append(made)
        return self.instances[key]

    def _make(self, declaration: FunctionDeclaration, owner: StructType | None, bindings: Bindings) -> Instance:
        signature = self.signature(declaration, bindings)
        function = ir.Function(
            symbol=self._symbol(declaration, owner, bindings),
            name=declaration.name,
            file=declaration.module.file,
            line=declaration.node.lineno,
            result=signature.result,
            inline=_inline_hint(declaration),
        )
        return Instance(declaration, owner, bindings, signature, function)

    def _symbol(self, declaration: FunctionDeclaration, owner: StructType | None, bindings: Bindings) -> str:
        scope = f"{owner.name}." if owner is not None else f"{declaration.owner.name}." if declaration.owner else ""
        suffix = f"[{', '.join(map(str, bindings.values()))}]" if bindings and owner is None else ""
        symbol = base = f"{scope}{declaration.name}{suffix}"
        number = 1
        while symbol in self._symbols:
            number += 1
            symbol = f"{base}#{number}"
        self._symbols.add(symbol)
        return symbol

    def signature(self, declaration: FunctionDeclaration, bindings: Bindings) -> Signature:
        """Parameter and result types with `bindings` applied; reports what the language does not allow."""
        node, module = declaration.node, declaration.module
        self._check_form(node, module)
        arguments = list(node.args.args)
        missing = len(arguments) - len(node.args.defaults)
        defaults: list[ast.expr | None] = [None] * missing + list(node.args.defaults)
        if declaration.owner is not None:
            if not arguments or arguments[0].arg != "self":
                hint = f"write def {node.name}(self, …)"
                self.error("E103", f"method `{node.name}` must take `self` first", module, node, hint)
            elif arguments[0].annotation is not None:
                self.error("E103", "`self` has no annotation", module, arguments[0], "remove it")
            arguments, defaults = arguments[1:], defaults[1:]
        types = tuple(self._parameter_type(argument, module, bindings) for argument in arguments)
        result = self.resolve_type(node.returns, module, bindings)
        if node.returns is None:
            self.error("E103", f"`{node.name}` has no result type", module, node, "write -> None or -> i64")
        return Signature(tuple(a.arg for a in arguments), types, tuple(defaults), result)

    def _check_form(self, node: ast.FunctionDef, module: SourceModule) -> None:
        if node.args.vararg or node.args.kwarg or node.args.posonlyargs or node.args.kwonlyargs:
            message = f"`{node.name}` has *, **, positional-only or keyword-only parameters"
            self.error("E103", message, module, node, "use plain parameters")
        if len(node.args.args) > MAX_PARAMETERS:
            self.error(
                "E600", f"`{node.name}` has more than {MAX_PARAMETERS} parameters", module, node, "pass a struct"
            )
        for default in node.args.defaults:
            if not is_constant(default):
                self.error("E103", "a default is a constant", module, default, "write a literal or a constant's name")

    def _parameter_type(self, argument: ast.arg, module: SourceModule, bindings: Bindings) -> Type:
        if argument.annotation is None:
            hint = f"write {argument.arg}: i64, for example"
            self.error("E103", f"parameter `{argument.arg}` has no type", module, argument, hint)
            return ERROR
        return self.value_type(argument.annotation, module, bindings)

    def methods_of(self, struct: StructType) -> dict[str, FunctionDeclaration]:
        """The methods that a struct declares."""
        declaration = self.declared.get(struct)
        return declaration.methods if declaration else {}

    def method(self, struct: StructType, name: str) -> Instance | None:
        """The method `name` of `struct`, or None."""
        declaration = self.methods_of(struct).get(name)
        if declaration is None:
            return None
        variables = self.declared[struct].variables
        return self.instance(declaration, struct, dict(zip(variables, struct.arguments, strict=True)))


def _inline_hint(declaration: FunctionDeclaration) -> bool | None:
    if "inline" in declaration.decorators:
        return True
    return False if "no_inline" in declaration.decorators else None


def is_constant(node: ast.expr) -> bool:
    """Whether a default is made of literals, names and enum members."""
    match node:
        case ast.Constant() | ast.Name() | ast.Attribute(value=ast.Name()):
            return True
        case ast.UnaryOp(operand=operand):
            return is_constant(operand)
        case ast.BinOp(left=left, right=right):
            return is_constant(left) and is_constant(right)
        case ast.Call(func=ast.Name(), args=[argument], keywords=[]):
            return is_constant(argument)
    return False
