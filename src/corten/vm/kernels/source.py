"""Where a kernel's source is: a function of a file or of a notebook's cell, and what it needs of it."""

from __future__ import annotations

import ast
import builtins
import hashlib
import inspect
import linecache
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from corten.base.errors import InvalidInput
from corten.lang.slices import Slices, free_names

_EXPECTED: Final = "a function written in a file or in a notebook's cell, so that its source can be read"


@dataclass(frozen=True)
class FunctionSource:
    """A function's file as it was when the function was defined."""

    function: Callable[..., Any]
    file: str
    content: bytes

    @classmethod
    def of(cls, function: Callable[..., Any]) -> FunctionSource:
        """Reads the source; InvalidInput for what is no plain function, or was typed into a prompt."""
        code = getattr(function, "__code__", None)
        if code is None:
            raise InvalidInput("kernel", _EXPECTED, f"{type(function).__name__} {function!r}")
        linecache.checkcache(code.co_filename)
        lines = linecache.getlines(code.co_filename, function.__globals__)
        if not lines:
            found = f"{code.co_name}, whose source {code.co_filename!r} cannot be read: save it in a file and import it"
            raise InvalidInput("kernel", _EXPECTED, found)
        if code.co_freevars:
            found = f"{code.co_name}, which uses {', '.join(code.co_freevars)} of the function around it"
            raise InvalidInput("kernel", "a function that uses its parameters and names of its module", found)
        return cls(function, code.co_filename, "".join(lines).encode())

    @property
    def name(self) -> str:
        """The function's own name."""
        return self.function.__name__

    @property
    def shown(self) -> str:
        """The file's name in the module, wherever it lies."""
        return Path(self.file).name

    @cached_property
    def path(self) -> Path:
        """The file; a cell counts as one in the current directory."""
        path = Path(self.file)
        return path.resolve() if path.is_file() else Path.cwd() / f"{path.name}.py"

    @cached_property
    def node(self) -> ast.FunctionDef | None:
        """The kernel's own node if it is no statement of the module; None too where the source does not parse."""
        try:
            tree = ast.parse(self.content)
        except (SyntaxError, ValueError):
            return None
        line = self.function.__code__.co_firstlineno
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name == self.name and line == _first_line(node):
                return None if node in tree.body else node
        return None

    @property
    def definition(self) -> ast.FunctionDef:
        """The function's own statement."""
        for statement in [self.node, *reversed(self.statements)]:
            if isinstance(statement, ast.FunctionDef) and statement.name == self.name:
                return statement
        raise InvalidInput("kernel", _EXPECTED, f"{self.name}, whose file does not parse")

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """What the kernel needs of its file; empty where it does not parse."""
        try:
            slices = Slices(ast.parse(self.content))
        except (SyntaxError, ValueError):
            return []
        if self.node is not None:
            slices.add(self.node)
        return slices.take([self.name])

    @cached_property
    def preamble(self) -> str:
        """Imports and constants that the kernel needs and its source does not have: a notebook's other cells do."""
        bound = {name for statement in self.statements for name in _names_bound(statement)}
        needed = {name for statement in self.statements for name in free_names(statement)} - bound
        found = [
            _declaration(name, self.function.__globals__) for name in sorted(needed) if not hasattr(builtins, name)
        ]
        return "".join(f"{line}\n" for line in found if line)

    def key(self) -> bytes:
        """Hash of what the kernel compiles to: its statements with their places, and what its imports may mean."""
        text = "".join(ast.dump(statement, include_attributes=True) for statement in self.statements)
        return hashlib.sha256(f"{self.name}\n{self.shown}\n{self.preamble}\n{text or self.content!r}".encode()).digest()


class Signature:
    """Stands for the Python function of a kernel that has none."""

    def __init__(self, name: str, parameters: Sequence[inspect.Parameter]) -> None:
        self.__name__ = self.__qualname__ = name
        self.__signature__ = inspect.Signature(parameters)

    def __call__(self, *_: Any) -> Any:
        raise InvalidInput(
            self.__name__, "a kernel that a Python function was written for", "one that was made of text"
        )


@dataclass(frozen=True)
class TextSource(FunctionSource):
    """A kernel by its text alone: made of other kernels, or come from another process."""

    written_preamble: str

    @classmethod
    def extended(cls, source: FunctionSource, name: str, text: str, parameters: Sequence[str]) -> TextSource:
        """A function that `text` defines behind the file of `source`. InvalidInput as `detached`."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        signature = Signature(name, [inspect.Parameter(one, kind) for one in parameters])
        content = source.content + f"\n\n{text}".encode()
        return replace(cls.detached(source), function=signature, content=content)

    @classmethod
    def detached(cls, source: FunctionSource) -> TextSource:
        """The same kernel without its Python function. InvalidInput for a nested function."""
        if source.node is not None:
            raise InvalidInput(source.name, "a kernel at the top level of its file", "one inside a function")
        empty = inspect.Parameter.empty
        parameters = [one.replace(annotation=empty) for one in inspect.signature(source.function).parameters.values()]
        return cls(Signature(source.name, parameters), source.file, source.content, source.preamble)

    @property
    def node(self) -> None:
        """It stands at the top level."""

    @property
    def preamble(self) -> str:
        """As it was when the text was made."""
        return self.written_preamble


def _first_line(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _names_bound(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.ImportFrom(names=names) | ast.Import(names=names):
            return [alias.asname or alias.name for alias in names]
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
    return [part.id for part in ast.walk(statement) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]


def _declaration(name: str, names: dict[str, Any]) -> str:
    """An import or a constant that gives `name` the meaning it has in a module; empty where there is none."""
    value = names.get(name)
    if type(value) in (int, float, bool):
        return f"{name} = {value!r}"
    home, original = getattr(value, "__module__", "") or "", getattr(value, "__name__", "")
    if home.startswith("corten.lang"):
        return f"from corten.lang import {original} as {name}"
    if name == "corten":
        return "import corten"
    return f"from {home} import {original} as {name}" if home.startswith("corten.contracts.") else ""
