"""f64 to the bit: operators, rounding, conversions with every integer type, NaN and infinities."""

from __future__ import annotations

import itertools
import math
import struct
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import corten.lang
from corten.base.errors import TrapCode
from tests.compiler.harness import Case, contract
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


def test_there_is_one_nan() -> None:
    """No operator makes another NaN, whatever LLVM folds: it takes the sign of a NaN to mean nothing."""
    texts = {
        "bits": "x", "flip": "-x", "flip_quotient": "-(x / x)", "times": "x * -1.0", "over": "x / -1.0",
        "minus": "-0.0 - x", "negative": "copysign(x, -1.0)", "sign": "copysign(1.0, -x)", "size": "-abs(-x)",
        "square": "-sqrt(-abs(x) - 1.0)", "either": "-x if x < 0.0 else x * -1.0",
    }  # fmt: skip
    entries = [(name, "x: f64", "u64", f"f64_bits({text})") for name, text in texts.items()]
    entries += [(f"{name}_value", "x: f64", "f64", text) for name, text in texts.items()]
    entries += [("raw", "x: u64", "u64", "f64_bits(f64_from_bits(x))")]
    subject = deploy(entries)
    nans = [
        struct.unpack("<d", struct.pack("<Q", raw))[0] for raw in (NAN, NAN | 1 << 63, 0x7FF0_0000_0000_0001, 2**64 - 1)
    ]
    for name, text in texts.items():
        expected = [bits(1.0) if name == "sign" else NAN] * len(nans)
        assert outcomes(subject, name, [nans]) == expected, text
        assert [
            struct.unpack("<Q", struct.pack("<d", v))[0] for v in outcomes(subject, f"{name}_value", [nans])
        ] == expected
        python = [under_cpython(f"f64_bits({text})", x=corten.lang.f64.result(nan)) for nan in nans]
        assert [int(value) for value in python] == expected, text
    inputs = [0, 1 << 63, 0x7FF0 << 48, 0xFFF0 << 48, (0x7FF0 << 48) + 1, (0xFFF8 << 48), 2**64 - 1, bits(-2.5)]
    kept = [raw if raw & (1 << 63) - 1 <= 0x7FF0 << 48 else NAN for raw in inputs]
    assert outcomes(subject, "raw", [inputs]) == kept


def test_vectors_of_signs() -> None:
    """Negation and copysign in loops that become vectors."""
    body = """
@message
def fill(self, i: u32, x: f64) -> None:
    self.a[i] = x

@message
def turn(self) -> None:
    for i in range(u32(8)):
        self.b[i] = -self.a[i]
        self.c[i] = copysign(self.a[i], self.b[i])

@view
def result(self) -> Array[f64, 8]:
    return self.b

@view
def signs(self) -> Array[f64, 8]:
    return self.c
"""
    case = Case(contract(body, state="a: Array[f64, 8]\nb: Array[f64, 8]\nc: Array[f64, 8]"))
    for index, value in enumerate([0.0, -0.0, math.nan, -math.nan, math.inf, -1.5, 5e-324, 1e308]):
        case.send("fill", i=index, x=value)
    case.send("turn")
    assert case.result("result")[2] == f"{NAN:#018x}"
    assert case.result("signs")[3] == f"{NAN:#018x}"


def test_unary_operators() -> None:
    subject = deploy([(name, "x: f64", "f64", text) for name, (text, _) in UNARY.items()])
    for name, (text, oracle) in UNARY.items():
        for a, value in zip(VALUES, outcomes(subject, name, [VALUES]), strict=True):
            with np.errstate(all="ignore"):
                assert bits(value) == bits(oracle(a)), (text, a)
            assert bits(value) == bits(under_cpython(text.replace("0.1", "f64(0.1)"), x=corten.lang.f64(a))), (text, a)


def test_results_have_the_canonical_nan() -> None:
    subject = deploy(
        [("zero", "x: f64, y: f64", "u64", "f64_bits(x / y)"), ("root", "x: f64", "u64", "f64_bits(sqrt(x))")]
    )
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
    for value, to, near in zip(
        values, outcomes(subject, "to", [values]), outcomes(subject, "near", [values]), strict=True
    ):
        assert to == integer_of(kind, value), (name, value)
        assert near == saturated(kind, value), (name, value)
        assert under_cpython(f"{name}(x)", x=corten.lang.f64(value)) == to
        assert under_cpython(f"saturating_cast({name}, x)", x=corten.lang.f64(value)) == near
    halves = [
        (1 << shift) + extra
        for shift in range(50, kind.bits - kind.signed)
        for extra in (-1, 0, 1, 1 << max(0, shift - 53))
    ]
    numbers = kind.edges() + [n for n in halves + [-n for n in halves] if kind.low <= n <= kind.high]
    for number, value in zip(numbers, outcomes(subject, "back", [numbers]), strict=True):
        assert value == float(Fraction(number)), (name, number)
