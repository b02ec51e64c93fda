"""Compiling for the command line: diagnostics that name files as the person at the prompt would."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from corten.base.errors import Diagnostic, DiagnosticError

LIBRARY = Path(__file__).resolve().parents[2]


def compile_source(source: Path, dump: Path | None = None) -> bytes:
    """`compile_contract`, except that the spans of its diagnostics are paths that can be opened from here."""
    from corten.compiler import compile_contract

    try:
        return compile_contract(source, dump)
    except DiagnosticError as error:
        raise DiagnosticError([_with_path(one, source.parent) for one in error.diagnostics]) from None


def compile_kernel_of(source: Path, name: str, dump: Path | None = None) -> bytes:
    """The same for a kernel of a Python file."""
    from corten.compiler import KernelSource, compile_kernel

    try:
        return compile_kernel(KernelSource(source, source.name, source.read_bytes(), name), dump)
    except DiagnosticError as error:
        raise DiagnosticError([_with_path(one, source.parent) for one in error.diagnostics]) from None


def _with_path(diagnostic: Diagnostic, directory: Path) -> Diagnostic:
    """A contract's files are named relative to its directory, the library's relative to where Corten is installed."""
    candidates = [directory / diagnostic.span.file, LIBRARY / diagnostic.span.file]
    found = next((str(path) for path in candidates if path.is_file()), diagnostic.span.file)
    return dataclasses.replace(diagnostic, span=dataclasses.replace(diagnostic.span, file=found))
