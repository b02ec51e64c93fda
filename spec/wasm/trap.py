"""How a computation ends other than by its results."""

from __future__ import annotations

from corten.base.errors import TrapCode


class Trap(Exception):
    """The instruction's semantics says: trap. `code` is the one that a receipt would carry."""

    def __init__(self, code: TrapCode) -> None:
        self.code = code
        super().__init__(code.name.lower())


class Exhausted(Exception):
    """The caller's bound on steps or on nested calls was reached: says nothing about the module."""
