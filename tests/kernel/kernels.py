"""Kernels for the tests, in a file that holds ordinary Python beside them, as a user's does."""

from __future__ import annotations

import numpy as np

import corten
from corten.lang import (
    Array,
    Enum,
    copy,
    copysign,
    f64,
    f64_bits,
    f64_from_bits,
    floor,
    i32,
    i64,
    is_nan,
    nearest,
    sqrt,
    struct,
    u8,
    u64,
    wrapping_add,
    wrapping_shl,
)

LOG2E = 1.4426950408889634
LN2 = 0.6931471805599453
SHIFT = 6755399441055744.0
x = np.linspace(0.0, 1.0, 5)  # the name of a kernel's local
for sd in range(3):  # noqa: B007  what the compiler would refuse
    pass


class Side(Enum):
    CALL = 0
    PUT = 1


def exp(x: f64) -> f64:
    """Not accurate, but made of what an exponential is made of."""
    t = x * LOG2E + SHIFT
    r = x - (t - SHIFT) * LN2
    p = 1.0 + r * (1.0 + r * (0.5 + r * (0.16666666666666666 + r * 0.041666666666666664)))
    scale = f64_from_bits(wrapping_shl(wrapping_add(f64_bits(t), 1023), 52))
    if x < -700.0:
        return 0.0
    return p * scale


@corten.kernel
def payoff(forward: f64, strike: f64, expiry: f64, vol: f64) -> f64:
    sd = vol * sqrt(expiry)
    x = max(forward - strike, 0.0)
    if sd > 0.0:
        x = x * exp(-sd * sd)
    return x if abs(x) < 1e10 else -x


@corten.kernel
def twice(value: f64) -> f64:
    return value + payoff(value, 0.0, 0.0, 0.0)


@struct
class Greeks:
    price: f64
    delta: f64
    rank: i32
    is_large: bool


@corten.kernel
def greeks(forward: f64, strike: f64) -> Greeks:
    price = forward - strike
    return Greeks(price, price / forward, i32(floor(price)), price > 10.0)


@struct
class Leg:
    strike: f64
    side: Side


@corten.kernel
def leg_value(spot: f64, leg: Leg) -> f64:
    if leg.side == Side.CALL:
        return max(spot - leg.strike, 0.0)
    return max(leg.strike - spot, 0.0)


@corten.kernel
def signed(side: Side, value: f64) -> f64:
    return value if side == Side.CALL else -value


@corten.kernel
def polynomial(coefficients: Array[f64, 4], at: f64) -> f64:
    result = 0.0
    for i in range(4):
        result = result * at + coefficients[i]
    return result


@corten.kernel
def powers(at: f64) -> Array[f64, 3]:
    result = copy(_zeroes())
    value = 1.0
    for i in range(3):
        value = value * at
        result[i] = value
    return result


@struct
class Three:
    values: Array[f64, 3]


def _zeroes() -> Array[f64, 3]:
    return Three().values


@corten.kernel
def integers(a: i64, b: i32, c: u8) -> i64:
    return a * i64(b) + i64(c)


@corten.kernel
def divided(a: i64, b: i64) -> i64:
    return a // b


@corten.kernel
def bits(value: f64) -> u64:
    return f64_bits(value)


@corten.kernel
def from_bits(value: u64) -> f64:
    return f64_from_bits(value)


@corten.kernel
def negated_bits(value: f64) -> u64:
    return f64_bits(-value)


@corten.kernel
def sign_games(value: f64, sign: f64) -> f64:
    return copysign(-abs(value), -sign) - nearest(value) if value > sign else copysign(-value, sign)


@corten.kernel
def cleaned(value: f64) -> f64:
    return 0.0 if is_nan(value) else value


@corten.kernel
def root(value: f64) -> f64:
    return sqrt(value)


@corten.kernel
def above(value: f64, limit: f64) -> bool:
    return value > limit


@corten.kernel
def newton(square: f64) -> f64:
    guess = square
    for _ in range(60):
        following = 0.5 * (guess + square / guess)
        if following == guess:
            break
        guess = following
    return guess


print_me = [str(each) for each in x]


@corten.kernel
def scaled(x: f64, factor: f64 = 3.0) -> f64:
    return x * factor


@struct
class Box:
    x: f64


@corten.kernel
def unwrapped(box: Box) -> f64:
    return box.x
