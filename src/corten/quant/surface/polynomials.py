"""Polynomials with rational coefficients: signs and real roots, decided exactly (Sturm's theorem).

A polynomial is a list of integers or fractions, the constant first.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from math import gcd, lcm

Polynomial = list[Fraction]
Integers = list[int]


def add(*terms: Polynomial) -> Polynomial:
    """The sum."""
    total: Polynomial = [Fraction()] * max(map(len, terms))
    for term in terms:
        for i, x in enumerate(term):
            total[i] += x
    return total


def multiply(first: Polynomial, *rest: Polynomial) -> Polynomial:
    """The product."""
    result = first
    for other in rest:
        product = [Fraction()] * (len(result) + len(other) - 1)
        for i, x in enumerate(result):
            for j, y in enumerate(other):
                product[i + j] += x * y
        result = product
    return result


def scale(factor: Fraction, polynomial: Polynomial) -> Polynomial:
    """Times a number."""
    return [factor * x for x in polynomial]


def value(polynomial: Sequence[int | Fraction], x: Fraction) -> Fraction:
    """By Horner's rule."""
    result = Fraction()
    for coefficient in reversed(polynomial):
        result = result * x + coefficient
    return result


def primitive(polynomial: Polynomial) -> Integers:
    """A positive multiple with coprime integer coefficients, without leading zeros; [] for zero."""
    common = lcm(*(x.denominator for x in polynomial)) if polynomial else 1
    integers = [x.numerator * (common // x.denominator) for x in polynomial]
    while integers and integers[-1] == 0:
        integers.pop()
    divisor = gcd(*integers) or 1
    return [x // divisor for x in integers]


def sturm_chain(polynomial: Integers) -> list[Integers]:
    """The polynomial, its derivative, and negated remainders, each up to a positive factor."""
    chain = [polynomial, primitive([Fraction(i * x) for i, x in enumerate(polynomial)][1:])]
    while chain[-1]:
        chain.append(_negated_remainder(chain[-2], chain[-1]))
    return chain[:-1]


def gaps(polynomial: Integers, low: Fraction | None = None) -> list[Fraction]:
    """Ascending points, none a root, at least one between any two neighbouring roots and beyond the outermost.

    Of the roots above `low`, which must be none itself, or of all. For the zero polynomial [].
    """
    if not polynomial:
        return []
    bound = 1 + max((abs(Fraction(x, polynomial[-1])) for x in polynomial[:-1]), default=Fraction())
    start = -bound if low is None else low
    end = bound if low is None else max(bound, low + 1)
    chain = sturm_chain(polynomial)
    points = [start, end]
    waiting = [(start, _variations(chain, start), end, _variations(chain, end))]
    while waiting:
        left, at_left, right, at_right = waiting.pop()
        if at_left - at_right <= 1:
            continue
        middle = _no_root(polynomial, left, right)
        at_middle = _variations(chain, middle)
        points.append(middle)
        waiting += [(left, at_left, middle, at_middle), (middle, at_middle, right, at_right)]
    return sorted(points)


def root_between(polynomial: Integers, left: Fraction, right: Fraction) -> float:
    """The root between two points with values of unlike sign, to a double's precision."""
    sign = value(polynomial, left) > 0
    for _ in range(200):
        middle = Fraction(float(left + right) / 2.0)
        if not left < middle < right:
            break
        left, right = (middle, right) if (value(polynomial, middle) > 0) == sign else (left, middle)
    return float(left + right) / 2.0


def negative_stretches(polynomial: Integers, low: Fraction) -> list[tuple[float, float | None]]:
    """Where above `low` the polynomial is negative; the end None is infinity."""
    points = gaps(polynomial, low)
    is_negative = [value(polynomial, point) < 0 for point in points]
    stretches: list[tuple[float, float | None]] = [(float(low), None)] if points and is_negative[0] else []
    for (left, before), (right, after) in pairwise(zip(points, is_negative, strict=True)):
        if after and not before:
            stretches.append((root_between(polynomial, left, right), None))
        elif before and not after:
            stretches[-1] = (stretches[-1][0], root_between(polynomial, left, right))
    return stretches


def _negated_remainder(dividend: Integers, divisor: Integers) -> Integers:
    """−(dividend mod divisor) up to a positive factor."""
    remainder, lead = list(dividend), divisor[-1]
    while len(remainder) >= len(divisor):
        top, shift = remainder[-1], len(remainder) - len(divisor)
        sign = 1 if lead > 0 else -1
        remainder = [abs(lead) * x for x in remainder]
        for i, y in enumerate(divisor):
            remainder[i + shift] -= sign * top * y
        remainder.pop()
        while remainder and remainder[-1] == 0:
            remainder.pop()
    return primitive([Fraction(-x) for x in remainder])


def _variations(chain: list[Integers], x: Fraction) -> int:
    """Changes of sign along a Sturm chain; its difference over an interval is the number of distinct roots."""
    signs = [v > 0 for v in (value(one, x) for one in chain) if v]
    return sum(a != b for a, b in pairwise(signs))


def _no_root(polynomial: Integers, left: Fraction, right: Fraction) -> Fraction:
    """A point inside the interval that is no root, near its middle."""
    middle, width = (left + right) / 2, (right - left) / 64
    while value(polynomial, middle) == 0:
        middle += width
        width /= 2
    return middle
