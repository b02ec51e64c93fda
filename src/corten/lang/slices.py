"""The part of a Python file that some of its names need: kernels live in files that hold ordinary Python beside them.

A file with a function decorated `@kernel` or `@corten.kernel` is *mixed*: what is imported from it is sliced out, and
the rest (numpy, plots, loops at module level) is not looked at. Nodes keep their places, so diagnostics and traceback
lines are the author's. What a function needs follows Python's scoping: a name that it binds anywhere is local to it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MARKER = "kernel"
PACKAGE = "corten"


@dataclass(frozen=True)
class _Unit:
    """A statement of the module and the names that it binds."""

    statement: ast.stmt
    binds: frozenset[str]


class Slices:
    """Hands out a module's statements as names are asked for, each once."""

    def __init__(self, tree: ast.Module) -> None:
        self._units = [unit for statement in tree.body for unit in _units(statement)]
        self._binders: dict[str, list[int]] = {}
        for number, unit in enumerate(self._units):
            for name in unit.binds:
                self._binders.setdefault(name, []).append(number)
        self._taken: set[int] = set()

    def take(self, names: Iterable[str]) -> list[ast.stmt]:
        """The statements that `names` need and that were not handed out yet, in source order."""
        waiting, found = list(names), set[int]()
        while waiting:
            for number in self._binders.get(waiting.pop(), ()):
                if number not in found and number not in self._taken:
                    found.add(number)
                    waiting += sorted(free_names(self._units[number].statement))
        self._taken |= found
        return [self._units[number].statement for number in sorted(found)]

    def add(self, function: ast.FunctionDef) -> None:
        """A function that is not a statement of the module (it stands inside another one), as if it were the last."""
        for number in self._binders.get(function.name, ()):
            self._taken.add(number)
        self._binders[function.name] = [len(self._units)]
        self._units.append(_Unit(function, frozenset((function.name,))))


def is_mixed(tree: ast.Module) -> bool:
    """Whether a file declares kernels, so that what is imported from it is sliced."""
    return any(is_kernel(node) for node in tree.body)


def is_kernel(node: ast.stmt) -> bool:
    """Whether a statement is a function decorated as a kernel, in either spelling."""
    return isinstance(node, ast.FunctionDef) and any(_is_marker(each) for each in node.decorator_list)


def _is_marker(decorator: ast.expr) -> bool:
    if isinstance(decorator, ast.Attribute):
        return decorator.attr == MARKER and isinstance(decorator.value, ast.Name)
    return isinstance(decorator, ast.Name) and decorator.id == MARKER


def kernel_names(tree: ast.Module) -> list[str]:
    """The kernels that a file declares, in source order."""
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and is_kernel(node)]


def _units(node: ast.stmt) -> Iterator[_Unit]:
    """A statement; an import of several names as several, since only some of them may mean something here."""
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            single = ast.copy_location(ast.ImportFrom(node.module, [alias], node.level), node)
            yield _Unit(single, frozenset((alias.asname or alias.name,)))
    elif isinstance(node, ast.Import):
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            yield _Unit(ast.copy_location(ast.Import([alias]), node), frozenset((bound,)))
    else:
        yield _Unit(node, frozenset(_bound(node)))


def _bound(node: ast.stmt) -> Iterator[str]:
    """Names that a statement binds in the module."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    for part in _own_parts(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id
        elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield part.name
        elif isinstance(part, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in part.names)


def _own_parts(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement that run in the module's own scope."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            yield from _own_parts(child)


def free_names(node: ast.AST) -> set[str]:
    """Names that a statement reads from outside of itself; annotations in quotes are read, too."""
    found: set[str] = set()
    _collect(node, found)
    return found


def _collect(node: ast.AST, found: set[str]) -> None:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        _collect_function(node, found)
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        found.add(node.id)
    if isinstance(node, ast.AnnAssign):
        _collect_annotation(node.annotation, found)
    for child in ast.iter_child_nodes(node):
        _collect(child, found)


def _collect_function(node: ast.FunctionDef | ast.AsyncFunctionDef, found: set[str]) -> None:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    outer = [*node.decorator_list, *node.args.defaults, *(each for each in node.args.kw_defaults if each is not None)]
    for part in outer:
        _collect(part, found)
    for annotation in [*(each.annotation for each in arguments), node.returns]:
        if annotation is not None:
            _collect(annotation, found)
            _collect_annotation(annotation, found)
    inner: set[str] = set()
    bound = {each.arg for each in arguments}
    for statement in node.body:
        _collect(statement, inner)
        bound |= {
            part.id for part in ast.walk(statement) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        }
    found |= inner - bound


def _collect_annotation(node: ast.expr, found: set[str]) -> None:
    """An annotation in quotes."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            try:
                found |= {
                    name.id for name in ast.walk(ast.parse(part.value, mode="eval")) if isinstance(name, ast.Name)
                }
            except SyntaxError:
                continue
