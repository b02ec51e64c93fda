"""`corten build`: a module, its stages, or diagnostics at the contract's lines."""

from __future__ import annotations

import pytest

from corten.cli.app import run

COUNTER = """\
from corten.lang import Contract, contract, i64, message, require


@contract
class Counter(Contract):
    count: i64

    @message
    def add(self, amount: i64) -> None:
        require(amount > 0, "amount_not_positive")
        self.count += amount
"""


@pytest.fixture
def counter(tmp_path):
    path = tmp_path / "counter.py"
    path.write_text(COUNTER, encoding="utf-8")
    return path


def test_a_module_is_written_beside_the_source(counter, capsys):
    assert run(["build", str(counter)]) == 0
    module = counter.with_suffix(".wasm")
    assert module.read_bytes().startswith(b"\0asm")
    assert f"{module.stat().st_size:,} bytes" in capsys.readouterr().out


def test_output_and_stages_go_where_they_are_told(counter, tmp_path):
    output, dump = tmp_path / "out.wasm", tmp_path / "stages"
    assert run(["build", str(counter), "-o", str(output), "--dump", str(dump)]) == 0
    stages = sorted(path.name for path in dump.iterdir())
    assert [name.partition("-")[0] for name in stages] == [str(number) for number in range(1, len(stages) + 1)]
    assert (dump / "7-module.wasm").read_bytes() == output.read_bytes()


def test_inspect_takes_source_too(counter, capsys):
    assert run(["inspect", str(counter)]) == 0
    assert "amount_not_positive" in capsys.readouterr().out


def test_every_diagnostic_stands_under_its_line(counter, capsys):
    counter.write_text(
        COUNTER.replace("self.count += amount", "self.count += 1.5\n        self.cuont = 1"), encoding="utf-8"
    )
    assert run(["build", str(counter)]) == 1
    printed = capsys.readouterr().err
    assert f"{counter}:11:" in printed
    assert "self.count += 1.5" in printed
    assert f"{counter}:12:" in printed
    assert "self.cuont = 1" in printed
    assert "2 errors" in printed
    assert not counter.with_suffix(".wasm").exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"x = ", b"a\0b", b"import os\n", b"\t x\n y", b"(" * 500, b"-" * 20_000 + b"1", b"x = 1\n"],
    ids=["empty", "syntax", "nul", "import", "indentation", "parentheses", "deep", "no_contract"],
)
def test_whatever_the_file_holds_it_is_the_authors_fault(content, counter, capsys):
    counter.write_bytes(content)
    assert run(["build", str(counter)]) == 1
    assert "error" in capsys.readouterr().err


def test_a_directory_that_does_not_exist_is_named(counter, tmp_path, capsys):
    missing = tmp_path / "missing" / "out.wasm"
    assert run(["build", str(counter), "-o", str(missing)]) == 1
    assert str(missing) in capsys.readouterr().err
