"""Auctions of lots: bids wait in a priority queue, the highest wins and the earliest among equals."""

from __future__ import annotations

from corten.lang import (
    Contract,
    Enum,
    Handle,
    Map,
    Pool,
    PriorityQueue,
    Ref,
    Unit,
    contract,
    copy,
    event,
    i64,
    message,
    require,
    struct,
    u32,
    view,
)


class Cash(Unit[i64]):
    """Cents."""


class Phase(Enum):
    OPEN = 0
    CLOSED = 1
    CANCELLED = 2


@struct
class Bid:
    bidder: u32
    amount: Cash
    withdrawn: bool = False


@struct
class Lot:
    seller: u32
    phase: Phase
    reserve: Cash
    closes: i64
    queue: PriorityQueue[Handle[Bid]]


@event
class Sold:
    lot: u32
    bidder: u32
    amount: Cash


@event
class Refunded:
    lot: u32
    bid: Bid


@contract
class Auction(Contract):
    lots: Map[u32, Lot]
    bids: Pool[Bid]
    cash: Map[u32, Cash]
    last_lot: u32

    @message
    def pay_in(self, account: u32, amount: Cash) -> Cash:
        require(self.sender == 0, "only_the_system")
        require(amount > 0, "amount_not_positive")
        self.cash[account] += amount
        return self.cash[account]

    @message
    def offer(self, reserve: Cash, closes: i64) -> u32:
        require(closes > self.time, "closes_in_the_past")
        self.last_lot += 1
        lot = self.lots[self.last_lot]
        lot.seller = self.sender
        lot.reserve = reserve
        lot.closes = closes
        return self.last_lot

    @message
    def bid(self, lot: u32, amount: Cash) -> Handle[Bid]:
        place = self.lot(lot)
        require(place.phase == Phase.OPEN and self.time < place.closes, "not_open")
        require(amount >= place.reserve, "below_reserve")
        require(self.cash[self.sender] >= amount, "not_enough_cash")
        self.cash[self.sender] -= amount
        handle = self.bids.insert(Bid(self.sender, amount))
        place.queue.push(-i64(amount), handle)
        return handle

    @message
    def withdraw(self, handle: Handle[Bid]) -> None:
        """Takes a bid back; its place in the queue goes when its turn comes."""
        bid = self.bids[handle]
        require(bid.bidder == self.sender, "not_the_bidder")
        require(not bid.withdrawn, "already_withdrawn")
        bid.withdrawn = True
        self.cash[bid.bidder] += bid.amount

    @message
    def close(self, lot: u32, refunds: u32) -> bool:
        """Sells to the best bid and pays others back, at most `refunds` of them; whether the lot is settled."""
        place = self.lot(lot)
        require(self.time >= place.closes, "still_open")
        while place.phase == Phase.OPEN:
            if len(place.queue) == 0:
                place.phase = Phase.CLOSED
                break
            best = self.take(place)
            if not best.withdrawn:
                place.phase = Phase.CLOSED
                self.cash[place.seller] += best.amount
                self.emit(Sold(lot, best.bidder, best.amount))
        return self.refund(lot, refunds)

    @message
    def cancel(self, lot: u32, refunds: u32) -> bool:
        place = self.lot(lot)
        require(place.seller == self.sender, "not_the_seller")
        match place.phase:
            case Phase.OPEN:
                place.phase = Phase.CANCELLED
            case Phase.CLOSED:
                require(False, "already_closed")
            case _:
                pass
        return self.refund(lot, refunds)

    def lot(self, number: u32) -> Ref[Lot]:
        slot = self.lots.find(number)
        require(slot != 0, "no_such_lot")
        return self.lots.at(slot)

    def take(self, lot: Lot) -> Bid:
        """The next bid, taken out of the queue and the pool."""
        handle = lot.queue.pop()
        bid = copy(self.bids[handle])
        self.bids.remove(handle)
        return bid

    def refund(self, lot: u32, refunds: u32) -> bool:
        place = self.lot(lot)
        for _ in range(refunds):
            if len(place.queue) == 0:
                break
            bid = self.take(place)
            if bid.withdrawn:
                continue
            self.cash[bid.bidder] += bid.amount
            self.emit(Refunded(lot, bid))
        settled = len(place.queue) == 0
        if settled:
            del self.lots[lot]
        return settled

    @view
    def best(self, lot: u32) -> Bid:
        return self.bids[self.lot(lot).queue.peek()]

    @view
    def bid_of(self, handle: Handle[Bid]) -> Bid:
        return self.bids[handle]

    @view
    def balance(self, account: u32) -> Cash:
        return self.cash.get(account, Cash(0))

    @view
    def open_bids(self) -> u32:
        return len(self.bids)
