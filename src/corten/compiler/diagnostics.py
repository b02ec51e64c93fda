"""Collects diagnostics over a stage, so that an author sees all of them at once.

Codes are permanent: E1xx syntax outside the language, E2xx names and imports, E3xx types, E4xx flow and references,
E5xx the shape of contracts and kernels, E6xx limits. `docs/spec/diagnostics.md` lists them.
"""

from __future__ import annotations

import ast
from typing import NoReturn

from corten.base.errors import Diagnostic, DiagnosticError, Span

#: code → what it is about; every code that the compiler reports stands here
CODES: dict[str, str] = {
    "E100": "the file is not valid Python",
    "E101": "statement outside the language",
    "E102": "expression outside the language",
    "E103": "function signature outside the language",
    "E104": "class outside the language",
    "E200": "unknown name",
    "E201": "import that cannot be resolved",
    "E202": "unknown attribute, field or method",
    "E203": "name declared twice",
    "E300": "type mismatch",
    "E301": "operands of different types",
    "E302": "operator not defined on this type",
    "E303": "literal does not fit its type",
    "E304": "wrong arguments",
    "E305": "not a type",
    "E306": "division by a constant zero",
    "E400": "local used before it is assigned on every path",
    "E401": "a path ends without return",
    "E402": "reference to a local value",
    "E403": "view changes state",
    "E404": "unreachable statement",
    "E500": "file without exactly one contract",
    "E501": "entry outside the rules",
    "E502": "struct contains itself",
    "E503": "init outside the rules",
    "E504": "kernel outside the rules",
    "E600": "over a compile limit",
}


class Diagnostics:
    """The diagnostics of one compilation."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []
        self._known: set[Diagnostic] = set()

    def add(self, code: str, message: str, file: str, node: ast.AST | None, hint: str = "") -> None:
        """Report at `node` of `file`."""
        assert code in CODES, code
        line = getattr(node, "lineno", 1)
        column = getattr(node, "col_offset", 0)
        end = getattr(node, "end_col_offset", None) if getattr(node, "end_lineno", line) == line else None
        diagnostic = Diagnostic(code, message, Span(file, line, column, end), hint)
        if diagnostic not in self._known:
            self._known.add(diagnostic)
            self.found.append(diagnostic)

    def raise_if_any(self) -> None:
        """Raise DiagnosticError with everything found so far, in source order."""
        if self.found:
            self.raise_all()

    def raise_all(self) -> NoReturn:
        """Stop with what was found."""
        raise DiagnosticError(sorted(self.found, key=lambda d: (d.span.file, d.span.line, d.span.column)))
