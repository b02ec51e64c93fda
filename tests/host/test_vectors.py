"""Known answers from outside, each with its source, through the Python libraries and through V8."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from corten.host import BY_NAME, implementation
from corten.host.signatures import ORDER_SECP256K1
from tests.host.answers import answers

VECTORS = Path(__file__).parent / "vectors"


@pytest.fixture(params=["library", pytest.param("v8", marks=pytest.mark.slow)])
def computed(request):
    """The Python libraries' answer; when the test is over, V8 is asked for all of them, too."""
    asked = {}

    def compute(name, *arguments):
        answer = implementation(BY_NAME[name])(*arguments)
        asked.setdefault(name, []).append((arguments, answer))
        return answer

    yield compute
    if request.param == "v8":
        pytest.importorskip("py_mini_racer")
        for name, cases in asked.items():
            assert answers(name, "v8", [arguments for arguments, _ in cases]) == [answer for _, answer in cases]


HASHES = [
    # FIPS 180-4: the standard's example file (SHA256.pdf), and NIST CAVP SHA256ShortMsg, Len = 0
    ("sha256", b"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
        "sha256",
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ),
    ("sha256", b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("sha256", b"a" * 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    # Ethereum yellow paper: KEC of the empty string and of its RLP encoding; Keccak team, ShortMsgKAT_256.txt, Len = 8
    ("keccak256", b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
    ("keccak256", b"\x80", "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"),
    ("keccak256", b"\xcc", "eead6dbfc7340a56caedc044696a168870549a6a7f6f56961e84a54bd9970b8a"),
    ("keccak256", b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
]


@pytest.mark.parametrize(("name", "data", "digest"), HASHES)
def test_hashes(name, data, digest, computed):
    assert computed(name, data).hex() == digest


def test_keccak_is_not_sha3(computed):
    assert computed("keccak256", b"abc") != hashlib.sha3_256(b"abc").digest()


def selftest_sequence(length, seed):
    """RFC 7693, appendix E: selftest_seq."""
    a, b = 0xDEAD4BAD * seed & 0xFFFFFFFF, 1
    out = bytearray()
    for _ in range(length):
        a, b = b, (a + b) & 0xFFFFFFFF
        out.append(b >> 24)
    return bytes(out)


def test_blake2b_is_the_hash_of_hashes_in_rfc_7693(computed):
    """RFC 7693, appendix E: blake2b_selftest hashes all results into one BLAKE2b-256, whose value it gives."""
    results = b""
    for size in (20, 32, 48, 64):
        for length in (0, 3, 128, 129, 255, 1024):
            data, key = selftest_sequence(length, length), selftest_sequence(size, size)
            results += hashlib.blake2b(data, digest_size=size).digest()
            results += hashlib.blake2b(data, digest_size=size, key=key).digest()
    expected = "c23a7800d98123bd10f506c61e29da5603d763b8bbad2e737f5e765a7bccd475"
    assert computed("blake2b", results).hex() == expected


# BLAKE3-team/BLAKE3, test_vectors/test_vectors.json (CC0): input 0, 1, … 250, 0, 1, …; the first 32 bytes of `hash`
BLAKE3 = {
    0: "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
    1: "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213",
    1023: "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11",
    1024: "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
    1025: "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444",
    2049: "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030",
    3072: "b98cb0ff3623be03326b373de6b9095218513e64f1ee2edd2525c7ad1e5cffd2",
    7169: "a003fc7a51754a9b3c7fae0367ab3d782dccf28855a03d435f8cfe74605e7817",
}


@pytest.mark.parametrize("length", BLAKE3)
def test_blake3(length, computed):
    assert computed("blake3", bytes(index % 251 for index in range(length))).hex() == BLAKE3[length]


# RFC 8032, section 7.1: TEST 1, 2, 3 and SHA(abc): public key, message, signature
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
]


@pytest.mark.parametrize("vector", RFC_8032, ids=["1", "2", "3", "sha_abc"])
def test_ed25519_of_rfc_8032(vector, computed):
    key, message, signature = map(bytes.fromhex, vector)
    assert computed("ed25519_verify", key, message, signature)
    assert not computed("ed25519_verify", key, message + b"!", signature)


# novifinancial/ed25519-speccheck (Apache-2.0), cases.json; "Taming the many EdDSAs", table 5. What each tries, and what
# the strict rule says (the paper's row for ed25519-dalek's verify_strict)
SPECCHECK = [
    ("0: small order A and R", False),
    ("1: small order A", False),
    ("2: small order R", False),
    ("3: mixed order A and R, both equations hold", True),
    ("4: only the cofactored equation holds", False),
    ("5: only the cofactored equation holds, with k reduced", False),
    ("6: S above the order", False),
    ("7: S far above the order", False),
    ("8: R not canonical, reduced for the hash", False),
    ("9: R not canonical, hashed as it is", False),
]


def test_ed25519_of_the_speccheck(computed):
    cases = json.loads((VECTORS / "speccheck.json").read_text())["cases"]
    found = []
    for case in cases:
        key, message, signature = (bytes.fromhex(case[part]) for part in ("pub_key", "message", "signature"))
        found.append(computed("ed25519_verify", key, message, signature))
    assert dict(zip(SPECCHECK, found, strict=True)) == {case: case[1] for case in SPECCHECK}


def wycheproof(name):
    return json.loads((VECTORS / f"{name}.json").read_text())["tests"]


def test_ed25519_of_wycheproof(computed):
    """Every one of them, where the signature has 64 bytes; a shorter or longer one cannot be given."""
    wrong = []
    for number, comment, *parts, result in wycheproof("ed25519"):
        key, message, signature = map(bytes.fromhex, parts)
        if len(signature) == 64 and computed("ed25519_verify", key, message, signature) != (result == "valid"):
            wrong.append((number, comment, result))
    assert not wrong


def test_secp256k1_of_wycheproof(computed):
    """As Wycheproof says, except that a valid signature with a high s is refused; its twin with n − s is accepted."""
    wrong, high = [], 0
    for number, comment, *parts, result in wycheproof("secp256k1"):
        key, message, signature = map(bytes.fromhex, parts)
        digest = hashlib.sha256(message).digest()
        if len(signature) != 64:
            continue
        s = int.from_bytes(signature[32:], "big")
        if result == "valid" and s > ORDER_SECP256K1 // 2:
            high += 1
            assert not computed("secp256k1_verify", key[1:], digest, signature)
            signature = signature[:32] + (ORDER_SECP256K1 - s).to_bytes(32, "big")
        accepted = computed("secp256k1_verify", key[1:], digest, signature)
        if accepted != (result == "valid"):
            wrong.append((number, comment, result))
        if accepted:
            recovered = [computed("secp256k1_recover", digest, signature, identity) for identity in range(4)]
            assert key[1:] in recovered, number
    assert not wrong
    assert high


def ecrecover(data, computed):
    """Ethereum's precompile (yellow paper, appendix E.1) on `secp256k1_recover`: 32 bytes or nothing."""
    digest, v, signature = data[:32], int.from_bytes(data[32:64], "big"), data[64:128]
    key = computed("secp256k1_recover", digest, signature, v - 27) if v in (27, 28) else None
    return b"" if key is None else bytes(12) + computed("keccak256", key)[12:]


# go-ethereum, core/vm/testdata/precompiles/ecRecover.json: CallEcrecoverUnrecoverableKey, ValidKey, and
# InvalidHighV-bits-1. ValidKey has a high s, which the precompile takes and we do not; its twin has n − s, another v
VALID_KEY = (
    "18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c"
    "000000000000000000000000000000000000000000000000000000000000001c"
    "73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75f"
    "eeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549"
)
ECRECOVER = [
    (
        (
            "a8b53bdf3306a35a7103ab5504a0c9b492295564b6202b1942a84ef300107281"
            "000000000000000000000000000000000000000000000000000000000000001b"
            "3078356531653033663533636531386237373263636230303933666637316633"
            "6633663563373562373464636233316138356161386238383932623465386211"
            "22334455667788991011121314151617181920212223242526272829303132"
        ),
        "",
    ),
    (VALID_KEY.replace("1d3d1c0000", "1d3d1c1000"), ""),
]


def test_recovery_of_ethereum(computed):
    data = bytes.fromhex(VALID_KEY)
    assert ecrecover(data, computed) == b""
    s = int.from_bytes(data[96:], "big")
    low = data[:63] + bytes([27 + 28 - data[63]]) + data[64:96] + (ORDER_SECP256K1 - s).to_bytes(32, "big")
    assert ecrecover(low, computed).hex() == "000000000000000000000000a94f5374fce5edbc8e2a8697c15331677e6ebf0b"
    for given, expected in ECRECOVER:
        assert ecrecover(bytes.fromhex(given), computed).hex() == expected
