"""Calls a contract and its host, before and after: what is heard and answered must not depend on who was there."""

from __future__ import annotations

from typing import Protocol

from corten.lang import At, Contract, bytes32, contract, debug, i64, interface, message, require, sha256, u32


@interface
class Next(Protocol):
    @message
    def stamp(self, number: i64) -> bytes32: ...


@contract
class Clerk(Contract):
    next: At[Next]
    last: bytes32
    count: i64

    @message
    def follow(self, next: At[Next]) -> None:
        self.next = next

    @message
    def stamp(self, number: i64) -> bytes32:
        debug("begins", self.address, number)
        self.count += 1
        self.last = sha256(number)
        if u32(self.next) != 0 and number % 3 == 0:
            self.last = self.next.stamp(number // 3)
        require(number % 7 != 5, "five")
        debug("ends", self.address, number)
        return sha256(self.last)
