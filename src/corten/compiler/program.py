"""From declarations to types and function instances: resolves annotations, binds generics, keeps the work list."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from corten.compiler import ir
from corten.compiler.diagnostics import Diagnostics
from corten.compiler.modules import (
    Builtin,
    ConstantDeclaration,
    ContractDeclaration,
    Declaration,
    EnumDeclaration,
    FunctionDeclaration,
    Modules,
    SourceModule,
    StructDeclaration,
    UnitDeclaration,
    VariableDeclaration,
)
from corten.compiler.types import (
    ERROR,
    NONE,
    SCALARS,
    ArrayTypes,
    EnumType,
    IntType,
    RefType,
    StructType,
    Type,
    UnitType,
    VariableType,
)

Bindings = dict[str, Type]
MAX_FUNCTIONS = 4000
MAX_TYPE_SIZE = 1 << 26


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
    owner: Type | None
    bindings: Bindings
    signature: Signature
    function: ir.Function


class ProgramBuilder:
    """Holds every type and function instance of one compilation."""

    def __init__(self, diagnostics: Diagnostics, modules: Modules) -> None:
        self.diagnostics, self.modules = diagnostics, modules
        self.parts = ArrayTypes()
        self.structs: dict[tuple[StructDeclaration, tuple[Type, ...]], StructType] = {}
        self.declared: dict[StructType, StructDeclaration] = {}
        self.simple: dict[Declaration, Type] = {}
        self.instances: dict[tuple[FunctionDeclaration, Type | None, tuple[Type, ...]], Instance] = {}
        self.pending: list[Instance] = []
        self.errors: list[str] = []
        self.events: list[StructType] = []
        self.contract: ContractDeclaration | None = None
        self.state = StructType("State")
        self._open: list[StructDeclaration] = []
        self._symbols: set[str] = set()

    # ---- names and types -------------------------------------------------------------------------------

    def error(self, code: str, message: str, module: SourceModule, node: ast.AST, hint: str = "") -> None:
        self.diagnostics.add(code, message, module.file, node, hint)

    def resolve_type(self, node: ast.expr | None, module: SourceModule, bindings: Bindings) -> Type:
        """The type that an annotation names; ERROR after a diagnostic."""
        if node is None:
            return NONE
        match node:
            case ast.Constant(value=None):
                return NONE
            case ast.Constant(value=str() as text):
                try:
                    parsed = ast.parse(text, mode="eval").body
                except SyntaxError:
                    self.error("E305", f"`{text}` is not a type", module, node)
                    return ERROR
                return self.resolve_type(ast.copy_location(parsed, node), module, bindings)
            case ast.Name(id=name):
                return self._named_type(name, node, module, bindings)
            case ast.Subscript(value=ast.Name(id=name), slice=arguments):
                items = arguments.elts if isinstance(arguments, ast.Tuple) else [arguments]
                return self._generic_type(name, items, node, module, bindings)
        self.error(
            "E305",
            f"`{ast.unparse(node)}` is not a type",
            module,
            node,
            "types are names such as i64, or Map[u32, i64]",
        )
        return ERROR

    def _named_type(self, name: str, node: ast.expr, module: SourceModule, bindings: Bindings) -> Type:
        if name in bindings:
            return bindings[name]
        if name == "bool":
            return SCALARS["bool"]
        declaration = module.names.get(name)
        if isinstance(declaration, Builtin) and declaration.name in SCALARS:
            return SCALARS[declaration.name]
        if isinstance(declaration, (EnumDeclaration, UnitDeclaration)):
            return self.simple_type(declaration)
        if isinstance(declaration, StructDeclaration):
            if declaration.variables:
                self.error(
                    "E305",
                    f"`{name}` needs type arguments",
                    module,
                    node,
                    f"write {name}[{', '.join(declaration.variables)}]",
                )
                return ERROR
            return self.struct_type(declaration, ())
        if isinstance(declaration, ConstantDeclaration) and isinstance(declaration.node, (ast.Name, ast.Subscript)):
            return self.resolve_type(declaration.node, declaration.module, {})
        if isinstance(declaration, VariableDeclaration):
            return VariableType(name)
        hints = {
            "int": "write a sized integer such as i64",
            "float": "write f64",
            "str": "text is outside the language; use bytes32 or an enum",
            "list": "write Vec[T] or Array[T, N]",
            "dict": "write Map[K, V]",
            "bytes": "write bytes32",
        }
        self.error(
            "E305", f"`{name}` is not a type of the language", module, node, hints.get(name, "declare or import it")
        )
        return ERROR

    def _generic_type(
        self, name: str, items: list[ast.expr], node: ast.expr, module: SourceModule, bindings: Bindings
    ) -> Type:
        declaration = module.names.get(name)
        if isinstance(declaration, Builtin):
            return self._builtin_generic(declaration.name, items, node, module, bindings)
        if isinstance(declaration, StructDeclaration) and declaration.variables:
            if len(items) != len(declaration.variables):
                self.error(
                    "E305",
                    f"`{name}` takes {len(declaration.variables)} type arguments, found {len(items)}",
                    module,
                    node,
                )
                return ERROR
            arguments = tuple(self.resolve_type(item, module, bindings) for item in items)
            return ERROR if ERROR in arguments else self.struct_type(declaration, arguments)
        if name in ("list", "dict", "tuple", "set", "Optional", "Union"):
            self.error("E305", f"`{name}[…]` is outside the language", module, node, "use Vec, Map, Array or a struct")
        else:
            self.error("E305", f"`{name}` is not a generic type", module, node, "declare or import it")
        return ERROR

    def _builtin_generic(
        self, name: str, items: list[ast.expr], node: ast.expr, module: SourceModule, bindings: Bindings
    ) -> Type:
        if name == "Array" and len(items) == 2:
            element, length = self.resolve_type(items[0], module, bindings), self.length(items[1], module)
            if element is ERROR or length is None:
                return ERROR
            array = self.parts.array(element, length)
            if array.size > MAX_TYPE_SIZE:
                self.error(
                    "E600", f"`{array}` takes {array.size} bytes, the limit is {MAX_TYPE_SIZE}", module, node, "use Vec"
                )
                return ERROR
            return array
        if name in ("Handle", "Ref") and len(items) == 1:
            element = self.resolve_type(items[0], module, bindings)
            if element is ERROR:
                return ERROR
            return self.parts.handle(element) if name == "Handle" else self.parts.ref(element)
        self.error("E305", f"`{ast.unparse(node)}` is not a type", module, node, "Array[T, N], Handle[T], Ref[T]")
        return ERROR

    def length(self, node: ast.expr, module: SourceModule) -> int | None:
        """An array length: an integer, `Literal[n]`, or the name of either."""
        match node:
            case ast.Constant(value=int() as value) if not isinstance(value, bool) and value > 0:
                return value
            case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
                return self.length(inner, module)
            case ast.Name(id=name):
                declaration = module.names.get(name)
                if isinstance(declaration, ConstantDeclaration):
                    return self.length(declaration.node, declaration.module)
        self.error(
            "E305",
            f"`{ast.unparse(node)}` is not an array length",
            module,
            node,
            "write a positive integer constant, such as Array[i64, 32]",
        )
        return None

    def simple_type(self, declaration: Declaration) -> Type:
        """The type of an enum or unit declaration."""
        if declaration not in self.simple:
            if isinstance(declaration, EnumDeclaration):
                self.simple[declaration] = EnumType(declaration.name, self._enum_members(declaration))
            else:
                assert isinstance(declaration, UnitDeclaration)
                base = self.resolve_type(declaration.base, declaration.module, {})
                if not isinstance(base, IntType) or isinstance(base, UnitType):
                    self.error(
                        "E305",
                        f"unit `{declaration.name}` needs an integer type",
                        declaration.module,
                        declaration.node,
                        "Unit[i64]",
                    )
                    return ERROR
                self.simple[declaration] = UnitType(declaration.name, base.bits, base.signed, base)
        return self.simple[declaration]

    def _enum_members(self, declaration: EnumDeclaration) -> dict[str, int]:
        members: dict[str, int] = {}
        for item in declaration.node.body:
            match item:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int() as value)) if (
                    0 <= value < 256
                ):
                    if name in members or value in members.values():
                        self.error(
                            "E203", f"enum member `{name} = {value}` is declared twice", declaration.module, item
                        )
                    members[name] = value
                case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                    pass
                case _:
                    self.error(
                        "E104", "an enum holds members `NAME = 0` to `NAME = 255` only", declaration.module, item
                    )
        return members

    def struct_type(self, declaration: StructDeclaration, arguments: tuple[Type, ...]) -> StructType:
        """The struct with its type variables bound; laid out on first use."""
        key = (declaration, arguments)
        if key in self.structs:
            if declaration in self._open and not self.structs[key].fields:
                self.error(
                    "E502",
                    f"`{declaration.name}` contains itself",
                    declaration.module,
                    declaration.node,
                    "hold a Handle of a Pool instead",
                )
            return self.structs[key]
        suffix = f"[{', '.join(map(str, arguments))}]" if arguments else ""
        struct = StructType(declaration.name + suffix, arguments=arguments, is_event=declaration.is_event)
        self.structs[key] = struct
        self.declared[struct] = declaration
        self._open.append(declaration)
        members = self._members(declaration, dict(zip(declaration.variables, arguments, strict=True)))
        struct.lay_out(members)
        self._open.pop()
        if struct.size > MAX_TYPE_SIZE:
            self.error(
                "E600",
                f"`{struct}` takes {struct.size} bytes, the limit is {MAX_TYPE_SIZE}",
                declaration.module,
                declaration.node,
            )
        if declaration.is_event:
            self.events.append(struct)
        return struct

    def _members(
        self, declaration: StructDeclaration | ContractDeclaration, bindings: Bindings
    ) -> list[tuple[str, Type]]:
        members: dict[str, Type] = {}
        for item in declaration.node.body:
            match item:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    kind = self.resolve_type(annotation, declaration.module, bindings)
                    if name in members:
                        self.error("E203", f"field `{name}` is declared twice", declaration.module, item)
                    if isinstance(kind, RefType) or kind is NONE:
                        self.error(
                            "E305", f"a field cannot be `{kind}`", declaration.module, item, "hold a Handle or an index"
                        )
                        continue
                    members[name] = kind
                case ast.FunctionDef() | ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                    pass
                case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                    pass
                case _:
                    self.error(
                        "E104",
                        "a class body holds annotated fields and methods only",
                        declaration.module,
                        item,
                        "write `name: type`",
                    )
        return [(name, kind) for name, kind in members.items() if kind is not ERROR]

    def lay_out_state(self, declaration: ContractDeclaration) -> None:
        """Place the contract's fields."""
        self.contract = declaration
        self.state = StructType(declaration.name)
        self.state.lay_out(self._members(declaration, {}))

    # ---- functions ---------------------------------------------------------------------------------------

    def instance(self, declaration: FunctionDeclaration, owner: Type | None, bindings: Bindings) -> Instance:
        """The function with `bindings`; queued for checking on first use."""
        key = (declaration, owner, tuple(bindings.values()))
        if key not in self.instances:
            if len(self.instances) >= MAX_FUNCTIONS:
                self.error(
                    "E600", f"more than {MAX_FUNCTIONS} function instances", declaration.module, declaration.node
                )
                self.diagnostics.raise_if_any()
            signature = self.signature(declaration, bindings)
            function = ir.Function(
                symbol=self._symbol(declaration, owner, bindings),
                name=declaration.name,
                file=declaration.module.file,
                line=declaration.node.lineno,
                result=signature.result,
                inline=True
                if "inline" in declaration.decorators
                else False
                if "no_inline" in declaration.decorators
                else None,
            )
            made = Instance(declaration, owner, bindings, signature, function)
            self.instances[key] = made
            self.pending.append(made)
        return self.instances[key]

    def _symbol(self, declaration: FunctionDeclaration, owner: Type | None, bindings: Bindings) -> str:
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
        arguments = list(node.args.args)
        if node.args.vararg or node.args.kwarg or node.args.posonlyargs or node.args.kwonlyargs:
            self.error(
                "E103", f"`{node.name}` has *, ** or positional-only parameters", module, node, "use plain parameters"
            )
        defaults: list[ast.expr | None] = [None] * (len(arguments) - len(node.args.defaults)) + list(node.args.defaults)
        if declaration.owner is not None:
            if not arguments or arguments[0].arg != "self":
                self.error(
                    "E103",
                    f"method `{node.name}` must take `self` first",
                    module,
                    node,
                    f"write def {node.name}(self, …)",
                )
            arguments, defaults = arguments[1:], defaults[1:]
        types = []
        for argument in arguments:
            if argument.annotation is None:
                self.error(
                    "E103",
                    f"parameter `{argument.arg}` has no type",
                    module,
                    argument,
                    f"write {argument.arg}: i64, for example",
                )
                types.append(ERROR)
                continue
            types.append(self.resolve_type(argument.annotation, module, bindings))
        result = self.resolve_type(node.returns, module, bindings)
        if node.returns is None:
            self.error("E103", f"`{node.name}` has no result type", module, node, "write -> None or -> i64")
        return Signature(tuple(a.arg for a in arguments), tuple(types), tuple(defaults), result)

    def methods_of(self, struct: StructType) -> dict[str, FunctionDeclaration]:
        declaration = self.declared.get(struct)
        return declaration.methods if declaration else {}

    def method(self, struct: StructType, name: str) -> Instance | None:
        """The method `name` of `struct`, or None."""
        declaration = self.methods_of(struct).get(name)
        if declaration is None:
            return None
        variables = self.declared[struct].variables
        return self.instance(declaration, struct, dict(zip(variables, struct.arguments, strict=True)))

    def error_code(self, name: str) -> int:
        """The permanent number of a reject name: its position in order of first appearance, from 1."""
        if name not in self.errors:
            self.errors.append(name)
        return self.errors.index(name) + 1
