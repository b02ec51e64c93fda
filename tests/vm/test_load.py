"""`Machine.load`: modules that we did not compile, called by their exports, on both engines."""

from __future__ import annotations

import math

import pytest
import wasmtime

from corten import Trapped
from corten.base.errors import InvalidInput, InvalidModule, Status, TrapCode
from corten.vm import Machine
from corten.vm.foreign import LoadedModule

MEMORY_LIMIT = 1 << 20

PLAIN = """(module
  (memory (export "memory") 1 3)
  (global $calls (mut i32) (i32.const 0))
  (table 2 funcref) (elem (i32.const 0) $add $half)
  (func $add (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func $half (export "half") (param f32) (result f32) (f32.div (local.get 0) (f32.const 2)))
  (func (export "root") (param f64) (result f64) (f64.sqrt (local.get 0)))
  (func (export "wide") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
  (func (export "several") (param f32 i64) (result i32 f32 i64 f64)
    (i32.const -1) (call $half (local.get 0)) (local.get 1) (f64.const 1.5))
  (func (export "set") (param i32) (i32.store (i32.const 8) (local.get 0)))
  (func (export "get") (result i32) (i32.load (i32.const 8)))
  (func (export "count") (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1))) (global.get $calls))
  (func (export "fail") (param i32)
    (i32.store (i32.const 8) (i32.const 1))
    (global.set $calls (i32.const 99))
    (drop (memory.grow (i32.const 1)))
    (drop (i32.div_s (i32.const 1) (local.get 0)))
    unreachable)
  (func (export "via") (param i32) (result i32)
    (call_indirect (param i32 i32) (result i32) (i32.const 3) (i32.const 4) (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) memory.size)
  (func (export "spin") (loop $forever (br $forever)))
  (func (export "dive") (param i32) (result i32) (call $deep (local.get 0)))
  (func $deep (param i32) (result i32) (i32.add (call $deep (local.get 0)) (i32.const 1)))
  (func (export "vector") (param v128) (result v128) (local.get 0))
  (func (export "0") (result i32) (i32.const 7)))
"""


def compiled(text: str) -> bytes:
    return bytes(wasmtime.wat2wasm(text))


@pytest.fixture(params=["wasmtime", "v8"])
def machine(request: pytest.FixtureRequest) -> Machine:
    if request.param == "v8":
        pytest.importorskip("py_mini_racer")
    return Machine(request.param, memory_limit=MEMORY_LIMIT, cache=False)


@pytest.fixture
def module(machine: Machine) -> LoadedModule:
    return machine.load(compiled(PLAIN), "plain")


@pytest.mark.parametrize(
    ("export", "arguments", "result"),
    [
        ("add", (2, 3), 5),
        ("add", (2**31 - 1, 1), -(2**31)),
        ("add", (2**32 - 1, -5), -6),
        ("wide", (2**63 - 1,), -(2**63)),
        ("wide", (2**64 - 1,), 0),
        ("root", (2.0,), math.sqrt(2.0)),
        ("root", (4,), 2.0),
        ("half", (3.0,), 1.5),
        ("half", (0.1,), 0.05000000074505806),  # 0.1 rounded to a f32, halved
        ("several", (3.0, 2**63), (-1, 1.5, -(2**63), 1.5)),
        ("set", (1,), None),
        ("via", (0,), 7),
        ("0", (), 7),
    ],
)
def test_results_are_python_numbers(
    module: LoadedModule, export: str, arguments: tuple[float, ...], result: object
) -> None:
    receipt = module.call(export, *arguments)
    assert receipt.status is Status.ACCEPTED
    assert receipt.result == result
    assert receipt.trap is None
    assert receipt.gas > 0


def test_a_nan_is_the_canonical_one(module: LoadedModule) -> None:
    assert math.isnan(module.call("root", -1.0).result)
    assert math.isnan(module.call("half", math.nan).result)


