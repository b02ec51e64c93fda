"""What LLVM makes of contracts: vectors, no fast-math, a runtime that does not call itself, reproducible bytes."""

from __future__ import annotations

import hashlib
import json
import os
import re
import resource
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from corten.compiler import compile_contract
from corten.compiler.check import check_contract
from corten.compiler.codegen import TRIPLE, to_object
from corten.compiler.llvm import emit_llvm
from corten.wasm import op
from corten.wasm.module import Kind, Module
from corten.wasm.opcodes import OPCODES
from corten.wasm.reader import read_module
from tests.compiler.generate import generate
from tests.compiler.harness import HEADER, Case, contract, write_source

ORDER_BOOK = Path(str(files("corten.contracts"))) / "order_book.py"
SRC = Path(str(files("corten"))).parent


def module_of(source: str) -> Module:
    return read_module(compile_contract(write_source(HEADER + source)))


def names(module: Module) -> set[str]:
    """The instructions that a module uses."""
    return {OPCODES[instr[0]].name for function in module.functions for instr in function.body}


def vector_names(module: Module) -> set[str]:
    return {name for name in names(module) if re.match(r"[if]\d+x\d+\.", name)}


FLOATS = """
@message
def scale(self, factor: f64) -> None:
    for i in range(u32(256)):
        self.a[i] = self.a[i] * factor + self.b[i]
"""
WRAPPING = """
@message
def mix(self, factor: u32) -> None:
    for i in range(u32(256)):
        self.a[i] = wrapping_mul(self.a[i], factor) ^ wrapping_add(self.b[i], factor)
"""
EACH = """
@view
def total(self) -> u64:
    total: u64 = 0
    for x in self.a:
        total = wrapping_add(total, x)
    return total
"""


def test_loops_over_floats_become_vectors() -> None:
    found = vector_names(module_of(contract(FLOATS, state="a: Array[f64, 256]\nb: Array[f64, 256]")))
    assert {"f64x2.mul", "f64x2.add"} <= found


def test_wrapping_loops_become_vectors() -> None:
    found = vector_names(module_of(contract(WRAPPING, state="a: Array[u32, 256]\nb: Array[u32, 256]")))
    assert {"i32x4.mul", "i32x4.add"} <= found


def test_for_each_becomes_vectors() -> None:
    assert "i64x2.add" in vector_names(module_of(contract(EACH, state="a: Array[u64, 256]")))


def test_negations_become_vectors() -> None:
    """As products with -1, which leave the one NaN as it is."""
    body = "@message\ndef turn(self) -> None:\n    for i in range(u32(256)):\n        self.a[i] = -self.a[i]\n"
    module = module_of(contract(body, state="a: Array[f64, 256]"))
    assert "f64x2.mul" in names(module)
    assert not {"f64.neg", "f64x2.neg"} & names(module)


def test_no_fast_math() -> None:
    flags = re.compile(r"\b(fast|nnan|ninf|nsz|arcp|contract|afn|reassoc)\b(?=[^\"]*\b(double|float|x double)\b)")
    for source in [HEADER + contract(FLOATS, state="a: Array[f64, 256]\nb: Array[f64, 256]"), HEADER + generate(7)[0]]:
        text = emit_llvm(check_contract(write_source(source)), TRIPLE)[0]
        for stage in (text, to_object(text)[0]):
            lines = [line for line in stage.splitlines() if " = f" in line or " @llvm." in line]
            assert [line for line in lines if flags.search(line)] == []


# ---- the runtime -------------------------------------------------------------------------------------------------

WIDE = """
@message
def wide(self, a: i128, b: i128, n: u8, f: f64, c: i64, d: i64) -> i128:
    x = a * b + (a // b) - (a % b)
    y = mul_div_floor(a, b, x) + mul_div_ceil(x, b, a)
    return x + y + (a << n) + (b >> n) + i128(f) + i128(f64(a)) + i128(mul_div_floor(c, d, c * d))
"""


def call_graph(module: Module) -> dict[int, set[int]]:
    imported = len(module.imported(Kind.FUNCTION))
    return {
        imported + position: {instr[1] for instr in function.body if instr[0] == op.CALL}
        for position, function in enumerate(module.functions)
    }


