"""f64 to the bit: operators, rounding, conversions with every integer type, NaN and infinities."""

from __future__ import annotations

import itertools
import math
import struct
from fractions import Fraction
from typing import Any

import corten.lang
import numpy as np
import pytest
from corten.base.errors import TrapCode

from tests.compiler.test_integers import NAMES, Kind, deploy, outcomes, under_cpython

NAN = 0x7FF8_0000_0000_0000
INVALID = TrapCode.INVALID_CONVERSION


def bits(value: float) -> int:
    """The bits of a double; every NaN counts as the canonical one."""
    return NAN if value != value else int(struct.unpack("<Q", struct.pack("<d", value))[0])


EDGES = [
    0.0, 1.0, 0.5, 1.5, 2.5, 0.1, 1 / 3, 2.0**52, 2.0**52 + 1, 2.0**53, 4503599627370495.5, 2.0**63, 2.0**64, 2.0**127,
    255.0, 255.5, 256.0, 127.999, 128.0, 32768.0, 2147483647.5, 2147483648.0, 4294967295.9, 9.3e18, 1.7e38, 1e300,
    1.7976931348623157e308, 2.2250738585072014e-308, 5e-324, 1e-310, 0.49999999999999994, math.inf,
]  # fmt: skip
VALUES = [*EDGES, *[-value for value in EDGES], math.nan]


def divide(a: float, b: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.float64(a) / np.float64(b))


BINARY: dict[str, tuple[str, Any]] = {
    "add": ("x + y", lambda a, b: a + b),
    "sub": ("x - y", lambda a, b: a - b),
    "mul": ("x * y", lambda a, b: a * b),
    "div": ("x / y", divide),
    "least": ("min(x, y)", lambda a, b: b if b < a else a),
    "most": ("max(x, y)", lambda a, b: b if b > a else a),
    "signed": ("copysign(x, y)", None),
    "fused": ("x * y + x", lambda a, b: a * b + a),
    "ternary": ("x if x < y else y", lambda a, b: a if a < b else b),
}
UNARY: dict[str, tuple[str, Any]] = {
    "neg": ("-x", lambda a: -a),
    "magnitude": ("abs(x)", abs),
    "root": ("sqrt(x)", lambda a: math.sqrt(a) if a >= 0 else math.nan),
    "down": ("floor(x)", lambda a: float(np.floor(a))),
    "up": ("ceil(x)", lambda a: float(np.ceil(a))),
    "cut": ("trunc(x)", lambda a: float(np.trunc(a))),
    "even": ("nearest(x)", lambda a: float(np.rint(a))),
    "again": ("f64_from_bits(f64_bits(x))", lambda a: a),
    "literal": ("x * 3 + 0.1", lambda a: a * 3.0 + 0.1),
}
COMPARE = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}


def test_binary_operators() -> None:
    subject = deploy([(name, "x: f64, y: f64", "f64", text) for name, (text, _) in BINARY.items()])
    pairs = list(itertools.product(VALUES, repeat=2))
    for name, (text, oracle) in BINARY.items():
        found = outcomes(subject, name, [[a for a, _ in pairs], [b for _, b in pairs]])
        for (a, b), value in zip(pairs, found, strict=True):
            if oracle is not None:
                assert bits(value) == bits(oracle(a, b)), (text, a, b)
            python = under_cpython(text, x=corten.lang.f64(a), y=corten.lang.f64(b))
            assert bits(value) == bits(python), (text, a, b)


def test_copysign_moves_the_sign_of_nan_too() -> None:
    entries = [("move", "x: f64, y: f64", "u64", "f64_bits(copysign(x, y))"), ("flip", "x: f64", "u64", "f64_bits(-x)")]
    subject = deploy(entries)
    minus_nan = struct.unpack("<d", struct.pack("<Q", NAN | 1 << 63))[0]
    assert outcomes(subject, "move", [[1.0, 1.0, math.nan], [minus_nan, math.nan, -1.0]]) == [
        bits(-1.0), bits(1.0), NAN | 1 << 63,
    ]  # fmt: skip
    assert outcomes(subject, "flip", [[math.nan, 0.0]]) == [NAN | 1 << 63, 1 << 63]


