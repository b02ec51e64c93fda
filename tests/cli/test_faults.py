"""Whose fault it is decides the exit code; what to do about it is printed."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from corten.base.errors import (
    CompilerBug,
    Diagnostic,
    DiagnosticError,
    HostFault,
    InvalidInput,
    InvalidModule,
    Rejected,
    Span,
    TrapCode,
    Trapped,
)
from corten.cli import faults

THEIRS = [
    InvalidInput("seed", "a number", "'x'"),
    InvalidModule("expected magic", offset=0),
    Rejected("price_not_on_tick", 3),
    Trapped(TrapCode.OUT_OF_GAS),
    FileNotFoundError(2, "No such file or directory", "x.py"),
    click.UsageError("no such option"),
]
OURS = [
    CompilerBug("block without terminator"),
    HostFault("native stack overflow"),
    ZeroDivisionError("division by zero"),
]


@pytest.mark.parametrize("error", THEIRS, ids=lambda error: type(error).__name__)
def test_the_users_fault_is_exit_code_1_without_a_traceback(error, capsys):
    assert faults.report(error) == 1
    printed = capsys.readouterr().err
    assert "Traceback" not in printed
    assert "rror" in printed


@pytest.mark.parametrize("error", OURS, ids=lambda error: type(error).__name__)
def test_our_fault_is_exit_code_2_and_says_what_to_attach(error, capsys):
    assert faults.report(error) == 2
    printed = capsys.readouterr().err
    assert "fault of Corten's" in printed
    assert "--dump" in printed
    assert str(error) in printed


def test_diagnostics_show_the_line_a_caret_and_the_hint(tmp_path: Path, capsys):
    source = tmp_path / "token.py"
    source.write_text("first\n\tx: Foo = 1\n", encoding="utf-8")
    wrong = Diagnostic("unknown_type", "no type is called Foo", Span(str(source), 2, 4, 7), "write i64")
    elsewhere = Diagnostic("unknown_name", "no such name", Span("gone.py", 9, 0, 1))
    assert faults.report(DiagnosticError([wrong, elsewhere])) == 1
    printed = capsys.readouterr().err
    assert "error[unknown_type]: no type is called Foo" in printed
    assert f"{source}:2:5" in printed
    lines = printed.splitlines()
    shown = next(number for number, line in enumerate(lines) if "x: Foo = 1" in line)
    assert lines[shown].index("Foo") == lines[shown + 1].index("^^^")
    assert "help: write i64" in printed
    assert "gone.py:9:1" in printed
    assert "2 errors" in printed


@pytest.mark.parametrize(
    ("columns", "carets"), [((0, 2), "^^"), ((3, None), "   ^"), ((1, 99), " ^^^^"), ((9, 9), "     ^")]
)
def test_underline(columns, carets):
    assert faults._underline("abcde", Span("x.py", 1, *columns)) == carets


def test_interrupting_is_not_an_error_report(capsys):
    assert faults.report(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "interrupted\n"
