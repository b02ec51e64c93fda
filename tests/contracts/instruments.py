"""Options on a price: enums, units, nested structs, arrays, match, models in f64 and money in integers."""

from __future__ import annotations

from typing import Literal

from corten.lang import (
    Array,
    Contract,
    Enum,
    Ref,
    Unit,
    Vec,
    check_index,
    contract,
    copy,
    event,
    f64,
    i64,
    i128,
    is_nan,
    message,
    mul_div_floor,
    nearest,
    require,
    saturating_cast,
    sqrt,
    struct,
    u8,
    u16,
    u32,
    u64,
    view,
)

LEGS = Literal[4]
MARKS = Literal[3]
CONTRACT_SIZE = 100


class Ticks(Unit[i64]):
    """A price in hundredths."""


class Lots(Unit[i64]):
    """A number of contracts."""


class Kind(Enum):
    FUTURE = 0
    CALL = 1
    PUT = 2
    DIGITAL = 7


class Side(Enum):
    BUY = 0
    SELL = 1


@struct
class Leg:
    kind: Kind
    side: Side
    strike: Ticks
    size: Lots
    weight: u16 = 1

    def sign(self) -> i64:
        return 1 if self.side == Side.BUY else -1

    def payoff(self, price: Ticks) -> Ticks:
        match self.kind:
            case Kind.FUTURE:
                return price - self.strike
            case Kind.CALL:
                return max(price - self.strike, Ticks(0))
            case Kind.PUT:
                return max(self.strike - price, Ticks(0))
            case _:
                return Ticks(CONTRACT_SIZE) if price >= self.strike else Ticks(0)


@struct
class Spread:
    legs: Array[Leg, LEGS]
    count: u8
    active: bool

    def leg(self, index: u32) -> Ref[Leg]:
        check_index(index, u32(self.count))
        return self.legs[index]

    def value(self, price: Ticks) -> i128:
        total = i128(0)
        for index in range(u32(self.count)):
            leg = self.legs[index]
            total += i128(leg.payoff(price)) * i128(leg.size) * i128(leg.sign()) * i128(leg.weight)
        return total


@event
class Valued:
    spread: u32
    price: Ticks
    value: i128
    model: f64


@contract
class Instruments(Contract):
    spreads: Vec[Spread]
    draft: Spread
    marks: Array[Ticks, MARKS]
    history: Vec[Ticks]

    @message
    def add_leg(self, kind: Kind, side: Side, strike: Ticks, size: Lots) -> u8:
        require(self.draft.count < 4, "too_many_legs")
        require(size > 0, "size_not_positive")
        self.draft.legs[self.draft.count] = Leg(kind, side, size=size, strike=strike)
        self.draft.count += 1
        return self.draft.count

    @message
    def list_draft(self) -> u32:
        require(self.draft.count > 0, "no_legs")
        self.draft.active = True
        self.spreads.append(self.draft)
        self.draft.count = 0
        self.draft.active = False
        return len(self.spreads) - 1

    @message
    def set_leg(self, spread: u32, index: u32, leg: Leg) -> Leg:
        place = self.spreads[spread].leg(index)
        before = copy(place)
        self.spreads[spread].legs[index] = leg
        self.spreads[spread].leg(index).weight += 1
        return before

    @message
    def mark(self, price: Ticks) -> None:
        require(price > 0, "price_not_positive")
        self.marks[2] = self.marks[1]
        self.marks[1] = self.marks[0]
        self.marks[0] = price
        self.history.append(price)
        for spread in self.spreads:
            if not spread.active:
                continue
            self.emit(Valued(0, price, spread.value(price), self.model(price)))

    @message
    def retire(self, spread: u32) -> Spread:
        place = self.spreads[spread]
        assert place.active
        place.active = False
        return place

    def model(self, price: Ticks) -> f64:
        """A square-root model of the price, for the picture only."""
        level = sqrt(f64(price)) / f64(CONTRACT_SIZE)
        return 0.0 if is_nan(level) else level * 1.5

    @view
    def value(self, spread: u32, price: Ticks) -> i128:
        return self.spreads[spread].value(price)

    @view
    def spread(self, spread: u32) -> Spread:
        return self.spreads[spread]

    @view
    def average(self) -> Ticks:
        require(len(self.history) > 0, "no_history")
        total = Ticks(0)
        for price in self.history:
            total += price
        return total // i64(len(self.history))

    @view
    def rounded(self, price: f64, lots: Lots) -> i64:
        return mul_div_floor(saturating_cast(i64, nearest(price * 100.0)), i64(lots), CONTRACT_SIZE)

    @view
    def code(self, kind: u8, side: Side) -> u64:
        option = Kind(kind)
        if option == Kind.FUTURE or option == Kind.DIGITAL:
            return u64(u8(option))
        return (u64(u8(option)) << 8) | u64(u8(side))
