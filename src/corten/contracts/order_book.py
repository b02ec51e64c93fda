"""A limit order book with price-time priority.

Orders that wait rest in levels, one per price, oldest first; an arriving order trades with the oldest order at the
best price while prices cross. Messages are `place`, `cancel`, `cancel_range`, `reduce` and `replace`; an order is known
by the account that sent it and a client id that the account chose, unique among its live orders.

Prices and sizes arrive in the smallest units of the quoted and the traded asset, and must be whole ticks and whole
lots. Behind the door everything is counted in `Ticks` and `Lots`.

A tick is on one side of the book only, for a book is never crossed. So both sides share one table of levels and one
bitmap of occupied prices; an order is a bid if its price is not above the best bid.

One message writes to few cache lines: an order is 32 bytes and carries its links, its level is 16. Links that can be
known otherwise are not kept up: `older` of a level's oldest order, `newer` of its newest and both ends of an empty
level may be stale, and are never read.
"""

from typing import Literal

from corten.contracts.orders import (
    CancelReason,
    Fill,
    Lots,
    OrderAccepted,
    OrderCancelled,
    OrderType,
    Price,
    SelfTrade,
    Side,
    Size,
    Ticks,
    account_of,
    client_id_of,
    order_key,
)
from corten.contracts.table import SparseTable, Table
from corten.lang import (
    Array,
    Bitmap,
    Contract,
    Ref,
    address_of,
    contract,
    hash_of,
    i64,
    init,
    leading_zeros,
    message,
    no_inline,
    require,
    struct,
    u32,
    u64,
    view,
    wrapping_cast,
)


@struct
class Link:
    """The slot of an order, 0 for none."""

    slot: u32


@struct
class Order:
    """A resting order."""

    key: u64  # account << 32 | client id
    size: Lots
    price: Ticks
    older: u32
    newer: u32
    same_bucket: Link


@struct
class Level:
    """The orders at one price; there are some if and only if `size`, their sum, is not 0."""

    size: Lots
    oldest: u32
    newest: u32


@struct
class Rules:
    """What an order must keep to."""

    tick_size: Price
    lot_size: Size
    minimum_price: Price
    maximum_price: Price
    minimum_size: Size
    maximum_size: Size
    maximum_orders: u32  # resting at once
    match_limit: u32  # makers one message may meet


@struct
class OrderView:
    """A resting order, as `order` shows it."""

    side: Side
    price: Price
    size: Size


@struct
class PriceLevel:
    """One row of `depth`."""

    price: Price
    size: Size
    orders: u32


ROW_COUNT = Literal[32]


@struct
class Depth:
    """Rows from the best price on; `count` of them are filled."""

    count: u32
    rows: Array[PriceLevel, ROW_COUNT]


@struct
class Statistics:
    """The book at a glance. Prices are 0 where there is none."""

    orders: u32
    price_levels: u32
    best_bid: Price
    best_ask: Price
    last_price: Price


NO_BID: Ticks = Ticks(0)  # below every price
NO_ASK: Ticks = Ticks(0xFFFF_FFFF)  # above every price
LOWEST_LIMIT: Ticks = Ticks(1)
HIGHEST_LIMIT: Ticks = Ticks(0xFFFF_FFFE)

FIRST_BUCKETS: u32 = 2
BUCKETS_PER_ORDER: u32 = 4  # so that a new order finds its bucket empty, most of the time
ALL_BITS: u32 = 0xFFFF_FFFF
MAXIMUM_TICKS: i64 = 1 << 26
MAXIMUM_ORDERS: u32 = 1 << 20
MAXIMUM_TOTAL: i64 = (1 << 63) - 1


