"""What a refusal says, and that `inspect` says the same as the machine does, whatever the bytes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
import wasmtime

import corten
from corten.base.errors import InvalidModule
from corten.compiler import compile_contract
from corten.vm.layout import Layout
from corten.vm.machine import DEFAULT_MEMORY_LIMIT
from corten.vm.program import Passes, instrument_native
from corten.wasm.platforms import survey
from fuzz.seeds import CORPUS
from tests.hostile.corpus import FILES, Case, read_case
from tests.hostile.test_fuzz import mutated
from tests.vm.modules import token
from tests.wasm.test_platforms import MANY_FAULTS, MODULES

MEMORY_LIMIT = 1 << 20
CASES = [read_case(path) for path in FILES if path.suffix == ".wat"]
REFUSED = [pytest.param(case, id=case.path.stem) for case in CASES if case.outcome == "refused"]
MUTATIONS = 600
# The construct, then the rule and what was found instead.
CONSTRUCTS = (
    r"module|exports|code|start|memory|types|imports|functions|tables|table elements|memories|globals|data segments",
    r"import [^:]*|export '[^:]*'|entry \w+|bytes of data|element segments|functions in segments|corten\.(abi|lines)",
    r"locals of all functions|(type|import|table|memory|global|export|element|data|function|data count) section",
    r"(type|function|table|global|memory|data segment|element segment) \d+",
)
FORM = re.compile(rf"({'|'.join(CONSTRUCTS)}): .*(expected .*|is outside the profile.*)", re.DOTALL)


class Executed(Exception):
    """Something of a refused module reached an engine."""


@pytest.fixture
def no_engine(monkeypatch):
    """An engine that takes no module."""

    def load(*_: object) -> None:
        raise Executed

    monkeypatch.setattr("corten.vm.engine.Engine.load", load)


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_has_construct_place_and_rule_and_nothing_ran(case: Case, no_engine) -> None:
    content = case.content
    assert isinstance(content, bytes)
    with pytest.raises(InvalidModule) as caught:
        corten.Machine(memory_limit=MEMORY_LIMIT, cache=False).deploy(content)
    error = caught.value
    assert error.offset is not None
    assert 0 <= error.offset <= len(content)
    assert FORM.fullmatch(error.message), error.message


def test_an_engine_that_takes_no_module_is_noticed(no_engine) -> None:
    with pytest.raises(Executed):
        corten.Machine(memory_limit=MEMORY_LIMIT, cache=False).deploy(token())


def refusal(judge: Callable[[], object]) -> InvalidModule | None:
    """What the module is refused with, if it is: every refusal has a place."""
    try:
        judge()
    except InvalidModule as error:
        return error
    return None


def runs_here(content: bytes) -> bool:
    """Whether the door of `deploy` lets it in, or that of `load` if it is no native module."""
    unreadable = refusal(lambda: survey(content))
    name = "module" if unreadable or survey(content).platform.name != "native" else None
    refused = refusal(lambda: instrument_native(content, Layout(DEFAULT_MEMORY_LIMIT), Passes(), name))
    assert refused is None or refused.offset is not None, refused
    return refused is None


def surveyed(content: bytes) -> bool:
    """Whether `corten inspect` says that it runs here."""
    unreadable = refusal(lambda: survey(content))
    assert unreadable is None or unreadable.offset is not None, unreadable
    return unreadable is None and survey(content).runs


@pytest.mark.parametrize("case", [pytest.param(case, id=case.path.stem) for case in CASES])
def test_inspect_says_of_the_corpus_what_deploy_does(case: Case) -> None:
    content = case.content
    assert isinstance(content, bytes)
    assert surveyed(content) == runs_here(content)


def _samples() -> list[bytes]:
    texts = [bytes(wasmtime.wat2wasm(text)) for text in (*MODULES.values(), MANY_FAULTS)]
    seeds = [path.read_bytes() for name in ("contract", "module") for path in sorted((CORPUS / name).iterdir())]
    return [*texts, *seeds, token()]


def test_inspect_says_of_mutations_what_deploy_does() -> None:
    seeds = _samples()
    valid = [seed for seed in seeds if surveyed(seed)]
    accepted = 0
    for number in range(MUTATIONS):
        rng = random.Random(number)
        content = mutated(rng, seeds) if number % 2 else with_one_byte_changed(rng, rng.choice(valid))
        assert surveyed(content) == runs_here(content), f"mutation {number}"
        accepted += surveyed(content)
    assert MUTATIONS // 50 < accepted < MUTATIONS


def with_one_byte_changed(rng: random.Random, content: bytes) -> bytes:
    place = rng.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :]


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> bytes:
    """A compiled contract of some hundred bytes."""
    source = "from corten.lang import contract, message, u32\n\n@contract\nclass C:\n    n: u32\n\n"
    source += "    @message\n    def add(self, by: u32) -> None:\n        self.n += by\n"
    path = tmp_path_factory.mktemp("small") / "c.py"
    path.write_text(source)
    return compile_contract(path)


def test_a_contract_cut_short_anywhere(small: bytes) -> None:
    """Behind a whole section what is left may be a module, and a native one once the ABI is there."""
    assert runs_here(small)
    whole = [length for length in range(len(small)) if surveyed(small[:length])]
    assert all(runs_here(small[:length]) == (length in whole) for length in range(len(small)))
    assert len(whole) <= 3
    layout = Layout(DEFAULT_MEMORY_LIMIT)
    native = [n for n in range(len(small)) if not refusal(lambda n=n: instrument_native(small[:n], layout, Passes()))]
    assert len(native) <= 1


@pytest.mark.parametrize("byte", [0x00, 0x7F, 0xFF])
def test_a_contract_damaged_anywhere(small: bytes, byte: int) -> None:
    for place in range(len(small)):
        damaged = small[:place] + bytes([byte]) + small[place + 1 :]
        assert surveyed(damaged) == runs_here(damaged), place
