"""How fair the gas schedule is: nanoseconds that a unit of gas buys, construct by construct, on both engines.

python -m tests.instrument.bench_gas [name …]

Each construct is repeated in one function of a loaded module; what a call with no repetitions takes is subtracted, in
time and in gas. The lowest of some rounds counts. `!` marks what lies more than ten times above the median.
"""

from __future__ import annotations

import importlib.util
import re
import statistics
import sys
import time

import wasmtime

from corten import Machine
from corten.vm.foreign import LoadedModule

ROUNDS = 5
GAS = 1 << 62
TARGET_GAS = 4_000_000
MEMORY_PAGES = 512
OUTLIER = 10
ENGINES = ["wasmtime"] + ["v8"] * (importlib.util.find_spec("py_mini_racer") is not None)

_SHUFFLE = """(local.set $x (i64.xor %x (i64.shl %x (i64.const 13))))
  (local.set $x (i64.xor %x (i64.shr_u %x (i64.const 7)))) (local.set $x (i64.xor %x (i64.shl %x (i64.const 17))))"""
_RANDOM = "(i32.and (i32.wrap_i64 (i64.shr_u %x (i64.const 24))) (i32.const {}))"
_TARGETS = 256


def _table(count: int) -> str:
    """A branch table whose targets are distinct pieces of code, taken at random."""
    arms = "".join(f"(local.set $i (i32.add %i (i32.const {n}))) br {count - n} end " for n in range(count))
    labels = " ".join(map(str, range(count + 1)))
    return f"{_SHUFFLE} {'block ' * (count + 2)} {_RANDOM.format(count - 1)} br_table {labels} end {arms} end"


def _chain(local: str, expression: str) -> str:
    """Each waits for the one before."""
    return f"(local.set ${local} ({expression}))@32"


def _nested(depth: int, branch: str) -> str:
    """Loops in each other, a branch to one of them a thousand times."""
    leave = "(br_if $out (i32.lt_s (local.tee $i (i32.sub %i (i32.const 1))) (i32.const 0)))"
    return f"(block $out {'(loop ' * depth}{leave} {branch}{')' * depth})|(local.set $i (i32.const 1000))"


