"""From an exception to what a person reads, and to the exit code: 1 is theirs to mend, 2 is ours."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corten.base.errors import (
    CompilerBug,
    CortenError,
    Diagnostic,
    DiagnosticError,
    HostFault,
    MessageFailed,
    Rejected,
    Span,
)

if TYPE_CHECKING:
    from rich.console import Console

USER_FAULT = 1
OUR_FAULT = 2
INTERRUPTED = 130

_MACHINE = Path(__file__).resolve().parent.parent / "vm"


def report(error: BaseException) -> int:
    """Print `error` to standard error for the person whose it is, and return the exit code."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case SystemExit():
            return error.code if isinstance(error.code, int) else USER_FAULT
        case KeyboardInterrupt() | click.Abort():
            click.echo("interrupted", err=True)
            return INTERRUPTED
        case click.ClickException():
            error.show()
            return USER_FAULT
        case BrokenPipeError():
            _close_output()
            return 0
        case DiagnosticError():
            print_diagnostics(error.diagnostics)
            return USER_FAULT
        case MessageFailed():
            _print_message_failed(error)
            return USER_FAULT
        case CompilerBug() | HostFault():
            return _report_ours(error)
        case CortenError() | OSError():
            _print_error(str(error), _notes(error))
            return USER_FAULT
        case _:
            return _report_ours(error)


def print_diagnostics(diagnostics: list[Diagnostic]) -> None:
    """Every diagnostic with its source line and a caret under what is meant."""
    console = _console()
    for diagnostic in diagnostics:
        _print_diagnostic(console, diagnostic)
    count = len(diagnostics)
    console.print(f"{count} {'error' if count == 1 else 'errors'}", style="bold red", highlight=False)


def _print_diagnostic(console: Console, diagnostic: Diagnostic) -> None:
    from rich.text import Text

    span = diagnostic.span
    gutter = " " * len(str(span.line))
    text = Text()
    text.append(f"error[{diagnostic.code}]", style="bold red").append(f": {diagnostic.message}\n", style="bold")
    text.append(f"{gutter}--> ", style="blue").append(f"{span}\n")
    line = _source_line(span)
    if line is not None:
        text.append(f"{gutter} |\n{span.line} | ", style="blue").append(f"{line}\n")
        text.append(f"{gutter} | ", style="blue").append(_underline(line, span) + "\n", style="bold red")
    if diagnostic.hint:
        text.append(f"{gutter} = ", style="blue").append("help", style="bold").append(f": {diagnostic.hint}\n")
    console.print(text, soft_wrap=True, highlight=False)


def _print_message_failed(error: MessageFailed) -> None:
    """The refusal, and the contract's line that made it: the innermost frame of the traceback."""
    what = "rejected" if isinstance(error, Rejected) else "trapped"
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or frames[-1].lineno is None or Path(frames[-1].filename).is_relative_to(_MACHINE):
        _print_error(f"the contract {what} a message: {error}")
        return
    place = Span(frames[-1].filename, frames[-1].lineno)
    line = _source_line(place) or ""
    column = len(line) - len(line.lstrip())
    _print_diagnostic(_console(), Diagnostic(what, str(error), Span(place.file, place.line, column, len(line))))


def _underline(line: str, span: Span) -> str:
    """Carets under the span; tabs stay tabs, so that the columns line up."""
    end = len(line) if span.end_column is None else min(span.end_column, len(line))
    indent = "".join("\t" if letter == "\t" else " " for letter in line[: span.column])
    return indent + "^" * (max(end - span.column, 1) if span.end_column is not None else 1)


def _source_line(span: Span) -> str | None:
    try:
        lines = Path(span.file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return lines[span.line - 1].rstrip() if 0 < span.line <= len(lines) else None


def _report_ours(error: BaseException) -> int:
    trace = "".join(traceback.format_exception(error))
    click.echo(trace, err=True)
    _print_error(
        f"this is a fault of Corten's, not of your input ({type(error).__name__})",
        "please report it with the traceback above, `corten --version`, the input file, and for `corten build` the\n"
        "directory that the same command writes with `--dump DIR`; no state was committed",
    )
    return OUR_FAULT


def _print_error(message: str, hint: str = "") -> None:
    from rich.text import Text

    text = Text().append("error", style="bold red").append(f": {message}", style="bold")
    if hint:
        text.append("\n help", style="bold").append(f": {hint}")
    _console().print(text, soft_wrap=True, highlight=False)


def _notes(error: BaseException) -> str:
    return "\n".join(getattr(error, "__notes__", []))


def _console() -> Console:
    from rich.console import Console

    return Console(stderr=True)


def _close_output() -> None:
    """The reader went away; keep the interpreter from complaining about it at exit."""
    sys.stdout = None
