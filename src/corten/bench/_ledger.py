"""A small contract for measuring the machine itself: its messages do next to nothing."""

from typing import Literal

from corten.lang import Array, Contract, contract, event, i64, init, message, require, store, u32, view

FIRST_PAGE = 1_048_576


@event
class Transfer:
    sender: u32
    to: u32
    amount: i64


@contract
class Ledger(Contract):
    balances: Array[i64, Literal[1024]]

    @init
    def start(self, supply: i64) -> None:
        self.balances[self.sender] = supply

    @message
    def transfer(self, to: u32, amount: i64) -> None:
        require(amount > 0, "amount_not_positive")
        require(self.balances[self.sender] >= amount, "balance_too_low")
        self.balances[self.sender] -= amount
        self.balances[to] += amount
        self.emit(Transfer(self.sender, to, amount))

    @message
    def share(self, amount: i64, parts: i64) -> None:
        """Traps when there are no parts, after a change that must be rolled back."""
        self.balances[self.sender] -= amount
        self.balances[0] += amount // parts

    @message
    def touch(self, page: u32, value: i64) -> None:
        store(i64, u32(FIRST_PAGE) + page * 4096, value)

    @view
    def balance(self, account: u32) -> i64:
        return self.balances[account]
