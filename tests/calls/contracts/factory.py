"""Deploys coins and others; every way in which a deployment can go."""

from __future__ import annotations

from typing import Protocol

from coin import Coin

from corten.lang import At, Contract, Vec, bytes32, contract, event, i64, init, interface, message, require, u32, view


@interface
class Plain(Protocol):
    @message
    def touch(self) -> i64: ...


@interface
class Guest(Protocol):
    @init
    def start(self, host: u32, fate: i64) -> None: ...

    @message
    def touch(self) -> i64: ...


@event
class Opened:
    coin: u32


@contract
class Factory(Contract):
    coins: Vec[At[Coin]]
    pings: i64

    @message
    def open(self, code: bytes32, owner: u32, supply: i64) -> u32:
        """The address of a new coin."""
        coin: At[Coin] = self.deploy(Coin, code, owner=owner, supply=supply)
        self.coins.append(coin)
        self.emit(Opened(u32(coin)))
        return u32(coin)

    @message
    def open_and_pay(self, code: bytes32, to: u32, amount: i64) -> i64:
        """Deploys a coin and calls it in the same message."""
        coin = self.deploy(Coin, code, self.address, 1000)
        coin.transfer(to, amount)
        self.emit(Opened(u32(coin)))
        coin.mint(to, 1)
        self.coins.append(coin)
        return coin.balance(to)

    @message
    def open_many(self, code: bytes32, count: i64) -> i64:
        for number in range(count):
            self.coins.append(self.deploy(Coin, code, 1, number))
        return count

    @message
    def open_and_reject(self, code: bytes32) -> None:
        coin = self.deploy(Coin, code, 1, 5)
        coin.mint(1, 7)
        require(coin.balance(1) == 0, "regretted")

    @message
    def open_and_trap(self, code: bytes32) -> i64:
        coin = self.deploy(Coin, code, 1, 5)
        return 1 // (coin.balance(1) - 5)

    @message
    def plain(self, code: bytes32) -> u32:
        """A contract without init."""
        made = self.deploy(Plain, code)
        made.touch()
        return u32(made)

    @message
    def invite(self, code: bytes32, fate: i64) -> i64:
        """A guest calls back, or worse, in its init."""
        made = self.deploy(Guest, code, self.address, fate)
        return made.touch()

    @message
    def ping(self) -> i64:
        self.pings += 1
        return self.pings

    @message
    def pay(self, number: u32, to: u32, amount: i64) -> None:
        self.coins[number].transfer(to, amount)

    @message
    def ask(self, address: u32) -> i64:
        return At[Coin](address).balance(1)

    @view
    def count(self) -> u32:
        return len(self.coins)

    @view
    def balance(self, number: u32, account: u32) -> i64:
        return self.coins[number].balance(account)