@pytest.mark.parametrize(
    ("export", "arguments", "trap"),
    [
        ("fail", (0,), TrapCode.DIVISION_BY_ZERO),
        ("fail", (1,), TrapCode.UNREACHABLE),
        ("via", (1,), TrapCode.INDIRECT_CALL_MISMATCH),
        ("via", (2,), TrapCode.TABLE_OUT_OF_BOUNDS),
        ("dive", (0,), TrapCode.STACK_EXHAUSTED),
    ],
)
def test_a_trap_leaves_no_trace(module: LoadedModule, export: str, arguments: tuple[int, ...], trap: TrapCode) -> None:
    module.call("set", 5)
    module.call("count")
    root = module.state_root
    receipt = module.call(export, *arguments)
    assert (receipt.status, receipt.trap, receipt.result) == (Status.TRAPPED, trap, None)
    assert module.state_root == root
    assert module.call("get").result == 5
    assert module.call("size").result == 1
    assert module.call("count").result == 2


def test_gas_is_limited_and_paid_in_full(module: LoadedModule) -> None:
    receipt = module.call("spin", gas_limit=10_000)
    assert (receipt.trap, receipt.gas) == (TrapCode.OUT_OF_GAS, 10_000)
    assert module.call("add", 1, 1).gas == module.call("add", 5, 8).gas


def test_memory_grows_to_its_own_maximum(module: LoadedModule) -> None:
    assert len(module.memory) == 1 << 16
    assert [module.call("grow", pages).result for pages in (1, 2, 1, 1)] == [1, -1, 2, -1]
    assert module.call("size").result == 3
    assert len(module.memory) == 3 << 16


def test_memory_grows_to_the_machines_limit(machine: Machine) -> None:
    text = '(module (memory 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))'
    module = machine.load(compiled(text))
    assert [module.call("grow", pages).result for pages in (16, 15, 1)] == [-1, 1, -1]


def test_memory_is_seen_and_not_written(module: LoadedModule) -> None:
    module.call("set", 0x01020304)
    assert bytes(module.memory[8:12]) == bytes([4, 3, 2, 1])
    with pytest.raises(TypeError, match="read-only"):
        module.memory[8] = 0


def test_snapshots_and_forks(machine: Machine, module: LoadedModule) -> None:
    module.call("set", 1)
    before, root = machine.snapshot(), machine.state_root
    module.call("set", 2)
    fork = machine.fork()
    fork.module("plain").call("set", 3)
    assert [each.call("get").result for each in (module, fork.module("plain"))] == [2, 3]
    machine.restore(before)
    assert machine.state_root == root
    assert module.call("get").result == 1


def test_both_engines_agree_on_gas_and_root() -> None:
    pytest.importorskip("py_mini_racer")
    seen = []
    for engine in ("wasmtime", "v8"):
        machine = Machine(engine, memory_limit=MEMORY_LIMIT, cache=False)
        module = machine.load(compiled(PLAIN), "plain")
        calls = (("set", 3), ("half", 0.3), ("fail", 0), ("count",), ("grow", 1), ("several", 1.25, -1))
        receipts = [module.call(export, *arguments) for export, *arguments in calls]
        seen.append(([(each.status, each.gas, each.result) for each in receipts], machine.state_root))
    assert seen[0] == seen[1]


def test_block_header_and_host_functions_are_served() -> None:
    text = """(module
      (import "corten" "sender" (func $sender (result i32)))
      (import "corten" "sha256" (func $sha256 (param i32 i32 i32)))
      (memory 1) (data (i32.const 0) "abc")
      (export "sender" (func $sender))
      (func $local (param i32) (result i32) (i32.load8_u (local.get 0)))
      (func (export "hash") (result i32)
        (call $sha256 (i32.const 0) (i32.const 3) (i32.const 32)) (call $local (i32.const 32))))"""
    module = Machine(memory_limit=MEMORY_LIMIT, cache=False).load(compiled(text))
    assert module.call("sender", sender=7).result == 7
    assert module.call("hash").result == 0xBA  # of SHA-256("abc"), FIPS 180-4


@pytest.mark.parametrize(
    ("text", "named", "marker"),
    [
        ('(module (import "env" "db_read" (func)) (func (export "f")))', "import env.db_read", b"\x03env"),
        ('(module (import "a" "m" (memory 1)) (func (export "f")))', "found a memory", b"\x01a\x01m"),
        ('(module (func (export "f") data.drop 0) (memory 1) (data "x"))', "data.drop", b"\xfc\x09"),
        ('(module (func $f (export "f")) (start $f))', "start function", b"\x00\x0a"),
    ],
)
def test_what_is_refused_is_named_with_its_place(machine: Machine, text: str, named: str, marker: bytes) -> None:
    content = compiled(text)
    with pytest.raises(InvalidModule, match=named) as caught:
        machine.load(content)
    assert caught.value.offset is not None
    if not named.startswith("start"):
        assert caught.value.offset == content.index(marker)
    assert not machine.contracts


