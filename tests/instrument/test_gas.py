"""Gas: what is charged is the path, by the plain reading of docs/spec/gas.md; what stops is what owes too much."""

from __future__ import annotations

import json

import pytest
import wasmtime

from corten.wasm.instrument import GAS_SCHEDULES, Options
from corten.wasm.module import Module
from corten.wasm.opcodes import OPCODES, Category
from corten.wasm.reader import read_module
from spec.wasm.trap import Exhausted, Trap
from tests.instrument import gas_vectors
from tests.instrument.gas_twin import gas_of
from tests.instrument.host import Machine, options
from tests.instrument.programs import PAGES, Generator
from tests.spec.differential import start_of
from tests.wasm.each import each
from tests.wasm.engines import InstrumentedGuest, SpecGuest, system_pages
from tests.wasm.settings import ALL, missing

V1 = GAS_SCHEDULES[1]
DOUBLING = '(func (export "f") (call $f1))' + "".join(
    f"(func $f{depth} (call $f{depth + 1}) (call $f{depth + 1}))" for depth in range(1, 40)
)
CASES = [(name, text, arguments) for name, text, calls in gas_vectors._CASES for arguments in calls]


def test_vectors_and_costs_are_fresh() -> None:
    assert gas_vectors.main([]) == 0


@pytest.mark.parametrize(("name", "text", "arguments"), CASES)
def test_vectors(name: str, text: str, arguments: list[int]) -> None:
    assert gas_vectors.measured(text, arguments) == gas_of(gas_vectors.module(text), "f", arguments, V1)


@pytest.mark.parametrize("engine", each("interpreter", *ALL, "v8"))
def test_published_vectors_on_every_engine(engine: str) -> None:
    """The file alone, as somebody else's machine would use it."""
    if engine != "interpreter" and (reason := missing(engine)):
        pytest.skip(f"{engine}: {reason}")
    published = json.loads(gas_vectors.VECTORS.read_text(encoding="utf-8"))
    settings = Options(memory_pages=8, system_pages=system_pages(8))
    start = SpecGuest if engine == "interpreter" else start_of(engine)
    count = 0
    for case in published["cases"]:
        module = read_module(bytes(wasmtime.wat2wasm(case["module"])))
        guest = InstrumentedGuest(module, settings, start)
        for call in case["calls"]:
            guest.invoke("f", *(item & 0xFFFF_FFFF for item in call["arguments"]))
            assert guest.gas == call["gas"], (engine, case["name"], call)
            count += 1
    assert count == len(CASES)


@pytest.mark.parametrize("seed", range(0, 60, 2))
def test_random_programs_pay_for_their_path(seed: int) -> None:
    module = Generator(seed, float_share=0.0, size=12).module()
    try:
        expected = gas_of(module, "main", [], V1)
    except (Trap, Exhausted):
        return
    assert spent(module, "main") == expected


def spent(module: Module, name: str, *arguments: int, **changes: object) -> int:
    guest = Machine(module, None, options(PAGES, **changes))
    guest.call("corten.begin")
    before = guest.value("corten.gas")
    guest.call(name, *arguments)
    after = guest.value("corten.gas")
    assert isinstance(before, int)
    assert isinstance(after, int)
    return before - after


def test_gas_does_not_depend_on_the_other_passes() -> None:
    module = Generator(4).module()
    assert spent(module, "main") == spent(module, "main", undo=False, nan=False, stack=False)


def test_a_loop_is_linear() -> None:
    text = next(text for name, text, _ in gas_vectors._CASES if name == "loop")
    ten, twenty, thirty = (gas_vectors.measured(text, [rounds]) for rounds in (10, 20, 30))
    assert twenty - ten == thirty - twenty > 0


@pytest.mark.parametrize(
    "text",
    [
        '(func (export "f") (loop (br 0)))',
        '(func (export "f") (block (loop (br_table 0 0 (i32.const 9)))))',
        '(func $f (export "f") (call $g) (call $g)) (func $g (call $h) (call $h)) (func $h (loop (br 0)))',
        '(memory 8) (func (export "f") (loop (memory.fill (i32.const 0) (i32.const 0) (i32.const 500000)) (br 0)))',
        DOUBLING + "(func $f40 (drop (i32.const 1)))",  # no loop, little depth
    ],
)
def test_what_does_not_end_runs_out_of_gas(text: str) -> None:
    guest = Machine(gas_vectors.module(text), None, options(8), gas=100_000)
    guest.call("corten.begin")
    assert guest.outcome("f") == "UNREACHABLE"
    assert guest.value("corten.gas") == -1


def test_the_slack_is_bounded() -> None:
    """On the way out of a recursion each caller tests: work after the calls does not add up."""
    work = "(drop (i32.const 1))" * 1000
    text = f"""(memory 1) (func (export "f") (call $g (i32.const 100)) (i32.store (i32.const 0) (i32.const 1)))
      (func $g (param i32) (if (local.get 0) (then (call $g (i32.sub (local.get 0) (i32.const 1))))) {work}
        (i32.store (i32.const 4) (local.get 0)))"""
    guest = Machine(gas_vectors.module(text), None, options(8), gas=10_000)
    guest.call("corten.begin")
    assert guest.outcome("f") == "UNREACHABLE"
    assert guest.memory()[0] == 0
    assert guest.memory()[4] < 10  # the innermost calls came back, and wrote their number


def test_every_opcode_has_a_price() -> None:
    assert V1.costs.keys() == OPCODES.keys()
    assert V1.by_category.keys() == set(Category)
    free = {OPCODES[code].name for code, cost in V1.costs.items() if cost == 0}
    assert free == {"block", "else", "end", "unreachable"}
