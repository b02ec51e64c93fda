"""Swaps two coins; every way in which a call can go."""

from __future__ import annotations

from coin import Coin, Holding, Kind

from corten.lang import Array, At, Contract, contract, event, i64, init, message, require, u32, view


@event
class Swapped:
    account: u32
    amount: i64


@contract
class Exchange(Contract):
    base: At[Coin]
    quote: At[Coin]
    swaps: i64

    @init
    def start(self, base: At[Coin], quote: At[Coin]) -> None:
        self.base = base
        self.quote = quote

    @message
    def swap(self, amount: i64) -> i64:
        """Pays out of both; each coin knows the exchange as the sender."""
        self.swaps += 1
        self.emit(Swapped(self.sender, amount))
        self.base.transfer(self.sender, amount)
        self.call(self.quote, "transfer", to=self.sender, amount=amount * 2)
        self.emit(Swapped(self.sender, -amount))
        return self.base.balance(self.sender) + self.quote.balance(self.sender)

    @message
    def late_reject(self, amount: i64) -> None:
        self.swaps += 1
        self.base.transfer(self.sender, amount)
        require(amount < 0, "too_late")

    @message
    def late_trap(self, amount: i64) -> i64:
        self.swaps += 1
        self.base.transfer(self.sender, amount)
        return amount // (self.swaps - self.swaps)

    @message
    def look_and_write(self, account: u32) -> i64:
        """A view in a message leaves no trace, though reading a map made an entry."""
        before = self.base.balance(account)
        self.base.mint(account, 5)
        frozen = self.base.freeze(account)
        after = self.base.balance(account)
        return after - before if not frozen else -1

    @message
    def at(self, address: u32) -> i64:
        return At[Coin](address).balance(self.sender)

    @message
    def two(self, first: At[Coin], second: At[Coin], amount: i64) -> bool:
        first.transfer(second.caller(), amount)
        return first == second

    @view
    def who(self) -> u32:
        return self.base.caller()

    @view
    def own(self) -> u32:
        return self.address

    @view
    def holding(self, account: u32) -> Holding:
        return self.base.holding(account)

    @view
    def total(self, account: u32) -> i64:
        holdings = Array[Holding, 8]()
        holdings[0] = self.base.holding(account)
        holdings[7] = self.quote.holding(account)
        holdings[3] = Holding(account, Kind.FROZEN, 1_000_000)
        return self.base.total(holdings)

    @view
    def clock(self) -> i64:
        return self.base.clock()
