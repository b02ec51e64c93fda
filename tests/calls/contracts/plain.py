"""Without init."""

from __future__ import annotations

from corten.lang import Contract, contract, event, i64, message


@event
class Touched:
    count: i64


@contract
class Plain(Contract):
    count: i64

    @message
    def touch(self) -> i64:
        self.count += 1
        self.emit(Touched(self.count))
        return self.count
