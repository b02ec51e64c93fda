"""The gas conformance vectors, and the table of costs in docs/spec/gas.md.

python -m tests.instrument.gas_vectors            exit 1 if either is stale
python -m tests.instrument.gas_vectors --write    make both anew
"""

from __future__ import annotations

import json
import re
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import wasmtime

from corten.wasm.instrument import GAS_SCHEDULES, GasSchedule
from corten.wasm.module import Module
from corten.wasm.opcodes import OPCODES, Category
from corten.wasm.reader import read_module
from tests.instrument.gas_twin import gas_of
from tests.instrument.host import Machine, options

DOCS = Path(__file__).parents[2] / "docs/spec"
VECTORS = DOCS / "gas-vectors.json"
PAGE = DOCS / "gas.md"
BLOCK = re.compile(r"(<!-- costs -->\n).*(<!-- end costs -->)", re.DOTALL)

# name, parameters, results, locals and body of `f`, calls of it; other functions come after it.
_CASES: list[tuple[str, str, list[list[int]]]] = [
    ("nothing", '(func (export "f"))', [[]]),
    ("straight line", '(func (export "f") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))', [[5]]),
    ("locals", '(func (export "f") (local i32 i32 i32 i32 i32 i32 i32 i32 i64) (local.set 0 (i32.const 1)))', [[]]),
    (
        "if without else",
        '(func (export "f") (param i32) (if (local.get 0) (then (drop (i32.mul (local.get 0) (i32.const 3))))))',
        [[0], [1]],
    ),
    (
        "if and else",
        """(func (export "f") (param i32) (result i64)
          (if (result i64) (local.get 0) (then (i64.const 1)) (else (i64.div_u (i64.const 9) (i64.const 2)))))""",
        [[0], [1]],
    ),
    (
        "block left early",
        """(func (export "f") (param i32) (block (br_if 0 (local.get 0)) (drop (f64.sqrt (f64.const 2))))
          (drop (i32.const 1)))""",
        [[0], [1]],
    ),
    (
        "loop",
        """(func (export "f") (param i32) (loop
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))""",
        [[1], [2], [1000]],
    ),
    (
        "nested loops",
        """(func (export "f") (param i32) (local i32) (loop
          (local.set 1 (i32.const 3)) (loop (br_if 0 (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
          (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))""",
        [[1], [4]],
    ),
    (
        "br_table",
        """(func (export "f") (param i32)
          (block (block (block (br_table 0 1 2 (local.get 0))) (drop (i32.const 1)) (br 1))
          (drop (i64.const 1)) (drop (i64.const 1))))""",
        [[0], [1], [2], [99]],
    ),
    (
        "return",
        """(func (export "f") (param i32) (result i32) (if (local.get 0) (then (return (i32.const 7))))
          (i32.rem_u (i32.const 9) (i32.const 4)))""",
        [[0], [1]],
    ),
    ("unreachable code is free", '(func (export "f") (return) (drop (i32.const 1)))', [[]]),
    (
        "calls",
        """(func (export "f") (param i32) (result i32) (i32.add (call $g (local.get 0)) (call $g (i32.const 0))))
        (func $g (param i32) (result i32) (local i64) (if (result i32) (local.get 0)
          (then (i32.const 1)) (else (i32.popcnt (local.get 0)))))""",
        [[0], [1]],
    ),
    (
        "recursion",
        """(func $f (export "f") (param i32) (result i32) (if (result i32) (local.get 0)
          (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))""",
        [[0], [10]],
    ),
    (
        "call_indirect",
        """(type $t (func (param i32) (result i32))) (table 2 funcref) (elem (i32.const 0) $a $b)
        (func (export "f") (param i32) (result i32) (call_indirect (type $t) (i32.const 5) (local.get 0)))
        (func $a (param i32) (result i32) (local.get 0)) (func $b (param i32) (result i32) (i32.const 1))""",
        [[0], [1]],
    ),
    (
        "memory",
        """(memory 1) (func (export "f") (param i32) (i64.store (local.get 0) (i64.load offset=8 (local.get 0)))
          (i64.store8 (local.get 0) (i64.const 1)) (drop (memory.size)))""",
        [[0], [3]],
    ),
    ("memory.grow", '(memory 1) (func (export "f") (param i32) (drop (memory.grow (local.get 0))))', [[0], [1], [9]]),
    (
        "bulk operations",
        """(memory 1) (data "abcdefgh") (func (export "f") (param i32)
          (memory.fill (i32.const 0) (i32.const 7) (local.get 0))
          (memory.copy (i32.const 5) (i32.const 0) (local.get 0))
          (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 8)))""",
        [[0], [1], [1000]],
    ),
    (
        "floats",
        """(func (export "f") (param i32) (result f64) (local f64)
          (local.set 1 (f64.convert_i32_s (local.get 0)))
          (f64.div (f64.add (local.get 1) (f64.const 1)) (f64.abs (f64.trunc (local.get 1)))))""",
        [[3], [0]],
    ),
    (
        "vectors",
        """(memory 1) (func (export "f") (local v128) (local.set 0 (v128.load (i32.const 0)))
          (local.set 0 (f64x2.div (f64x2.mul (local.get 0) (local.get 0)) (v128.const f64x2 1 2)))
          (v128.store (i32.const 0) (i8x16.swizzle (local.get 0) (local.get 0))))""",
        [[]],
    ),
]


