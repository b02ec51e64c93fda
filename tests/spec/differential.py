"""Generated modules on the interpreter and on Wasmtime, plain and instrumented: what must be equal is compared.

    python -m tests.spec.differential [SEED] [--count N] [--all] [--text]

runs seeds one after the other and stops at the first difference; the seed is the report.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import wasmtime

from corten.wasm.instrument import Options
from corten.wasm.module import FuncType, Kind, Module
from corten.wasm.opcodes import TYPE_BYTES
from corten.wasm.text import format_module
from spec.wasm import Exhausted, Trap
from spec.wasm.floats import Format
from tests.spec.generate import PAGES, generate
from tests.wasm.engines import Bounds, Guest, InstrumentedGuest, SpecGuest, WasmtimeGuest, engine, system_pages

CALLS = 6
BOUNDS = Bounds(steps=1_000_000, calls=5_000, pages=PAGES)
SETTINGS = {
    "speed": lambda: engine(opt_level="speed"),
    "none": lambda: engine(opt_level="none"),
    "canonical": lambda: engine(canonical_nans=True),
}


@cache
def named_engine(name: str) -> wasmtime.Engine:
    """One engine per setting."""
    return SETTINGS[name]()


class DifferenceError(AssertionError):
    """Two voices disagree."""


@dataclass
class Outcome:
    """How a call ended: results as bits, `trapped` with its code, or `exhausted`."""

    kind: str
    results: tuple[int, ...] = ()


def outcome(guest: Guest, name: str, arguments: tuple[int, ...]) -> Outcome:
    try:
        return Outcome("returned", tuple(guest.invoke(name, *arguments)))
    except Trap as trap:
        return Outcome(f"trapped: {trap}")
    except Exhausted as bound:
        return Outcome("exhausted", () if str(bound) == "gas, stack or log" else (-1,))


def random_nans(seed: int) -> Callable[[Format], int]:
    """Any quiet NaN, of either sign, with any payload."""
    rng = random.Random(seed)

    def choose(f: Format) -> int:
        return f.canonical_nan | rng.getrandbits(f.fraction_bits - 1) | rng.getrandbits(1) * f.sign_bit

    return choose


def calls(seed: int, module: Module) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Entries of the module with arguments."""
    rng = random.Random(~seed)
    entries = [item for item in module.exports if item.kind == Kind.FUNCTION]
    indices = module.function_type_indices()
    for _ in range(CALLS):
        item = rng.choice(entries)
        signature: FuncType = module.types[indices[item.index]]
        yield item.name, tuple(rng.choice((0, 1, rng.getrandbits(8 * TYPE_BYTES[kind]))) for kind in signature.params)


def check(seed: int, *, grows: bool = False, engines: tuple[str, ...] = ("speed",)) -> Counter[str]:
    """Raises DifferenceError; returns how the calls ended.

    A growing module's memory is smaller plain than instrumented (pages that are granted are there from the start), so
    the two are then not compared with each other.
    """
    module = generate(seed, grows=grows)
    settings = Options(memory_pages=PAGES, system_pages=system_pages(PAGES))
    plain = [SpecGuest(module, bounds=BOUNDS), WasmtimeGuest(module, engine=named_engine("canonical"))]
    starts: list[Callable[[Module], Guest]] = [
        lambda inner: SpecGuest(inner, open_nan=random_nans(seed), bounds=BOUNDS),
        *(lambda inner, name=name: WasmtimeGuest(inner, engine=named_engine(name)) for name in engines),
    ]
    instrumented = [InstrumentedGuest(module, settings, start) for start in starts]
    ended: Counter[str] = Counter()
    for number, (name, arguments) in enumerate(calls(seed, module)):
        where = f"seed {seed}{' (grows)' if grows else ''}, call {number} of {name}{arguments}"
        before = [state(guest) for guest in instrumented]
        found = [outcome(guest, name, arguments) for guest in [*plain, *instrumented]]
        if any(item.results == (-1,) for item in found):
            ended["too long"] += 1
            return ended
        same(where, "plain outcome", found[:2])
        same(where, "plain state", [plain_state(guest) for guest in plain])
        same(where, "instrumented outcome", found[2:])
        same(where, "instrumented state", [state(guest) for guest in instrumented])
        same(where, "gas", [guest.inner.value("corten.gas") for guest in instrumented])
        same(where, "system memory", [guest.memory("corten.system") for guest in instrumented])
        gave_up = found[2].kind == "exhausted"
        if not grows and not gave_up:
            same(where, "outcome plain and instrumented", [found[0], found[2]])
            same(where, "memory plain and instrumented", [plain[0].memory("memory"), instrumented[0].memory("memory")])
            same(where, "globals plain and instrumented", [mutable(plain[0]), list(mutable(instrumented[0]))[:-1]])
        ended[found[2].kind] += 1
        check_touched(where, before[0][0], instrumented[0])
        if gave_up or (number == CALLS - 1):
            for guest in instrumented:
                guest.rollback()
            same(where, "state after rollback", [*before, *(state(guest) for guest in instrumented)])
            break
    return ended


def same(where: str, what: str, values: list[Any]) -> None:
    if any(value != values[0] for value in values):
        raise DifferenceError(f"{where}: {what}: {[clipped(value, values) for value in values]}")


def clipped(value: object, values: list[Any]) -> str:
    """A value, or the first bytes in which it differs."""
    if not isinstance(value, bytes):
        return repr(value)[:2000]
    place = next(
        (at for at, column in enumerate(zip(*values, strict=False)) if len(set(column)) > 1), min(map(len, values))
    )
    return f"at {place:#x}: {value[place : place + 16].hex()}"


def mutable(guest: Guest) -> list[int]:
    """The mutable globals; of an instrumented guest also the page counter, last."""
    names = [item.name for item in guest.module.exports if item.kind == Kind.GLOBAL and item.name != "corten.gas"]
    if isinstance(guest, InstrumentedGuest):
        return [guest.value(name) for name in names]
    types = guest.module.global_types()
    return [guest.value(name) for name in names if types[int(name.partition(".")[2])].mutable]


def plain_state(guest: Guest) -> tuple[bytes, list[int]]:
    return guest.memory("memory"), mutable(guest)


def state(guest: InstrumentedGuest) -> tuple[bytes, list[int]]:
    return guest.memory("memory"), mutable(guest)


def check_touched(where: str, before: bytes, guest: InstrumentedGuest) -> None:
    """Every page that changed is marked."""
    after, marked = guest.memory("memory"), set(guest.touched())
    changed = {page for page in range(len(after) >> 12) if before[page << 12 :][:4096] != after[page << 12 :][:4096]}
    if not changed <= marked:
        raise DifferenceError(f"{where}: pages {sorted(changed - marked)} changed without a mark")


def main() -> None:
    """Run many seeds."""
    parser = argparse.ArgumentParser(description="differential test of generated modules")
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="all settings of the engine")
    parser.add_argument("--text", action="store_true", help="print the module")
    arguments = parser.parse_args()
    total: Counter[str] = Counter()
    begin = time.monotonic()
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        grows = seed % 8 == 0
        if arguments.text:
            print(format_module(generate(seed, grows=grows)))
        try:
            total += check(seed, grows=grows, engines=("speed", "none") if arguments.all else ("speed",))
        except Exception:
            print(f"seed {seed}")
            raise
    print(f"{arguments.count} modules in {time.monotonic() - begin:.0f} s:", dict(total))


if __name__ == "__main__":
    main()