# Instructions that are repeated; `%x` is the local `x`; what comes before them in each round stands behind `|`.
CONSTRUCTS: dict[str, str] = {
    "i64.add, chain": _chain("x", "i64.add %x %x"),
    "i64.mul, chain": _chain("x", "i64.mul %x %x"),
    "i32.mul, chain": _chain("i", "i32.mul %i %i"),
    "i64.rotl, chain": _chain("x", "i64.rotl %x %x"),
    "i64.popcnt, chain": _chain("x", "i64.popcnt %x"),
    "i64.clz, chain": _chain("x", "i64.clz %x"),
    "select, chain": _chain("x", "select %x (i64.const 3) (i32.wrap_i64 %x)"),
    "i32.div_s, chain": _chain("i", "i32.add (i32.const 0x7FFFFFF1) (i32.div_s %i (i32.const 3))"),
    "i32.div_u by a local": _chain("i", "i32.or (i32.const 0x70000001) (i32.div_u (i32.const -9) %i)"),
    "i64.div_s by a local": _chain("x", "i64.or (i64.const 0x10001) (i64.div_s (i64.const 0x7FFFFFFFFFFFFFF1) %x)"),
    "i64.rem_u by a local": _chain("x", "i64.or (i64.const 0x10001) (i64.rem_u (i64.const -5) %x)"),
    "f64.add, chain": _chain("d", "f64.add %d (f64.const 1.5)"),
    "f64.div, chain": _chain("d", "f64.div (f64.const 1.7) %d"),
    "f64.sqrt, chain": _chain("d", "f64.sqrt %d"),
    "f64.sqrt of a subnormal": _chain("d", "f64.sqrt (f64.mul %d (f64.const 0x1p-1070))"),
    "f64.mul, subnormal": _chain("d", "f64.mul (f64.const 0x1.5p-1060) (f64.mul %d (f64.const 0x1p1000))"),
    "f64.nearest, chain": _chain("d", "f64.nearest %d"),
    "f64.min, chain": _chain("d", "f64.min %d (f64.const 1.5)"),
    "f64.neg of a sum": _chain("d", "f64.neg (f64.add %d (f64.const 1.5))"),
    "f64.copysign of sums": _chain("d", "f64.copysign (f64.add %d (f64.const 1.5)) (f64.sub %d (f64.const 1))"),
    "f32.div, chain": _chain("e", "f32.div (f32.const 1.7) %e"),
    "f64.convert_i64_u": _chain("x", "i64.reinterpret_f64 (f64.convert_i64_u %x)"),
    "i64.trunc_f64_s": _chain("x", "i64.trunc_f64_s (f64.convert_i64_s (i64.shr_u %x (i64.const 8)))"),
    "i64.trunc_sat_f64_u": _chain("x", "i64.trunc_sat_f64_u (f64.convert_i64_u %x)"),
    "f64x2.div, chain": _chain("v", "f64x2.div (v128.const f64x2 1.7 1.9) %v"),
    "f64x2.sqrt, chain": _chain("v", "f64x2.sqrt %v"),
    "f32x4.sqrt, chain": _chain("v", "f32x4.sqrt %v"),
    "f64x2.min, chain": _chain("v", "f64x2.min %v (v128.const f64x2 1.7 1.9)"),
    "f32x4.max, chain": _chain("v", "f32x4.max %v (v128.const f32x4 1.7 1.9 2 3)"),
    "f32x4.nearest, chain": _chain("v", "f32x4.nearest %v"),
    "i64x2.mul, chain": _chain("v", "i64x2.mul %v %v"),
    "i8x16.shl by a local": _chain("v", "i8x16.shl %v %i"),
    "i8x16.shr_s by a local": _chain("v", "i8x16.shr_s %v %i"),
    "i64x2.shr_s by a local": _chain("v", "i64x2.shr_s %v %i"),
    "i8x16.popcnt, chain": _chain("v", "i8x16.popcnt %v"),
    "i8x16.swizzle, chain": _chain("v", "i8x16.swizzle %v %v"),
    "i8x16.shuffle, chain": _chain("v", "i8x16.shuffle 3 17 5 30 0 1 2 3 4 5 6 7 8 9 10 31 %v %v"),
    "i64x2.lt_s, chain": _chain("v", "i64x2.lt_s %v (v128.const i64x2 1 2)"),
    "i32x4.trunc_sat_f32x4_u": _chain("v", "i32x4.trunc_sat_f32x4_u %v"),
    "f32x4.convert_i32x4_u": _chain("v", "f32x4.convert_i32x4_u %v"),
    "i32x4.trunc_sat_f64x2_u_zero": _chain("v", "i32x4.trunc_sat_f64x2_u_zero %v"),
    "i16x8.q15mulr_sat_s": _chain("v", "i16x8.q15mulr_sat_s %v %v"),
    "i8x16.replace_lane": _chain("v", "i8x16.replace_lane 3 %v (i8x16.extract_lane_u 4 %v)"),
    "global.set and get": "(global.set $g (i64.add (global.get $g) (i64.const 1)))@32",
    "load, same line": _chain("x", "i64.load (i32.and (i32.wrap_i64 %x) (i32.const 56))"),
    "load, at random in 16 MiB": f"{_SHUFFLE} (local.set $x (i64.add %x (i64.load {_RANDOM.format(0xFFFFFF)})))@8",
    "store, same address": "(i64.store (i32.const 64) %x)@32",
    "store, sequential": "(i64.store %i %x) (local.set $i (i32.and (i32.add %i (i32.const 8)) (i32.const 0xFFFFFF)))@8",
    "store8, sequential": "(i64.store8 %i %x) (local.set $i (i32.and (i32.add %i (i32.const 1)) (i32.const 65535)))@8",
    "store, at random in 16 MiB": f"{_SHUFFLE} (i64.store {_RANDOM.format(0xFFFFFF)} %x)@8",
    "v128.store, at random": f"{_SHUFFLE} (v128.store {_RANDOM.format(0xFFFFFF)} %v)@8",
    "v128.store8_lane, at random": f"{_SHUFFLE} (v128.store8_lane 3 {_RANDOM.format(0xFFFFFF)} %v)@8",
    "memory.fill of 0 bytes": "(memory.fill (i32.const 0) (i32.const 1) (i32.const 0))@8",
    "memory.fill of 1 byte": "(memory.fill (i32.const 0) (i32.const 1) (i32.const 1))@8",
    "memory.fill of 64 bytes": "(memory.fill (i32.const 0) (i32.const 1) (i32.const 64))@8",
    "memory.fill of 4 KiB": "(memory.fill (i32.const 0) (i32.const 1) (i32.const 4096))@8",
    "memory.copy of 0 bytes": "(memory.copy (i32.const 0) (i32.const 1) (i32.const 0))@8",
    "memory.copy of 4 KiB": "(memory.copy (i32.const 0) (i32.const 9000) (i32.const 4096))@8",
    "memory.init of 0 bytes": "(memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0))@8",
    "memory.grow by 0": "(drop (memory.grow (i32.const 0)))@8",
    "memory.size": _chain("i", "i32.add %i (memory.size)"),
    "loop of nothing": "",
    "loop entered, never repeated": "(loop)@256",
    "loop of one br_if, not taken": "(loop (br_if 0 (i32.const 0)))@64",
    "100 nested loops, br to the outermost": _nested(100, "(br 99)"),
    "1000 nested loops, br to the outermost": _nested(1000, "(br 999)"),
    "1000 nested loops, br_table": _nested(1000, "(br_table 999 500 1 100 (i32.and %i (i32.const 3)))"),
    "blocks": "(block (block (block (block))))@64",
    "if, taken at random": f"{_SHUFFLE} (if {_RANDOM.format(1)} (then (local.set $i (i32.const 3))))@8",
    "br_if, at random": f"{_SHUFFLE} (block (br_if 0 {_RANDOM.format(1)}) (global.set $g %x))@8",
    "br_table of 256, at random": _table(_TARGETS),
    "br_table of one": "(block (br_table 0 0 %i))@32",
    "call of nothing": "(call $nothing)@32",
    "call, one parameter": _chain("x", "call $one %x"),
    "call, recursive": "(call $deep (i32.const 500))",
    "call, 250 parameters": f"(call $wide {'%x' * 250})@4",
    "call, 250 vector parameters": f"(call $vectors {'%v' * 250})@4",
    "call, 8000 locals unused": "(call $locals)@8",
    "call, 1000 vector locals used in a loop": "(call $spilled (i32.const 0))@4",
    "call, 16 results": f"(call $results) {'(drop)' * 16}@8",
    "call_indirect, same": "(call_indirect (type $void) (i32.const 0))@32",
    "call_indirect, at random": f"{_SHUFFLE} (call_indirect (type $void) {_RANDOM.format(63)})@8",
    "call of sender": _chain("i", "i32.add %i (call $sender)"),
    "call of time": _chain("x", "i64.add %x (call $time)"),
    "sha256 of 0 bytes": "(call $sha256 (i32.const 0) (i32.const 0) (i32.const 64))",
    "sha256 of 4 KiB": "(call $sha256 (i32.const 0) (i32.const 4096) (i32.const 0))",
}


