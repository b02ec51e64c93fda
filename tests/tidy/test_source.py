"""Style is a test: the rules of `rules.py` over every file of the project."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

from tests.tidy import rules

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = ROOT / "tests/hostile/corpus"  # source that is as bad as it can be
PYTHON = sorted(
    path for top in ("src", "spec", "tests", "tools") for path in (ROOT / top).rglob("*.py") if path.parent != HOSTILE
)
NAMES = [str(path.relative_to(ROOT)) for path in PYTHON]

BROAD_EXCEPT_ALLOWED = {
    "src/corten/cli/app.py": "the outermost door of the command line",
    "src/corten/vm/callbacks.py": "an exception cannot pass through the engine: it is raised again behind it",
}

DECIDES_STATE = ("base", "contracts", "host", "lang", "compiler", "wasm", "vm")

# Files of those packages that decide nothing: their clock or address never reaches a module or a state.
STATE_RULES_LIFTED: dict[str, str] = {}


def violations(path: Path, rule_set: list) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [f"{path.relative_to(ROOT)}:{one.line}: {one.message}" for rule in rule_set for one in rule(tree)]


@pytest.mark.parametrize("path", PYTHON, ids=NAMES)
def test_file_is_short(path):
    found = list(rules.file_length(path.read_text(encoding="utf-8")))
    assert not found, found[0].message


@pytest.mark.parametrize("path", PYTHON, ids=NAMES)
def test_no_bare_except(path):
    found = violations(path, rules.EVERYWHERE)
    assert not found, "\n".join(found)


def test_broad_except_only_at_the_outermost_door():
    found = [
        violation
        for path in PYTHON
        if str(path.relative_to(ROOT)) not in BROAD_EXCEPT_ALLOWED
        for violation in violations(path, [rules.broad_except])
    ]
    assert not found, "\n".join(found)


def state_files() -> list[Path]:
    under = [ROOT / "src" / "corten" / package for package in DECIDES_STATE]
    return [path for path in PYTHON if any(path.is_relative_to(package) for package in under)]


def test_code_that_decides_state_is_deterministic():
    found = [
        violation
        for path in state_files()
        if str(path.relative_to(ROOT)) not in STATE_RULES_LIFTED
        for violation in violations(path, rules.WHERE_STATE_IS_DECIDED)
    ]
    assert not found, "\n".join(found)


def test_no_vague_package_or_module_names():
    found = [str(path.relative_to(ROOT)) for path in PYTHON if rules.VAGUE_NAMES & {path.stem, path.parent.name}]
    assert not found, f"say what is in them: {found}"


@pytest.mark.parametrize("listed", [BROAD_EXCEPT_ALLOWED, STATE_RULES_LIFTED], ids=["broad_except", "state_rules"])
def test_exemptions_are_still_needed(listed):
    rule_set = [rules.broad_except] if listed is BROAD_EXCEPT_ALLOWED else rules.WHERE_STATE_IS_DECIDED
    stale = [name for name in listed if not (ROOT / name).exists() or not violations(ROOT / name, rule_set)]
    assert not stale, f"no longer needed, remove them from the list: {stale}"


def test_no_symbolic_link_is_committed():
    """Least of all `.venv`: checked out over the directory of that name, which is ignored, it replaces it."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    links = [line.partition("\t")[2] for line in listed.splitlines() if line.startswith("120000")]
    assert not links, f"expected files only, found symbolic links {links}: git rm --cached them"
