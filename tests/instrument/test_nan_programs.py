"""No result depends on the bits that an engine gives a NaN: float programs of another compiler, and generated ones.

A pass randomizes the bits of every NaN at its source, below the canonicalization: with it and without, on Wasmtime, V8
and the interpreter, results and memory are those of the plain module under Cranelift's own canonicalization.

`CORTEN_NAN=500 make test` runs that many generated modules.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from corten.wasm.instrument import Options, probe
from corten.wasm.instrument.taint import CANONICAL_F32, CANONICAL_F64, SOURCES
from corten.wasm.module import Module
from corten.wasm.profile import check_profile
from corten.wasm.reader import read_module
from corten.wasm.validate import validate
from tests.spec.differential import (
    BOUNDS,
    TOO_LONG,
    calls,
    mutable,
    outcome,
    random_nans,
    same,
    same_end,
    start_of,
)
from tests.spec.generate import PAGES, generate_floats
from tests.wasm.engines import Guest, InstrumentedGuest, SpecGuest, WasmtimeGuest, system_pages
from tests.wasm.foreign.build import HERE, PROGRAMS
from tests.wasm.settings import missing, named_engine

COUNT = int(os.environ.get("CORTEN_NAN", "0"))
BATCH = 10
SEEDS = (1, 0x9E37_79B9_7F4A_7C15)
ENGINES = tuple(name for name in ("speed", "v8") if not missing(name))
RUNS = {"fft": [(6, 2), (7, 4), (5, 9)], "lu": [(24, 1), (9, 3), (17, 6)], "mandelbrot": [(30, 1), (9, 7)]}
OTHERS = [(20, 1), (7, 2), (64, 5)]


def program(name: str) -> Module:
    module = read_module((HERE / f"{name}.wasm").read_bytes())
    check_profile(module)
    validate(module)
    return module


def randomized(module: Module, pages: int, *, nan: bool = True) -> Iterator[InstrumentedGuest]:
    """On every engine, as it runs in earnest and with NaNs at random."""
    plain = Options(memory_pages=pages, system_pages=system_pages(pages))
    probed = Options(memory_pages=pages, system_pages=system_pages(pages), nan=nan, probes=(probe.randomize_nans,))
    for name in ENGINES:
        yield InstrumentedGuest(module, plain, start_of(name))
        for seed in SEEDS:
            guest = InstrumentedGuest(module, probed, start_of(name))
            guest.write("corten.system", probe.SEED, seed.to_bytes(8, "little"))
            yield guest


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_of_another_compiler(name: str) -> None:
    module = program(name)
    pages = module.memories[0].minimum
    oracle = WasmtimeGuest(module, engine=named_engine("canonical"))
    guests = list(randomized(module, pages))
    for arguments in RUNS.get(name, OTHERS):
        expected = oracle.invoke("run", *arguments)
        for guest in guests:
            assert guest.invoke("run", *arguments) == expected
        same(name, "memory", [oracle.memory("memory"), *(guest.memory("memory") for guest in guests)])
        same(name, "gas", [guest.gas for guest in guests])


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_make_nans_that_would_show(name: str) -> None:
    """Their memory holds NaNs; and without the pass that canonicalizes them, randomized ones reach the result."""
    module = program(name)
    pages = module.memories[0].minimum
    *_, canonical = randomized(module, pages)
    *_, open_ = randomized(module, pages, nan=False)
    runs = RUNS.get(name, OTHERS)
    assert any(canonical.invoke("run", *arguments) != open_.invoke("run", *arguments) for arguments in runs)
    words = (CANONICAL_F64.to_bytes(8, "little"), CANONICAL_F32.to_bytes(4, "little") * 2)
    assert any(word in canonical.memory("memory") for word in words)


@pytest.mark.parametrize(("name", "arguments"), [("fft", (3, 3)), ("lu", (5, 3)), ("black_scholes", (3, 5))])
def test_programs_on_the_interpreter(name: str, arguments: tuple[int, int]) -> None:
    module = program(name)
    pages = module.memories[0].minimum
    settings = Options(memory_pages=pages, system_pages=system_pages(pages))
    oracle = WasmtimeGuest(module, engine=named_engine("canonical"))
    guest = InstrumentedGuest(module, settings, lambda code: SpecGuest(code, open_nan=random_nans(1)))
    assert guest.invoke("run", *arguments) == oracle.invoke("run", *arguments)
    assert guest.memory("memory") == oracle.memory("memory")


def check(seed: int) -> int:
    """One generated module, all voices, until a call does not return; how many did."""
    module = generate_floats(seed)
    plain = WasmtimeGuest(module, engine=named_engine("canonical"))
    settings = Options(memory_pages=PAGES, system_pages=system_pages(PAGES))
    start: Callable[[Module], Guest] = lambda code: SpecGuest(code, open_nan=random_nans(seed), bounds=BOUNDS)  # noqa: E731
    guests = [InstrumentedGuest(module, settings, start), *randomized(module, PAGES)]
    returned = 0
    for number, (name, arguments) in enumerate(calls(seed, module)):
        where = f"seed {seed}, call {number} of {name}{tuple(map(hex, arguments))}"
        ends = [outcome(guest, name, arguments) for guest in guests]
        ended = ends[0]
        if TOO_LONG in ends:
            break
        same(where, "outcome", ends)
        same(where, "gas", [guest.gas for guest in guests])
        same(where, "memory", [guest.memory("memory") for guest in guests])
        same(where, "globals", [mutable(guest) for guest in guests])
        expected = outcome(plain, name, arguments)
        assert same_end(expected, ended), (where, expected, ended)
        if ended.kind != "returned":
            break
        returned += 1
        same(where, "memory of the oracle", [plain.memory("memory"), guests[0].memory("memory")])
        same(where, "globals of the oracle", [mutable(plain), mutable(guests[0])[:-1]])
    return returned


@pytest.mark.parametrize("first", range(0, COUNT or 30, BATCH))
@pytest.mark.slow
def test_generated_float_modules(first: int) -> None:
    assert sum(map(check, range(first, first + BATCH))) > BATCH // 2


def test_a_generated_float_module() -> None:
    assert sum(map(check, range(500, 502)))


def test_generated_float_modules_are_float_heavy() -> None:
    codes = [instr[0] for seed in range(20) for function in generate_floats(seed).functions for instr in function.body]
    sources = sum(code in SOURCES for code in codes)
    assert sources > len(codes) / 30