def text(construct: str) -> str:
    """A module whose `run` repeats the construct as often as it is told."""
    construct = re.sub(r"%(\w)", r"(local.get $\1)", construct)
    body, _, before = construct.partition("|")
    repeated = re.fullmatch(r"(.*)@(\d+)", body, re.DOTALL)
    code = repeated[1] * int(repeated[2]) if repeated else body
    host = '(import "corten" "sha256" (func $sha256 (param i32 i32 i32)))' if "$sha256" in code else ""
    many = "".join(f"(local.set {n} (v128.or (local.get {n}) (local.get {(n * 7) % 999 + 1})))" for n in range(1, 1001))
    helpers = {
        "$nothing": "(func $nothing)",
        "$one": "(func $one (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))",
        "$deep": "(func $deep (param i32) (if %0 (then (call $deep (i32.sub %0 (i32.const 1))))))".replace(
            "%0", "(local.get 0)"
        ),
        "$wide": f"(func $wide (param {'i64 ' * 250}) (global.set $g (local.get 249)))",
        "$vectors": f"(func $vectors (param {'v128 ' * 250}) (global.set $g (i64x2.extract_lane 0 (local.get 249))))",
        "$locals": f"(func $locals (local {'i64 ' * 8000}))",
        "$spilled": f"(func $spilled (param i32) (local {'v128 ' * 1000}) (loop {many} (br_if 0 (local.get 0))))",
        "$results": f"(func $results (result {'i64 ' * 16}) {'(global.get $g)' * 16})",
    }
    used = " ".join(definition for name, definition in helpers.items() if name in code)
    return f"""(module
      (import "corten" "sender" (func $sender (result i32))) (import "corten" "time" (func $time (result i64))) {host}
      (type $void (func)) (memory (export "memory") {MEMORY_PAGES}) (data "abcdefgh")
      (global $g (mut i64) (i64.const 0))
      (table 64 funcref) (elem (i32.const 0) {" ".join(f"$t{n}" for n in range(64))})
      {" ".join(f"(func $t{n} (global.set $g (i64.const {n})))" for n in range(64))}
      {used}
      (func (export "run") (param $n i32) (local $i i32) (local $x i64) (local $d f64) (local $e f32) (local $v v128)
        (local.set $x (i64.const 0x9E3779B97F4A7C15)) (local.set $d (f64.const 1.25)) (local.set $e (f32.const 1.25))
        (local.set $i (i32.const 0x345678)) (local.set $v (v128.const f64x2 1.25 2.5))
        (if (i32.eqz (local.get $n)) (then (return)))
        (loop $again {before} {code}
          (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (global.set $g (i64.add (local.get $x) (i64.add (i64.reinterpret_f64 (local.get $d))
          (i64.add (i64x2.extract_lane 0 (local.get $v)) (i64.extend_i32_u (local.get $i))))))
        (global.set $g (i64.add (global.get $g) (i64.extend_i32_u (i32.reinterpret_f32 (local.get $e)))))))"""