def test_unary_operators() -> None:
    subject = deploy([(name, "x: f64", "f64", text) for name, (text, _) in UNARY.items()])
    for name, (text, oracle) in UNARY.items():
        for a, value in zip(VALUES, outcomes(subject, name, [VALUES]), strict=True):
            with np.errstate(all="ignore"):
                assert bits(value) == bits(oracle(a)), (text, a)
            assert bits(value) == bits(under_cpython(text.replace("0.1", "f64(0.1)"), x=corten.lang.f64(a))), (text, a)


def test_results_have_the_canonical_nan() -> None:
    subject = deploy([("zero", "x: f64, y: f64", "u64", "f64_bits(x / y)"), ("root", "x: f64", "u64", "f64_bits(sqrt(x))")])
    assert outcomes(subject, "zero", [[0.0, math.inf, math.nan], [0.0, math.inf, 1.0]]) == [NAN] * 3
    assert outcomes(subject, "root", [[-1.0]]) == [NAN]


def test_comparisons_with_nan_are_false() -> None:
    subject = deploy(
        [(name, "x: f64, y: f64", "bool", f"x {symbol} y") for name, symbol in COMPARE.items()]
        + [("nan", "x: f64", "bool", "is_nan(x)"), ("inverse", "x: f64, y: f64", "bool", "not x < y")]
    )
    pairs = list(itertools.product(VALUES, repeat=2))
    columns = [[a for a, _ in pairs], [b for _, b in pairs]]
    for name, symbol in COMPARE.items():
        assert outcomes(subject, name, columns) == [eval(f"a {symbol} b", {"a": a, "b": b}) for a, b in pairs]
    assert outcomes(subject, "inverse", columns) == [not a < b for a, b in pairs]
    assert outcomes(subject, "nan", [VALUES]) == [a != a for a in VALUES]


def integer_of(kind: Kind, value: float) -> int | TrapCode:
    if not math.isfinite(value) or not kind.low <= int(value) <= kind.high:
        return INVALID
    return int(value)


def saturated(kind: Kind, value: float) -> int:
    if value != value:
        return 0
    if math.isinf(value):
        return kind.high if value > 0 else kind.low
    return kind.saturated(int(value))


@pytest.mark.parametrize("name", NAMES)
def test_conversions(name: str) -> None:
    kind = Kind(name)
    subject = deploy(
        [
            ("to", "x: f64", name, f"{name}(x)"),
            ("near", "x: f64", name, f"saturating_cast({name}, x)"),
            ("back", f"x: {name}", "f64", "f64(x)"),
        ]
    )
    ends = [float(kind.low), float(kind.high), float(kind.high + 1), float(kind.low) - 1.0, float(kind.low) - 0.5]
    ends += [float(np.nextafter(end, way)) for end in ends for way in (-math.inf, math.inf)]
    values = [*VALUES, *ends]
    for value, to, near in zip(values, outcomes(subject, "to", [values]), outcomes(subject, "near", [values]), strict=True):
        assert to == integer_of(kind, value), (name, value)
        assert near == saturated(kind, value), (name, value)
        assert under_cpython(f"{name}(x)", x=corten.lang.f64(value)) == to
        assert under_cpython(f"saturating_cast({name}, x)", x=corten.lang.f64(value)) == near
    halves = [(1 << shift) + extra for shift in range(50, kind.bits - kind.signed) for extra in (-1, 0, 1, 1 << max(0, shift - 53))]
    numbers = kind.edges() + [n for n in halves + [-n for n in halves] if kind.low <= n <= kind.high]
    for number, value in zip(numbers, outcomes(subject, "back", [numbers]), strict=True):
        assert value == float(Fraction(number)), (name, number)
