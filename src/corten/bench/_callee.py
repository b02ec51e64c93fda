"""What the benchmark of calls calls: entries that do next to nothing."""

from corten.lang import Contract, contract, event, i64, message, u32, view


@event
class Counted:
    account: u32
    count: i64


@contract
class Counter(Contract):
    count: i64

    @message
    def add(self, amount: i64) -> i64:
        self.count += amount
        return self.count

    @message
    def add_loudly(self, amount: i64) -> i64:
        self.count += amount
        self.emit(Counted(self.sender, self.count))
        return self.count

    @view
    def read(self) -> i64:
        return self.count
