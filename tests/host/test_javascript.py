"""The functions that V8 computes by itself give what the Python libraries give, whatever they are asked."""

from __future__ import annotations

from random import Random

import pytest

from corten.host import HOST_FUNCTIONS, implementation
from tests.host import adversary
from tests.host.answers import answers
from tests.host.guests import DATA, Guest
from tools import vendor_noble

pytest.importorskip("py_mini_racer")

HASHES = [function.name for function in HOST_FUNCTIONS if function.hostile == "test_hash"]
SIGNATURES = {
    "ed25519_verify": adversary.ed25519,
    "secp256k1_verify": adversary.secp256k1_verify,
    "secp256k1_recover": adversary.secp256k1_recover,
}


def compare(name, cases):
    """How many different answers of each kind there were, when all are equal."""
    expected, found = answers(name, "library", cases), answers(name, "v8", cases)
    wrong = [case for case, ours, theirs in zip(cases, expected, found, strict=True) if ours != theirs]
    assert wrong == []
    return sum(bool(answer) for answer in expected)


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures_that_implementations_disagree_about(name):
    count = 240
    assert 10 < compare(name, list(SIGNATURES[name](Random(name), count))) < count - 10


@pytest.mark.slow
@pytest.mark.parametrize("name", SIGNATURES)
def test_many_more_of_them(name):
    compare(name, list(SIGNATURES[name](Random(f"more {name}"), 2400)))


@pytest.mark.parametrize("name", HASHES)
def test_hashes_of_every_length_around_a_block(name):
    """And at every alignment: the inputs lie behind one another."""
    random = Random(name)
    lengths = [*range(300), *(1024 * chunks + more for chunks in (1, 2, 3, 4, 7, 8, 16) for more in (-1, 0, 1))]
    assert compare(name, [(random.randbytes(length),) for length in lengths]) == len(lengths)


def test_one_length_after_another_in_one_memory():
    """A digest that the library keeps or changes later would show."""
    guest = Guest("sha256", "v8")
    compute = implementation(guest.function)
    content = bytes(range(256)) * 4
    guest.put(content)
    for length in range(0, 1024, 37):
        assert guest.call(DATA, length, DATA - 32).accepted
        assert guest.read(32, DATA - 32) == compute(content[:length])


def test_the_vendored_file_says_what_it_is():
    """Its bytes are those that the tool wrote; the tool itself needs npm, so it does not run here."""
    text = (vendor_noble.TARGET / "noble.js").read_text(encoding="utf-8")
    for name in ("@noble/curves", "@noble/hashes"):
        assert f"{name} {vendor_noble.PACKAGES[name][0]}" in text.splitlines()[0]
    assert vendor_noble.digest({"noble.js": text}) == {"noble.js": vendor_noble.WRITTEN["noble.js"]}
    licence = (vendor_noble.TARGET / "noble.LICENSE").read_text(encoding="utf-8")
    assert licence.startswith("The MIT License")
