"""Every operator of the interpreter: against Wasmtime (with its NaN canonicalization) and CPython's floats."""

from __future__ import annotations

import itertools
import math
import random
import struct
from functools import cache

import pytest

from corten.wasm import op
from corten.wasm.instrument import Options
from corten.wasm.module import Export, Function, FuncType, Instr, Kind, Limits, Module
from corten.wasm.opcodes import OPCODES, V128, Category, Immediate, Opcode
from spec.wasm import Trap, floats
from spec.wasm.floats import Format, canonical
from spec.wasm.machine import RULES, execute_load, execute_numeric, execute_store
from tests.spec.differential import Outcome, outcome, start_of
from tests.spec.generate import BITS, EDGES, lane_count
from tests.wasm.each import each
from tests.wasm.engines import InstrumentedGuest, SpecGuest, WasmtimeGuest, system_pages
from tests.wasm.settings import ALL, missing, named_engine

F32_FORMAT = Format(32, 23, canonical)
F64_FORMAT = Format(64, 52, canonical)
PLAIN = (Immediate.NONE, Immediate.LANE, Immediate.SHUFFLE)
OPERATORS = [row for code, row in OPCODES.items() if RULES[code] is execute_numeric and row.immediate in PLAIN]
ACCESSES = [row for code, row in OPCODES.items() if RULES[code] in (execute_load, execute_store)]
SAMPLES = 60
FEW_SAMPLES = 12


def immediates(row: Opcode) -> list[tuple[object, ...]]:
    """The first and the last lane, shuffles."""
    if row.immediate == Immediate.SHUFFLE:
        return [(tuple(range(16)),), (tuple(range(31, 15, -1)),), (tuple(range(0, 32, 2)),)]
    return [(lane,) for lane in {0, lane_count(row.name) - 1}] if row.immediate == Immediate.LANE else [()]


def wrapper(name: str, instr: Instr, row: Opcode) -> tuple[FuncType, Function, str]:
    """A function that applies one instruction to its parameters."""
    assert row.signature is not None
    params, results = row.signature
    body: list[Instr] = [*((op.LOCAL_GET, place) for place in range(len(params))), instr, (op.END,)]
    return FuncType(params, results), Function(0, [], body), name


def module_of(parts: list[tuple[FuncType, Function, str]]) -> Module:
    module = Module(memories=[Limits(1, 1)], exports=[Export("memory", Kind.MEMORY, 0)])
    for type_, function, name in parts:
        function.type_index = len(module.types)
        module.exports.append(Export(name, Kind.FUNCTION, len(module.functions)))
        module.types.append(type_)
        module.functions.append(function)
    return module


def sample(rng: random.Random, value_type: int) -> int:
    """Edges of integers and floats; vectors of them."""
    if value_type == V128:
        width = rng.choice((8, 16, 32, 64))
        return sum(lane_sample(rng, width) << shift for shift in range(0, 128, width))
    return lane_sample(rng, BITS[value_type])


def lane_sample(rng: random.Random, width: int) -> int:
    if width < 32:
        return rng.choice(
            (0, 1, 2, 15, 16, (1 << width - 1) - 1, 1 << width - 1, (1 << width) - 1, rng.getrandbits(width))
        )
    return rng.choice(EDGES[width]) if rng.random() < 0.7 else rng.getrandbits(width)


def operators() -> list[tuple[FuncType, Function, str]]:
    return [
        wrapper(f"{row.name} {number}", (row.code, *chosen), row)
        for row in OPERATORS
        for number, chosen in enumerate(immediates(row))
    ]


def test_every_operator() -> None:
    parts = operators()
    module = module_of(parts)
    ours, theirs = SpecGuest(module), WasmtimeGuest(module, engine=named_engine("canonical"))
    rng = random.Random(1)
    for type_, _, name in parts:
        for _ in range(SAMPLES):
            arguments = tuple(sample(rng, kind) for kind in type_.params)
            assert outcome(ours, name, arguments) == outcome(theirs, name, arguments), (name, list(map(hex, arguments)))


@cache
def interpreted() -> tuple[Module, list[tuple[str, tuple[int, ...], Outcome]]]:
    """A module of all operators, and what the interpreter says of some calls."""
    parts = operators()
    module, rng, calls = module_of(parts), random.Random(6), []
    guest = SpecGuest(module)
    for type_, _, name in parts:
        for _ in range(FEW_SAMPLES):
            arguments = tuple(sample(rng, kind) for kind in type_.params)
            calls.append((name, arguments, outcome(guest, name, arguments)))
    return module, calls


