"""Interpreter = Wasmtime = V8 on generated modules: results, traps, memories, globals; instrumented also gas and pages.

`CORTEN_DIFFERENTIAL=2000 make test` runs that many modules, each on all settings of Wasmtime.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest
import wasmtime

from corten.wasm import op
from corten.wasm.instrument import Options, instrument
from corten.wasm.opcodes import OPCODES
from corten.wasm.profile import check_profile
from corten.wasm.reader import read_module
from corten.wasm.validate import validate
from tests.spec.differential import EVERY, check
from tests.spec.generate import PAGES, generate
from tests.wasm.each import each
from tests.wasm.engines import system_pages
from tests.wasm.settings import ALL, ROOT, missing, named_engine

COUNT = int(os.environ.get("CORTEN_DIFFERENTIAL", "0"))
BATCH = 25


@pytest.mark.parametrize("first", range(0, COUNT or 100, BATCH))
@pytest.mark.slow
def test_generated_modules(first: int) -> None:
    ended: Counter[str] = Counter()
    for seed in range(first, first + BATCH):
        # By turns, so that a short run sees every setting.
        engines = EVERY if COUNT else ("v8", ALL[seed % len(ALL)])
        ended += check(seed, grows=seed % 8 == 0, engines=engines)
    assert ended["returned"] > 2 * BATCH, ended
    print("left out:", {name: count for name, count in ended.items() if "left out" in name})


@pytest.mark.parametrize("name", each(*EVERY))
def test_one_generated_module_on_every_engine(name: str) -> None:
    """Nothing is left out: every engine covers the whole profile."""
    if reason := missing(name):
        pytest.skip(f"{name}: {reason}")
    ended = check(100_000, engines=(name,))
    assert ended["returned"]
    assert not any("left out" in end for end in ended), ended


@pytest.mark.slow
def test_v8s_other_compiler() -> None:
    """In a process of its own: V8's flags are set once."""
    if reason := missing("v8"):
        pytest.skip(reason)
    command = [sys.executable, "-m", "tests.wasm.liftoff", "70000"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=200)
    assert done.returncode == 0, done.stderr
    assert "messages accepted" in done.stdout


def test_refusals_of_an_engine_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.spec.differential.refusal", lambda name, _: "not today" if name == "winch" else "")
    ended = check(100_000, engines=("speed", "winch"))
    assert ended["winch left out: not today"] == 1


def test_winch_can_be_had_from_the_c_api_only() -> None:
    """wasmtime-py 50 knows two strategies by name; the library in the wheel has a third (docs/spec/interpreter.md)."""
    config = wasmtime.Config()
    with pytest.raises(wasmtime.WasmtimeError, match="unknown strategy: winch"):
        config.strategy = "winch"
    moves = (
        "(local.set 1 (local.get 0)) (local.set 0 (local.get 1))" * 2_000
    )  # any optimizer drops them, Winch does not
    text = f'(module (func (export "f") (param i32) (result i32) (local i32) {moves} (local.get 0)))'
    names = [name for name in ("none", "winch") if not missing(name)]
    sizes = [len(bytes(wasmtime.Module(named_engine(name), text).serialize())) for name in names]
    assert len(sizes) < 2 or sizes[1] > sizes[0] + 10_000


def test_generated_modules_are_of_the_profile_and_use_all_of_it() -> None:
    used: set[int] = set()
    for seed in range(150):
        module = generate(seed)
        validate(module)
        check_profile(module)
        used.update(instr[0] for function in module.functions for instr in function.body)
    assert [row.name for code, row in OPCODES.items() if code not in used] == []


def test_instrumented_modules_are_valid() -> None:
    for seed in range(60):
        settings = Options(memory_pages=PAGES, system_pages=system_pages(PAGES))
        validate(instrument(generate(seed), None, settings))


def test_tainted_parameters_of_an_if() -> None:
    """Found by generated modules: they were canonicalized on top of the condition."""
    text = """
    (module (func (export "run") (param f64 i32) (result f64)
      local.get 0  local.get 0  f64.add
      local.get 1
      if (param f64) (result f64)  f64.neg  else  f64.abs  end))
    """
    module = read_module(bytes(wasmtime.wat2wasm(text)))
    instrumented = instrument(module, None, Options(memory_pages=1, system_pages=1))
    validate(instrumented)
    assert any(instr[0] == op.F64_NE for function in instrumented.functions for instr in function.body)
