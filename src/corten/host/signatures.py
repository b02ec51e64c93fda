"""Signature schemes. The libraries do the arithmetic; what they leave open, or settle differently, is settled here.

Every function says no to malformed input instead of raising: a contract decides what that means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

Bytes: TypeAlias = bytes | memoryview

FIELD_25519: Final = 2**255 - 19
SMALL_ORDER_25519: Final = frozenset(
    bytes.fromhex(encoding)
    for encoding in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)
"""The eight points whose order divides 8, their sign bit cleared: y = 0, 1, −1 and two more."""

ORDER_SECP256K1: Final = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
_COMPRESSED, _UNCOMPRESSED = 33, 64


def load_ed25519_verify() -> Callable[[Bytes, Bytes, Bytes], bool]:
    """RFC 8032 without cofactor, strict about encodings; OpenSSL's arithmetic, through `cryptography`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    def verify(public_key: Bytes, message: Bytes, signature: Bytes) -> bool:
        key, signed = bytes(public_key), bytes(signature)
        if not (_is_strict(key) and _is_strict(signed[:32])):
            return False
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signed, bytes(message))
        except (InvalidSignature, ValueError):
            return False
        return True

    return verify


def _is_strict(point: bytes) -> bool:
    """Whether an encoding is canonical and not of a point of small order; that it is a point at all shows later."""
    y = point[:31] + bytes([point[31] & 0x7F])
    return y not in SMALL_ORDER_25519 and int.from_bytes(y, "little") < FIELD_25519


def load_secp256k1_verify() -> Callable[[Bytes, Bytes, Bytes], bool]:
    """ECDSA with low s; libsecp256k1, through `coincurve`."""
    from coincurve import PublicKey
    from coincurve.ecdsa import cdata_to_der, deserialize_compact

    def verify(public_key: Bytes, message_hash: Bytes, signature: Bytes) -> bool:
        signed, key = bytes(signature), bytes(public_key)
        if not _is_low(signed) or len(key) not in (_COMPRESSED, _UNCOMPRESSED):
            return False
        try:
            point = PublicKey(b"\4" + key if len(key) == _UNCOMPRESSED else key)
        except ValueError:
            return False
        return bool(point.verify(cdata_to_der(deserialize_compact(signed)), bytes(message_hash), hasher=None))

    return verify


def load_secp256k1_recover() -> Callable[[Bytes, Bytes, int], bytes | None]:
    """The key behind an ECDSA signature with low s, None if there is none; libsecp256k1, through `coincurve`."""
    from coincurve import PublicKey

    def recover(message_hash: Bytes, signature: Bytes, recovery_id: int) -> bytes | None:
        signed = bytes(signature)
        if not _is_low(signed) or not 0 <= recovery_id <= 3:
            return None
        try:
            recoverable = signed + bytes([recovery_id])
            key = PublicKey.from_signature_and_message(recoverable, bytes(message_hash), hasher=None)
        except ValueError:
            return None
        return key.format(compressed=False)[1:]

    return recover


def _is_low(signature: bytes) -> bool:
    """Whether r and s lie in their ranges, s in the lower half."""
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    return 0 < r < ORDER_SECP256K1 and 0 < s <= ORDER_SECP256K1 // 2
