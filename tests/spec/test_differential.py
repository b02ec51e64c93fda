"""Interpreter = Wasmtime on generated modules: results, traps, memories, globals; instrumented also gas and pages.

`CORTEN_DIFFERENTIAL=2000 make test` runs that many modules, and all settings of the engine.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
import wasmtime

from corten.wasm import op
from corten.wasm.instrument import Options, instrument
from corten.wasm.opcodes import OPCODES
from corten.wasm.profile import check_profile
from corten.wasm.reader import read_module
from corten.wasm.validate import validate
from tests.spec.differential import check
from tests.spec.generate import PAGES, generate
from tests.wasm.engines import system_pages

COUNT = int(os.environ.get("CORTEN_DIFFERENTIAL", "0"))
BATCH = 25


@pytest.mark.parametrize("first", range(0, COUNT or 100, BATCH))
@pytest.mark.slow
def test_generated_modules(first: int) -> None:
    ended: Counter[str] = Counter()
    for seed in range(first, first + BATCH):
        ended += check(seed, grows=seed % 8 == 0, engines=("speed", "none") if COUNT else ("speed",))
    assert ended["returned"] > 2 * BATCH, ended


def test_a_few_generated_modules() -> None:
    for seed in range(100_000, 100_004):
        check(seed)


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
