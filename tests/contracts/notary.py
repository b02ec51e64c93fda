"""Every host function, on every kind of argument."""

from __future__ import annotations

from typing import Literal

from corten.lang import (
    Array,
    Contract,
    Enum,
    Map,
    Unit,
    address_of,
    allocate,
    blake2b,
    blake3,
    bytes32,
    bytes_at,
    contract,
    debug,
    ed25519_verify,
    event,
    i64,
    i128,
    keccak256,
    message,
    require,
    secp256k1_recover,
    secp256k1_verify,
    sha256,
    struct,
    u8,
    u32,
    u64,
    view,
)

SIZE_2 = Literal[2]
SIZE_33 = Literal[33]
SIZE_64 = Literal[64]


class Side(Enum):
    BUY = 0
    SELL = 1


class Ticks(Unit[i64]):
    pass


@struct
class Order:
    side: Side
    price: Ticks
    size: u32


@event
class Sealed:
    digest: bytes32


@contract
class Notary(Contract):
    order: Order
    seals: Map[bytes32, u32]
    key: Array[u8, SIZE_64]
    last: bytes32

    @message
    def place(self, side: Side, price: Ticks, size: u32) -> bytes32:
        self.order = Order(side, price, size)
        self.last = sha256(self.order)
        self.seals[self.last] += 1
        self.emit(Sealed(self.last))
        debug("placed", price, size, side, side == Side.SELL, self.last)
        return self.last

    @view
    def hashes_of_order(self, algorithm: u8) -> bytes32:
        match algorithm:
            case 0:
                return sha256(self.order)
            case 1:
                return keccak256(self.order)
            case 2:
                return blake2b(self.order)
            case _:
                return blake3(self.order)

    @view
    def hash_of_number(self, number: u32) -> bytes32:
        return keccak256(number)

    @view
    def hash_of_literal(self) -> bytes32:
        return sha256(7)

    @view
    def hash_of_wide(self, number: i128, digest: bytes32) -> bytes32:
        copied = Order(Side.SELL, Ticks(5), 6)
        debug("hashing", number, u64(7), i64(-1), 2.5)
        return sha256(keccak256(digest)) if number > 0 else blake2b(copied)

    @message
    def fill(self, count: u32, algorithm: u8) -> bytes32:
        start = allocate(count)
        place = address_of(self.key)
        self.key[0] = algorithm
        require(algorithm < 2, "unknown_algorithm")
        if algorithm == 1:
            return blake3(bytes_at(place, 3))
        return sha256(bytes_at(start, count))

    @view
    def beyond(self, address: u32, length: u32) -> bytes32:
        return sha256(bytes_at(address, length))

    @view
    def is_signed(self, public_key: bytes32, text: Array[u8, SIZE_2], signature: Array[u8, SIZE_64]) -> bool:
        return ed25519_verify(public_key, text, signature)

    @view
    def is_signed_by_compressed(self, key: Array[u8, SIZE_33], digest: bytes32, signature: Array[u8, SIZE_64]) -> bool:
        return secp256k1_verify(key, digest, signature)

    @view
    def signer(self, digest: bytes32, signature: Array[u8, SIZE_64], recovery_id: u32) -> bytes32:
        key = Array[u8, SIZE_64]()
        require(secp256k1_recover(digest, signature, recovery_id, key), "no_signer")
        require(secp256k1_verify(key, digest, signature), "not_verified")
        return keccak256(key)

    @message
    def keep_signer(self, digest: bytes32, signature: Array[u8, SIZE_64], recovery_id: u32, fail: bool) -> bool:
        found = secp256k1_recover(digest, signature, recovery_id, self.key)
        require(not fail, "asked_to_fail")
        return found

    @view
    def kept_signer(self) -> bytes32:
        return keccak256(self.key)
