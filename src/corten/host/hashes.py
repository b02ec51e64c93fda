"""Hash functions: bytes in, 32 bytes out. Each loads its library when it is first needed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

Hash: TypeAlias = Callable[[bytes | memoryview], bytes]


def load_sha256() -> Hash:
    """FIPS 180-4, from the standard library."""
    sha256 = hashlib.sha256
    return lambda data: sha256(data).digest()


def load_blake2b() -> Hash:
    """RFC 7693 with 32 bytes of digest, from the standard library."""
    blake2b = partial(hashlib.blake2b, digest_size=32)
    return lambda data: blake2b(data).digest()


def load_keccak256() -> Hash:
    """Keccak with a capacity of 512 bits and its original padding, from pycryptodome."""
    from Crypto.Hash import keccak

    new = keccak.new
    return lambda data: new(digest_bits=256, data=data).digest()


def load_blake3() -> Hash:
    """BLAKE3, from the bindings to its reference implementation."""
    from blake3 import blake3

    return lambda data: blake3(data).digest()
