"""One attack for each row, by the name that its `hostile` gives; `test_ranges.py` attacks what all have in common."""

from __future__ import annotations

import hashlib
import logging

import pytest
from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from corten.host import BY_NAME, HOST_FUNCTIONS, implementation
from corten.host.signatures import FIELD_25519, ORDER_SECP256K1, SMALL_ORDER_25519
from tests.host.guests import DATA, MEMORY, OUT, Guest

HASHES = [function.name for function in HOST_FUNCTIONS if function.hostile == "test_hash"]
ORDER_25519 = 2**252 + 27742317777372353535851937790883648493


@pytest.mark.parametrize("name", HASHES)
def test_hash(name, engine):
    """Digest over its own input, straddling it, of all memory while written into it, of nothing."""
    compute = implementation(BY_NAME[name])
    guest = Guest(name, engine)
    data = bytes(range(200))
    for digest in (DATA, DATA + 8, DATA - 16, DATA + 190, DATA + 100):
        guest.put(bytes(1024), DATA - 512)
        guest.put(data)
        assert guest.call(DATA, len(data), digest).accepted
        assert guest.read(32, digest) == compute(data)
        assert bytes(guest.memory[digest + 32 : DATA + 200]) == data[digest + 32 - DATA :][: DATA + 200 - digest - 32]
    everything = bytes(guest.memory)
    assert guest.call(0, MEMORY, MEMORY - 32).accepted
    assert guest.read(32, MEMORY - 32) == compute(everything)
    assert guest.call(MEMORY, 0, 0).accepted
    assert guest.read(32, 0) == compute(b"")


def signed_25519(message):
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    return key.public_key().public_bytes_raw(), key.sign(message)


def test_ed25519_verify(engine):
    """Malformed and malleable signatures are false, never a trap, and every answer costs the same."""
    guest = Guest("ed25519_verify", engine)
    message = b"100 contracts at 5.25"
    key, signature = signed_25519(message)
    s = int.from_bytes(signature[32:], "little")
    high_s = signature[:32] + (s + ORDER_25519).to_bytes(32, "little")
    sign = bytes([key[31] ^ 0x80])
    not_canonical = [
        (FIELD_25519 + y | (top << 255)).to_bytes(32, "little") for y in range(2**255 - FIELD_25519) for top in (0, 1)
    ]
    small = [*SMALL_ORDER_25519, *(point[:31] + bytes([point[31] | 0x80]) for point in SMALL_ORDER_25519)]
    not_a_point = (2).to_bytes(32, "little")
    wrong = [(key, message, high_s), (key, message + b"0", signature), (key[:31] + sign, message, signature)]
    wrong += [(key, message, bytes(64)), (key, message, b"\xff" * 64), (not_a_point, message, signature)]
    wrong += [(point, message, signature) for point in (*not_canonical, *small)]
    wrong += [(point, message, point + bytes(32)) for point in (*not_canonical, *small)]
    wrong += [(key, message, point + signature[32:]) for point in (*not_canonical, *small)]

    def verdict(key, message, signature):
        guest.put(key + signature + message)
        receipt = guest.call(DATA, DATA + 96, len(message), DATA + 32)
        assert receipt.gas - 5 * len(message) == baseline
        return receipt.result

    baseline = 0
    guest.put(key + signature + message)
    receipt = guest.call(DATA, DATA + 96, len(message), DATA + 32)
    assert receipt.result == 1
    baseline = receipt.gas - 5 * len(message)
    assert [index for index, case in enumerate(wrong) if verdict(*case)] == []


def signed_secp256k1(digest):
    key = PrivateKey(bytes(range(1, 33)))
    signature = key.sign_recoverable(digest, hasher=None)
    return key.public_key, signature[:64], signature[64]


def high(signature):
    """The other signature of the same message."""
    s = int.from_bytes(signature[32:], "big")
    return signature[:32] + (ORDER_SECP256K1 - s).to_bytes(32, "big")


OUT_OF_RANGE = [0, ORDER_SECP256K1, ORDER_SECP256K1 + 1, 2**256 - 1]


def bad_signatures(signature):
    r, s = signature[:32], signature[32:]
    yield high(signature)
    for number in OUT_OF_RANGE:
        yield number.to_bytes(32, "big") + s
        yield r + number.to_bytes(32, "big")


