"""From annotations to types: resolves names, binds generics, lays out structs."""

from __future__ import annotations

import ast
from typing import NoReturn

from corten.compiler.constants import Constants
from corten.compiler.diagnostics import Diagnostics
from corten.compiler.limits import MAX_FIELDS, MAX_TYPE_BYTES, MAX_TYPE_NAME, MAX_TYPES
from corten.compiler.modules import (
    BrokenDeclaration,
    Builtin,
    ConstantDeclaration,
    ContractDeclaration,
    Declaration,
    EnumDeclaration,
    Modules,
    SourceModule,
    StructDeclaration,
    UnitDeclaration,
    VariableDeclaration,
)
from corten.compiler.types import (
    ERROR,
    I64,
    NONE,
    SCALARS,
    U32,
    ArrayType,
    ArrayTypes,
    EnumType,
    HandleType,
    IntType,
    RefType,
    StructType,
    Type,
    UnitType,
)

Bindings = dict[str, Type]
MESSAGE_VALUES: dict[str, Type] = {
    "sender": U32,
    "time": I64,
    "height": SCALARS["u64"],
    "chain": SCALARS["u64"],
    "address": U32,
}
_RESERVED_FIELDS = (*MESSAGE_VALUES, "emit", "call", "deploy")
_HINTS = {
    "int": "write a sized integer such as i64",
    "float": "write f64",
    "str": "text is outside the language; use bytes32 or an enum",
    "list": "write Vec[T] or Array[T, N]",
    "dict": "write Map[K, V]",
    "tuple": "declare a @struct",
    "set": "write Map[K, bool] or Bitmap",
    "bytes": "write bytes32",
    "object": "name the type",
    "Any": "name the type",
}


