"""Every fault has an owner in its type.

CortenError
├── DiagnosticError     the contract's author is wrong: one or more Diagnostic(code, span, hint)
├── CompilerBug         we are wrong: the compiler broke one of its own rules
├── InvalidModule       a .wasm is corrupt, outside the profile or over a limit; names the byte offset
├── InvalidInput        a caller's batch, argument or option is wrong: field, expected, found
├── MessageFailed       the guest said no
│   ├── Rejected        business refusal, by the name that `require` gave
│   └── Trapped         the guest stopped, by TrapCode
├── KernelFailed        a kernel has no result for a row: which row, with which arguments
│   ├── KernelTrapped   it stopped, by TrapCode
│   └── KernelNaN       it is not a number
└── HostFault           our host broke; never a receipt
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class TrapCode(IntEnum):
    """Why a guest stopped. The numbers are permanent: they stand in receipts."""

    UNREACHABLE = 1
    MEMORY_OUT_OF_BOUNDS = 2
    INTEGER_OVERFLOW = 3
    DIVISION_BY_ZERO = 4
    INVALID_CONVERSION = 5
    INDEX_OUT_OF_RANGE = 6
    OUT_OF_GAS = 7
    STACK_EXHAUSTED = 8
    LOG_EXHAUSTED = 9
    OUTBOX_EXHAUSTED = 10
    SHIFT_OUT_OF_RANGE = 11
    ASSERTION_FAILED = 12
    INDIRECT_CALL_MISMATCH = 13
    TABLE_OUT_OF_BOUNDS = 14
    HEAP_EXHAUSTED = 15
    KEY_MISSING = 16
    STALE_HANDLE = 17


class Status(IntEnum):
    """What became of a message. The numbers are permanent: they stand in receipts."""

    ACCEPTED = 0
    REJECTED = 1
    TRAPPED = 2
    INVALID = 3


class InvalidCode(IntEnum):
    """Why a frame was not even a message."""

    UNKNOWN_ENTRY = 1
    MALFORMED_PAYLOAD = 2


class CortenError(Exception):
    """Base of all errors that Corten raises on purpose."""


@dataclass(frozen=True)
class Span:
    """A place in source: file, 1-based line, 0-based columns."""

    file: str
    line: int
    column: int = 0
    end_column: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column + 1}"


@dataclass(frozen=True)
class Diagnostic:
    """One thing the contract's author must change: what is wrong, where, and what to write instead."""

    code: str
    message: str
    span: Span
    hint: str = ""

    def __str__(self) -> str:
        hint = f"\n    help: {self.hint}" if self.hint else ""
        return f"{self.span}: {self.code}: {self.message}{hint}"


class DiagnosticError(CortenError):
    """The contract's source is wrong; carries every diagnostic of the stage that stopped."""

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        self.diagnostics = diagnostics
        super().__init__("\n".join(map(str, diagnostics)))


class CompilerBug(CortenError):
    """The compiler broke one of its own rules; the contract's author is not at fault."""


class InvalidModule(CortenError):
    """A module that will not run here: what was expected, what was found, at which byte."""

    def __init__(self, message: str, offset: int | None = None) -> None:
        self.message, self.offset = message, offset
        where = "" if offset is None else f" (at byte {offset:#x})"
        super().__init__(f"{message}{where}")

    def at(self, offset: int | None) -> InvalidModule:
        """The same refusal with a place, if it has none."""
        return self if self.offset is not None else InvalidModule(self.message, offset)


class InvalidInput(CortenError):
    """A caller's argument is wrong."""

    def __init__(self, field: str, expected: str, found: str) -> None:
        self.field, self.expected, self.found = field, expected, found
        super().__init__(f"{field}: expected {expected}, found {found}")


class MessageFailed(CortenError):
    """The guest did not accept a message; its state is as before."""


class Rejected(MessageFailed):
    """Business refusal: `name` is what the contract's `require` gave, `code` its permanent number."""

    def __init__(self, name: str, code: int) -> None:
        self.name, self.code = name, code
        super().__init__(name)


class Trapped(MessageFailed):
    """The guest stopped."""

    def __init__(self, code: TrapCode) -> None:
        self.code = code
        super().__init__(code.name.lower())


class KernelFailed(CortenError):
    """A kernel has no result for a row: `row` is its index (None for scalars), `arguments` its values there."""

    def __init__(self, kernel: str, row: tuple[int, ...] | None, arguments: dict[str, object], reason: str) -> None:
        self.kernel, self.row, self.arguments = kernel, row, arguments
        where = "" if row is None else f" in row {row[0] if len(row) == 1 else row}"
        values = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        super().__init__(f"{kernel}: {reason}{where}: {kernel}({values})")


class KernelTrapped(KernelFailed):
    """A kernel stopped."""

    def __init__(self, kernel: str, row: tuple[int, ...] | None, arguments: dict[str, object], code: TrapCode) -> None:
        self.code = code
        super().__init__(kernel, row, arguments, code.name.lower())


class KernelNaN(KernelFailed, ArithmeticError):
    """A result is not a number: `argument` is the first that was not one either, None if the kernel made it."""

    def __init__(
        self, kernel: str, row: tuple[int, ...] | None, arguments: dict[str, object], argument: str | None, column: str
    ) -> None:
        self.argument, self.column = argument, column
        origin = "the kernel produced it" if argument is None else f"argument {argument} is nan"
        super().__init__(kernel, row, arguments, f"{column} is nan ({origin}; errors='nan' lets it pass)")


class HostFault(CortenError):
    """Our host broke (native stack overflow, corrupt cache, engine error); never a receipt."""
