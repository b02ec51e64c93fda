"""The rules of style as functions from source text to violations; every message names what to write instead."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAXIMUM_LINES = 600
VAGUE_NAMES = frozenset({"utils", "util", "common", "core", "helpers", "helper", "misc"})


@dataclass(frozen=True)
class Violation:
    line: int
    message: str


def file_length(source: str) -> Iterator[Violation]:
    """A file that no one can hold in mind is two files."""
    count = len(source.splitlines())
    if count > MAXIMUM_LINES:
        yield Violation(count, f"{count} lines; split it by what it does into files of at most {MAXIMUM_LINES}")


def bare_except(tree: ast.Module) -> Iterator[Violation]:
    """Catching everything hides our own bugs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield Violation(node.lineno, "bare `except:`; name the errors that are expected here")


def broad_except(tree: ast.Module) -> Iterator[Violation]:
    """`except Exception` belongs to the outermost door only."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and _names(node.type) & {"Exception", "BaseException"}:
            yield Violation(node.lineno, "`except Exception`; name the errors that are expected here")


def _names(node: ast.expr | None) -> set[str]:
    items = node.elts if isinstance(node, ast.Tuple) else [node]
    return {item.id for item in items if isinstance(item, ast.Name)}


# ── code that decides state ──────────────────────────────────────────────────────────────────────────────────────────

FORBIDDEN_IMPORTS = {
    "random": "randomness: take a seed as an argument and draw from a counter-based generator",
    "secrets": "randomness: take the bytes as an argument",
    "uuid": "randomness: number things in order",
    "time": "wall clock: take block time (`self.time`) as an argument",
    "datetime": "wall clock: take block time (`self.time`, in ns) as an argument",
}

FORBIDDEN_BUILTINS = {
    "hash": "`hash()` differs between processes: use `corten.lang.hash_of`, or hashlib.sha256 on the bytes",
    "id": "`id()` is an address: use an index, a handle or a dict keyed by the object",
}

HOST_LIBM = frozenset(
    "acos acosh asin asinh atan atan2 atanh cbrt cos cosh erf erfc exp exp2 expm1 gamma hypot lgamma log log10 log1p "
    "log2 pow sin sinh tan tanh".split()
)
LIBM_MODULES = frozenset({"math", "cmath", "np", "numpy", "scipy"})


def state_imports(tree: ast.Module) -> Iterator[Violation]:
    """What must not even be imported where state is decided."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            modules = [node.module or ""]
        else:
            continue
        for module in modules:
            if module in FORBIDDEN_IMPORTS:
                yield Violation(node.lineno, f"imports {module}: {FORBIDDEN_IMPORTS[module]}")


def state_builtins(tree: ast.Module) -> Iterator[Violation]:
    """`hash()` and `id()`; a class may use hash() in its own `__hash__`, which only CPython's dictionaries see."""
    own_hash = {
        id(call)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "__hash__"
        for call in ast.walk(node)
    }
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id in FORBIDDEN_BUILTINS and id(node) not in own_hash:
            yield Violation(node.lineno, FORBIDDEN_BUILTINS[node.func.id])


def host_libm(tree: ast.Module) -> Iterator[Violation]:
    """exp, log and their kin differ in the last bit from one libm to the next; sqrt, floor and ceil do not."""
    instead = "host libm rounds differently per machine: call the function compiled from contract Python"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in LIBM_MODULES and node.attr in HOST_LIBM:
                yield Violation(node.lineno, f"{node.value.id}.{node.attr}: {instead}")
        elif isinstance(node, ast.ImportFrom) and node.module in LIBM_MODULES:
            for alias in node.names:
                if alias.name in HOST_LIBM:
                    yield Violation(node.lineno, f"{node.module}.{alias.name}: {instead}")


def set_iteration(tree: ast.Module) -> Iterator[Violation]:
    """The order of a set differs between processes."""
    names = _set_names(tree)
    for node in ast.walk(tree):
        for iterated in _iterated(node):
            if _is_set(iterated, names):
                message = "iterates over a set: use sorted(…), or a dict or list to begin with"
                yield Violation(iterated.lineno, message)


def _iterated(node: ast.AST) -> list[ast.expr]:
    """The expressions whose order shows in what `node` does."""
    match node:
        case ast.For():
            return [node.iter]
        case ast.ListComp() | ast.DictComp() | ast.GeneratorExp() if not isinstance(node, ast.SetComp):
            return [generator.iter for generator in node.generators]
        case ast.Starred():
            return [node.value]
        case ast.Call(func=ast.Name(id="list" | "tuple" | "enumerate" | "iter"), args=[first, *_]):
            return [first]
        case ast.Call(func=ast.Attribute(attr="join"), args=[only]):
            return [only]
        case _:
            return []


def _is_set(node: ast.expr, names: set[str]) -> bool:
    match node:
        case ast.Set() | ast.SetComp():
            return True
        case ast.Call(func=ast.Name(id="set" | "frozenset")):
            return True
        case ast.Name() | ast.Attribute():
            return ast.unparse(node) in names
        case ast.BinOp(op=ast.BitOr() | ast.BitAnd() | ast.Sub()):
            return _is_set(node.left, names) or _is_set(node.right, names)
        case _:
            return False


def _set_names(tree: ast.Module) -> set[str]:
    """Names (`x`, `self.x`) that a file only ever binds to sets; a name bound to anything else is left alone."""
    bound: dict[str, list[bool]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    bound.setdefault(ast.unparse(target), []).append(_is_set(value, set()))
            case ast.AnnAssign(target=target, annotation=annotation):
                is_set = ast.unparse(annotation).split("[")[0] in {"set", "frozenset"}
                bound.setdefault(ast.unparse(target), []).append(is_set)
            case ast.arg(arg=name):
                is_set = node.annotation is not None and ast.unparse(node.annotation).split("[")[0] in {
                    "set",
                    "frozenset",
                }
                bound.setdefault(name, []).append(is_set)
            case ast.For(target=ast.Name(id=name)):
                bound.setdefault(name, []).append(False)
            case _:
                pass
    return {name for name, kinds in bound.items() if all(kinds)}


EVERYWHERE: list[Callable[[ast.Module], Iterator[Violation]]] = [bare_except]
WHERE_STATE_IS_DECIDED: list[Callable[[ast.Module], Iterator[Violation]]] = [
    state_imports,
    state_builtins,
    host_libm,
    set_iteration,
]
