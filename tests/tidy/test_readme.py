"""The README's first contract is typed in and used exactly as it stands there."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The page's only code block of that language."""
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert len(found) == 1
    return found[0]


@pytest.fixture
def beside_the_contract(tmp_path, monkeypatch):
    (tmp_path / "coin.py").write_text(block("python"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_session_prints_what_the_page_says(beside_the_contract):
    session = doctest.DocTestParser().get_doctest(block("pycon"), {}, "README.md", "README.md", 0)
    printed: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(session, out=printed.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(printed)


@pytest.mark.parametrize("command", ["build coin.py --dump stages", "inspect coin.py"])
def test_the_commands_work_on_it(command, beside_the_contract):
    assert command in README
    done = subprocess.run([sys.executable, "-m", "corten.cli", *command.split()], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.slow
def test_the_kernel_prints_what_the_page_says(tmp_path):
    script = tmp_path / "black.py"
    script.write_text(block("py"), encoding="utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert f"`{done.stdout.strip()}`" in README


@pytest.mark.slow
def test_it_passes_a_type_checker(beside_the_contract):
    options = ["--strict", "--no-incremental", "--config-file", "/dev/null"]
    check = [sys.executable, "-m", "mypy", *options, "coin.py"]
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