class TypeTable:
    """Every type of one compilation, each once."""

    def __init__(self, diagnostics: Diagnostics, modules: Modules) -> None:
        self.diagnostics, self.modules = diagnostics, modules
        self.constants = Constants()
        self.parts = ArrayTypes()
        self.structs: dict[tuple[StructDeclaration, tuple[Type, ...]], StructType] = {}
        self.declared: dict[StructType, StructDeclaration] = {}
        self.events: list[StructType] = []
        self.broken_fields: set[str] = set()
        self._simple: dict[Declaration, Type] = {}
        self._open: list[StructDeclaration] = []
        self._aliases: set[ConstantDeclaration] = set()

    def error(self, code: str, message: str, module: SourceModule, node: ast.AST, hint: str = "") -> None:
        """Report at `node` of `module`."""
        self.diagnostics.add(code, message, module.file, node, hint)

    def fatal(self, message: str, module: SourceModule, node: ast.AST, hint: str = "") -> NoReturn:
        """Report that a limit is passed and stop: going on could take long."""
        self.error("E600", message, module, node, hint)
        self.diagnostics.raise_all()

    # ---- names ---------------------------------------------------------------------------------------------------

    def value_type(self, node: ast.expr, module: SourceModule, bindings: Bindings) -> Type:
        """The type of a value: neither None nor Ref."""
        kind = self.resolve_type(node, module, bindings)
        if isinstance(kind, RefType):
            self.error("E305", "`Ref` is for results of functions only", module, node, f"write {kind.target}")
            return ERROR
        if kind is NONE:
            self.error("E305", "`None` is no type of a value", module, node, "name a type such as i64")
            return ERROR
        return kind

    def resolve_type(self, node: ast.expr | None, module: SourceModule, bindings: Bindings) -> Type:
        """The type that an annotation names; ERROR after a diagnostic."""
        match node:
            case None | ast.Constant(value=None):
                return NONE
            case ast.Constant(value=str()):
                unquoted = self._unquoted(node, module)
                return ERROR if unquoted is None else self.resolve_type(unquoted, module, bindings)
            case ast.Name(id=name):
                return self._named_type(name, node, module, bindings)
            case ast.Subscript(value=ast.Name(id=name), slice=arguments):
                items = arguments.elts if isinstance(arguments, ast.Tuple) else [arguments]
                return self._generic_type(name, items, node, module, bindings)
        hint = "types are names such as i64, or Map[u32, i64]"
        self.error("E305", f"`{shortened(node)}` is not a type", module, node, hint)
        return ERROR

    def _unquoted(self, node: ast.Constant, module: SourceModule) -> ast.expr | None:
        """The annotation inside quotes."""
        try:
            parsed = ast.parse(str(node.value), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.error("E305", f"`{shortened(node)}` is not a type", module, node, "write it without quotes")
            return None
        for part in ast.walk(parsed):
            ast.copy_location(part, node)
        return parsed

    def _named_type(self, name: str, node: ast.expr, module: SourceModule, bindings: Bindings) -> Type:
        if name in bindings:
            return bindings[name]
        match module.names.get(name):
            case None if name == "bool":
                return SCALARS["bool"]
            case Builtin(name=builtin) if builtin in SCALARS:
                return SCALARS[builtin]
            case EnumDeclaration() | UnitDeclaration() as declaration:
                return self.simple_type(declaration)
            case StructDeclaration() as declaration:
                return self._plain_struct(declaration, node, module)
            case ConstantDeclaration(node=ast.Name() | ast.Subscript()) as declaration:
                return self._alias(declaration, node, module)
            case BrokenDeclaration():
                return ERROR
            case VariableDeclaration():
                hint = f"type variables are for generic functions and for structs with Generic[{name}]"
                self.error("E305", f"type variable `{name}` stands for nothing here", module, node, hint)
                return ERROR
        hint = _HINTS.get(name, "declare or import it")
        self.error("E305", f"`{name}` is not a type of the language", module, node, hint)
        return ERROR

    def _plain_struct(self, declaration: StructDeclaration, node: ast.expr, module: SourceModule) -> Type:
        if not declaration.variables:
            return self.struct_type(declaration, ())
        hint = f"write {declaration.name}[{', '.join(declaration.variables)}]"
        self.error("E305", f"`{declaration.name}` needs type arguments", module, node, hint)
        return ERROR

    def _alias(self, declaration: ConstantDeclaration, node: ast.expr, module: SourceModule) -> Type:
        if not self.enter_constant(declaration):
            self.error("E305", f"`{declaration.name}` is made of itself", module, node, "name a type")
            return ERROR
        kind = self.resolve_type(declaration.node, declaration.module, {})
        self.leave_constant(declaration)
        return kind

    def enter_constant(self, declaration: ConstantDeclaration) -> bool:
        """Begin to resolve a constant; False when it is being resolved already."""
        if declaration in self._aliases:
            return False
        self._aliases.add(declaration)
        return True

    def leave_constant(self, declaration: ConstantDeclaration) -> None:
        """The end of what `enter_constant` began."""
        self._aliases.discard(declaration)

    # ---- generics ------------------------------------------------------------------------------------------------

    def _generic_type(
        self, name: str, items: list[ast.expr], node: ast.expr, module: SourceModule, bindings: Bindings
    ) -> Type:
        declaration = module.names.get(name)
        if isinstance(declaration, Builtin):
            return self._builtin_generic(declaration.name, items, node, module, bindings)
        if isinstance(declaration, StructDeclaration) and declaration.variables:
            if len(items) != len(declaration.variables):
                message = f"`{name}` takes {len(declaration.variables)} type arguments, found {len(items)}"
                hint = f"write {name}[{', '.join(declaration.variables)}]"
                self.error("E305", message, module, node, hint)
                return ERROR
            arguments = tuple(self.value_type(item, module, bindings) for item in items)
            return ERROR if ERROR in arguments else self.struct_type(declaration, arguments, module, node)
        if isinstance(declaration, BrokenDeclaration):
            return ERROR
        if name in ("list", "dict", "tuple", "set", "Optional", "Union", "List", "Dict", "Tuple", "Set"):
            self.error("E305", f"`{name}[…]` is outside the language", module, node, "use Vec, Map, Array or a struct")
        else:
            self.error("E305", f"`{name}` is not a generic type", module, node, "declare or import it")
        return ERROR

    def _builtin_generic(
        self, name: str, items: list[ast.expr], node: ast.expr, module: SourceModule, bindings: Bindings
    ) -> Type:
        if name == "Array" and len(items) == 2:
            return self._array(items, node, module, bindings)
        if name == "At" and len(items) == 1:
            return self._at(items[0], module)
        if name in ("Handle", "Ref") and len(items) == 1:
            element = self.value_type(items[0], module, bindings)
            if element is ERROR:
                return ERROR
            kind = self.parts.handle(element) if name == "Handle" else self.parts.ref(element)
            self._check_name(kind, module, node)
            return kind
        hint = "Array[T, N], Handle[T], Ref[T], At[Contract]"
        self.error("E305", f"`{shortened(node)}` is not a type", module, node, hint)
        return ERROR

    def _at(self, item: ast.expr, module: SourceModule) -> Type:
        found = module.names.get(item.id) if isinstance(item, ast.Name) else None
        if isinstance(found, BrokenDeclaration):
            return ERROR
        if isinstance(found, ContractDeclaration):
            return self.parts.at(found)
        hint = "name a contract, imported from its file, or a class of signatures with @interface"
        self.error("E305", f"`{shortened(item)}` is not a contract", module, item, hint)
        return ERROR

    def _array(self, items: list[ast.expr], node: ast.expr, module: SourceModule, bindings: Bindings) -> Type:
        element, length = self.value_type(items[0], module, bindings), self.length(items[1], module)
        if element is ERROR or length is None:
            return ERROR
        array = self.parts.array(element, length)
        self._check_name(array, module, node)
        self._check_size(array, module, node)
        return array

    def _check_name(self, kind: Type, module: SourceModule, node: ast.AST) -> None:
        """A type's name is as long as the type is nested."""
        if len(kind.name) > MAX_TYPE_NAME:
            message = f"type nested too deeply: `{kind.name[:60]}…`"
            self.fatal(message, module, node, "declare structs for the parts")

    def _check_size(self, kind: Type, module: SourceModule, node: ast.AST) -> None:
        if kind.size > MAX_TYPE_BYTES:
            message = f"`{kind}` takes {kind.size} bytes, the limit is {MAX_TYPE_BYTES}"
            self.fatal(message, module, node, "use Vec or Map, which grow")

    def length(self, node: ast.expr, module: SourceModule, depth: int = 0) -> int | None:
        """An array length: a constant, `Literal[n]`, or the name of either."""
        number = self.constants.value(node, module)
        if isinstance(number, int) and number > 0:
            return number
        match node:
            case ast.Subscript(value=ast.Name(id="Literal"), slice=inner) if depth < 8:
                return self.length(inner, module, depth + 1)
            case ast.Name(id=name):
                declaration = module.names.get(name)
                if isinstance(declaration, ConstantDeclaration) and depth < 8:
                    return self.length(declaration.node, declaration.module, depth + 1)
        hint = "write a positive integer constant, such as Array[i64, 32]"
        self.error("E305", f"`{shortened(node)}` is not an array length", module, node, hint)
        return None

    def type_variables(self, node: ast.AST, module: SourceModule) -> list[str]:
        """The type variables that a declaration mentions, in order of appearance."""
        names = [item.id for item in ast.walk(node) if isinstance(item, ast.Name)]
        found = [name for name in names if isinstance(module.names.get(name), VariableDeclaration)]
        return list(dict.fromkeys(found))

    def unify(self, node: ast.expr, kind: Type, module: SourceModule, bindings: Bindings, variables: list[str]) -> None:
        """Bind the variables of an annotation so that it names `kind`, as far as the two agree."""
        match node:
            case ast.Constant(value=str()):
                unquoted = self._unquoted(node, module)
                if unquoted is not None:
                    self.unify(unquoted, kind, module, bindings, variables)
            case ast.Name(id=name) if name in variables:
                if kind is not ERROR:
                    bindings.setdefault(name, kind)
            case ast.Subscript(slice=arguments):
                items = arguments.elts if isinstance(arguments, ast.Tuple) else [arguments]
                for item, part in zip(items, _type_arguments(kind), strict=False):
                    self.unify(item, part, module, bindings, variables)

    # ---- enums and units -----------------------------------------------------------------------------------------

    def simple_type(self, declaration: EnumDeclaration | UnitDeclaration) -> Type:
        """The type of an enum or unit declaration."""
        if declaration not in self._simple:
            if isinstance(declaration, EnumDeclaration):
                self._simple[declaration] = EnumType(declaration.name, self._enum_members(declaration))
            else:
                self._simple[declaration] = self._unit(declaration)
        return self._simple[declaration]

    def _unit(self, declaration: UnitDeclaration) -> Type:
        base = self.resolve_type(declaration.base, declaration.module, {})
        if type(base) is IntType:
            return UnitType(declaration.name, base.bits, base.signed, base)
        if base is not ERROR:
            message = f"unit `{declaration.name}` needs an integer type, found {base}"
            self.error("E305", message, declaration.module, declaration.base, "write Unit[i64]")
        return ERROR

    def _enum_members(self, declaration: EnumDeclaration) -> dict[str, int]:
        members: dict[str, int] = {}
        module = declaration.module
        for item in declaration.node.body:
            match item:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int() as value)) if (
                    0 <= value < 256 and not isinstance(value, bool)
                ):
                    if name in members or value in members.values():
                        message = f"enum member `{name} = {value}` is declared twice"
                        self.error("E203", message, module, item, "give each member a number of its own")
                    members[name] = value
                case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                    pass
                case _:
                    hint = "write each as `NAME = number`"
                    self.error("E104", "an enum holds members `NAME = 0` to `NAME = 255` only", module, item, hint)
        if 0 not in members.values():
            message = f"enum `{declaration.name}` has no member with the value 0"
            self.error("E104", message, module, declaration.node, "state starts as 0: name that value")
        return members

    # ---- structs -------------------------------------------------------------------------------------------------

    def struct_type(
        self,
        declaration: StructDeclaration,
        arguments: tuple[Type, ...],
        module: SourceModule | None = None,
        node: ast.AST | None = None,
    ) -> StructType:
        """The struct with its type variables bound; laid out on first use."""
        key = (declaration, arguments)
        if key in self.structs:
            if declaration in self._open and not self.structs[key].is_complete:
                message = f"`{declaration.name}` contains itself"
                self.error("E502", message, declaration.module, declaration.node, "hold a Handle of a Pool instead")
            return self.structs[key]
        suffix = f"[{', '.join(map(str, arguments))}]" if arguments else ""
        struct = StructType(declaration.name + suffix, arguments=arguments, is_event=declaration.is_event)
        self._check_name(struct, module or declaration.module, node or declaration.node)
        if len(self.structs) >= MAX_TYPES:
            self.fatal(f"more than {MAX_TYPES} struct types", declaration.module, declaration.node, "write fewer")
        self.structs[key] = struct
        self.declared[struct] = declaration
        self._open.append(declaration)
        struct.lay_out(self._members(declaration, dict(zip(declaration.variables, arguments, strict=True))))
        self._open.pop()
        self._check_size(struct, declaration.module, declaration.node)
        if declaration.is_event:
            self.events.append(struct)
        return struct

    def contract_state(self, declaration: ContractDeclaration) -> StructType:
        """The contract's fields, laid out."""
        for item in declaration.node.body:
            if isinstance(item, ast.AnnAssign) and item.value is not None:
                hint = "remove the value, and set the field in @init"
                self.error("E104", "state starts as zero", declaration.module, item, hint)
        state = StructType(declaration.name)
        state.lay_out(self._members(declaration, {}))
        self._check_size(state, declaration.module, declaration.node)
        return state

    def _members(
        self, declaration: StructDeclaration | ContractDeclaration, bindings: Bindings
    ) -> list[tuple[str, Type]]:
        module = declaration.module
        members: dict[str, Type] = {}
        for item in declaration.node.body:
            match item:
                case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                    self._check_field(declaration, name, item, name in members)
                    members[name] = self.value_type(annotation, module, bindings)
                case ast.FunctionDef() | ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                    pass
                case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]):
                    pass
                case ast.Expr(value=ast.Constant(value=value)) if value is Ellipsis:
                    pass
                case _:
                    message = "a class body holds annotated fields and methods only"
                    self.error("E104", message, module, item, "write `name: type`")
        if len(members) > MAX_FIELDS:
            hint = "group them into structs"
            self.fatal(f"`{declaration.name}` has more than {MAX_FIELDS} fields", module, declaration.node, hint)
        self.broken_fields |= {name for name, kind in members.items() if kind is ERROR}
        return [(name, kind) for name, kind in members.items() if kind is not ERROR]

    def _check_field(
        self, declaration: StructDeclaration | ContractDeclaration, name: str, node: ast.AST, is_known: bool
    ) -> None:
        module = declaration.module
        if is_known or name in declaration.methods:
            self.error("E203", f"field `{name}` is declared twice", module, node, "rename one of them")
        elif isinstance(declaration, ContractDeclaration) and name in _RESERVED_FIELDS:
            self.error("E203", f"every contract has `self.{name}` already", module, node, "rename the field")
        elif name.startswith("_"):
            self.error("E203", f"names that begin with `_` are reserved: `{name}`", module, node, "rename the field")


def _type_arguments(kind: Type) -> tuple[Type, ...]:
    """What stands in brackets in a type's name, lengths of arrays aside."""
    match kind:
        case StructType(arguments=arguments):
            return arguments
        case ArrayType(element=element) | HandleType(element=element):
            return (element,)
    return ()


def shortened(node: ast.AST, width: int = 40) -> str:
    """A piece of source for a message."""
    text = ast.unparse(node).splitlines()[0]
    return text if len(text) <= width else text[: width - 1] + "…"