def test_every_reason_is_counted(machine: Machine) -> None:
    text = '(module (import "env" "input" (func (param i64))) (func (export "f") data.drop 0) (memory 1) (data "x"))'
    with pytest.raises(InvalidModule, match=r"a NEAR contract: import env\.input.*and 1 more"):
        machine.load(compiled(text))


def test_a_module_of_which_nothing_can_be_called_is_refused(machine: Machine) -> None:
    with pytest.raises(InvalidModule, match="an exported function"):
        machine.load(compiled("(module (func))"))


def test_a_native_contract_is_deployed_instead(machine: Machine) -> None:
    from tests.vm.modules import token

    with pytest.raises(InvalidModule, match="deploy it"):
        machine.load(token())


@pytest.mark.parametrize(
    ("export", "arguments", "expected"),
    [
        ("ad", (1, 2), "did you mean 'add'"),
        ("vector", (1,), "an export of plain"),
        ("add", (1,), "add.*found 1 arguments"),
        ("add", (1, 2.5), "p1.*integer"),
        ("add", (1, 2**32), "p1.*integer"),
        ("root", ("x",), "p0.*number"),
    ],
)
def test_wrong_calls_are_the_callers_fault(
    module: LoadedModule, export: str, arguments: tuple[float, ...], expected: str
) -> None:
    with pytest.raises(InvalidInput, match=expected):
        module.call(export, *arguments)


def test_engine_python_runs_source_only() -> None:
    with pytest.raises(InvalidInput, match="engine 'wasmtime' or 'v8'"):
        Machine("python").load(compiled(PLAIN))


def test_a_file_gives_its_name(tmp_path, machine: Machine) -> None:
    path = tmp_path / "adder.wasm"
    path.write_bytes(compiled(PLAIN))
    assert [machine.load(path).name, machine.load(path).name] == ["adder", "adder-2"]
    with pytest.raises(InvalidInput, match="no such file"):
        machine.load(tmp_path / "missing.wasm")


# Reactor modules, and calls that are rolled back

REACTOR = """(module (memory (export "memory") 1) (global $ready (mut i32) (i32.const 0))
  (func (export "_initialize") (global.set $ready (i32.add (global.get $ready) (i32.const 7))) {more})
  (func (export "ready") (result i32) (global.get $ready)))"""


def test_a_reactor_is_initialized_once(machine: Machine) -> None:
    reactor = machine.load(compiled(REACTOR.format(more="")))
    assert reactor.call("ready").result == 7
    assert list(reactor.exports) == ["ready"]
    with pytest.raises(InvalidInput, match="export"):
        reactor.call("_initialize")
    assert machine.fork().module(reactor.name).call("ready").result == 7


@pytest.mark.parametrize("more", ["unreachable", "(loop $forever (br $forever))"])
def test_a_reactor_that_fails_is_not_loaded(machine: Machine, more: str) -> None:
    root = machine.state_root
    with pytest.raises(Trapped):
        machine.load(compiled(REACTOR.format(more=more)))
    assert not machine.contracts
    assert machine.state_root == root


def test_an_initialize_of_another_type_is_an_export(machine: Machine) -> None:
    text = '(module (func (export "_initialize") (param i32) (result i32) (local.get 0)))'
    assert machine.load(compiled(text)).call("_initialize", 3).result == 3


def test_a_peek_leaves_nothing(module: LoadedModule) -> None:
    module.call("set", 5)
    root = module.state_root
    assert module.peek("count").result == 1
    assert module.peek("grow", 1).result == 1
    assert module.peek("set", 9).accepted
    assert module.peek("fail", 0).trap is TrapCode.DIVISION_BY_ZERO
    assert module.state_root == root
    assert (module.call("get").result, module.call("size").result, module.call("count").result) == (5, 1, 1)


def test_a_peek_of_what_calls_others_is_refused(machine: Machine) -> None:
    text = """(module (import "corten" "call" (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1) (func (export "f")))"""
    loaded = machine.load(compiled(text))
    assert loaded.call("f").accepted
    with pytest.raises(InvalidInput, match="no other contracts"):
        loaded.peek("f")
