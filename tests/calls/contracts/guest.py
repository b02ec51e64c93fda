"""What the init of a deployed contract may try."""

from __future__ import annotations

from typing import Protocol

from corten.lang import At, Contract, contract, event, i64, init, interface, message, require, u32


@interface
class Host(Protocol):
    @message
    def ping(self) -> i64: ...


@interface
class Self(Protocol):
    @message
    def touch(self) -> i64: ...


@event
class Arrived:
    sender: u32
    address: u32


@contract
class Guest(Contract):
    count: i64

    @init
    def begin(self, host: u32, fate: i64) -> None:
        """0 is good; 1 calls its deployer, 2 itself, 3 rejects, 4 traps, 5 loops for ever."""
        self.emit(Arrived(self.sender, self.address))
        self.count = 10
        if fate == 1:
            At[Host](host).ping()
        elif fate == 2:
            At[Self](self.address).touch()
        require(fate != 3, "unwilling")
        if fate == 4:
            self.count = self.count // (fate - 4)
        while fate == 5:
            self.count += 1

    @message
    def touch(self) -> i64:
        self.count += 1
        return self.count
