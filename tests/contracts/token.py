"""The token of the design page: balances, transfers, a minter."""

from __future__ import annotations

from corten.lang import Contract, Map, contract, event, i64, init, message, require, u32, view


@event
class Transfer:
    sender: u32
    to: u32
    amount: i64


@contract
class Token(Contract):
    balances: Map[u32, i64]
    supply: i64

    @init
    def start(self, owner: u32, supply: i64) -> None:
        require(supply > 0, "supply_not_positive")
        self.balances[owner] = supply
        self.supply = supply

    @message
    def transfer(self, to: u32, amount: i64) -> None:
        require(amount > 0, "amount_not_positive")
        require(self.balances[self.sender] >= amount, "balance_too_low")
        self.balances[self.sender] -= amount
        self.balances[to] += amount
        self.emit(Transfer(self.sender, to, amount))

    @message
    def burn(self, amount: i64) -> i64:
        self.balances[self.sender] -= amount
        require(self.balances[self.sender] >= 0, "balance_too_low")
        self.supply -= amount
        if self.balances[self.sender] == 0:
            del self.balances[self.sender]
        return self.supply

    @view
    def balance(self, account: u32) -> i64:
        return self.balances.get(account, 0)

    @view
    def holders(self) -> u32:
        return len(self.balances)
