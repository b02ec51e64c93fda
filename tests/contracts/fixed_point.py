"""Fixed-point rates in billionths, shared by contracts: a file to import."""

from __future__ import annotations

from corten.lang import Unit, i64, i128, mul_div_ceil, mul_div_floor, require

ONE: i64 = 1_000_000_000


class Rate(Unit[i64]):
    """Billionths of one."""


class Assets(Unit[i64]):
    """Atoms of the asset."""


class Shares(Unit[i64]):
    """Atoms of a vault's share."""


def rate_of(part: i64, whole: i64) -> Rate:
    """How much of the whole a part is, rounded down."""
    require(whole > 0, "nothing_to_compare_with")
    return Rate(mul_div_floor(part, ONE, whole))


def apply_floor(amount: Assets, rate: Rate) -> Assets:
    """A share of an amount that is paid out."""
    return Assets(mul_div_floor(i64(amount), i64(rate), ONE))


def apply_ceil(amount: Assets, rate: Rate) -> Assets:
    """A share of an amount that is charged."""
    return Assets(mul_div_ceil(i64(amount), i64(rate), ONE))


def compounded(rate: Rate, periods: i64) -> Rate:
    """(1 + rate) ** periods - 1 by repeated squaring in 128 bits, rounded down."""
    require(periods >= 0 and i64(rate) > -ONE, "rate_out_of_range")
    base = i128(ONE) + i128(rate)
    result = i128(ONE)
    left = periods
    while left > 0:
        if left % 2 == 1:
            result = result * base // i128(ONE)
        base = base * base // i128(ONE)
        left //= 2
    return Rate(i64(result) - ONE)
