"""Contract files and what they declare at module level; imports between them."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from corten.base.source import decode_source, is_source_file
from corten.compiler.diagnostics import Diagnostics
from corten.compiler.limits import MAX_FILES, MAX_SOURCE_BYTES, MAX_SYNTAX_DEPTH, MAX_SYNTAX_NODES
from corten.host import BY_NAME
from corten.lang.slices import MARKER, Slices, is_mixed

PACKAGE = Path(__file__).resolve().parent.parent
CONTAINERS = PACKAGE / "lang" / "containers.py"
CONTAINERS_FILE = "corten/lang/containers.py"

#: names of corten.lang that the compiler knows itself; every other name is looked up in lang/containers.py
BUILTINS = frozenset(
    """u8 u16 u32 u64 i8 i16 i32 i64 i128 f64 bytes32 Array Handle Ref Unit Enum Contract Generic TypeVar TrapCode
    struct event contract message view init inline no_inline kernel require copy
    wrapping_add wrapping_sub wrapping_mul wrapping_shl wrapping_cast saturating_cast mul_div_floor mul_div_ceil
    leading_zeros trailing_zeros population_count sqrt floor ceil trunc nearest copysign is_nan f64_bits f64_from_bits
    allocate ref load store address_of size_of hash_of equal_keys copy_memory fill_memory trap check_index
    At interface memory_limit""".split()
) | {"bytes_at", *BY_NAME}
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
    """A contract, or with `is_interface` only the signatures of one."""

    node: ast.ClassDef
    methods: dict[str, FunctionDeclaration] = field(default_factory=dict)
    is_interface: bool = False


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
class BrokenDeclaration(Declaration):
    """A name whose declaration or import has a diagnostic already: its uses need none."""


@dataclass(eq=False)
class SourceModule:
    """One contract file: `file` is the name shown to people.

    Of a file that declares kernels, `tree` and `names` hold what was asked for so far.
    """

    path: Path
    file: str
    tree: ast.Module
    names: dict[str, Declaration] = field(default_factory=dict)
    slices: Slices | None = None


class Modules:
    """Loads contract files and follows their imports; each file once."""

    def __init__(self, diagnostics: Diagnostics) -> None:
        self.diagnostics = diagnostics
        self.loaded: dict[Path, SourceModule] = {}
        self.order: list[SourceModule] = []
        self._open: list[Path] = []

    def load(self, path: Path, file: str | None = None, wanted: str | None = None) -> SourceModule:
        """Parse `path` and declare its names; of a file with kernels, what `wanted` needs. OSError if unreadable."""
        path = path.resolve()
        if path not in self.loaded:
            tree = self._parse(path, file or path.name)
            module = SourceModule(path, file or path.name, tree)
            if wanted is not None and is_mixed(tree):
                module.tree, module.slices = ast.Module(body=[], type_ignores=[]), Slices(tree)
            self.loaded[path] = module
            if module.slices is None:
                self._declare(module, tree.body)
            self.order.append(module)
        module = self.loaded[path]
        if module.slices is not None and wanted is not None:
            statements = module.slices.take([wanted])
            module.tree.body += statements
            self._declare(module, statements)
        return module

    def load_kernel(
        self, module: SourceModule, content: bytes, function: ast.FunctionDef | None, name: str
    ) -> SourceModule:
        """What the kernel `name` needs of a file, or of a notebook's cell, with this content.

        `module` is the file, its tree what stands before the content; `function` is the kernel's own node if it is no
        statement of the module.
        """
        path = module.path = module.path.resolve()
        tree = self._parsed(content, str(path), module.file)
        module.slices = Slices(ast.Module([*module.tree.body, *tree.body], type_ignores=[]))
        module.tree = ast.Module(body=[], type_ignores=[])
        if function is not None:
            module.slices.add(function)
        self.loaded[path] = module
        self.order.append(module)
        return self.load(path, module.file, name)

    def _declare(self, module: SourceModule, statements: list[ast.stmt]) -> None:
        self._open.append(module.path)
        for node in statements:
            _Declarer(self, module).declare(node)
        self._open.pop()

    def is_open(self, path: Path) -> bool:
        """Whether a file is still being read: it imports, perhaps by others, the file that asks."""
        return path.resolve() in self._open

    def _parse(self, path: Path, file: str) -> ast.Module:
        """The syntax tree; empty after a diagnostic."""
        return self._parsed(path.read_bytes(), str(path), file)

    def _parsed(self, source: bytes, path: str, file: str) -> ast.Module:
        empty = ast.Module(body=[], type_ignores=[])
        if len(source) > MAX_SOURCE_BYTES or len(self.loaded) >= MAX_FILES:
            message = f"more than {MAX_FILES} files, or one of more than {MAX_SOURCE_BYTES} bytes"
            self.diagnostics.add("E600", message, file, empty, "split the contract")
            return empty
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(decode_source(source), filename=path)
                if not self._is_too_large(tree, file):
                    compile(tree, path, "exec", dont_inherit=True)  # finds what the grammar allows, as `break` alone
                    return tree
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self._report_syntax(error, file)
        return empty

    def _is_too_large(self, tree: ast.Module, file: str) -> bool:
        """Whether the tree is over a limit, after a diagnostic; nothing has looked at it yet."""
        count, level = 0, list[ast.AST]([tree])
        for _ in range(MAX_SYNTAX_DEPTH):
            count += len(level)
            for node in level:
                if isinstance(node, ast.Constant) and isinstance(node.value, int) and abs(node.value) >= 1 << 256:
                    self.diagnostics.add("E303", "an integer of more than 256 bits", file, node, "no type holds it")
                    return True
            level = [child for node in level for child in ast.iter_child_nodes(node)]
            if count > MAX_SYNTAX_NODES or not level:
                break
        if level:
            self.diagnostics.add("E600", "the source is too large or nested too deeply", file, level[0], "split it")
        return bool(level)

    def _report_syntax(self, error: BaseException, file: str) -> None:
        place = ast.Pass()
        place.lineno = getattr(error, "lineno", None) or 1
        place.col_offset = max((getattr(error, "offset", None) or 1) - 1, 0)
        message = getattr(error, "msg", None) or str(error) or "nested too deeply"
        self.diagnostics.add("E100", f"invalid syntax: {message}", file, place, "it must be valid Python first")

    def lang_name(self, name: str, importer: SourceModule, node: ast.AST) -> Declaration | None:
        """What `corten.lang` exports as `name`."""
        if name in BUILTINS:
            return Builtin(name, importer, node)
        if importer.path == CONTAINERS:
            return None
        return self.load(CONTAINERS, CONTAINERS_FILE).names.get(name)


class _Declarer:
    """Turns one module-level statement into declarations."""

    def __init__(self, modules: Modules, module: SourceModule) -> None:
        self.modules, self.module = modules, module

    def declare(self, node: ast.stmt) -> None:
        """Declare what a statement declares; report what a contract file does not hold."""
        match node:
            case ast.ImportFrom():
                self._import(node)
            case ast.ClassDef():
                self._class(node)
            case ast.FunctionDef():
                self._add(FunctionDeclaration(node.name, self.module, node, None, self._function_decorators(node)))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self._add(ConstantDeclaration(name, self.module, value, _unwrap_final(node.annotation)))
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self._assign(name, value, node)
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                pass
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=[]):
                pass
            case ast.Import(names=[ast.alias(name="corten") as alias]):
                name = alias.asname or alias.name
                self.module.names[name] = Builtin("corten", self.module, node)
            case ast.Import():
                hint = "write `from module import name`"
                self._error("E201", "`import` of a whole module is not supported", node, hint)
            case _:
                message = f"`{type(node).__name__.lower()}` at module level is outside the language"
                hint = "a contract file holds imports, constants, structs, enums, events, functions and the contract"
                self._error("E101", message, node, hint)

    def _assign(self, name: str, value: ast.expr, node: ast.Assign) -> None:
        match value:
            case ast.Call(func=ast.Name(id="TypeVar")):
                self._add(VariableDeclaration(name, self.module, node))
            case _ if name != "__all__":
                self._add(ConstantDeclaration(name, self.module, value))

    def _add(self, declaration: Declaration) -> None:
        if declaration.name in self.module.names:
            self._error("E203", f"`{declaration.name}` is declared twice", declaration.node, "rename one of them")
        elif declaration.name in PYTHON_BUILTINS:
            message = f"`{declaration.name}` is a name of the language"
            self._error("E203", message, declaration.node, "use another name")
        else:
            self.module.names[declaration.name] = declaration

    def _error(self, code: str, message: str, node: ast.AST, hint: str = "") -> None:
        self.modules.diagnostics.add(code, message, self.module.file, node, hint)

    # ---- imports -------------------------------------------------------------------------------------------------

    def _import(self, node: ast.ImportFrom) -> None:
        if node.module in ("__future__", "typing"):
            for alias in node.names:
                if alias.name in ("TypeVar", "Generic"):
                    self.module.names.setdefault(alias.name, Builtin(alias.name, self.module, node))
            return
        for alias in node.names:
            if alias.name == "*":
                self._error("E201", "`import *` hides where names come from", node, "name what you import")
                return
            name = alias.asname or alias.name
            found = self._find(node, alias.name) or BrokenDeclaration(name, self.module, node)
            if self.module.names.get(name) not in (None, found):
                self._error("E203", f"`{name}` is declared twice", node, "import it under another name with `as`")
            self.module.names[name] = found

    def _find(self, node: ast.ImportFrom, name: str) -> Declaration | None:
        """The declaration that an import names; None after a diagnostic."""
        if node.module == "corten" and name == MARKER and not node.level:
            return Builtin(MARKER, self.module, node)
        if node.module == "corten.lang" and not node.level:
            found = self.modules.lang_name(name, self.module, node)
        else:
            path = self._path(node)
            if path is None:
                return None
            file = f"corten/{path.relative_to(PACKAGE).as_posix()}" if path.is_relative_to(PACKAGE) else path.name
            found = self.modules.load(path, file, name).names.get(name)
        if found is None:
            hint = "check the spelling; docs/spec/language.md lists corten.lang"
            self._error("E200", f"`{node.module}` has no `{name}`", node, hint)
        return found

    def _path(self, node: ast.ImportFrom) -> Path | None:
        """The contract file of an import: beside the importer, or in the library."""
        parts = (node.module or "").split(".")
        if node.level or not parts[0]:
            hint = f"write `from {node.module or 'file'} import …`: files are looked up beside this one"
            self._error("E201", "relative imports are not supported", node, hint)
            return None
        if parts[0] == "corten":
            path = PACKAGE.joinpath(*parts[1:]).with_suffix(".py") if parts[1:2] == ["contracts"] else None
        else:
            path = self.module.path.parent.joinpath(*parts).with_suffix(".py")
        if path is None or not is_source_file(path):
            hint = "contract files import corten.lang, corten.contracts.* and files beside them, no other packages"
            self._error("E201", f"no contract file for `from {node.module} import …`", node, hint)
            return None
        if self.modules.is_open(path):
            hint = "move what both need into a third file"
            self._error("E201", "contract files import each other in a circle", node, hint)
            return None
        return path

    # ---- classes -------------------------------------------------------------------------------------------------

    def _class(self, node: ast.ClassDef) -> None:
        decorators = self._decorators(node)
        for base in node.bases:
            name = base.value if isinstance(base, ast.Subscript) else base
            if isinstance(name, ast.Name):
                self._check_known(name)
        if node.keywords:
            self._error("E104", "class keywords are outside the language", node, "remove them")
        kinds = [name for name in decorators if name in _CLASS_DECORATORS]
        if len(decorators) > 1 or len(kinds) != len(decorators):
            hint = "use one of @contract, @struct, @event"
            self._error("E104", f"decorators of `{node.name}` do not fit: {', '.join(decorators)}", node, hint)
            if not kinds:
                self._add(BrokenDeclaration(node.name, self.module, node))
                return
        declaration = self._class_declaration(node, kinds[0] if kinds else None)
        if declaration is None:
            hint = "decorate it with @contract, @struct or @event, or derive it from Enum or Unit[i64]"
            message = f"class `{node.name}` is not a contract, struct, event, enum or unit"
            self._error("E104", message, node, hint)
            declaration = BrokenDeclaration(node.name, self.module, node)
        if isinstance(declaration, (StructDeclaration, ContractDeclaration)):
            self._declare_methods(declaration, node)
        self._add(declaration)

    def _class_declaration(self, node: ast.ClassDef, kind: str | None) -> Declaration | None:
        if kind == "contract":
            self._check_bases(node, ("Contract",))
            return ContractDeclaration(node.name, self.module, node)
        if kind == "interface":
            self._check_bases(node, ("Protocol", "Contract"))
            return ContractDeclaration(node.name, self.module, node, is_interface=True)
        if kind is not None:
            self._check_bases(node, ("Generic",) if kind == "struct" else ())
            return StructDeclaration(node.name, self.module, node, self._variables(node), kind == "event")
        match node.bases:
            case [ast.Name(id="Enum")]:
                return EnumDeclaration(node.name, self.module, node)
            case [ast.Subscript(value=ast.Name(id="Unit"), slice=base)]:
                self._check_empty(node)
                return UnitDeclaration(node.name, self.module, node, base)
        return None

    def _declare_methods(self, declaration: StructDeclaration | ContractDeclaration, node: ast.ClassDef) -> None:
        for item in node.body:
            if isinstance(item, ast.FunctionDef):
                if item.name in declaration.methods:
                    self._error("E203", f"method `{item.name}` is declared twice", item, "rename one of them")
                    continue
                is_contract = isinstance(declaration, ContractDeclaration)
                decorators = self._decorators(item) if is_contract else self._function_decorators(item)
                method = FunctionDeclaration(item.name, self.module, item, declaration, decorators)
                declaration.methods[item.name] = method

    def _check_bases(self, node: ast.ClassDef, allowed: tuple[str, ...]) -> None:
        for base in node.bases:
            name = _name(base.value if isinstance(base, ast.Subscript) else base)
            if name not in allowed:
                hint = "put the shared fields into a struct member"
                message = f"`{node.name}` inherits from `{ast.unparse(base)}`: no inheritance of state"
                self._error("E104", message, base, hint)

    def _check_empty(self, node: ast.ClassDef) -> None:
        """A unit's body says nothing."""
        for item in node.body:
            value = item.value.value if isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) else None
            if not isinstance(item, ast.Pass) and value is not Ellipsis and not isinstance(value, str):
                self._error("E104", f"the body of unit `{node.name}` is empty", item, "write `...`")

    def _variables(self, node: ast.ClassDef) -> tuple[str, ...]:
        for base in node.bases:
            if isinstance(base, ast.Subscript) and _name(base.value) == "Generic":
                items = base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice]
                names = tuple(name for item in items if (name := _name(item)))
                known = all(isinstance(self.module.names.get(name), VariableDeclaration) for name in names)
                if not known or len(set(names)) != len(items):
                    hint = 'declare them before: T = TypeVar("T")'
                    self._error("E104", "Generic[…] takes type variables", base, hint)
                return tuple(dict.fromkeys(names))
        return ()

    # ---- decorators ----------------------------------------------------------------------------------------------

    def _decorators(self, node: ast.FunctionDef | ast.ClassDef) -> tuple[str, ...]:
        names = []
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Name):
                self._check_known(decorator)
                names.append(decorator.id)
            elif self._is_package_marker(decorator):
                names.append(MARKER)
            else:
                hint = "write `@message`, `@view`, `@struct` …"
                self._error("E103", "decorators take no arguments and no dots here", decorator, hint)
        return tuple(names)

    def _is_package_marker(self, decorator: ast.expr) -> bool:
        """Whether it is `corten.kernel`."""
        match decorator:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if attribute == MARKER:
                found = self.module.names.get(name)
                return isinstance(found, Builtin) and found.name == "corten"
        return False

    def _check_known(self, node: ast.Name) -> None:
        """Whether a name of the language is imported."""
        if node.id in BUILTINS and node.id not in self.module.names:
            hint = "add it to `from corten.lang import …`"
            self._error("E200", f"unknown name `{node.id}`", node, hint)

    def _function_decorators(self, node: ast.FunctionDef) -> tuple[str, ...]:
        """Decorators of what is no entry."""
        names = self._decorators(node)
        unknown = [name for name in names if name not in _HINT_DECORATORS]
        if unknown:
            hint = "helpers take @inline and @no_inline; messages, views and init are methods of the contract"
            self._error("E103", f"`@{unknown[0]}` is not for `{node.name}`", node.decorator_list[0], hint)
        return names


_CLASS_DECORATORS = ("contract", "struct", "event", "interface")
_HINT_DECORATORS = ("inline", "no_inline", MARKER)


def _name(node: ast.AST) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _unwrap_final(annotation: ast.expr) -> ast.expr | None:
    if _name(annotation) == "Final":
        return None
    if isinstance(annotation, ast.Subscript) and _name(annotation.value) == "Final":
        return annotation.slice
    return annotation
