"""The commands as a person types them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from corten.cli.app import run

COMMANDS = ["build", "inspect", "price", "replay", "demo", "bench"]
HEAVY = ["numpy", "rich", "wasmtime", "llvmlite", "polars", "matplotlib"]


def test_help_names_every_command(capsys):
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(command in printed for command in COMMANDS)


@pytest.mark.parametrize("command", [*COMMANDS, "demo book"])
def test_every_command_has_help(command, capsys):
    assert run([*command.split(), "--help"]) == 0
    assert "Usage: corten" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["buidl"], ["build"], ["build", "missing.py"], ["demo", "book", "--seed", "x"]])
def test_a_wrong_command_line_is_exit_code_1(arguments, capsys):
    assert run(arguments) == 1
    assert "Error" in capsys.readouterr().err


def test_help_loads_nothing_heavy():
    program = f"""
import sys
from corten.cli.app import run
assert run(["--help"]) == 0
sys.exit(", ".join(name for name in {HEAVY!r} if name in sys.modules) or None)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"`corten --help` imports {done.stderr}"