def reached(graph: dict[int, set[int]], start: int) -> set[int]:
    seen: set[int] = set()
    work = list(graph[start])
    while work:
        found = work.pop()
        if found not in seen:
            seen.add(found)
            work += graph.get(found, ())
    return seen


def test_nothing_of_the_runtime_calls_itself() -> None:
    """-O3 turns a plain 128-bit product into a call of the very function that it is in."""
    graph = call_graph(module_of(contract(WIDE)))
    assert len(graph) > 4  # some of the runtime is there
    assert [function for function in graph if function in reached(graph, function)] == []


def test_all_library_functions_are_supplied() -> None:
    """Programs that use everything link: the linker refuses undefined symbols."""
    for seed in range(30_000, 30_003):
        module = module_of(generate(seed)[0])
        assert all(item.module == "corten" for item in module.imports)


def test_unused_runtime_is_dropped() -> None:
    module = module_of(contract("@view\ndef one(self) -> i64:\n    return 1\n"))
    assert len(module.functions) == 1
    assert [item.name for item in module.imports] == ["result.one"]
    assert module.globals == []


def test_sums_of_words_need_no_runtime() -> None:
    """A checked 64-bit product has its fast path inline."""
    module = module_of(contract("@view\ndef product(self, a: i64, b: i64) -> i64:\n    return a * b\n"))
    assert "i64.mul" in names(module)


# ---- reproducible ------------------------------------------------------------------------------------------------

_DIGEST = """
import hashlib, sys
from corten.compiler import compile_contract
print(hashlib.sha256(compile_contract(sys.argv[1])).hexdigest())
"""


@pytest.mark.slow
def test_same_source_same_bytes_in_every_process(tmp_path: Path) -> None:
    """Whatever the hash seed and the working directory."""
    source = write_source(HEADER + generate(11)[0])
    for path in (ORDER_BOOK, source):
        expected = hashlib.sha256(compile_contract(path)).hexdigest()
        for seed in ("0", "1"):
            environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(SRC)}
            command = [sys.executable, "-c", _DIGEST, str(path)]
            run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
            assert run.stdout.strip() == expected


def test_same_bytes_in_another_directory() -> None:
    source = HEADER + generate(12)[0]
    assert compile_contract(write_source(source)) == compile_contract(write_source(source))
    assert compile_contract(str(ORDER_BOOK)) == compile_contract(ORDER_BOOK)


# ---- sites and stages --------------------------------------------------------------------------------------------


def test_a_trap_in_a_helper_names_its_line() -> None:
    source = contract(
        "@message\ndef run(self, x: i64) -> i64:\n    return divided(x)\n",
        'def divided(x: i64) -> i64:\n    require(x != 7, "seven")\n    return 10 // x\n',
    )
    case = Case(source)
    plain = case.backends["plain"].module  # type: ignore[attr-defined]
    sites = json.loads(read_module(case.binary).custom("corten.lines") or b"")["sites"]
    lines = case.source.splitlines()
    case.send("run", x=0)
    assert sites[plain.site] == ["contract.py", "divided", lines.index("    return 10 // x") + 1]
    case.send("run", x=7)
    assert sites[plain.site] == ["contract.py", "divided", lines.index('    require(x != 7, "seven")') + 1]
    assert sites[0] == ["", "", 0]


def test_every_stage_can_be_dumped(tmp_path: Path) -> None:
    path = write_source(HEADER + contract("@view\ndef one(self) -> i64:\n    return 1\n"))
    binary = compile_contract(path, dump=tmp_path / "stages")
    written = sorted(item.name for item in (tmp_path / "stages").iterdir())
    assert [name[:2] for name in written] == [f"{number}-" for number in range(1, len(written) + 1)]
    assert (tmp_path / "stages" / "7-module.wasm").read_bytes() == binary
    assert all(item.stat().st_size for item in (tmp_path / "stages").iterdir())


@pytest.mark.slow
def test_compiling_the_order_book_is_quick() -> None:
    """At most 1.5 s in a fresh interpreter, imports included; here processor time, as other tests may be running."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    subprocess.run([sys.executable, "-c", _DIGEST, str(ORDER_BOOK)], env=environment, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2.0
