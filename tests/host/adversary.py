"""Inputs for signature checks: honest ones, and everything that implementations are known to disagree about."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from corten.host.signatures import FIELD_25519, ORDER_SECP256K1, SMALL_ORDER_25519

ORDER_25519 = 2**252 + 27742317777372353535851937790883648493
FIELD_SECP256K1 = 2**256 - 2**32 - 977
D_25519 = -121665 * pow(121666, -1, FIELD_25519) % FIELD_25519
Case = tuple[Any, ...]


# ---- Ed25519 ---------------------------------------------------------------------------------------------------------


def _add(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """Points of the twisted Edwards curve, affine."""
    p = FIELD_25519
    (x1, y1), (x2, y2) = one, other
    cross = D_25519 * x1 * x2 * y1 * y2 % p
    x = (x1 * y2 + x2 * y1) * pow(1 + cross, -1, p)
    y = (y1 * y2 + x1 * x2) * pow(1 - cross, -1, p)
    return x % p, y % p


@cache
def _doubles() -> list[tuple[int, int]]:
    """The base point, twice it, four times it …"""
    point = _decode((4 * pow(5, -1, FIELD_25519) % FIELD_25519).to_bytes(32, "little"))
    assert point is not None
    doubles = [point]
    for _ in range(255):
        doubles.append(_add(doubles[-1], doubles[-1]))
    return doubles


def _times(number: int) -> tuple[int, int]:
    """A multiple of the base point."""
    result = (0, 1)
    for place, double in enumerate(_doubles()):
        if number >> place & 1:
            result = _add(result, double)
    return result


def _decode(encoding: bytes) -> tuple[int, int] | None:
    p = FIELD_25519
    word = int.from_bytes(encoding, "little")
    y, sign = word & ~(1 << 255), word >> 255
    square = (y * y - 1) * pow(D_25519 * y * y + 1, -1, p) % p
    x = pow(square, (p + 3) // 8, p)
    if x * x % p != square:
        x = x * pow(2, (p - 1) // 4, p) % p
    if x * x % p != square:
        return None
    return (p - x if x & 1 != sign else x) % p, y % p


def _encode(point: tuple[int, int]) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


_SMALL = [point for encoding in SMALL_ORDER_25519 if (point := _decode(encoding)) is not None]


def _k(point: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(point + key + message).digest(), "little") % ORDER_25519


def ed25519(random: Random, count: int) -> Iterator[Case]:
    """Key, message, signature."""
    makers = [_honest, _flipped, _high_s, _mixed_order, _mixed_nonce, _odd_points, _noise, _scalars]
    for number in range(count):
        yield makers[number % len(makers)](random)


def _honest(random: Random) -> Case:
    key = Ed25519PrivateKey.from_private_bytes(random.randbytes(32))
    message = random.randbytes(random.choice([0, 1, 31, 32, 64, 111, 112, 127, 128, 200]))
    return key.public_key().public_bytes_raw(), message, key.sign(message)


def _flipped(random: Random) -> Case:
    key, message, signature = _honest(random)
    content = bytearray(key + signature)
    bit = random.randrange(8 * len(content))
    content[bit >> 3] ^= 1 << (bit & 7)
    return bytes(content[:32]), message, bytes(content[32:])


def _high_s(random: Random) -> Case:
    key, message, signature = _honest(random)
    s = int.from_bytes(signature[32:], "little") + ORDER_25519 * random.randint(1, 14)
    return key, message, signature[:32] + s.to_bytes(32, "little")


def _mixed_order(random: Random, nonce_torsion: bool = False) -> Case:
    """A key that is a sum of an honest one and one of small order: both equations hold if the order divides k."""
    secret, nonce = random.randrange(1, ORDER_25519), random.randrange(1, ORDER_25519)
    torsion = random.choice(_SMALL)
    key = _encode(_add(_times(secret), torsion))
    point = _times(nonce)
    if nonce_torsion:
        point = _add(point, random.choice(_SMALL))
    encoding, message = _encode(point), random.randbytes(8)
    for _ in range(8):  # some of them divisible
        if _k(encoding, key, message) % 8 == 0:
            break
        message = random.randbytes(8)
    s = (nonce + _k(encoding, key, message) * secret) % ORDER_25519
    return key, message, encoding + s.to_bytes(32, "little")


def _mixed_nonce(random: Random) -> Case:
    """A nonce point with a part of small order: the equation with cofactor holds, the one without does not."""
    return _mixed_order(random, nonce_torsion=True)


def _odd_points(random: Random) -> Case:
    """Encodings of small order, not canonical, or of no point; with scalars for which 0 = 0 might do."""
    odd = [*SMALL_ORDER_25519, *((FIELD_25519 + y).to_bytes(32, "little") for y in range(19)), bytes(31) + b"\x80"]
    odd += [point[:31] + bytes([point[31] | 0x80]) for point in SMALL_ORDER_25519]
    odd += [(random.randrange(2**255)).to_bytes(32, "little"), b"\xff" * 32]
    key, message, signature = _honest(random)
    choice = random.randrange(4)
    if choice == 0:
        return random.choice(odd), message, random.choice(odd) + bytes(32)
    if choice == 1:
        return random.choice(odd), message, signature
    if choice == 2:
        return key, message, random.choice(odd) + signature[32:]
    return random.choice(odd), message, random.choice(odd) + signature[32:]


def _noise(random: Random) -> Case:
    return random.randbytes(32), random.randbytes(random.randrange(80)), random.randbytes(64)


def _scalars(random: Random) -> Case:
    """Scalars at the borders; with S·B as the nonce point the key's part would have to vanish."""
    key, message, _ = _honest(random)
    s = random.choice([0, 1, 2, ORDER_25519 - 1, ORDER_25519, ORDER_25519 + 1, 2**252, 2**255, 2**256 - 1])
    point = _encode(_times(s % ORDER_25519)) if s % ORDER_25519 else random.choice([*SMALL_ORDER_25519])
    return key, message, point + s.to_bytes(32, "little")


