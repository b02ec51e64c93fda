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
from functools import partial
from typing import Any, TypeAlias

import wasmtime

from corten.wasm.instrument import Options, instrument
from corten.wasm.module import FuncType, Kind, Module
from corten.wasm.opcodes import TYPE_BYTES
from corten.wasm.text import format_module
from corten.wasm.writer import write_module
from spec.wasm import Exhausted, Trap
from spec.wasm.floats import Format
from tests.spec.generate import PAGES, generate
from tests.wasm.engines import (
    GAS,
    GAVE_UP,
    LOG_BYTES,
    STACK,
    Bounds,
    Guest,
    InstrumentedGuest,
    SpecGuest,
    WasmtimeGuest,
    system_pages,
)
from tests.wasm.settings import ALL, missing, named_engine
from tests.wasm.v8_guest import V8Guest, use_liftoff

State: TypeAlias = tuple[bytes, list[int]]

CALLS = 6
PAGE = 4096
BOUNDS = Bounds(steps=1_000_000, calls=5_000, pages=PAGES)
# Gas, stack, bytes of log: often plenty.
LIMITS = (
    *((GAS, STACK, LOG_BYTES), (GAS, STACK, LOG_BYTES), (GAS, STACK, LOG_BYTES)),
    *((20_000, STACK, LOG_BYTES), (1_000, STACK, LOG_BYTES), (GAS, 700, LOG_BYTES), (GAS, STACK, 512)),
)
QUICK = ("speed", "v8")
EVERY = (*ALL, "v8")


class DifferenceError(AssertionError):
    """Two voices disagree."""


@dataclass
class Outcome:
    """How a call ended: results as bits, `trapped` with its code, or `exhausted`."""

    kind: str
    results: tuple[int, ...] = ()


TOO_LONG = Outcome("too long")


def outcome(guest: Guest, name: str, arguments: tuple[int, ...]) -> Outcome:
    try:
        return Outcome("returned", tuple(guest.invoke(name, *arguments)))
    except Trap as trap:
        return Outcome(f"trapped: {trap}")
    except Exhausted as bound:
        return Outcome("exhausted") if str(bound) == GAVE_UP else TOO_LONG


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


def check(seed: int, *, grows: bool = False, engines: tuple[str, ...] = QUICK) -> Counter[str]:
    """Raises DifferenceError; returns how the calls ended, and which engine could not run the module and why.

    A growing module's memory is smaller plain than instrumented (pages that are granted are there from the start), so
    the two are then not compared with each other.
    """
    module = generate(seed, grows=grows)
    voices = Voices(module, seed, engines)
    ended = Counter(voices.left_out)
    for number, (name, arguments) in enumerate(calls(seed, module)):
        where = f"seed {seed}{' (grows)' if grows else ''}, call {number} of {name}{arguments}"
        ended[voices.call(where, name, arguments, compare_all=not grows)] += 1
        if ended["too long"]:
            break
    return ended


def start_of(name: str) -> Callable[[Module], Guest]:
    """How an engine starts a guest."""
    return V8Guest if name == "v8" else partial(WasmtimeGuest, engine=named_engine(name))


def refusal(name: str, module: Module) -> str:
    """Why an engine cannot run a module; nothing if it can. Only Winch may say no: it lacks some instructions."""
    if reason := missing(name):
        return reason
    if name == "winch":
        try:
            wasmtime.Module(named_engine(name), write_module(module))
        except wasmtime.WasmtimeError as error:
            return str(error)
    return ""


