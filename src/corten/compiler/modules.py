"""Contract files and what they declare at module level; imports between them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from corten.compiler.diagnostics import Diagnostics

PACKAGE = Path(__file__).resolve().parent.parent
CONTAINERS = PACKAGE / "lang" / "containers.py"

#: names of corten.lang that the compiler knows itself; every other name is looked up in lang/containers.py
BUILTINS = frozenset(
    """u8 u16 u32 u64 i8 i16 i32 i64 i128 f64 bytes32 Array Handle Ref Unit Enum Contract Generic TypeVar TrapCode
    struct event contract message view init inline no_inline require copy
    wrapping_add wrapping_sub wrapping_mul wrapping_shl wrapping_cast saturating_cast mul_div_floor mul_div_ceil
    leading_zeros trailing_zeros population_count sqrt floor ceil trunc nearest copysign is_nan f64_bits f64_from_bits
    allocate ref load store address_of size_of hash_of equal_keys copy_memory fill_memory trap check_index memory_limit""".split()
)
PYTHON_BUILTINS = frozenset("bool len range min max abs".split())


@dataclass(eq=False)
class Declaration:
    """Something a module names. `node` is its syntax."""

    name: str
    module: SourceModule
    node: ast.AST


@dataclass(eq=False)
class Builtin(Declaration):
    pass


@dataclass(eq=False)
class StructDeclaration(Declaration):
    node: ast.ClassDef
    variables: tuple[str, ...] = ()
    is_event: bool = False
    methods: dict[str, FunctionDeclaration] = field(default_factory=dict)


@dataclass(eq=False)
class EnumDeclaration(Declaration):
    node: ast.ClassDef


@dataclass(eq=False)
class UnitDeclaration(Declaration):
    node: ast.ClassDef
    base: ast.expr


@dataclass(eq=False)
class ContractDeclaration(Declaration):
    node: ast.ClassDef
    methods: dict[str, FunctionDeclaration] = field(default_factory=dict)


@dataclass(eq=False)
class FunctionDeclaration(Declaration):
    node: ast.FunctionDef
    owner: Declaration | None = None
    decorators: tuple[str, ...] = ()


@dataclass(eq=False)
class ConstantDeclaration(Declaration):
    node: ast.expr
    annotation: ast.expr | None = None


@dataclass(eq=False)
class VariableDeclaration(Declaration):
    """A type variable (`T = TypeVar("T")`)."""


@dataclass(eq=False)
class SourceModule:
    """One contract file: `file` is the name shown to people."""

    path: Path
    file: str
    tree: ast.Module
    names: dict[str, Declaration] = field(default_factory=dict)


Loader = Callable[[Path, str], "SourceModule | None"]


class Modules:
    """Loads contract files and follows their imports; each file once."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics
        self.loaded: dict[Path, SourceModule] = {}
        self.order: list[SourceModule] = []

    def load(self, path: Path, file: str | None = None) -> SourceModule:
        """Parse `path` and declare its names. Raises OSError when it cannot be read."""
        path = path.resolve()
        if path in self.loaded:
            return self.loaded[path]
        text, file = path.read_text(encoding="utf-8"), file or path.name
        try:
            tree = ast.parse(text, filename=str(path))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self._report_syntax(error, file)
            tree = ast.Module(body=[], type_ignores=[])
        module = SourceModule(path, file, tree)
        self.loaded[path] = module
        for node in tree.body:
            _Declarer(self, module).declare(node)
        self.order.append(module)
        return module

    def _report_syntax(self, error: BaseException, file: str) -> None:
        place = ast.Pass()
        place.lineno = getattr(error, "lineno", None) or 1
        place.col_offset = max((getattr(error, "offset", None) or 1) - 1, 0)
        self.diagnostics.add("E100", f"invalid syntax: {getattr(error, 'msg', error)}", file, place)

    def lang_name(self, name: str, importer: SourceModule, node: ast.AST) -> Declaration | None:
        """What `corten.lang` exports as `name`."""
        if name in BUILTINS:
            return Builtin(name, importer, node)
        if importer.path == CONTAINERS:
            return None
        return self.load(CONTAINERS, "corten/lang/containers.py").names.get(name)


