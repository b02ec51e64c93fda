"""Loads contract source under CPython, with the language's meaning and the author's line numbers."""

from __future__ import annotations
import __future__

import ast
import builtins
import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from corten.base.errors import TrapCode, Trapped
from corten.base.source import decode_source, is_source_file
from corten.lang.arithmetic import integers, largest, smallest
from corten.lang.contracts import Contract, kernel
from corten.lang.floats import f64
from corten.lang.integers import Integer, default_integer, u32
from corten.lang.layout import coerce
from corten.lang.refusal import LanguageError, describe
from corten.lang.slices import MARKER, PACKAGE, Slices, is_mixed
from corten.lang.structs import Array, Place, Struct, copy
from corten.lang.transform import PREFIX, transformed

S = TypeVar("S", bound=Struct)
LIBRARY = Path(__file__).resolve().parents[1]
PLAIN_IMPORTS = ("__future__", "typing", "corten.lang")
_PACKAGE_MARKERS = ModuleType(PACKAGE, "What contract source sees of the package: `corten.kernel` marks, here.")
setattr(_PACKAGE_MARKERS, MARKER, kernel)
CONTAINERS = ("Bitmap", "Map", "Pool", "PriorityQueue", "Vec")


@dataclass(frozen=True)
class LoadedContract:
    """A contract's class; the names its `require`s give and its events, each by number; its module."""

    contract: type[Contract]
    errors: tuple[str, ...]
    events: tuple[type[Struct], ...]
    module: ModuleType


def load_contract(path: str | Path) -> LoadedContract:
    """Loads the one contract of a file; LanguageError when there is none."""
    loader = Loader()
    module = loader.load(Path(path).resolve())
    found = [kind for kind in declared(module, Contract) if kind._is_contract]
    if len(found) != 1:
        raise LanguageError(f"{path}: expected one @contract class, found {len(found)}")
    return LoadedContract(found[0], tuple(loader.errors), tuple(loader.events), module)


def load_module(path: str | Path) -> ModuleType:
    """Loads a file of contract source that need not have a contract in it."""
    return Loader().load(Path(path).resolve())


def declared(module: ModuleType, base: type[S]) -> list[type[S]]:
    """The classes of a kind that a module itself declares, in source order."""
    names = vars(module)
    classes = [kind for kind in names.values() if isinstance(kind, type) and issubclass(kind, base)]
    return [kind for kind in classes if getattr(kind, "_namespace", None) is names]


class Loader:
    """Loads files and what they import, each once."""

    def __init__(self) -> None:
        self.modules: dict[Path, ModuleType | None] = {}
        self.slices: dict[Path, Slices] = {}
        self.errors: dict[str, int] = {}
        self.events: list[type[Struct]] = []

    def load(self, path: Path, wanted: Sequence[str] = ()) -> ModuleType:
        """The module of a file; of one with kernels, as much as the `wanted` names need."""
        if path not in self.modules:
            tree = ast.parse(decode_source(path.read_bytes()), filename=str(path))
            if wanted and is_mixed(tree):
                self.slices[path], tree.body = Slices(tree), []
            self.modules[path] = None
            module = self._module(path)
            self._execute(module, tree, path)
            self.modules[path] = module
        found = self.modules[path]
        if found is None:
            raise LanguageError(f"{path}: contract files import each other in a circle")
        if path in self.slices:
            part = ast.Module(self.slices[path].take(wanted), type_ignores=[])
            self.modules[path] = None
            self._execute(found, part, path)
            self.modules[path] = found
        return found

    def load_kernel(self, path: Path, file: str, statements: list[ast.stmt]) -> ModuleType:
        """A module of what a kernel needs of its file, or of a notebook's cell."""
        module = self._module(path)
        self._execute(module, ast.Module(statements, type_ignores=[]), path, file)
        return module

    def _module(self, path: Path) -> ModuleType:
        module = ModuleType(path.stem)
        module.__file__ = str(path)
        vars(module).update(HELPERS, __builtins__={**vars(builtins), **BUILTINS, "__import__": self._import_from(path)})
        return module

    def _execute(self, module: ModuleType, tree: ast.Module, path: Path, file: str | None = None) -> None:
        names, before = error_names(tree), len(declared(module, Struct))
        code = compile(transformed(tree), file or str(path), "exec", flags=__future__.annotations.compiler_flag)
        exec(code, vars(module))  # the contract itself
        for name in names:
            self.errors.setdefault(name, len(self.errors) + 1)
        self.events += [kind for kind in declared(module, Struct)[before:] if kind._is_event]

    def _import_from(self, importer: Path) -> Any:
        def import_module(
            name: str, _globals: object = None, _locals: object = None, names: object = (), level: int = 0
        ) -> ModuleType:
            if level == 0 and name in PLAIN_IMPORTS:
                return importlib.import_module(name)
            if level == 0 and name == PACKAGE:
                return _PACKAGE_MARKERS
            return self.load(source_of(name, importer, level), names if isinstance(names, tuple) else ())

        return import_module