# ---- secp256k1 -------------------------------------------------------------------------------------------------------


def _numbers(random: Random) -> int:
    n, p = ORDER_SECP256K1, FIELD_SECP256K1
    near = [0, 1, 2, n - 1, n, n + 1, n // 2, n // 2 + 1, p - n - 1, p - n, p - n + 1, p - 1, p, p + 1, 2**256 - 1]
    return random.choice([*near, random.randrange(2**256), random.randrange(p - n), random.randrange(2**32)])


def _signed(random: Random) -> tuple[bytes, bytes, bytes, int]:
    key = PrivateKey(random.randbytes(32))
    digest = random.choice([random.randbytes(32), bytes(32), b"\xff" * 32, ORDER_SECP256K1.to_bytes(32, "big")])
    signature = key.sign_recoverable(digest, hasher=None)
    public = key.public_key.format(compressed=random.random() < 0.5)
    return public if len(public) == 33 else public[1:], digest, signature[:64], signature[64]


def secp256k1_verify(random: Random, count: int) -> Iterator[Case]:
    """Key, digest, signature."""
    for number in range(count):
        key, digest, signature, _ = _signed(random)
        r, s = signature[:32], signature[32:]
        odd = _numbers(random).to_bytes(32, "big")
        lengths = random.choice([0, 1, 32, 33, 34, 63, 64, 65, 96])
        negated = (ORDER_SECP256K1 - int.from_bytes(s, "big")).to_bytes(32, "big")
        cases = [
            (key, digest, signature),
            (key, digest, odd + s),
            (key, digest, r + odd),
            (key, digest, r + negated),
            (bytes([random.randrange(8)]) + key[1:], digest, signature),
            (odd + odd, digest, signature),
            (bytes([random.choice([2, 3])]) + odd, digest, signature),
            (random.randbytes(lengths), digest, signature),
            ((key * 3)[:lengths], digest, signature),
            (key, odd, signature),
            (key, digest, odd + _numbers(random).to_bytes(32, "big")),
            _no_point(random),
        ]
        yield cases[number % len(cases)]


def _no_point(random: Random) -> Case:
    """u·G + v·Q is the point at infinity: Q = −(u/v)·G, with z = u·s and r = v·s."""
    n = ORDER_SECP256K1
    key = PrivateKey(random.randbytes(32))
    secret = int.from_bytes(key.secret, "big")
    r, s = random.randrange(1, n), random.randrange(1, n // 2)
    z = -r * secret % n
    return key.public_key.format(), z.to_bytes(32, "big"), r.to_bytes(32, "big") + s.to_bytes(32, "big")


def secp256k1_recover(random: Random, count: int) -> Iterator[Case]:
    """Digest, signature, recovery id."""
    for number in range(count):
        _, digest, signature, identity = _signed(random)
        r, s = signature[:32], signature[32:]
        odd = _numbers(random).to_bytes(32, "big")
        small_r = random.randrange(FIELD_SECP256K1 - ORDER_SECP256K1).to_bytes(32, "big")
        anything = random.choice([0, 1, 2, 3, 4, 5, 27, 28, 255, 256, 2**31, 2**32 - 1])
        cases = [
            (digest, signature, identity),
            (digest, signature, anything),
            (digest, odd + s, random.randrange(4)),
            (digest, r + odd, random.randrange(4)),
            (digest, small_r + s, random.randrange(4)),
            (odd, signature, random.randrange(4)),
            (odd, small_r + odd, anything),
            _no_key(random),
        ]
        yield cases[number % len(cases)]


def _no_key(random: Random) -> Case:
    """The key would be the point at infinity: s·R = z·G, with R = k·G and z = s·k."""
    n = ORDER_SECP256K1
    nonce = PrivateKey(random.randbytes(32))
    point = nonce.public_key.format()
    r, s = int.from_bytes(point[1:], "big"), random.randrange(1, n // 2)
    z = s * int.from_bytes(nonce.secret, "big") % n
    return z.to_bytes(32, "big"), (r % n).to_bytes(32, "big") + s.to_bytes(32, "big"), point[0] - 2
