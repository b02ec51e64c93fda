"""Host functions in contract Python: compiled and under CPython with equal results, and what is refused."""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import corten
from corten.base.errors import InvalidInput, Rejected, TrapCode, Trapped
from corten.compiler import compile_contract
from corten.compiler.native import NativeContract
from corten.host import BY_NAME, implementation
from corten.lang.loader import load_module
from corten.lang.refusal import LanguageError

NOTARY = Path(__file__).parents[1] / "contracts" / "notary.py"
ENGINES = ("wasmtime", "v8", "python")
DIGEST = bytes(range(32))
ORDER = b"\1" + bytes(7) + (5).to_bytes(8, "little") + (6).to_bytes(4, "little") + bytes(4)
"""Order(Side.SELL, Ticks(5), 6) in memory."""


def computed(name, *arguments):
    return implementation(BY_NAME[name])(*arguments)


@pytest.fixture(scope="module", params=ENGINES)
def notary(request):
    return corten.Machine(request.param, memory_limit=1 << 20, cache=False).deploy(NOTARY)


@pytest.fixture(scope="module")
def signed():
    """Compressed and raw key, signature, recovery id of DIGEST."""
    key = PrivateKey(bytes(range(1, 33)))
    signature = key.sign_recoverable(DIGEST, hasher=None)
    return key.public_key.format(), key.public_key.format(compressed=False)[1:], signature[:64], signature[64]


def test_a_struct_is_hashed_as_it_lies_in_memory(notary):
    receipt = notary.place(side=1, price=5, size=6)
    assert receipt.result == hashlib.sha256(ORDER).digest()
    for number, name in enumerate(("sha256", "keccak256", "blake2b", "blake3")):
        assert notary.hashes_of_order(algorithm=number) == computed(name, ORDER)


def test_scalars_and_literals(notary):
    assert notary.hash_of_number(number=5) == computed("keccak256", (5).to_bytes(4, "little"))
    assert notary.hash_of_literal() == hashlib.sha256((7).to_bytes(8, "little")).digest()


def test_a_digest_of_a_digest_and_a_value_of_its_own(notary):
    assert notary.hash_of_wide(number=1, digest=DIGEST) == computed("sha256", computed("keccak256", DIGEST))
    assert notary.hash_of_wide(number=-1, digest=DIGEST) == computed("blake2b", ORDER)


def test_bytes_of_memory(notary):
    assert notary.fill(count=100, algorithm=0).result == hashlib.sha256(bytes(100)).digest()
    assert notary.fill(count=0, algorithm=1).result == computed("blake3", b"\1\0\0")


@pytest.mark.parametrize("address_and_length", [(1 << 20, 1), (2**32 - 1, 2), (1 << 19, 2**32 - 1), ((1 << 20) + 1, 0)])
def test_bytes_beyond_memory_trap(notary, address_and_length):
    with pytest.raises(Trapped) as trapped:
        notary.beyond(*address_and_length)
    assert trapped.value.code == TrapCode.MEMORY_OUT_OF_BOUNDS
    assert notary.beyond(1 << 20, 0) == hashlib.sha256(b"").digest()


def test_ed25519(notary):
    key = Ed25519PrivateKey.from_private_bytes(DIGEST)
    public, signature = key.public_key().public_bytes_raw(), list(key.sign(b"ab"))
    assert notary.is_signed(public_key=public, text=list(b"ab"), signature=signature) is True
    assert notary.is_signed(public_key=public, text=list(b"ac"), signature=signature) is False


def test_secp256k1(notary, signed):
    compressed, raw, signature, identity = signed
    assert notary.is_signed_by_compressed(list(compressed), DIGEST, list(signature)) is True
    assert notary.is_signed_by_compressed(list(compressed), bytes(32), list(signature)) is False
    assert notary.signer(DIGEST, list(signature), identity) == computed("keccak256", raw)
    with pytest.raises(Rejected, match="no_signer"):
        notary.signer(DIGEST, list(signature), 4)


def test_a_rejected_message_leaves_its_output_as_it_was(notary, signed):
    _, raw, signature, identity = signed
    assert notary.keep_signer(DIGEST, list(signature), identity, False).result is True
    for wrong in (identity ^ 1, 4):
        assert notary.keep_signer(DIGEST, list(signature), wrong, True).error == "asked_to_fail"
    assert notary.kept_signer() == computed("keccak256", raw)
    assert notary.keep_signer(DIGEST, list(signature), 4, False).result is False
    assert notary.kept_signer() == computed("keccak256", bytes(64))


def test_debug_says_the_same(notary, caplog):
    with caplog.at_level(logging.DEBUG, "corten.debug"):
        digest = notary.place(side=1, price=-5, size=6).result
        notary.hash_of_wide(number=-(2**100), digest=DIGEST)
    assert [record.getMessage() for record in caplog.records] == [
        f"placed: -5, 6, 1, True, {digest.hex()}",
        f"hashing: {-(2**100)}, 7, -1, 2.5",
    ]