def source_of(name: str, importer: Path, level: int = 0) -> Path:
    """The contract file that an import names: beside the importer, or in the library."""
    parts = name.split(".")
    if level == 0 and parts[:2] == ["corten", "contracts"] and len(parts) > 2:
        path = LIBRARY.joinpath(*parts[1:]).with_suffix(".py")
    else:
        path = importer.parent.joinpath(*parts).with_suffix(".py")
    if level or not is_source_file(path):
        raise LanguageError(
            f"{importer}: contract source imports corten.lang, corten.contracts.* and files beside it, found {name!r}"
        )
    return path


def error_names(tree: ast.AST) -> list[str]:
    """The names that `require` gives, in source order."""
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require"
    ]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    names = [argument.value for call in calls for argument in call.args[1:] if isinstance(argument, ast.Constant)]
    return [name for name in names if isinstance(name, str)]


def _returned(kind: Any, value: Any) -> Any:
    """A result: a struct is copied."""
    value = coerce(kind, value)
    return copy(value) if isinstance(value, Place) else value


def _like(value: Any, example: Any) -> Any:
    """A literal adopts the type of another value."""
    adopt = getattr(type(example), "adopt", None)
    return adopt(value) if adopt is not None and value.__class__ in (int, float) else value


def _bind(variable: Any, pattern: Any, value: Any) -> Any:
    """What a type variable stands for, when a parameter annotated `pattern` gets `value`."""
    found = _matched(variable, pattern, type(default_integer(value)))
    if found is None:
        raise LanguageError(f"{describe(value)} does not tell what {variable.__name__} is")
    return found


def _matched(variable: Any, pattern: Any, kind: Any) -> Any:
    if pattern is variable:
        return kind
    pairs = zip(_type_arguments(pattern), _type_arguments(kind), strict=False)
    return next((found for one, other in pairs if (found := _matched(variable, one, other)) is not None), None)


def _type_arguments(kind: Any) -> tuple[Any, ...]:
    if isinstance(kind, type) and issubclass(kind, Array):
        return (kind.element,)
    if isinstance(kind, type) and hasattr(kind, "target"):
        return (kind.target,)
    return getattr(kind, "_arguments", ())


def _iterate(values: Any) -> Iterator[Any]:
    """What a `for` runs over; a container's length is read again before every step."""
    if hasattr(values, "__iter__"):
        yield from values
        return
    index = u32(0)
    while index < len(values):
        yield values[index]
        index += 1


def _range(*bounds: Any) -> Iterator[Any]:
    """`range` of the language: its numbers have the type of its bounds."""
    kind = type(integers(*bounds[:2])[0])
    for number in range(*map(int, bounds)):
        yield kind(number)


def _length(container: Any) -> Integer:
    """`len` of the language."""
    return u32(len(container))


def _assertion_failed() -> None:
    raise Trapped(TrapCode.ASSERTION_FAILED)


HELPERS = {
    PREFIX + name: function
    for name, function in {
        "coerce": coerce, "returned": _returned, "local": default_integer, "like": _like, "f64": f64, "bind": _bind,
        "iterate": _iterate, "assertion_failed": _assertion_failed,
    }.items()
}  # fmt: skip
BUILTINS = {"range": _range, "min": smallest, "max": largest, "len": _length}


@cache
def _containers() -> ModuleType:
    return load_module(Path(__file__).with_name("containers.py"))


def __getattr__(name: str) -> Any:
    if name in CONTAINERS:
        return getattr(_containers(), name)
    raise AttributeError(f"{__name__} has no {name!r}")