@contract
class OrderBook(Contract):
    """One instrument's book."""

    rules: Rules
    best_bid: Ticks
    best_ask: Ticks
    last_price: Ticks
    order_count: u32
    bucket_count: u32
    levels: SparseTable[Level]
    occupied: Bitmap  # prices with orders
    orders: Table[Order]  # by slot; slot 0 is none
    free_slots: Table[Link]  # from index `order_count` on; 0 stands for index + 1, which was never used
    buckets: Table[Link]  # orders by hash of key, chained through `same_bucket`; their number grows with the book

    @init
    def open(
        self,
        tick_size: Price,
        lot_size: Size,
        minimum_price: Price,
        maximum_price: Price,
        minimum_size: Size,
        maximum_size: Size,
        maximum_orders: u32,
        match_limit: u32,
    ) -> None:
        """Fixes the rules and takes the memory for `maximum_orders`."""
        require(tick_size > Price(0), "tick_size_not_positive")
        require(lot_size > Size(0), "lot_size_not_positive")
        require(minimum_price >= tick_size, "minimum_price_below_tick")
        require(maximum_price >= minimum_price, "price_range_empty")
        require(maximum_price // tick_size < MAXIMUM_TICKS, "price_range_too_wide")
        require(minimum_size >= lot_size, "minimum_size_below_lot")
        require(maximum_size >= minimum_size, "size_range_empty")
        require(maximum_orders > 0, "maximum_orders_not_positive")
        require(maximum_orders <= MAXIMUM_ORDERS, "maximum_orders_too_large")
        require(maximum_size // lot_size <= MAXIMUM_TOTAL // i64(maximum_orders), "level_total_may_overflow")
        require(match_limit > 0, "match_limit_not_positive")
        self.rules = Rules(
            tick_size,
            lot_size,
            minimum_price,
            maximum_price,
            minimum_size,
            maximum_size,
            maximum_orders,
            match_limit,
        )
        self.best_bid = NO_BID
        self.best_ask = NO_ASK
        self.levels.create(u32(maximum_price // tick_size) + 1)
        self.orders.create(maximum_orders + 1)
        self.free_slots.create(maximum_orders)
        self.buckets.create(BUCKETS_PER_ORDER * maximum_orders + FIRST_BUCKETS)
        self.bucket_count = FIRST_BUCKETS

    # Messages

    @message
    def place(
        self,
        client_id: u32,
        side: Side,
        order_type: OrderType,
        price: Price,
        size: Size,
        self_trade: SelfTrade,
    ) -> None:
        """A new order. `price` is 0 for a market order."""
        limit = self.limit_of(side, order_type, price)
        lots = self.checked_lots(size)
        require(
            order_type != OrderType.FILL_OR_KILL or self_trade == SelfTrade.CANCEL_MAKER,
            "fill_or_kill_needs_cancel_maker",
        )
        key = order_key(self.sender, client_id)
        require(self.find(key) == 0, "client_id_in_use")
        self.emit(OrderAccepted(self.sender, client_id, side, order_type, price, size))
        self.enter(key, side, order_type, limit, lots, self_trade)

    @message
    def cancel(self, client_id: u32) -> None:
        """Takes an order of the sender out of the book."""
        slot = self.live_slot(self.sender, client_id)
        self.withdraw(slot, self.orders[slot].size, CancelReason.REQUESTED)

    @message
    def cancel_range(self, first_client_id: u32, count: u32) -> None:
        """Cancels the sender's orders among `count` consecutive client ids; those that are not live are passed over."""
        end = u64(first_client_id) + u64(count)
        require(end <= 1 << 32, "client_id_range_too_long")
        for client_id in range(u64(first_client_id), end):
            slot = self.find(order_key(self.sender, u32(client_id)))
            if slot != 0:
                self.withdraw(slot, self.orders[slot].size, CancelReason.REQUESTED)

    @message
    def reduce(self, client_id: u32, by: Size) -> None:
        """Makes an order smaller; it keeps its place. Nothing is left of it if `by` is its size or more."""
        slot = self.live_slot(self.sender, client_id)
        require(by > Size(0), "reduction_not_positive")
        lots = self.whole_lots(by)
        self.withdraw(slot, min(lots, self.orders[slot].size), CancelReason.REQUESTED)

    @message
    def replace(self, client_id: u32, price: Price, size: Size, post_only: bool, self_trade: SelfTrade) -> None:
        """Gives an order another price and size. It keeps its place if only its size changes, and not upwards."""
        slot = self.live_slot(self.sender, client_id)
        ticks = self.checked_ticks(price)
        lots = self.checked_lots(size)
        order = self.orders[slot]
        if ticks == order.price and lots == order.size:
            return
        if ticks == order.price and lots < order.size:
            self.withdraw(slot, order.size - lots, CancelReason.REPLACED)
            return
        side = self.side_of(order)
        order_type = OrderType.POST_ONLY if post_only else OrderType.LIMIT
        self.withdraw(slot, order.size, CancelReason.REPLACED)
        self.emit(OrderAccepted(self.sender, client_id, side, order_type, price, size))
        self.enter(order_key(self.sender, client_id), side, order_type, ticks, lots, self_trade)

    # The door: from the sender's units to ours and back

    def limit_of(self, side: Side, order_type: OrderType, price: Price) -> Ticks:
        """The worst price the order may trade at."""
        if order_type == OrderType.MARKET:
            require(price == Price(0), "market_order_has_price")
            return HIGHEST_LIMIT if side == Side.BUY else LOWEST_LIMIT
        return self.checked_ticks(price)

    def checked_ticks(self, price: Price) -> Ticks:
        ticks = price // self.rules.tick_size
        require(self.rules.tick_size * ticks == price, "price_not_on_tick")
        require(price >= self.rules.minimum_price, "price_below_minimum")
        require(price <= self.rules.maximum_price, "price_above_maximum")
        return Ticks(u32(ticks))

    def checked_lots(self, size: Size) -> Lots:
        lots = self.whole_lots(size)
        require(size >= self.rules.minimum_size, "size_below_minimum")
        require(size <= self.rules.maximum_size, "size_above_maximum")
        return lots

    def whole_lots(self, size: Size) -> Lots:
        lots = size // self.rules.lot_size
        require(self.rules.lot_size * lots == size, "size_not_on_lot")
        return Lots(lots)

    def live_slot(self, account: u32, client_id: u32) -> u32:
        slot = self.find(order_key(account, client_id))
        require(slot != 0, "order_not_found")
        return slot

    def price_of(self, ticks: Ticks) -> Price:
        """The price; 0 for NO_BID and NO_ASK."""
        return Price(0) if ticks == NO_ASK else self.rules.tick_size * i64(u32(ticks))

    def units_of(self, lots: Lots) -> Size:
        return self.rules.lot_size * i64(lots)

    # Matching

    def enter(
        self, key: u64, side: Side, order_type: OrderType, limit: Ticks, size: Lots, self_trade: SelfTrade
    ) -> None:
        """Trades what can trade and settles what becomes of the rest."""
        require(order_type != OrderType.POST_ONLY or not self.crosses(side, limit), "post_only_would_trade")
        left = self.match(key, side, limit, size, self_trade)
        if left == Lots(0):
            return
        require(order_type != OrderType.FILL_OR_KILL, "fill_or_kill_not_filled")
        if self.crosses(side, limit):
            self.announce_cancel(key, left, CancelReason.MATCH_LIMIT)
        elif order_type == OrderType.LIMIT or order_type == OrderType.POST_ONLY:
            self.rest(key, side, limit, left)
        else:
            self.announce_cancel(key, left, CancelReason.REMAINDER)

    def crosses(self, side: Side, limit: Ticks) -> bool:
        return limit >= self.best_ask if side == Side.BUY else limit <= self.best_bid

    def match(self, key: u64, side: Side, limit: Ticks, size: Lots, self_trade: SelfTrade) -> Lots:
        """Meets makers, best price and oldest first, while prices cross. Returns what is left of `size`."""
        left = size
        for _ in range(self.rules.match_limit):
            if left == Lots(0) or not self.crosses(side, limit):
                break
            best = self.best_ask if side == Side.BUY else self.best_bid
            left = self.meet(self.levels[u32(best)].oldest, key, side, left, self_trade)
        return left

    def meet(self, slot: u32, key: u64, side: Side, left: Lots, self_trade: SelfTrade) -> Lots:
        """The arriving order meets the maker in `slot`. Returns what is left of the arriving order."""
        maker = self.orders[slot]
        size = min(left, maker.size)
        if account_of(maker.key) == account_of(key):
            return self.prevent_self_trade(slot, size, key, left, self_trade)
        self.emit(
            Fill(
                account_of(maker.key),
                client_id_of(maker.key),
                account_of(key),
                client_id_of(key),
                side,
                self.price_of(maker.price),
                self.units_of(size),
            )
        )
        self.last_price = maker.price
        self.shrink(slot, size)
        return left - size

    def prevent_self_trade(self, slot: u32, size: Lots, key: u64, left: Lots, self_trade: SelfTrade) -> Lots:
        """Cancels instead of trading `size`. Returns what is left of the arriving order."""
        maker_loss = self.orders[slot].size
        taker_loss = left
        match self_trade:
            case SelfTrade.CANCEL_MAKER:
                taker_loss = Lots(0)
            case SelfTrade.CANCEL_TAKER:
                maker_loss = Lots(0)
            case SelfTrade.CANCEL_BOTH:
                pass
            case SelfTrade.DECREMENT_BOTH:
                maker_loss = size
                taker_loss = size
        if maker_loss > Lots(0):
            self.withdraw(slot, maker_loss, CancelReason.SELF_TRADE)
        if taker_loss > Lots(0):
            self.announce_cancel(key, taker_loss, CancelReason.SELF_TRADE)
        return left - taker_loss

    # Resting orders

    def rest(self, key: u64, side: Side, price: Ticks, size: Lots) -> None:
        """The order becomes the newest at its price."""
        slot = self.take_slot()
        level = self.levels[u32(price)]
        if level.size == Lots(0):
            self.open_level(side, price)
            level.oldest = slot
        else:
            self.orders[level.newest].newer = slot
        order = self.orders[slot]
        order.key = key
        order.size = size
        order.price = price
        order.older = level.newest
        self.remember(order, slot)
        level.newest = slot
        level.size += size

    def withdraw(self, slot: u32, size: Lots, reason: CancelReason) -> None:
        """Cancels `size` of a resting order."""
        self.announce_cancel(self.orders[slot].key, size, reason)
        self.shrink(slot, size)

    def announce_cancel(self, key: u64, size: Lots, reason: CancelReason) -> None:
        self.emit(OrderCancelled(account_of(key), client_id_of(key), reason, self.units_of(size)))

    def shrink(self, slot: u32, size: Lots) -> None:
        """Takes `size` off a resting order; without a rest it leaves the book."""
        order = self.orders[slot]
        level = self.levels[u32(order.price)]
        level.size -= size
        if order.size > size:
            order.size -= size
            return
        if level.size == Lots(0):
            self.close_level(order.price)
        else:
            self.unlink(level, order, slot)
        self.forget(order, slot)
        self.free(slot)

    def unlink(self, level: Level, order: Order, slot: u32) -> None:
        """Takes an order out of its queue, in which others remain."""
        if level.oldest == slot:
            level.oldest = order.newer
        elif level.newest == slot:
            level.newest = order.older
        else:
            self.orders[order.older].newer = order.newer
            self.orders[order.newer].older = order.older

    def side_of(self, order: Order) -> Side:
        return Side.BUY if order.price <= self.best_bid else Side.SELL

    # Occupied prices

    def open_level(self, side: Side, price: Ticks) -> None:
        self.occupied.add(u32(price))
        if side == Side.BUY:
            self.best_bid = max(self.best_bid, price)
        else:
            self.best_ask = min(self.best_ask, price)

    def close_level(self, price: Ticks) -> None:
        self.occupied.remove(u32(price))
        if price == self.best_bid:
            self.best_bid = self.level_below(price)
        elif price == self.best_ask:
            self.best_ask = self.level_above(price)

    def level_below(self, price: Ticks) -> Ticks:
        """The next lower price with orders, or NO_BID."""
        found = self.occupied.next_at_or_below(u32(price) - 1)
        return NO_BID if found < 0 else Ticks(u32(found))

    def level_above(self, price: Ticks) -> Ticks:
        """The next higher price with orders, or NO_ASK."""
        found = self.occupied.next_at_or_above(u32(price) + 1)
        return NO_ASK if found < 0 else Ticks(u32(found))

    # Slots and the index of keys

    def take_slot(self) -> u32:
        require(self.order_count < self.rules.maximum_orders, "book_full")
        slot = self.free_slots[self.order_count].slot
        self.order_count += 1
        return slot if slot != 0 else self.order_count

    def free(self, slot: u32) -> None:
        self.order_count -= 1
        self.free_slots[self.order_count].slot = slot

    def bucket_of(self, key: u64) -> Ref[Link]:
        """Where the chain of orders with this key's hash begins. A bucket that is not split yet serves for two."""
        mask = ALL_BITS >> leading_zeros(self.bucket_count - 1)
        index = wrapping_cast(u32, hash_of(key)) & mask
        return self.buckets[index if index < self.bucket_count else index & (mask >> 1)]

    def find(self, key: u64) -> u32:
        """The slot of the live order with this key, or 0."""
        slot = self.bucket_of(key).slot
        while slot != 0 and self.orders[slot].key != key:
            slot = self.orders[slot].same_bucket.slot
        return slot

    def remember(self, order: Order, slot: u32) -> None:
        """Puts an order into its bucket, after as many new buckets as the number of orders asks for."""
        while self.bucket_count < BUCKETS_PER_ORDER * self.order_count:
            self.split_bucket()
        bucket = self.bucket_of(order.key)
        order.same_bucket = bucket
        bucket.slot = slot

    def forget(self, order: Order, slot: u32) -> None:
        """Takes an order out of its bucket."""
        link = self.bucket_of(order.key)
        while link.slot != slot:
            link = self.orders[link.slot].same_bucket
        link.slot = order.same_bucket.slot

    @no_inline
    def split_bucket(self) -> None:
        """Adds a bucket; the orders that belong to it move over from the bucket that served for both."""
        added = self.buckets[self.bucket_count]
        link = self.buckets[self.bucket_count & (ALL_BITS >> (leading_zeros(self.bucket_count) + 1))]
        self.bucket_count += 1
        while link.slot != 0:
            order = self.orders[link.slot]
            if address_of(self.bucket_of(order.key)) == address_of(added):
                slot = link.slot
                link.slot = order.same_bucket.slot
                order.same_bucket = added
                added.slot = slot
            else:
                link = order.same_bucket

    # Views

    @view
    def order(self, account: u32, client_id: u32) -> OrderView:
        """A live order."""
        order = self.orders[self.live_slot(account, client_id)]
        return OrderView(self.side_of(order), self.price_of(order.price), self.units_of(order.size))

    @view
    def statistics(self) -> Statistics:
        """Counts and the best prices."""
        return Statistics(
            self.order_count,
            len(self.occupied),
            self.price_of(self.best_bid),
            self.price_of(self.best_ask),
            self.price_of(self.last_price),
        )

    @view
    def depth(self, side: Side, skip: u32) -> Depth:
        """The levels of one side from the best on, `skip` of them left out."""
        depth = Depth()  # type: ignore[call-arg]  # all zero
        price = self.best_bid if side == Side.BUY else self.best_ask
        for row in range(skip + len(depth.rows)):
            if price == NO_BID or price == NO_ASK:
                break
            if row >= skip:
                depth.rows[depth.count] = self.price_level(price)
                depth.count += 1
            price = self.level_below(price) if side == Side.BUY else self.level_above(price)
        return depth

    def price_level(self, price: Ticks) -> PriceLevel:
        level = self.levels[u32(price)]
        count: u32 = 1
        slot = level.oldest
        while slot != level.newest:
            slot = self.orders[slot].newer
            count += 1
        return PriceLevel(self.price_of(price), self.units_of(level.size), count)
