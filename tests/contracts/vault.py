"""A vault: deposits earn a rate, shares are priced in fixed point, a fee is charged on the gain."""

from __future__ import annotations

from fixed_point import ONE, Assets, Rate, Shares, apply_ceil, compounded, rate_of

from corten.lang import (
    Contract,
    Map,
    contract,
    event,
    i64,
    init,
    message,
    mul_div_ceil,
    mul_div_floor,
    require,
    struct,
    u32,
    view,
)

DAY: i64 = 86_400_000_000_000


@struct
class Account:
    shares: Shares
    deposited: Assets
    last_time: i64


@struct
class Terms:
    daily_rate: Rate
    fee_rate: Rate


@event
class Deposited:
    account: u32
    assets: Assets
    shares: Shares


@event
class Withdrawn:
    account: u32
    assets: Assets
    shares: Shares
    account_after: Account


@contract
class Vault(Contract):
    terms: Terms
    accounts: Map[u32, Account]
    assets: Assets
    shares: Shares
    fees: Assets
    accrued_until: i64

    @init
    def open(self, daily_rate: Rate, fee_rate: Rate) -> None:
        require(i64(fee_rate) >= 0 and i64(fee_rate) < ONE, "fee_out_of_range")
        self.terms = Terms(daily_rate=daily_rate, fee_rate=fee_rate)
        self.accrued_until = self.time

    @message
    def deposit(self, assets: Assets) -> Shares:
        self.accrue()
        require(assets > 0, "nothing_to_deposit")
        shares = self.shares_floor(assets)
        require(shares > 0, "deposit_too_small")
        account = self.accounts[self.sender]
        account.shares += shares
        account.deposited += assets
        account.last_time = self.time
        self.assets += assets
        self.shares += shares
        self.emit(Deposited(self.sender, assets, shares))
        return shares

    @message
    def withdraw(self, assets: Assets) -> Account:
        self.accrue()
        shares = self.shares_ceil(assets)
        account = self.accounts[self.sender]
        require(account.shares >= shares, "not_enough_shares")
        account.shares -= shares
        account.last_time = self.time
        self.assets -= assets
        self.shares -= shares
        self.emit(Withdrawn(self.sender, assets, shares, account))
        return account

    def accrue(self) -> None:
        days = (self.time - self.accrued_until) // DAY
        if days <= 0:
            return
        gain = Assets(mul_div_floor(i64(self.assets), i64(compounded(self.terms.daily_rate, days)), ONE))
        fee = apply_ceil(gain, self.terms.fee_rate) if gain > 0 else Assets(0)
        self.assets += gain - fee
        self.fees += fee
        self.accrued_until += days * DAY

    def shares_floor(self, assets: Assets) -> Shares:
        if self.shares == 0 or self.assets == 0:
            return Shares(i64(assets))
        return Shares(mul_div_floor(i64(assets), i64(self.shares), i64(self.assets)))

    def shares_ceil(self, assets: Assets) -> Shares:
        require(self.assets > 0 and assets <= self.assets, "not_enough_assets")
        return Shares(mul_div_ceil(i64(assets), i64(self.shares), i64(self.assets)))

    @view
    def account(self, account: u32) -> Account:
        return self.accounts[account]

    @view
    def share_price(self) -> Rate:
        return rate_of(i64(self.assets), i64(self.shares))

    @view
    def yearly(self) -> Rate:
        return compounded(self.terms.daily_rate, 365)
