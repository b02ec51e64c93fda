"""Every integer operator on every type at the edges of its range: compiled code and CPython against exact integers."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import corten
import corten.lang
from corten.base.errors import Status, TrapCode, Trapped
from corten.vm.codec import i128_column, i128_integers
from tests.compiler.harness import HEADER, contract, write_source

NAMES = ("u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "i128")
OVERFLOW, DIVISION, SHIFT = TrapCode.INTEGER_OVERFLOW, TrapCode.DIVISION_BY_ZERO, TrapCode.SHIFT_OUT_OF_RANGE


@dataclass(frozen=True)
class Kind:
    """An integer type's range."""

    name: str

    @property
    def bits(self) -> int:
        return int(self.name[1:])

    @property
    def signed(self) -> bool:
        return self.name[0] == "i"

    @property
    def low(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        return (1 << (self.bits - self.signed)) - 1

    def checked(self, value: int) -> int | TrapCode:
        return value if self.low <= value <= self.high else OVERFLOW

    def wrapped(self, value: int) -> int:
        value &= (1 << self.bits) - 1
        return value - (1 << self.bits) if value > self.high else value

    def saturated(self, value: int) -> int:
        return min(max(value, self.low), self.high)

    def edges(self) -> list[int]:
        """The ends of the range, small numbers, and neighbours of half-width powers of two."""
        half = 1 << (self.bits // 2)
        around = [0, 1, 2, 3, 7, 10, -1, -2, -3, -10, half - 1, half, half + 1, -half, -half - 1, half // 2]
        around += [self.low, self.low + 1, self.high, self.high - 1, self.high // 2, self.high // 3, self.low // 2]
        around += [3037000499, 3037000500, (1 << 62) + 12345, -(1 << 62) + 99, (1 << 32) - 1, 0x1234_5678_9ABC_DEF1]
        return sorted({value for value in around if self.low <= value <= self.high})


Oracle = Callable[[Kind, int, int], "int | TrapCode | bool"]


def divided(compute: Callable[[int, int], int]) -> Oracle:
    return lambda kind, a, b: kind.checked(compute(a, b)) if b else DIVISION


def shifted(compute: Callable[[Kind, int, int], int | TrapCode]) -> Oracle:
    return lambda kind, a, b: compute(kind, a, b) if 0 <= b < kind.bits else SHIFT


BINARY: dict[str, tuple[str, Oracle]] = {
    "add": ("x + y", lambda kind, a, b: kind.checked(a + b)),
    "sub": ("x - y", lambda kind, a, b: kind.checked(a - b)),
    "mul": ("x * y", lambda kind, a, b: kind.checked(a * b)),
    "floordiv": ("x // y", divided(lambda a, b: a // b)),
    "mod": ("x % y", divided(lambda a, b: a % b)),
    "shl": ("x << y", shifted(lambda kind, a, b: kind.checked(a << b))),
    "shr": ("x >> y", shifted(lambda kind, a, b: a >> b)),
    "and_": ("x & y", lambda kind, a, b: a & b),
    "or_": ("x | y", lambda kind, a, b: a | b),
    "xor": ("x ^ y", lambda kind, a, b: a ^ b),
    "least": ("min(x, y)", lambda kind, a, b: min(a, b)),
    "most": ("max(x, y)", lambda kind, a, b: max(a, b)),
    "wadd": ("wrapping_add(x, y)", lambda kind, a, b: kind.wrapped(a + b)),
    "wsub": ("wrapping_sub(x, y)", lambda kind, a, b: kind.wrapped(a - b)),
    "wmul": ("wrapping_mul(x, y)", lambda kind, a, b: kind.wrapped(a * b)),
    "wshl": ("wrapping_shl(x, y)", shifted(lambda kind, a, b: kind.wrapped(a << b))),
    "lt": ("x < y", lambda kind, a, b: a < b),
    "le": ("x <= y", lambda kind, a, b: a <= b),
    "gt": ("x > y", lambda kind, a, b: a > b),
    "ge": ("x >= y", lambda kind, a, b: a >= b),
    "eq": ("x == y", lambda kind, a, b: a == b),
    "ne": ("x != y", lambda kind, a, b: a != b),
    "neg": ("-x", lambda kind, a, b: kind.checked(-a)),
    "inv": ("~x", lambda kind, a, b: kind.wrapped(~a)),
    "abs_": ("abs(x)", lambda kind, a, b: kind.checked(abs(a))),
    "div_constant": ("x // 7", lambda kind, a, b: a // 7),
    "mod_constant": ("x % 8", lambda kind, a, b: a % 8),
    "leading": ("leading_zeros(x)", lambda kind, a, b: kind.bits - (a & ((1 << kind.bits) - 1)).bit_length()),
    "trailing": ("trailing_zeros(x)", lambda kind, a, b: (a & -a).bit_length() - 1 if a else kind.bits),
    "count": ("population_count(x)", lambda kind, a, b: (a & ((1 << kind.bits) - 1)).bit_count()),
}
U32_RESULTS = ("leading", "trailing", "count")


def result_type(name: str, kind: Kind) -> str:
    if name in ("lt", "le", "gt", "ge", "eq", "ne"):
        return "bool"
    return "u32" if name in U32_RESULTS else kind.name


def deploy(entries: list[tuple[str, str, str, str]]) -> corten.Contract:
    """A contract with messages (name, parameters, result type, expression)."""
    body = "\n".join(
        f"@message\ndef {name}(self, {parameters}) -> {result}:\n    return {expression}\n"
        for name, parameters, result, expression in entries
    )
    machine = corten.Machine(memory_limit=1 << 20, cache=False)
    return machine.deploy(write_source(HEADER + contract(body)))


def column(kind: str, values: list[int]) -> Any:
    if kind == "i128":
        return i128_column(values)
    return np.array(values, {"u": "u", "i": "i", "f": "f"}[kind[0]] + str(int(kind[1:]) // 8))


def rows(contract: corten.Contract, entry: str, columns: list[list[Any]]) -> Any:
    """The arguments of many messages, column by column."""
    dtype = contract.dtype(entry)
    table = np.zeros(len(columns[0]), dtype)
    interface = contract.interface.entry(entry)
    for name, values in zip(interface.parameters.names, columns, strict=True):
        field = dtype[name]
        table[name] = i128_column(values) if field.itemsize == 16 else np.array(values, field)
    return table


def outcomes(contract: corten.Contract, entry: str, columns: list[list[Any]]) -> list[Any]:
    """For each row the result, or the trap code."""
    receipts = contract.submit(entry, rows(contract, entry, columns))
    values = receipts.results[entry]["value"]
    results = iter(i128_integers(values) if values.dtype.itemsize == 16 else values.tolist())
    found: list[Any] = []
    for status, code in zip(receipts.status.tolist(), receipts.code.tolist(), strict=True):
        found.append(next(results) if status == Status.ACCEPTED else TrapCode(code))
    return found


def under_cpython(expression: str, **values: Any) -> Any:
    """The expression evaluated by corten.lang."""
    from corten.lang.loader import BUILTINS

    names = {name: getattr(corten.lang, name) for name in corten.lang.__all__ if name not in ("Vec", "Map")}
    try:
        return eval(expression, {**names, **BUILTINS}, values)
    except Trapped as trap:
        return trap.code


@pytest.mark.parametrize("name", NAMES)
def test_operators(name: str) -> None:
    kind = Kind(name)
    subject = deploy([(op, f"x: {name}, y: {name}", result_type(op, kind), text) for op, (text, _) in BINARY.items()])
    pairs = list(itertools.product(kind.edges(), repeat=2))
    pairs += [
        (value, count) for value in kind.edges() for count in range(-1, kind.bits + 2) if kind.low <= count <= kind.high
    ]
    scalar = getattr(corten.lang, name)
    for op, (text, oracle) in BINARY.items():
        found = outcomes(subject, op, [[a for a, _ in pairs], [b for _, b in pairs]])
        for (a, b), value in zip(pairs, found, strict=True):
            expected = oracle(kind, a, b)
            assert value == expected, f"{text} for x = {name}({a}), y = {name}({b})"
            assert under_cpython(text, x=scalar(a), y=scalar(b)) == expected, f"CPython: {text}, {a}, {b}"


@pytest.mark.parametrize("name", NAMES)
def test_shift_counts_of_every_type(name: str) -> None:
    kind = Kind(name)
    entries = []
    for other in NAMES:
        for op, symbol in (("left", "<<"), ("right", ">>")):
            entries.append((f"{op}_{other}", f"x: {name}, n: {other}", name, f"x {symbol} n"))
    subject = deploy(entries)
    for other in NAMES:
        count_kind = Kind(other)
        counts = [
            n
            for n in (-1, 0, 1, 7, 8, kind.bits - 1, kind.bits, kind.bits + 1, 255, 256, 1 << 40, count_kind.low)
            if count_kind.low <= n <= count_kind.high
        ]
        pairs = list(itertools.product([kind.low, kind.high, 1, 5, 0], counts))
        for op in ("left", "right"):
            oracle = BINARY["shl" if op == "left" else "shr"][1]
            found = outcomes(subject, f"{op}_{other}", [[a for a, _ in pairs], [n for _, n in pairs]])
            for (a, n), value in zip(pairs, found, strict=True):
                assert value == oracle(kind, a, n), (op, name, a, other, n)


def quotient(kind: Kind, a: int, b: int, c: int, ceil: bool) -> int | TrapCode:
    if c == 0:
        return DIVISION
    return kind.checked(-(-a * b // c) if ceil else a * b // c)


@pytest.mark.parametrize("name", NAMES)
def test_mul_div(name: str) -> None:
    """The product is exact in twice the width: 256 bits for i128."""
    kind = Kind(name)
    entries = [
        (op, f"x: {name}, y: {name}, z: {name}", name, f"{op}(x, y, z)") for op in ("mul_div_floor", "mul_div_ceil")
    ]
    subject = deploy(entries)
    edges = kind.edges()
    triples = list(itertools.product(edges[:4] + edges[-4:] + edges[4:-4:3], repeat=3))
    for op in ("mul_div_floor", "mul_div_ceil"):
        found = outcomes(subject, op, [[t[i] for t in triples] for i in range(3)])
        for (a, b, c), value in zip(triples, found, strict=True):
            assert value == quotient(kind, a, b, c, op.endswith("ceil")), (op, name, a, b, c)


@pytest.mark.parametrize("name", NAMES)
def test_conversions_between_integers(name: str) -> None:
    source = Kind(name)
    entries = []
    for target in NAMES:
        entries.append((f"checked_{target}", f"x: {name}", target, f"{target}(x)"))
        entries.append((f"wrapping_{target}", f"x: {name}", target, f"wrapping_cast({target}, x)"))
        entries.append((f"saturating_{target}", f"x: {name}", target, f"saturating_cast({target}, x)"))
    subject = deploy(entries)
    edges = sorted({e for other in NAMES for e in Kind(other).edges() if source.low <= e <= source.high})
    for target in map(Kind, NAMES):
        for mode, oracle in (
            ("checked", target.checked),
            ("wrapping", target.wrapped),
            ("saturating", target.saturated),
        ):
            found = outcomes(subject, f"{mode}_{target.name}", [edges])
            for value, result in zip(edges, found, strict=True):
                assert result == oracle(value), (mode, name, value, target.name)


def test_bool_and_enum_conversions() -> None:
    machine = corten.Machine(memory_limit=1 << 20, cache=False)
    body = "".join(
        f"@message\ndef bool_{n}(self, x: bool) -> {n}:\n    return {n}(x)\n"
        f"@message\ndef enum_{n}(self, x: Side) -> {n}:\n    return {n}(x)\n"
        f"@message\ndef to_{n}(self, x: {n}) -> Side:\n    return Side(x)\n"
        f"@message\ndef dense_{n}(self, x: {n}) -> Dense:\n    return Dense(x)\n"
        for n in NAMES
    )
    declarations = (
        "class Side(Enum):\n    A = 0\n    B = 5\n    C = 255\nclass Dense(Enum):\n    X = 0\n    Y = 1\n    Z = 2\n"
    )
    subject = machine.deploy(write_source(HEADER + contract(body, declarations)))
    for kind in map(Kind, NAMES):
        assert [subject.call(f"bool_{kind.name}", {"x": x}).result for x in (False, True)] == [0, 1]
        for member in (0, 5, 255):
            receipt = subject.call(f"enum_{kind.name}", {"x": member})
            assert (receipt.result if receipt.accepted else receipt.trap) == kind.checked(member)
        for value in kind.edges():
            receipt = subject.call(f"to_{kind.name}", {"x": value})
            assert receipt.result == value if value in (0, 5, 255) else receipt.trap is TrapCode.INVALID_CONVERSION
            receipt = subject.call(f"dense_{kind.name}", {"x": value})
            assert receipt.result == value if value in (0, 1, 2) else receipt.trap is TrapCode.INVALID_CONVERSION
