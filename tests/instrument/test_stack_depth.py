"""A recursion ends at the same depth on every engine, whatever its frames hold, and never by the engine's own stack.

Frames of 0 to 1,000 locals of every type, live across the call or never used, parameters, results and operands. The
depth is what the guest counted itself before the metered limit stopped it.
"""

from __future__ import annotations

from functools import cache

import pytest

from corten.base.errors import TrapCode
from corten.wasm.instrument import DEFAULT_STACK_LIMIT, Options
from corten.wasm.module import Module
from spec.wasm import Exhausted
from tests.instrument.test_stack import LOADS, load, recursive
from tests.spec.differential import start_of
from tests.wasm.engines import GAS, GAVE_UP, LOG_BYTES, Bounds, InstrumentedGuest, SpecGuest, system_pages
from tests.wasm.settings import missing

KINDS = ("i32", "i64", "f64", "v128")
ENGINES = ("speed", "none", "winch", "pulley", "v8")
BOUNDS = Bounds(steps=20_000_000, calls=20_000)
ALL_LOADS = {**LOADS, "i32": "i32.load"}


def frame(count: int, kind: str, use: str) -> str:
    """A function that calls itself for ever: `count` values of a kind, used in some way."""
    names = range(count)
    values = "".join(f"({ALL_LOADS[kind]} offset={16 * n} (i32.const 0))" for n in names)
    several = f"{kind} " * count
    match use:
        case "dead":
            return recursive("(call $f)", locals_=f"(local {several})")
        case "live":
            sets = "".join(f"(local.set {n} ({ALL_LOADS[kind]} offset={16 * n} (i32.const 0)))" for n in names)
            stores = "".join(f"({kind}.store offset={16 * n} (i32.const 0) (local.get {n}))" for n in names)
            return recursive(f"{sets} (call $f) {stores}", locals_=f"(local {several})")
        case "parameters":
            return recursive(" ".join(f"(local.get {n})" for n in names) + "(call $f)", f"(param {several})")
        case "results":
            return recursive("(call $f)", results=f"(result {several})")
        case "operands":
            stores = f"(local.set 0) ({kind}.store (i32.const 0) (local.get 0))" * count
            return recursive(f"{values} (call $f) {stores}", locals_=f"(local {kind})")
    raise AssertionError(use)


FRAMES = [(0, "i32", "dead")]
FRAMES += [(count, kind, use) for use in ("live", "dead") for kind in KINDS for count in (1, 30, 1000)]
FRAMES += [(count, kind, use) for use in ("parameters", "operands") for kind in KINDS for count in (3, 300)]
FRAMES += [(count, kind, "results") for kind in KINDS for count in (1, 100)]
QUICK = {(0, "i32", "dead"), (1000, "f64", "live"), (300, "v128", "parameters"), (100, "i64", "results")}


def depth(guest: InstrumentedGuest, module: Module) -> int:
    """How often the function was entered before the metered limit stopped it."""
    parameters = module.types[module.functions[0].type_index].params
    with pytest.raises(Exhausted, match=GAVE_UP):
        guest.invoke("f", *[0] * len(parameters))
    reached = guest.value("corten.global.0")
    guest.rollback()
    assert guest.value("corten.trap") & 0xFFF == TrapCode.STACK_EXHAUSTED
    return reached


@cache
def settings() -> Options:
    return Options(memory_pages=1, system_pages=system_pages(1))


@pytest.mark.parametrize(
    ("count", "kind", "use"), [one if one in QUICK else pytest.param(*one, marks=pytest.mark.slow) for one in FRAMES]
)
def test_depth_is_the_same_everywhere(count: int, kind: str, use: str) -> None:
    module = load(frame(count, kind, use))
    limits = (GAS, DEFAULT_STACK_LIMIT, LOG_BYTES)
    on_spec = InstrumentedGuest(module, settings(), lambda code: SpecGuest(code, bounds=BOUNDS), *limits)
    expected = depth(on_spec, module)
    assert expected > 10
    for name in ENGINES:
        if not missing(name):
            found = depth(InstrumentedGuest(module, settings(), start_of(name), *limits), module)
            assert found == expected, f"{name}: {found} calls, the interpreter {expected}"
