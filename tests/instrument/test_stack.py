"""Stack depth: the metered limit ends recursion of any shape of frame before the engine's own stack does."""

from __future__ import annotations

import pytest
import wasmtime

from corten.base.errors import TrapCode
from corten.wasm.instrument import DEFAULT_STACK_LIMIT, instrument
from corten.wasm.module import Module
from corten.wasm.reader import read_module
from tests.instrument.host import Machine, options

NATIVE_BYTES = 1 << 20  # a quarter of what the machine gives a guest; V8 has 984 KiB
LOADS = {"i64": "i64.load", "f64": "f64.load", "v128": "v128.load"}


def recursive(body: str, parameters: str = "", locals_: str = "", results: str = "") -> str:
    count = "(global.set 0 (i32.add (global.get 0) (i32.const 1)))"
    return f"""(module (global (mut i32) (i32.const 0)) (memory (export "memory") 1)
      (func $f (export "f") {parameters} {results} {locals_} {count} {body}))"""


def held(count: int, kind: str) -> str:
    """Locals that live across the call."""
    sets = "".join(f"(local.set {n} ({LOADS[kind]} offset={n} (i32.const 0)))" for n in range(count))
    stores = "".join(f"({kind}.store offset={n} (i32.const 0) (local.get {n}))" for n in range(count))
    return recursive(f"{sets} (call $f) {stores}", locals_=f"(local {f'{kind} ' * count})")


def stacked(count: int, kind: str, add: str) -> str:
    """Operands below the call."""
    loads = "".join(f"({LOADS[kind]} offset={n} (i32.const 0))" for n in range(count))
    return recursive(f"{loads} (call $f) {add * (count - 1)} drop")


def repeated(count: int) -> str:
    """Values that an optimizer keeps alive although no local or operand holds them."""
    text = "".join(
        f"(i64.store offset={8 * n} (i32.const 0) (i64.mul (local.get 0) (i64.const {n * 7919 + 3})))"
        for n in range(count)
    )
    return recursive(f"{text} (call $f (i64.add (local.get 0) (i64.const 1))) {text}", "(param i64)")


def passed(count: int, kind: str) -> str:
    gets = "".join(f"(local.get {n})" for n in range(count))
    return recursive(f"{gets} (call $f)", f"(param {f'{kind} ' * count})")


SHAPES = {
    "bare": recursive("(call $f)"),
    "one local": held(1, "i64"),
    "10 integers": held(10, "i64"),
    "1000 integers": held(1000, "i64"),
    "1000 floats": held(1000, "f64"),
    "1000 vectors": held(1000, "v128"),
    "1000 operands": stacked(1000, "i64", "i64.add "),
    "1000 vector operands": stacked(1000, "v128", "i64x2.add "),
    "repeated values": repeated(400),
    "200 parameters": passed(200, "i64"),
    "16 results": recursive("(call $f)", results=f"(result {'i64 ' * 16})"),
}


def load(text: str) -> Module:
    return read_module(bytes(wasmtime.wat2wasm(text)))


def engine(optimize: str) -> wasmtime.Engine:
    config = wasmtime.Config()
    config.max_wasm_stack = NATIVE_BYTES
    config.cranelift_opt_level = optimize
    return wasmtime.Engine(config)


@pytest.mark.parametrize("optimize", ["speed", "none"])
@pytest.mark.parametrize("name", SHAPES)
def test_metered_limit_comes_first(name: str, optimize: str) -> None:
    module = load(SHAPES[name])
    guest = Machine(module, None, options(1), engine(optimize), stack=DEFAULT_STACK_LIMIT, log_bytes=3 << 20)
    guest.call("corten.begin")
    parameters = module.types[module.functions[0].type_index].params
    assert guest.outcome("f", *[0] * len(parameters)) == "UNREACHABLE"
    assert guest.trap_code() == TrapCode.STACK_EXHAUSTED


def test_without_the_pass_the_engine_overflows() -> None:
    """What the limit guards against: a stop that depends on the engine."""
    guest = Machine(load(SHAPES["1000 integers"]), None, options(1, stack=False), log_bytes=3 << 20)
    guest.call("corten.begin")
    assert guest.outcome("f") == "STACK_OVERFLOW"


def test_depth_comes_back() -> None:
    """By every way out of a function: its end, a return, a branch to its label, branches in tables."""
    text = """(module (memory (export "memory") 1) (func (export "f") (param i32) (local i32)
        (local.set 1 (i32.const 20000))
        (loop (drop (call $exits (i32.and (local.get 1) (i32.const 3))))
          (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))))
      (func $exits (param i32) (result i32) (call $leaf)
        (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
        (if (i32.eq (local.get 0) (i32.const 1)) (then (br 1 (i32.const 2))))
        (block (result i32) (br_table 0 1 (i32.const 3) (i32.eq (local.get 0) (i32.const 2)))))
      (func $leaf))"""
    guest = Machine(load(text), None, options(1), stack=1_000)
    guest.call("corten.begin")
    assert guest.outcome("f", 0) == "returned"


def test_room_is_left_for_functions_that_are_not_metered() -> None:
    """However heavy what a recursing function calls is, the limit holds both."""
    frames = {}
    for count in (1, 1000):
        leaf = f"(func $leaf (local {'i64 ' * count}))"
        text = recursive("(call $leaf) (call $f)").removesuffix(")") + leaf + ")"
        guest = Machine(load(text), None, options(1), stack=10_000)
        guest.call("corten.begin")
        assert guest.outcome("f") == "UNREACHABLE"
        frames[count] = guest.value("corten.global.0")
    light, heavy = frames[1], frames[1000]
    assert isinstance(light, int)
    assert isinstance(heavy, int)
    assert light * 0.85 < heavy < light * 0.95


def chain(length: int) -> str:
    calls = "".join(f"(func $f{n} (local {'i64 ' * 100}) (call $f{n + 1}))" for n in range(1, length))
    return f'(module (memory (export "memory") 1) (func (export "f") (call $f1)) {calls} (func $f{length}))'


def test_long_chains_of_calls_are_metered_too() -> None:
    """Without recursion, but deeper than what may go unmetered."""
    for length, outcome in ((20, "returned"), (60, "returned"), (1000, "UNREACHABLE")):
        guest = Machine(load(chain(length)), None, options(1), stack=20_000)
        guest.call("corten.begin")
        assert guest.outcome("f") == outcome


def test_only_what_may_recurse_pays() -> None:
    """No depth is counted in a module without recursion."""
    functions = '(func (export "f") (call $g) (call $g)) (func $g (call $h)) (func $h)'
    module = load(f"(module {functions})")
    metered, plain = (instrument(module, None, options(1, stack=is_on)) for is_on in (True, False))
    assert metered.functions[:3] == plain.functions[:3]