def test_secp256k1_verify(engine):
    """Keys of every wrong length and form, r and s out of range, high s: false, never a trap."""
    guest = Guest("secp256k1_verify", engine)
    digest = hashlib.sha256(b"order").digest()
    public, signature, _ = signed_secp256k1(digest)
    compressed, raw = public.format(), public.format(compressed=False)[1:]

    def verdict(key, signature=signature, digest=digest):
        guest.put(digest + signature + key)
        return guest.call(DATA + 96, len(key), DATA, DATA + 32).result

    assert verdict(compressed)
    assert verdict(raw)
    assert not any(verdict(compressed, bad) for bad in bad_signatures(signature))
    assert not verdict(compressed, digest=bytes(32))
    assert not any(verdict((raw * 3)[:length]) for length in (0, 1, 31, 32, 33, 34, 63, 65, 66, 96, 128, 192))
    prefixes = [prefix for prefix in range(256) if verdict(bytes([prefix]) + compressed[1:])]
    assert prefixes == [compressed[0]]
    assert not any(verdict(bytes([prefix]) + raw) for prefix in (4, 6, 7))
    not_on_curve = [bytes(64), raw[:63] + bytes([raw[63] ^ 1]), b"\xff" * 64, b"\2" + b"\xff" * 32, b"\2" + bytes(32)]
    assert not any(verdict(key) for key in not_on_curve)


def test_secp256k1_recover(engine):
    """Every recovery id that is none, bad signatures, output over the inputs: false and zeros, never what was there."""
    guest = Guest("secp256k1_recover", engine)
    digest = hashlib.sha256(b"order").digest()
    public, signature, identity = signed_secp256k1(digest)
    raw = public.format(compressed=False)[1:]

    def recovered(signature, identity, out=OUT):
        guest.put(b"\xaa" * 64, OUT)
        guest.put(digest + signature)
        found = guest.call(DATA, DATA + 32, identity, out)
        assert found.accepted
        return found.result, guest.read(64, out)

    assert recovered(signature, identity) == (1, raw)
    assert recovered(signature, identity ^ 1)[0] == 1
    assert recovered(signature, identity ^ 1)[1] != raw
    for wrong in (4, 27, 28, 255, 256 + identity, 2**31, 2**32 - 1):
        assert recovered(signature, wrong) == (0, bytes(64))
    for bad in bad_signatures(signature):
        assert recovered(bad, identity) == (0, bytes(64))
        assert recovered(bad, identity ^ 1) == (0, bytes(64))
    large_x = (2).to_bytes(32, "big") + signature[32:]  # r + n is no x of a point: recovery ids 2 and 3
    assert [recovered(large_x, identity)[0] for identity in (2, 3)] in ([0, 0], [1, 1])
    for out in (DATA, DATA + 1, DATA + 32, DATA + 80):
        assert recovered(signature, identity, out) == (1, raw)


def test_debug(caplog, engine):
    """Text that is no text, places without values, terminal escapes, megabytes: nothing traps, nothing is committed."""
    guest = Guest("debug", engine)
    root = guest.machine.state_root
    texts = [
        b"\xff\xfe\x00{i64}",
        b"\x1b[2Jcleared\r\n",
        b"{i128}{bytes32}{f64}",
        b"{}{x}{i64!r}{0.__class__}%s%n",
        b"",
    ]
    with caplog.at_level(logging.DEBUG, "corten.debug"):
        for text in texts:
            guest.memory[DATA : DATA + len(text)] = text
            assert guest.call(DATA, len(text), OUT, 8).accepted
        assert guest.call(0, MEMORY, 0, MEMORY, gas_limit=10**9).accepted
    lines = [record.getMessage() for record in caplog.records]
    assert lines[:5] == [
        r"\xff\xfe\x000",
        r"\x1b[2Jcleared\r\n",
        "???",
        "{}{x}{i64!r}{0.__class__}%s%n",
        "",
    ]
    assert all(line.isprintable() for line in lines)
    assert guest.machine.state_root == root


@pytest.mark.parametrize("entry", ["look", "reject", "stop"])
def test_debug_speaks_even_if_the_message_fails(caplog, entry, engine):
    guest = Guest("debug", engine)
    guest.memory[DATA : DATA + 2] = b"hi"
    with caplog.at_level(logging.DEBUG, "corten.debug"):
        guest.call(DATA, 2, 0, 0, entry=entry)
    assert [record.getMessage() for record in caplog.records] == ["hi"]


def test_debug_costs_the_same_whether_or_not_anybody_listens(caplog, engine):
    guest = Guest("debug", engine)
    silent = guest.call(DATA, 100, OUT, 16).gas
    with caplog.at_level(logging.DEBUG, "corten.debug"):
        assert guest.call(DATA, 100, OUT, 16).gas == silent