def test_a_batch_and_a_fork_call_out_too():
    machine = corten.Machine(memory_limit=1 << 20, cache=False)
    notary = machine.deploy(NOTARY)
    fork = machine.fork()
    rows = np.array([(1, price, 6) for price in range(100)], notary.dtype("place"))
    for each in (notary, fork["Notary"]):
        receipts = each.submit("place", rows)
        assert receipts.results["place"]["value"][5].tobytes() == hashlib.sha256(ORDER).digest()
    assert machine.state_root == fork.state_root


BODY = """from corten.lang import Array, Contract, Vec, bytes_at, bytes32, contract, debug, ed25519_verify, i64, message
from corten.lang import secp256k1_recover, secp256k1_verify, sha256, u8, u32, view

@contract
class Sample(Contract):
    key: Array[u8, 64]
    short: Array[u8, 63]
    words: Array[u32, 16]
    digest: bytes32

    @message
    def run(self, number: u32, digest: bytes32) -> None:
        {line}

    @view
    def look(self, digest: bytes32) -> bool:
        {look}
"""
REFUSED = {
    "sha256()": "takes 1 arguments, found 0",
    "sha256(number, number)": "takes 1 arguments, found 2",
    "sha256(data=number)": "positional arguments only",
    "sha256(None)": "None is outside the language",
    'sha256("text")': "a str constant is outside the language",
    "number = bytes_at(number, number)": "`bytes_at` cannot be called here",
    "sha256(bytes_at(number))": "takes 2 arguments, found 1",
    "sha256(bytes_at(i64(1), number))": "expected u32, found i64",
    "ed25519_verify(bytes_at(number, number), digest, self.key)": "`bytes_at` cannot be called here",
    "ed25519_verify(self.key, digest, self.key)": "public_key",
    "ed25519_verify(digest, digest, self.short)": "`signature`: expected Array[u8, 64], found Array[u8, 63]",
    "ed25519_verify(digest, digest, self.words)": "expected Array[u8, 64], found Array[u32, 16]",
    "secp256k1_verify(self.key, number, self.key)": "`message_hash`: expected bytes32 or Array[u8, 32], found u32",
    "secp256k1_recover(digest, self.key, digest, self.key)": "expected u32, found bytes32",
    "secp256k1_recover(digest, self.key, number, self.short)": "`public_key`: expected Array[u8, 64]",
    "debug(number)": "a text without braces",
    'debug("{i64}", number)': "a text without braces",
    'debug("key", self.key)': "expected a scalar",
    'number = debug("x")': "returns nothing",
}


@pytest.fixture
def sample(tmp_path):
    def write(line="pass", look="return True"):
        path = tmp_path / "sample.py"
        path.write_text(BODY.format(line=line, look=look), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("line", REFUSED)
def test_what_the_compiler_refuses(sample, line):
    with pytest.raises(corten.base.errors.DiagnosticError) as refused:
        compile_contract(sample(line))
    assert REFUSED[line] in str(refused.value)
    assert "sample.py:13:" in str(refused.value)


def test_a_view_may_write_to_a_value_of_its_own_but_not_to_state(sample):
    own = "key = Array[u8, 64]()\n        return secp256k1_recover(digest, self.key, 0, key)"
    assert compile_contract(sample(look=own))
    with pytest.raises(corten.base.errors.DiagnosticError, match="E403"):
        compile_contract(sample(look="return secp256k1_recover(digest, self.key, 0, self.key)"))


@pytest.mark.parametrize(
    "line",
    [
        "ed25519_verify(digest, digest, self.short)",
        "secp256k1_recover(digest, self.key, number, self.words)",
        "sha256()",
    ],
)
def test_what_cpython_refuses(sample, line):
    contract = corten.Machine("python", cache=False).deploy(sample(line))
    with pytest.raises(LanguageError, match=r"expected Array\[u8, 64\]|takes 1 arguments"):
        contract.run(number=1, digest=DIGEST)


def test_native_code_for_benchmarks_has_no_host():
    with pytest.raises(InvalidInput, match="calls of sha256, keccak256"):
        NativeContract(NOTARY)


def test_a_missing_library_is_named_with_its_extra(sample, monkeypatch):
    code = f"""
import sys
sys.modules["Crypto"] = sys.modules["Crypto.Hash"] = None
import corten
for engine in {ENGINES}:
    try:
        print(corten.Machine(engine, cache=False).deploy({str(NOTARY)!r}).name, "needs no library")
    except corten.base.errors.InvalidInput as refused:
        print(refused)
"""
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    lines = printed.splitlines()
    assert lines.pop(ENGINES.index("v8")) == "Notary needs no library"
    assert len(lines) == len(ENGINES) - 1
    for line in lines:
        assert line.startswith(
            "host function keccak256: expected pycryptodome to be installed: pip install 'corten[crypto]'"
        )


def test_the_names_are_ordinary_names(tmp_path):
    path = tmp_path / "own.py"
    path.write_text("from corten.lang import u32\n\ndef sha256(number: u32) -> u32:\n    return number + 1\n")
    assert load_module(path).sha256(4) == 5