class _Declarer:
    """Turns one module-level statement into declarations."""

    def __init__(self, modules: Modules, module: SourceModule) -> None:
        self.modules, self.module = modules, module

    def declare(self, node: ast.stmt) -> None:
        match node:
            case ast.ImportFrom():
                self._import(node)
            case ast.ClassDef():
                self._class(node)
            case ast.FunctionDef():
                self._add(FunctionDeclaration(node.name, self.module, node, None, self._decorators(node)))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self._add(ConstantDeclaration(name, self.module, value, _unwrap_final(node.annotation)))
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="TypeVar"))):
                self._add(VariableDeclaration(name, self.module, node))
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._add(ConstantDeclaration(name, self.module, value))
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                pass
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                pass
            case ast.Import():
                self._error(
                    "E201", "`import` of a whole module is not supported", node, "write `from module import name`"
                )
            case _:
                self._error(
                    "E101",
                    f"{_describe(node)} at module level is outside the language",
                    node,
                    "a contract file holds imports, constants, structs, enums, events, functions and the contract",
                )

    def _add(self, declaration: Declaration) -> None:
        known = self.module.names.get(declaration.name)
        if known is not None:
            self._error("E203", f"`{declaration.name}` is declared twice", declaration.node, "rename one of them")
            return
        self.module.names[declaration.name] = declaration

    def _error(self, code: str, message: str, node: ast.AST, hint: str = "") -> None:
        self.modules.diagnostics.add(code, message, self.module.file, node, hint)

    def _decorators(self, node: ast.FunctionDef | ast.ClassDef) -> tuple[str, ...]:
        names = []
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Name):
                names.append(decorator.id)
            else:
                self._error(
                    "E103",
                    "decorators take no arguments and no dots here",
                    decorator,
                    "write `@message`, `@view`, `@struct` …",
                )
        return tuple(names)

    def _import(self, node: ast.ImportFrom) -> None:
        if node.module in ("__future__", "typing", "collections.abc", "__main__"):
            for alias in node.names:
                if node.module == "typing" and alias.name in ("TypeVar", "Generic"):
                    self.module.names.setdefault(alias.name, Builtin(alias.name, self.module, node))
            return
        for alias in node.names:
            found = self._find(node, alias.name)
            if found is None:
                continue
            name = alias.asname or alias.name
            if self.module.names.get(name) not in (None, found):
                self._error("E203", f"`{name}` is declared twice", node, "import it under another name with `as`")
            self.module.names[name] = found

    def _find(self, node: ast.ImportFrom, name: str) -> Declaration | None:
        if node.module == "corten.lang":
            found = self.modules.lang_name(name, self.module, node)
        else:
            path = self._path(node)
            if path is None or not path.is_file():
                dots = "." * node.level
                self._error(
                    "E201",
                    f"no contract file for `from {dots}{node.module or ''} import {name}`",
                    node,
                    "contract files import `corten.lang`, `corten.contracts.*` and files beside them; other Python packages cannot be compiled",
                )
                return None
            file = f"corten/{path.relative_to(PACKAGE).as_posix()}" if path.is_relative_to(PACKAGE) else path.name
            found = self.modules.load(path, file).names.get(name)
        if found is None:
            self._error(
                "E200",
                f"`{node.module}` has no `{name}`",
                node,
                "check the spelling; docs/spec/language.md lists corten.lang",
            )
        return found

    def _path(self, node: ast.ImportFrom) -> Path | None:
        parts = (node.module or "").split(".")
        if parts[0] == "corten":
            return PACKAGE.joinpath(*parts[1:]).with_suffix(".py") if parts[1:2] == ["contracts"] else None
        if node.level > 1 or not parts[0]:
            return None
        return self.module.path.parent.joinpath(*parts).with_suffix(".py")

    def _class(self, node: ast.ClassDef) -> None:
        decorators, bases = self._decorators(node), node.bases
        if node.keywords:
            self._error("E104", "class keywords are outside the language", node, "remove them")
        if "contract" in decorators:
            declaration: Declaration = ContractDeclaration(node.name, self.module, node)
            self._check_bases(node, ("Contract",))
        elif "struct" in decorators or "event" in decorators:
            declaration = StructDeclaration(node.name, self.module, node, self._variables(node), "event" in decorators)
            self._check_bases(node, ("Generic",))
        elif len(bases) == 1 and isinstance(bases[0], ast.Name) and bases[0].id == "Enum":
            declaration = EnumDeclaration(node.name, self.module, node)
        elif len(bases) == 1 and isinstance(bases[0], ast.Subscript) and _name(bases[0].value) == "Unit":
            declaration = UnitDeclaration(node.name, self.module, node, bases[0].slice)
        else:
            self._error(
                "E104",
                f"class `{node.name}` is not a contract, struct, event, enum or unit",
                node,
                "decorate it with @contract, @struct or @event, or derive it from Enum or Unit[i64]",
            )
            return
        if isinstance(declaration, (StructDeclaration, ContractDeclaration)):
            for item in node.body:
                if isinstance(item, ast.FunctionDef):
                    if item.name in declaration.methods:
                        self._error("E203", f"method `{item.name}` is declared twice", item, "rename one of them")
                    method = FunctionDeclaration(item.name, self.module, item, declaration, self._decorators(item))
                    declaration.methods[item.name] = method
        self._add(declaration)

    def _check_bases(self, node: ast.ClassDef, allowed: tuple[str, ...]) -> None:
        for base in node.bases:
            name = _name(base.value if isinstance(base, ast.Subscript) else base)
            if name not in allowed:
                self._error(
                    "E104",
                    f"`{node.name}` inherits from `{ast.unparse(base)}`: no inheritance of state",
                    base,
                    "put the shared fields into a struct member",
                )

    def _variables(self, node: ast.ClassDef) -> tuple[str, ...]:
        for base in node.bases:
            if isinstance(base, ast.Subscript) and _name(base.value) == "Generic":
                items = base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice]
                return tuple(name for item in items if (name := _name(item)))
        return ()


def _name(node: ast.AST) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _unwrap_final(annotation: ast.expr) -> ast.expr | None:
    if _name(annotation) == "Final":
        return None
    if isinstance(annotation, ast.Subscript) and _name(annotation.value) == "Final":
        return annotation.slice
    return annotation


def _describe(node: ast.AST) -> str:
    return "`" + type(node).__name__.lower() + "`"