def measure(module: LoadedModule) -> tuple[float, int]:
    """Nanoseconds a unit, and units a repetition."""
    least = module.call("run", 0, gas_limit=GAS).gas
    probe = module.call("run", 64, gas_limit=GAS)
    assert probe.accepted, probe
    each = (probe.gas - least) / 64
    count = max(64, int(TARGET_GAS / each))
    if (receipt := module.call("run", count, gas_limit=GAS)).trap is not None:  # the log holds no more
        count = 64
        receipt = module.call("run", count, gas_limit=GAS)
    units = receipt.gas - least
    idle, busy = [], []
    for _ in range(ROUNDS):
        begin = time.perf_counter_ns()
        module.call("run", 0, gas_limit=GAS)
        between = time.perf_counter_ns()
        module.call("run", count, gas_limit=GAS)
        idle.append(between - begin)
        busy.append(time.perf_counter_ns() - between)
    return (min(busy) - min(idle)) / units, round(each)


def main(names: list[str]) -> None:
    """Print the table, worst first."""
    rows: dict[str, dict[str, tuple[float, int]]] = {}
    for name, construct in CONSTRUCTS.items():
        if names and not any(each in name for each in names):
            continue
        content = bytes(wasmtime.wat2wasm(text(construct)))
        rows[name] = {}
        for engine in ENGINES:
            if "$sha256" in construct and engine == "v8":
                continue
            machine = Machine(engine, memory_limit=MEMORY_PAGES << 16, cache=False)
            rows[name][engine] = measure(machine.load(content))
    medians = {
        engine: statistics.median(row[engine][0] for row in rows.values() if engine in row) for engine in ENGINES
    }
    print("| construct | gas each |" + "".join(f" {engine}: ns a unit | of the median |" for engine in ENGINES))
    print("|---|---:|" + "---:|---:|" * len(ENGINES))
    for name, row in sorted(rows.items(), key=lambda item: -max(item[1][each][0] / medians[each] for each in item[1])):
        print(f"| {name} | {row['wasmtime'][1]:,} |", end="")
        for engine in ENGINES:
            if engine not in row:
                print(" | |", end="")
                continue
            ratio = row[engine][0] / medians[engine]
            print(f" {row[engine][0]:.3f} | {ratio:.1f}{' !' if ratio > OUTLIER else ''} |", end="")
        print()
    print(f"median: {medians}")


if __name__ == "__main__":
    main(sys.argv[1:])
