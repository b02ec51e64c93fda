"""Decorators of contract source, and the contract as its methods see it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from corten.base.errors import Rejected
from corten.lang.integers import Integer, i64, u32, u64
from corten.lang.layout import layout_of
from corten.lang.memory import EXECUTION, STATE_ADDRESS, Memory, execution
from corten.lang.refusal import LanguageError, describe
from corten.lang.structs import Struct, rebuilt

F = TypeVar("F", bound=Callable[..., Any])


class Contract(Struct):
    """The contract: its fields are the state, beside them the message's header."""

    __slots__ = ()
    _is_contract: ClassVar[bool] = False
    _annotations: ClassVar[dict[str, Any]] = {}

    @classmethod
    def _resident(cls, memory: Memory) -> Contract:
        """The contract whose state lies in a memory."""
        layout_of(cls)
        return cls._at(memory, STATE_ADDRESS)

    @property
    def sender(self) -> Integer:
        """The account that sent the message."""
        return u32(execution().sender)

    @property
    def time(self) -> Integer:
        """The block's time in nanoseconds."""
        return i64(execution().time)

    @property
    def height(self) -> Integer:
        """The block's number."""
        return u64(execution().height)

    @property
    def chain(self) -> Integer:
        """The chain's number."""
        return u64(execution().chain)

    @property
    def address(self) -> Integer:
        """The contract's own address, which is its account, too."""
        return u32(execution().address)

    def call(self, contract: Any, entry: str, /, *values: Any, **named: Any) -> Any:
        """Calls an entry of another contract."""
        from corten.lang.calls import call

        return call(contract, entry, *values, **named)

    def deploy(self, target: Any, code: Any, /, *values: Any, **named: Any) -> Any:
        """Deploys a contract of published code; its address."""
        from corten.lang.calls import deploy

        return deploy(target, code, *values, **named)

    def emit(self, event: Any) -> None:
        """Appends an event to the message's record."""
        if not getattr(event, "_is_event", False):
            raise LanguageError(f"emit takes an @event, found {describe(event)}")
        execution().events.append((type(event).__name__, layout_of(type(event)).plain(event)))


def contract(cls: type) -> Any:
    """Declares the contract."""
    return rebuilt(cls, Contract, sys._getframe(1).f_globals, _is_contract=True)


def interface(cls: type) -> Any:
    """Declares what another contract's entries look like."""
    entries = {name: method for name, method in vars(cls).items() if hasattr(method, "_entry")}
    return rebuilt(type(cls.__name__, (), entries), Contract, sys._getframe(1).f_globals)


def _entry(kind: str) -> Callable[[F], F]:
    def mark(function: F) -> F:
        function._entry = kind  # type: ignore[attr-defined]
        return function

    mark.__name__ = mark.__qualname__ = kind
    mark.__doc__ = f"Declares the contract's {kind}."
    return mark


init = _entry("init")
message = _entry("message")
view = _entry("view")


def inline(function: F) -> F:
    """Asks the compiler to inline a function."""
    return function


def no_inline(function: F) -> F:
    """Asks the compiler not to."""
    return function


def kernel(function: F) -> F:
    """Marks a pure function that `corten.kernel` may map over columns; here it stays the function it is."""
    function._is_kernel = True  # type: ignore[attr-defined]
    return function


def require(condition: bool, name: str) -> None:
    """Rejects the message by name unless the condition holds."""
    if not isinstance(condition, bool):
        raise LanguageError(f"require takes a bool, found {describe(condition)}")
    if not condition:
        running = EXECUTION.get(None)
        raise Rejected(name, running.error_codes[name] if running else 0)
