"""What CPython refuses because the compiler refuses it."""

from __future__ import annotations

from corten.base.errors import CortenError


class LanguageError(CortenError, TypeError):
    """Contract source does what the language does not have; compiled, it would be a Diagnostic at that line."""


def name_of(kind: object) -> str:
    """A type as contract source spells it."""
    return getattr(kind, "__name__", None) or repr(kind)


def describe(value: object) -> str:
    """A value with its type, for messages."""
    return f"{name_of(type(value))} {value!r}"
