from corten.lang import Contract, Map, contract, event, i64, message, require, struct, u32, view


@struct
class Account:
    amount: i64
    frozen: bool


@event
class Transfer:
    sender: u32
    to: u32
    amount: i64


def fee(amount: i64) -> i64:
    require(amount > 0, "amount_not_positive")
    return amount // 100


def charge(account: Account, amount: i64) -> None:
    account.amount -= amount + fee(amount)


@contract
class Coin(Contract):
    accounts: Map[u32, Account]
    fees: i64

    @message
    def transfer(self, to: u32, amount: i64) -> None:
        account = self.accounts[self.sender]
        require(not account.frozen and account.amount >= amount, "balance_too_low")
        charge(account, amount)
        self.accounts[to].amount += amount
        self.fees += fee(amount)
        self.emit(Transfer(self.sender, to, amount))

    @view
    def balance(self, account: u32) -> i64:
        return self.accounts[account].amount if account in self.accounts else 0
