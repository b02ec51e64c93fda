"""A token whose holders may be contracts."""

from __future__ import annotations

from corten.lang import Array, Contract, Enum, Map, contract, event, i64, init, message, require, struct, u32, view


class Kind(Enum):
    PLAIN = 0
    FROZEN = 1


@struct
class Holding:
    account: u32
    kind: Kind
    amount: i64


@event
class Transfer:
    sender: u32
    to: u32
    amount: i64


@contract
class Coin(Contract):
    balances: Map[u32, i64]
    frozen: Map[u32, bool]
    transfers: u32

    @init
    def start(self, owner: u32, supply: i64) -> None:
        require(supply >= 0, "supply_negative")
        self.balances[owner] = supply

    @message
    def transfer(self, to: u32, amount: i64) -> None:
        self.transfers += 1
        self.balances[to] += amount
        require(amount > 0, "amount_not_positive")
        require(self.balances[self.sender] >= amount, "balance_too_low")
        self.balances[self.sender] -= amount
        self.emit(Transfer(self.sender, to, amount))

    @message
    def mint(self, to: u32, amount: i64) -> i64:
        self.balances[to] += amount
        self.emit(Transfer(0, to, amount))
        return self.balances[to]

    @message
    def freeze(self, account: u32) -> bool:
        was = self.frozen[account]
        self.frozen[account] = True
        return was

    @view
    def balance(self, account: u32) -> i64:
        return self.balances[account]

    @view
    def holding(self, account: u32) -> Holding:
        kind = Kind.FROZEN if self.frozen[account] else Kind.PLAIN
        return Holding(account, kind, self.balances[account])

    @view
    def total(self, holdings: Array[Holding, 8]) -> i64:
        total = 0
        for holding in holdings:
            if holding.kind == Kind.PLAIN:
                total += holding.amount
        return total

    @view
    def caller(self) -> u32:
        return self.sender

    @view
    def clock(self) -> i64:
        return self.time + i64(self.height) + i64(self.chain)