class Voices:
    """One module everywhere: plain on the interpreter and Wasmtime, instrumented on the interpreter and each engine."""

    def __init__(self, module: Module, seed: int, engines: tuple[str, ...]) -> None:
        settings = Options(memory_pages=PAGES, system_pages=system_pages(PAGES))
        canonical = named_engine("canonical")
        self.plain: list[Guest] = [SpecGuest(module, bounds=BOUNDS), WasmtimeGuest(module, engine=canonical)]
        instrumented = instrument(module, None, settings)
        starts: list[Callable[[Module], Guest]] = [partial(SpecGuest, open_nan=random_nans(seed), bounds=BOUNDS)]
        self.left_out: list[str] = []
        for name in engines:
            reason = refusal(name, instrumented)
            if reason:
                self.left_out.append(f"{name} left out: {reason}")
            else:
                starts.append(start_of(name))
        limits = LIMITS[seed % len(LIMITS)]
        self.instrumented = [InstrumentedGuest(module, settings, start, *limits, instrumented) for start in starts]

    def call(self, where: str, name: str, arguments: tuple[int, ...], *, compare_all: bool) -> str:
        """One message on all of them; how it ended. What did not return is rolled back."""
        before = state(self.instrumented[0])
        plain, instrumented = (
            [outcome(guest, name, arguments) for guest in guests] for guests in (self.plain, self.instrumented)
        )
        if TOO_LONG in plain + instrumented:
            return "too long"
        same(where, "plain outcome", plain)
        same(where, "plain state", list(map(state, self.plain)))
        same(where, "instrumented outcome", instrumented)
        same(where, "instrumented state", list(map(state, self.instrumented)))
        same(where, "gas", [guest.gas for guest in self.instrumented])
        same(where, "system memory", [guest.memory("corten.system") for guest in self.instrumented])
        self.check_touched(where, before[0])
        if compare_all:
            self.compare(where, plain[0], instrumented[0])
        if instrumented[0].kind != "returned":
            self.roll_back(where, before, set_plain=compare_all)
        return instrumented[0].kind

    def compare(self, where: str, plain: Outcome, instrumented: Outcome) -> None:
        """Plain and instrumented. Of a call that traps nothing stays but that: see `same_end`."""
        if not same_end(plain, instrumented):
            raise DifferenceError(f"{where}: plain {plain}, instrumented {instrumented}")
        if instrumented.kind == "returned":
            memory, globals_ = state(self.instrumented[0])
            same(where, "memory plain and instrumented", [self.plain[0].memory("memory"), memory])
            same(where, "globals plain and instrumented", [mutable(self.plain[0]), globals_[:-1]])

    def roll_back(self, where: str, before: State, *, set_plain: bool) -> None:
        """The instrumented by their own log; the plain by hand."""
        for guest in self.instrumented:
            guest.rollback()
        same(where, "state after rollback", [before, *map(state, self.instrumented)])
        for guest in self.plain if set_plain else ():
            guest.write("memory", 0, before[0])
            for name, bits in zip(mutable_names(guest), before[1], strict=False):
                guest.assign(name, bits)

    def check_touched(self, where: str, before: bytes) -> None:
        """Every page that changed is marked."""
        guest = self.instrumented[0]
        after, marked = guest.memory("memory"), set(guest.touched())
        pages = range(len(after) // PAGE)
        changed = {page for page in pages if before[page * PAGE :][:PAGE] != after[page * PAGE :][:PAGE]}
        if not changed <= marked:
            raise DifferenceError(f"{where}: pages {sorted(changed - marked)} changed without a mark")


def same_end(plain: Outcome, instrumented: Outcome) -> bool:
    """Equal; or giving up (gas, stack, log), which only the instrumented do; or another trap.

    The stores of a stretch are logged at its start: a message that would trap in two ways may be stopped by the store
    out of bounds before the other trap is reached.
    """
    out_of_bounds = "trapped: memory_out_of_bounds"
    early = plain.kind.startswith("trapped") and instrumented.kind == out_of_bounds
    return plain == instrumented or instrumented.kind == "exhausted" or early


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


def mutable_names(guest: Guest) -> list[str]:
    """The mutable globals; of an instrumented guest also the page counter, last."""
    prefix = "corten.global." if isinstance(guest, InstrumentedGuest) else "global."
    names = [item.name for item in guest.module.exports if item.name.startswith(prefix)]
    types = guest.module.global_types()
    return [name for name in names if types[int(name.rpartition(".")[2])].mutable]


def mutable(guest: Guest) -> list[int]:
    return [guest.value(name) for name in mutable_names(guest)]


def state(guest: Guest) -> State:
    """What a message leaves: memory and mutable globals."""
    return guest.memory("memory"), mutable(guest)


def main() -> None:
    """Run many seeds."""
    parser = argparse.ArgumentParser(description="differential test of generated modules")
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="all settings of the engine")
    parser.add_argument("--text", action="store_true", help="print the module")
    parser.add_argument("--liftoff", action="store_true", help="V8's other compiler")
    arguments = parser.parse_args()
    if arguments.liftoff:
        use_liftoff()
    total: Counter[str] = Counter()
    begin = time.monotonic()
    for seed in range(arguments.seed, arguments.seed + arguments.count):
        grows = seed % 8 == 0
        if arguments.text:
            print(format_module(generate(seed, grows=grows)))
        total += check(seed, grows=grows, engines=EVERY if arguments.all else QUICK)
    print(f"{arguments.count} modules in {time.monotonic() - begin:.0f} s:", dict(total))


if __name__ == "__main__":
    main()