def module(text: str) -> Module:
    return read_module(bytes(wasmtime.wat2wasm(f"(module {text})")))


def measured(text: str, arguments: list[int]) -> int:
    """Gas of a call as the instrumented module counts it."""
    guest = Machine(module(text), None, options(8))
    guest.call("corten.begin")
    before = guest.value("corten.gas")
    guest.call("f", *arguments)
    after = guest.value("corten.gas")
    assert isinstance(before, int)
    assert isinstance(after, int)
    return before - after


def vectors(schedule: GasSchedule) -> dict[str, Any]:
    """Cost of every opcode, and the gas of every case by the plain reading."""
    cases = [
        {
            "name": name,
            "module": f"(module {' '.join(text.split())})",
            "calls": [
                {"arguments": arguments, "gas": gas_of(module(text), "f", arguments, schedule)} for arguments in calls
            ],
        }
        for name, text, calls in _CASES
    ]
    prices = ("message", "trap", "locals_per_unit", "bulk_byte", "record", "record_byte", "intrinsic")
    return {
        "schedule": schedule.version,
        "prices": {name: getattr(schedule, name) for name in prices},
        "opcodes": {row.name: schedule.costs[code] for code, row in OPCODES.items()},
        "cases": cases,
    }


def table(schedule: GasSchedule) -> str:
    """The costs by category, exceptions beside them."""
    lines = ["| instructions | gas | except |", "|---|---:|---|"]
    for category in Category:
        cost = schedule.by_category[category]
        rows = [row for row in OPCODES.values() if row.category == category]
        others = sorted((schedule.costs[row.code], row.name) for row in rows if schedule.costs[row.code] != cost)
        groups = [(price, [name for _, name in group]) for price, group in groupby(others, key=lambda item: item[0])]
        exceptions = "; ".join(f"{', '.join(f'`{name}`' for name in names)} {price}" for price, names in groups)
        lines.append(f"| {category.value.replace('_', ' ')} | {cost} | {exceptions} |")
    return "\n".join([*lines, ""])


def generated() -> dict[Path, str]:
    """The content that both files should have."""
    schedule = GAS_SCHEDULES[1]
    text = PAGE.read_text(encoding="utf-8")
    return {
        VECTORS: json.dumps(vectors(schedule), indent=1) + "\n",
        PAGE: BLOCK.sub(lambda match: f"{match[1]}{table(schedule)}{match[2]}", text),
    }


def main(arguments: list[str]) -> int:
    stale = [path for path, content in generated().items() if not path.exists() or path.read_text("utf-8") != content]
    if "--write" in arguments:
        for path, content in generated().items():
            path.write_text(content, encoding="utf-8")
        return 0
    for path in stale:
        print(f"{path.name} is stale: python -m tests.instrument.gas_vectors --write")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
