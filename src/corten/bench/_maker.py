"""Deploys contracts, to keep or to throw away."""

from typing import Protocol

from corten.lang import Contract, bytes32, contract, i64, interface, message, require


@interface
class Counter(Protocol):
    @message
    def add(self, amount: i64) -> i64: ...


@contract
class Maker(Contract):
    made: i64

    @message
    def keep(self, code: bytes32) -> None:
        self.deploy(Counter, code)
        self.made += 1

    @message
    def drop(self, code: bytes32) -> None:
        self.deploy(Counter, code)
        require(self.made < 0, "regretted")

    @message
    def nothing(self, code: bytes32) -> None:
        self.made += 1
