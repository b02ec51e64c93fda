"""Broken contracts: whatever is deleted, doubled or replaced, the compiler succeeds or says what is wrong."""

from __future__ import annotations

import io
import os
import random
import tokenize
from importlib.resources import files
from pathlib import Path

import pytest

from corten.base.errors import DiagnosticError
from corten.compiler.check import check_contract
from tests.compiler.generate import generate
from tests.compiler.harness import HEADER, write_source

MUTANTS = int(os.environ.get("CORTEN_MUTANTS", "150"))
BATCH = 75
CONTRACTS = Path(str(files("corten.contracts")))
EXTRA = """None True 0 1 -1 1.5 "text" i64 u8 f64 bool self x Vec[i64] Array[u8, 3] ( ) [ ] { } : , . = == + - * / // %
** << @ if for while return break continue pass def class lambda not and or in is del yield await global match case
import from Ref[i64] Handle[i64] T Side.BUY 2**70 len range min copy require self.x Map print _ ... \\n""".split()


def tokens_of(source: str) -> list[tuple[int, str]]:
    """Type and text of each token; joining them again gives the source's meaning."""
    return [(item.type, item.string) for item in tokenize.generate_tokens(io.StringIO(source).readline)]


def mutated(tokens: list[tuple[int, str]], chance: random.Random) -> str:
    """The source after one to three changes."""
    changed = list(tokens)
    for _ in range(chance.randrange(1, 4)):
        position = chance.randrange(len(changed))
        what = chance.randrange(5)
        if what == 0:
            del changed[position]
        elif what == 1:
            changed.insert(position, changed[chance.randrange(len(changed))])
        elif what == 2:
            changed[position] = changed[chance.randrange(len(changed))]
        elif what == 3:
            other = chance.randrange(len(changed))
            changed[position], changed[other] = changed[other], changed[position]
        else:
            changed[position] = (tokenize.NAME, chance.choice(EXTRA))
    try:
        return tokenize.untokenize(changed)
    except (ValueError, IndexError):
        return " ".join(text for _, text in changed)


def sources() -> list[str]:
    """Valid contracts to start from."""
    table = (CONTRACTS / "order_book.py").read_text(encoding="utf-8")
    golden = (Path(__file__).parent / "golden" / "coin.py").read_text(encoding="utf-8")
    return [table, golden, HEADER + generate(41)[0], HEADER + generate(42)[0]]


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, MUTANTS, BATCH))
def test_only_diagnostics(first: int) -> None:
    """Checking only: what passes it is the verifier's and LLVM's, which other tests hold to generated programs."""
    tokens = [tokens_of(source) for source in sources()]
    files_beside = {path.name: path.read_text(encoding="utf-8") for path in CONTRACTS.glob("*.py")}
    for seed in range(first, first + BATCH):
        chance = random.Random(seed)
        source = mutated(chance.choice(tokens), chance)
        path = write_source(source, files_beside)
        reported = []
        try:
            check_contract(path)
        except DiagnosticError as error:
            reported = error.diagnostics
        assert all(one.span.line >= 1 and one.message for one in reported), f"seed {seed}"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"\x00",
        b"x = 'unclosed",
        b"\xef\xbb\xbf",
        b"# coding: latin-1\n\xe9 = 1\n",
        b"\t x",
        b"(" * 300,
    ],
)
def test_files_that_are_no_source(content: bytes) -> None:
    path = write_source("")
    path.write_bytes(content)
    with pytest.raises(DiagnosticError):
        check_contract(path)
