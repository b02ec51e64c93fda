"""What an order book's messages and events are made of: units, kinds of orders, reports, identity."""

from corten.lang import Enum, Unit, event, i64, u32, u64, wrapping_cast


class Price(Unit[i64]):
    """A price in the quoted asset's smallest unit."""


class Size(Unit[i64]):
    """A size in the traded asset's smallest unit."""


class Ticks(Unit[u32]):
    """A price counted in ticks."""


class Lots(Unit[i64]):
    """A size counted in lots."""


class Side(Enum):
    """What the order does."""

    BUY = 0
    SELL = 1


class OrderType(Enum):
    """What becomes of the part that does not trade at once."""

    LIMIT = 0  # rests until it is cancelled
    POST_ONLY = 1  # rests; refused if it would trade at once
    IMMEDIATE_OR_CANCEL = 2  # is cancelled
    FILL_OR_KILL = 3  # there is none: all of it trades or nothing happens
    MARKET = 4  # is cancelled; any price is accepted


class SelfTrade(Enum):
    """What happens instead of a trade of an account with itself. The arriving order decides."""

    CANCEL_MAKER = 0
    CANCEL_TAKER = 1
    CANCEL_BOTH = 2
    DECREMENT_BOTH = 3  # both lose the size that would have traded; a maker with a rest keeps its place


class CancelReason(Enum):
    """Why an order, or a part of it, left the book without trading."""

    REQUESTED = 0
    REPLACED = 1
    REMAINDER = 2  # of an order that does not rest
    SELF_TRADE = 3
    MATCH_LIMIT = 4  # met as many makers as one message may


@event
class OrderAccepted:
    """An order entered; its fills and its cancelled part follow. What then remains rests."""

    account: u32
    client_id: u32
    side: Side
    order_type: OrderType
    price: Price  # 0: market
    size: Size


@event
class Fill:
    """Two orders traded at the maker's price."""

    maker_account: u32
    maker_client_id: u32
    taker_account: u32
    taker_client_id: u32
    taker_side: Side
    price: Price
    size: Size


@event
class OrderCancelled:
    """`size` of an order is gone without trading; with nothing left the order is, too."""

    account: u32
    client_id: u32
    reason: CancelReason
    size: Size


def order_key(account: u32, client_id: u32) -> u64:
    return u64(account) << 32 | u64(client_id)


def account_of(key: u64) -> u32:
    return u32(key >> 32)


def client_id_of(key: u64) -> u32:
    return wrapping_cast(u32, key)
