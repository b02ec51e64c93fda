"""A contract that calls each host function as often as it is told to."""

from __future__ import annotations

from typing import Literal

from corten.lang import (
    Array,
    Contract,
    blake2b,
    blake3,
    bytes32,
    contract,
    debug,
    ed25519_verify,
    keccak256,
    message,
    secp256k1_recover,
    secp256k1_verify,
    sha256,
    u8,
    u32,
)

SIZE_64 = Literal[64]


@contract
class HostCalls(Contract):
    digest: bytes32
    signature: Array[u8, SIZE_64]
    key: Array[u8, SIZE_64]

    @message
    def sign(self, digest: bytes32, signature: Array[u8, SIZE_64], key: Array[u8, SIZE_64]) -> None:
        self.digest = digest
        self.signature = signature
        self.key = key

    @message
    def repeat_debug(self, count: u32) -> None:
        for _ in range(count):
            debug("")

    @message
    def repeat_sha256(self, count: u32) -> None:
        for _ in range(count):
            self.digest = sha256(self.digest)

    @message
    def repeat_keccak256(self, count: u32) -> None:
        for _ in range(count):
            self.digest = keccak256(self.digest)

    @message
    def repeat_blake2b(self, count: u32) -> None:
        for _ in range(count):
            self.digest = blake2b(self.digest)

    @message
    def repeat_blake3(self, count: u32) -> None:
        for _ in range(count):
            self.digest = blake3(self.digest)

    @message
    def repeat_ed25519_verify(self, count: u32, key: bytes32) -> u32:
        found: u32 = 0
        for _ in range(count):
            if ed25519_verify(key, self.digest, self.signature):
                found += 1
        return found

    @message
    def repeat_secp256k1_verify(self, count: u32) -> u32:
        found: u32 = 0
        for _ in range(count):
            if secp256k1_verify(self.key, self.digest, self.signature):
                found += 1
        return found

    @message
    def repeat_secp256k1_recover(self, count: u32, recovery_id: u32) -> u32:
        found: u32 = 0
        for _ in range(count):
            if secp256k1_recover(self.digest, self.signature, recovery_id, self.key):
                found += 1
        return found
