"""What each pass costs on loops that do little else than what it instruments.

python -m tests.instrument.bench_passes
"""

from __future__ import annotations

import time

import wasmtime

from corten.wasm.reader import read_module
from tests.instrument.host import Machine, options

ROUNDS = 15
GAS = 1 << 60
VARIANTS: dict[str, dict[str, bool]] = {
    "none": {"gas": False, "stack": False, "nan": False, "undo": False},
    "gas": {"stack": False, "nan": False, "undo": False},
    "stack": {"gas": False, "nan": False, "undo": False},
    "nan": {"gas": False, "stack": False, "undo": False},
    "undo": {"gas": False, "stack": False, "nan": False},
    "access": {"gas": False, "stack": False, "nan": False, "undo": False, "access": True},
    "all": {},
}
# A thousand rounds of each; ns per round.
LOOPS = {
    "one i64 store": "(i64.store (local.get 1) (i64.extend_i32_u (local.get 0)))",
    "record of four fields": """(i64.store (local.get 1) (i64.const 1)) (i64.store offset=8 (local.get 1) (i64.const 2))
      (i32.store offset=16 (local.get 1) (local.get 0)) (i32.store offset=20 (local.get 1) (local.get 0))""",
    "i32 array, upwards": """(i32.store (i32.shl (i32.sub (i32.const 10000) (local.get 0)) (i32.const 2))
      (local.get 0))""",
    "i32 array, downwards": "(i32.store (i32.shl (local.get 0) (i32.const 2)) (local.get 0))",
    "one i64 load": "(local.set 1 (i32.add (local.get 1) (i32.wrap_i64 (i64.load (local.get 1)))))",
    "record of four loads": """(local.set 1 (i32.add (i32.add (local.get 1) (i32.load offset=4 (local.get 1)))
      (i32.add (i32.load offset=8 (local.get 1)) (i32.add (i32.load (local.get 1))
        (i32.load offset=20 (local.get 1))))))""",
    "constant address": "(i64.store offset=1024 (i32.const 0) (i64.extend_i32_u (local.get 0)))",
    "float accumulation": """(f64.store offset=2048 (i32.const 0)
      (f64.add (f64.load offset=2048 (i32.const 0)) (f64.convert_i32_u (local.get 0))))""",
    "integer arithmetic": "(local.set 1 (i32.rotl (i32.xor (local.get 1) (local.get 0)) (i32.const 5)))",
    "leaf call": "(local.set 1 (call $leaf (local.get 1)))",
    "call": "(local.set 1 (call $caller (local.get 1)))",
}
FUNCTIONS = """(func $leaf (param i32) (result i32) (i32.and (i32.add (local.get 0) (i32.const 8)) (i32.const 0xFFF8)))
  (func $caller (param i32) (result i32) (call $leaf (local.get 0)))"""


def machine(body: str, settings: dict[str, bool]) -> Machine:
    text = f"""(module (memory (export "memory") 16) {FUNCTIONS} (func (export "f") (param i32) (local i32) (loop {body}
      (local.set 1 (i32.and (i32.add (local.get 1) (i32.const 64)) (i32.const 0xFFFF)))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"""
    return Machine(read_module(bytes(wasmtime.wat2wasm(text))), None, options(16, **settings), gas=GAS)


def nanoseconds(guest: Machine) -> float:
    """Of one round; the log is emptied before each thousand."""
    begin, function = guest.exports["corten.begin"], guest.exports["f"]
    assert isinstance(begin, wasmtime.Func)
    assert isinstance(function, wasmtime.Func)
    begin(guest.store)
    started = time.perf_counter_ns()
    function(guest.store, 10_000)
    return (time.perf_counter_ns() - started) / 10_000


def main() -> None:
    for name, body in LOOPS.items():
        guests = {variant: machine(body, settings) for variant, settings in VARIANTS.items()}
        times: dict[str, list[float]] = {variant: [] for variant in guests}
        for _ in range(ROUNDS):
            for variant, guest in guests.items():
                times[variant].append(nanoseconds(guest))
        plain = min(times["none"])
        row = "  ".join(f"{variant} {min(taken):6.2f} ({min(taken) / plain:4.2f}x)" for variant, taken in times.items())
        print(f"{name:24}{row}")


if __name__ == "__main__":
    main()
