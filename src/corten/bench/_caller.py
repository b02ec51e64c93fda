"""Calls another contract again and again, in one message."""

from typing import Protocol

from corten.lang import At, Contract, contract, i64, init, interface, message, view


@interface
class Counter(Protocol):
    @message
    def add(self, amount: i64) -> i64: ...

    @message
    def add_loudly(self, amount: i64) -> i64: ...

    @view
    def read(self) -> i64: ...


@contract
class Caller(Contract):
    counter: At[Counter]
    total: i64

    @init
    def start(self, counter: At[Counter]) -> None:
        self.counter = counter

    @message
    def read(self, count: i64) -> None:
        for _ in range(count):
            self.total += self.counter.read()

    @message
    def add(self, count: i64) -> None:
        for i in range(count):
            self.total += self.counter.add(i)

    @message
    def add_loudly(self, count: i64) -> None:
        for i in range(count):
            self.total += self.counter.add_loudly(i)

    @message
    def nothing(self, count: i64) -> None:
        for i in range(count):
            self.total += i