@pytest.mark.parametrize("name", each(*ALL, "v8"))
def test_every_operator_instrumented_on_every_engine(name: str) -> None:
    """Instrumented, so that bits of NaNs are canonical on all of them."""
    if reason := missing(name):
        pytest.skip(f"{name}: {reason}")
    module, calls = interpreted()
    settings = Options(memory_pages=1, system_pages=system_pages(1))
    guest = InstrumentedGuest(module, settings, start_of(name))
    guest.begin()  # one message: a crossing for each call and no more
    for entry, arguments, expected in calls:
        assert outcome(guest.inner, entry, arguments) == expected, (entry, list(map(hex, arguments)))


def test_every_access() -> None:
    """Loads and stores around the end of memory, with every offset that matters."""
    parts = [
        wrapper(
            f"{row.name} {offset} {lane}",
            (row.code, 0, offset, 0, *([lane] if row.immediate == "access_lane" else [])),
            row,
        )
        for row in ACCESSES
        for offset in (0, 1, 65530, (1 << 32) - 1)
        for lane in ((0, 16 // row.access_bytes - 1) if row.immediate == "access_lane" else (0,))
    ]
    module = module_of(parts)
    ours, theirs = SpecGuest(module), WasmtimeGuest(module, engine=named_engine("canonical"))
    for guest in (ours, theirs):
        guest.write("memory", 0, bytes(value * 7 + 3 & 0xFF for value in range(65536)))
    rng = random.Random(2)
    for type_, _, name in parts:
        for address in (0, 5, 65520, 65528, 65533, 65535, 65536, (1 << 32) - 1):
            arguments = address, *(sample(rng, kind) for kind in type_.params[1:])
            assert outcome(ours, name, arguments) == outcome(theirs, name, arguments), (name, address)
    assert ours.memory("memory") == theirs.memory("memory")


@pytest.mark.parametrize("name", ["fadd", "fsub", "fmul", "fdiv"])
def test_binary64_arithmetic_is_that_of_cpython(name: str) -> None:
    rng = random.Random(name)
    operator = getattr(floats, name)
    for _ in range(2_000):
        x, y = (rng.getrandbits(64) if rng.random() < 0.5 else near_one(rng) for _ in range(2))
        if floats.is_nan(F64_FORMAT, operator(F64_FORMAT, x, y)) or floats.is_zero(F64_FORMAT, y):
            continue
        a, b = as_float(x), as_float(y)
        expected = {"fadd": a + b, "fsub": a - b, "fmul": a * b, "fdiv": a / b}[name]
        assert operator(F64_FORMAT, x, y) == as_bits(expected), (x, y)


def test_square_roots_are_those_of_cpython() -> None:
    rng = random.Random(3)
    for bits in itertools.chain(EDGES[64], (rng.getrandbits(63) for _ in range(2_000))):
        number = as_float(bits)
        if number >= 0:
            assert floats.fsqrt(F64_FORMAT, bits) == as_bits(math.sqrt(number)), hex(bits)


def test_demotion_is_that_of_struct() -> None:
    rng = random.Random(4)
    for _ in range(5_000):
        bits = rng.getrandbits(64) if rng.random() < 0.2 else 0x36A0_0000_0000_0000 + rng.getrandbits(58)
        number = as_float(bits)
        if number == number and abs(number) < 3.4028235677973366e38:
            (expected,) = struct.unpack("<I", struct.pack("<f", number))
            assert floats.convert_float(F64_FORMAT, F32_FORMAT, bits) == expected, hex(bits)


def test_integers_are_those_of_python() -> None:
    rng = random.Random(5)
    for n in (8, 16, 32, 64):
        for _ in range(300):
            i, j = rng.getrandbits(n), rng.getrandbits(n)
            assert floats.convert_s(n, F64_FORMAT, i) == as_bits(float(i - (i >> n - 1 << n)))
            assert floats.convert_u(n, F64_FORMAT, j) == as_bits(float(j))


def test_out_of_range_truncation_names_the_trap() -> None:
    for bits, code in (
        (0x7FF8 << 48, "invalid_conversion"),
        (0x7FF0 << 48, "invalid_conversion"),
        (0x43E0 << 48, "invalid_conversion"),
    ):
        with pytest.raises(Trap, match=code):
            floats.trunc_s(F64_FORMAT, 64, bits)


def test_categories_cover_the_table() -> None:
    """What is not an operator or an access is tested by modules."""
    rest = {row.category for row in OPCODES.values()} - {row.category for row in [*OPERATORS, *ACCESSES]}
    modules = "control call parametric local global const memory bulk".split()
    assert rest == {Category(name) for name in modules}


def near_one(rng: random.Random) -> int:
    """A number of moderate size, so that sums cancel and round."""
    return (
        rng.getrandbits(1) << 63 | (1023 + rng.randint(-30, 30)) << 52 | rng.getrandbits(52) & -1 << rng.randint(0, 52)
    )


def as_float(bits: int) -> float:
    return float(struct.unpack("<d", bits.to_bytes(8, "little"))[0])


def as_bits(number: float) -> int:
    return int.from_bytes(struct.pack("<d", number), "little")
