"""Contract source that is large in one way or another: refused by a limit or compiled, in a time that is bounded."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from corten.base.errors import DiagnosticError
from corten.compiler import compile_contract
from corten.vm.program import sources
from tests.hostile.corpus import DIRECTORY

HEAD = "from corten.lang import Array, Map, contract, message, struct, u32\n\n"
SECONDS = 10  # of processor time; the slowest takes two


def contract(statements: str, fields: str = "", before: str = "", after: str = "") -> str:
    body = "".join(f"        {line}\n" for line in statements.splitlines())
    entry = f"    @message\n    def attack(self, n: u32) -> None:\n{body}"
    return f"{HEAD}{before}\n@contract\nclass Hostile:\n    n: u32\n{fields}\n{entry}{after}"


def nested_ifs(depth: int) -> str:
    return "".join(f"{'    ' * level}if n > {level}:\n" for level in range(depth)) + "    " * depth + "self.n = n"


BOMBS = {
    "sum of 5,000": (contract(f"self.n = {' + '.join(['n'] * 5000)}"), "E600"),
    "and of 5,000": (contract(f"self.n = u32({' and '.join(['n > 1'] * 5000)})"), "E600"),
    "comparison of 5,000": (contract(f"self.n = u32({' < '.join(['n'] * 5000)})"), "E600"),
    "90 nested ifs": (contract(nested_ifs(90)), "E600"),
    "5,000 elifs": (contract("if n == 0:\n    pass\n" + "elif n == 1:\n    pass\n" * 5000), "E600"),
    "5,000 cases": (contract("match n:\n" + "".join(f"    case {i}:\n        pass\n" for i in range(5000))), "E600"),
    "20,000 statements": (contract("self.n = self.n ^ n\n" * 20_000), "E600"),
    "10,000 locals": (contract("".join(f"a{i} = n\n" for i in range(10_000))), "E600"),
    "20,000 fields": (contract("pass", "".join(f"    f{i}: u32\n" for i in range(20_000))), "E600"),
    "a struct of 20,000": (
        contract("pass", before="@struct\nclass S:\n" + "".join(f"    f{i}: u32\n" for i in range(20_000))),
        "E600",
    ),
    "4,000 entries": (
        contract(
            "pass", after="".join(f"\n    @message\n    def f{i}(self) -> None:\n        pass\n" for i in range(4001))
        ),
        "E600",
    ),
    "a chain of 1,000 constants": (
        contract(
            "self.n = C999",
            before="C0: u32 = 1\n" + "".join(f"C{i}: u32 = C{i - 1} + C{i - 1}\n" for i in range(1, 1000)),
        ),
        "E600",
    ),
    "arrays nested 200 deep": (contract("pass", f"    a: {'Array[' * 200}u32{', 2]' * 200}\n"), "E600"),
    "a megabyte of comment": (contract("pass") + "# " + "x" * (1 << 20), "E600"),
    "a million lines": (contract("pass") + "\n" * (1 << 20), "E600"),
    "300 maps of as many types": (
        contract("pass", "".join(f"    m{i}: Map[u32, Array[u32, {i + 1}]]\n" for i in range(300))),
        None,
    ),
    "a call that never ends": (
        contract("self.f(n)", after="\n    def f(self, n: u32) -> None:\n        self.f(n)\n"),
        None,
    ),
    "a loop that never ends": (contract("while True:\n    self.n = n"), None),
    "a range of four thousand million": (contract("for i in range(4000000000):\n    self.n = n"), None),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_large_source_takes_bounded_time(name: str, tmp_path: Path) -> None:
    text, code = BOMBS[name]
    path = tmp_path / "hostile.py"
    path.write_text(text, encoding="utf-8")
    begin = time.process_time()
    if code is None:
        assert compile_contract(path)
    else:
        with pytest.raises(DiagnosticError, match=code):
            compile_contract(path)
    assert time.process_time() - begin < SECONDS


def test_no_source_of_the_corpus_is_executed(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = sorted(DIRECTORY.glob("*.py"))
    assert len(files) > 20
    for path in files:
        with pytest.raises(DiagnosticError):
            compile_contract(path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "line", ["pass; from helper import f", "from \\\n    helper import f", "from ｈelper import f"]
)
def test_a_cached_contract_knows_its_imports_however_they_are_written(line: str, tmp_path: Path) -> None:
    """Else a change of the imported file would not be seen."""
    helper = tmp_path / "helper.py"
    helper.write_text("from corten.lang import u32\n\n\ndef f(n: u32) -> u32:\n    return n\n")
    path = tmp_path / "c.py"
    path.write_text(contract("self.n = f(n)", before=f"{line}\n"), encoding="utf-8")
    assert compile_contract(path)
    assert {each.name for each in sources(path)} == {"c.py", "helper.py"}
