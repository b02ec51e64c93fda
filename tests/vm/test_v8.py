"""V8 and Wasmtime run the same instrumented bytes: receipts, events, traps and state roots must not tell them apart."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from corten import HostFault, InvalidInput, InvalidModule
from corten.base.errors import Status, TrapCode
from corten.host import BY_NAME
from corten.vm import Machine
from corten.vm.engine import Engine
from tests.vm.modules import _entry, _fields, token, with_sections
from tests.vm.pairs import Pair, random_rows
from tests.vm.test_state import Forks, recomputed_root

pytest.importorskip("py_mini_racer")

from corten.vm import v8_engine
from corten.vm.v8_engine import V8Engine

CONTRACTS = Path(__file__).parent.parent / "contracts"
LIMIT = 1 << 20


@pytest.fixture
def pair() -> Pair:
    return Pair(token(), sender=1, supply=1000)


# Whole contracts


@pytest.mark.parametrize("name", ["auction", "instruments", "registry", "shelves", "token", "vault"])
def test_random_batches_of_the_example_contracts(name):
    arguments = {"token": {"owner": 1, "supply": 100}, "vault": {"daily_rate": 10, "fee_rate": 100}}
    both = Pair(CONTRACTS / f"{name}.py", **arguments.get(name, {}))
    contract = both.contracts[0]
    random = np.random.default_rng(7)
    messages = [entry.name for entry in contract.interface.entries if entry.kind == "message"]
    views = [entry.name for entry in contract.interface.entries if entry.kind == "view"]
    statuses: set[int] = set()
    for _ in range(4):
        parts = []
        for entry in random.choice(messages, 120):
            count = int(random.integers(1, 4))
            rows = random_rows(random, contract.dtype(str(entry)), count)
            parts.append((str(entry), rows, random.integers(0, 5, count)))
        statuses |= set(both.submit_mixed(parts).status.tolist())
        for entry in views:
            both.submit(entry, random_rows(random, contract.dtype(entry), 30), sender=1)
    assert Status.ACCEPTED in statuses
    assert len(statuses) > 1


@pytest.mark.slow
def test_the_order_book_on_a_generated_flow():
    from corten.demo.execution import ORDER_BOOK, Execution
    from corten.demo.flow import FlowShape, generate_flow

    messages = generate_flow(3, 20_000, FlowShape())
    rules = {"tick_size": FlowShape().tick_size, "lot_size": FlowShape().lot_size, "minimum_size": FlowShape().lot_size}
    rules |= {"minimum_price": FlowShape().tick_size, "maximum_price": 2 * FlowShape().start_price}
    rules |= {"maximum_size": 10**12, "maximum_orders": 1 << 16, "match_limit": 100}
    runs = [Execution(ORDER_BOOK, rules, Machine(engine)).run(messages, 5_000) for engine in ("wasmtime", "v8")]
    for ours, theirs in zip(*runs, strict=True):
        assert ours.root == theirs.root
        assert ours.receipts.columns.tolist() == theirs.receipts.columns.tolist()
        for name, rows in ours.receipts.events.items():
            assert rows.tolist() == theirs.receipts.events[name].tolist()
        assert len(set(ours.receipts.status.tolist())) > 1


# Traps

_TRAPPING = {
    TrapCode.UNREACHABLE: ["unreachable"],
    TrapCode.MEMORY_OUT_OF_BOUNDS: [
        "(drop (i32.load (i32.const -4)))",
        "(v128.store (i32.const -16) (v128.const i64x2 0 0))",
        "(memory.fill (i32.const -1) (i32.const 0) (i32.const 2))",
        "(memory.copy (i32.const 0) (i32.const -1) (i32.const 2))",
        "(memory.init $passive (i32.const 0) (i32.const 2) (i32.const 5))",
    ],
    TrapCode.INTEGER_OVERFLOW: [
        "(drop (i32.div_s (i32.const -0x80000000) (i32.const -1)))",
        "(drop (i64.div_s (i64.const -0x8000000000000000) (i64.const -1)))",
    ],
    TrapCode.DIVISION_BY_ZERO: [
        f"(drop ({bits}.{operation} ({bits}.const 1) ({bits}.const 0)))"
        for bits in ("i32", "i64")
        for operation in ("div_s", "div_u", "rem_s", "rem_u")
    ],
    TrapCode.INVALID_CONVERSION: [
        f"(drop ({to}.trunc_{start}_{sign} ({start}.const {value})))"
        for to in ("i32", "i64")
        for start in ("f32", "f64")
        for sign in "su"
        for value in ("nan", "inf", "-1e30")
    ],
    TrapCode.INDIRECT_CALL_MISMATCH: [
        "(call_indirect (i32.const 0))",
        "(call_indirect (type $other) (i64.const 0) (i32.const 1))",
    ],
    TrapCode.TABLE_OUT_OF_BOUNDS: ["(call_indirect (i32.const 5))", "(call_indirect (i32.const -1))"],
    TrapCode.LOG_EXHAUSTED: ["(memory.fill (i32.const 65536) (i32.const 1) (i32.const 0xa00000))"],
    TrapCode.OUT_OF_GAS: ["(loop $forever (br $forever))"],
    TrapCode.STACK_EXHAUSTED: ["(call $deep)"],
    TrapCode.OUTBOX_EXHAUSTED: ["(loop $forever (call $tick) (br $forever))"],
}


def _trapping_module() -> bytes:
    """Entry 0 stores; entry n stores and then does what stands on line n."""
    lines = [line for lines in _TRAPPING.values() for line in lines]
    functions = "\n".join(
        f'(func (export "entry.e{number}") (result i32) (i64.store (i32.const 131072) (i64.const {number}))'
        f" {line} (i32.const 0))"
        for number, line in enumerate(["", *lines])
    )
    wat = f"""(module (import "corten" "trap" (func $trap (param i32))) (import "corten" "emit.Tick" (func $tick))
      (memory (export "memory") 3) (data $passive "abc") (type $other (func (param i64)))
      (table 3 funcref) (elem (i32.const 1) $deep)
      (func $deep (call $deep) (call $tick))
      (func (export "entry.raise") (param i32) (result i32)
        (i64.store (i32.const 131072) (i64.const -1)) (call $trap (local.get 0)) unreachable)
      {functions})"""
    entries = [_entry("raise", "message", code="u32"), *(_entry(f"e{n}", "message") for n in range(len(lines) + 1))]
    abi = {"version": 1, "name": "Trapping", "types": {}, "events": [{"name": "Tick", "fields": [], "size": 0}]}
    abi |= {"errors": [], "entries": entries, "state": {"address": 65536, "size": 0, "fields": []}}
    return with_sections(wat, abi, {"files": [], "sites": []})


def test_every_trap_has_the_same_code_gas_and_consequences():
    both = Pair(_trapping_module(), memory_limit=16 << 20)
    expected = [0] + [int(code) for code, lines in _TRAPPING.items() for _ in lines]
    alone = [both.send(f"e{number}")[1] for number in range(len(expected))]
    assert alone == expected
    empty = np.zeros(1, both.contracts[0].dtype("e0"))
    parts = [(f"e{number}", empty, 0) for number in range(len(expected)) for _ in range(2)]
    assert both.submit_mixed(parts).code.tolist() == [code for code in expected for _ in range(2)]
    codes = np.arange(40, dtype=np.uint32)
    raised = both.submit("raise", np.array(codes, [("code", "u4")]))
    assert raised.code.tolist()[1:] == codes.tolist()[1:]


def test_out_of_gas_at_every_limit(pair):
    needed = pair.send("transfer", to=2, amount=1, sender=1)[3]
    for gas_limit in range(needed + 3):
        status, code, *_ = pair.send("transfer", to=2, amount=1, sender=1, gas_limit=gas_limit)
        assert (status, code) == ((2, TrapCode.OUT_OF_GAS) if gas_limit < needed else (0, 0))


def test_the_stack_is_exhausted_at_the_same_depth(pair):
    fits, fails = 1, 1 << 20
    while fails - fits > 1:
        depth = (fits + fails) // 2
        status, code, *_ = pair.send("recurse", depth=depth)
        assert (status, code) in ((0, 0), (2, TrapCode.STACK_EXHAUSTED))
        fits, fails = (depth, fails) if status == 0 else (fits, depth)
    assert fits > 1000


@pytest.mark.parametrize("locals_", [0, 1, 10, 100, 1000])
def test_frames_of_any_size_fit_the_native_stack(locals_):
    """The metered limit comes before V8's own."""
    names = range(locals_)
    wat = f"""(module (import "corten" "result.dig" (func $is (param i64))) (memory (export "memory") 1)
      (func $dig (param i64) (result i64) {"(local i64)" * locals_}
        {" ".join(f"(local.set {k + 1} (i64.load (i32.const {8 * k})))" for k in names)}
        (i64.add (call $dig (i64.add (local.get 0) (i64.const 1)))
          {"".join(f"(i64.xor (local.get {k + 1}) " for k in names)} (i64.const 1) {")" * locals_}))
      (func (export "entry.dig") (result i32) (call $is (call $dig (i64.const 0))) (i32.const 0)))"""
    abi = {"version": 1, "name": "Dig", "types": {}, "events": [], "errors": []}
    abi |= {"entries": [_entry("dig", "message", "i64")], "state": {"address": 65536, "size": 0, "fields": []}}
    both = Pair(with_sections(wat, abi, {"files": [], "sites": []}))
    assert both.send("dig")[1] == TrapCode.STACK_EXHAUSTED


def test_an_outbox_that_fills_up_is_emptied_and_goes_on(pair):
    rows = np.array([(20_000,), (30_000,), (40_000,), (10,), (50_000,), (70_000,), (5,)], [("count", "u4")])
    codes = pair.submit("emit_many", rows).code.tolist()
    assert codes.count(TrapCode.OUTBOX_EXHAUSTED) >= 1
    assert codes[3] == codes[6] == 0


def test_batches_longer_than_a_crossing_with_traps_and_rejects(pair):
    random = np.random.default_rng(1)
    rows = np.zeros(20_000, pair.contracts[0].dtype("transfer"))
    rows["to"], rows["amount"] = random.integers(0, 50, len(rows)), random.integers(-1, 4, len(rows))
    receipts = pair.submit("transfer", rows, sender=random.integers(0, 50, len(rows)))
    assert set(receipts.status.tolist()) == {Status.ACCEPTED, Status.REJECTED}
    fails = np.array(random.integers(0, 18, 300), [("code", "u4")])
    assert set(pair.submit("fail", fails).status.tolist()) == {Status.TRAPPED}


# Floats

_REALS = 64


def _float_module() -> bytes:
    """f64 and f32 arithmetic over bits that the caller chooses; all results are stored, alone and in vectors."""
    binary = ["add", "sub", "mul", "div", "min", "max", "copysign"]
    unary = ["sqrt", "ceil", "floor", "trunc", "nearest", "abs", "neg"]
    small = "(f32.demote_f64 (local.get {}))"
    values = [f"(f64.{name} (local.get 0) (local.get 1))" for name in binary]
    values += [f"(f64.{name} (local.get 0))" for name in unary]
    values += [f"(f64.promote_f32 (f32.{name} {small.format(0)} {small.format(1)}))" for name in binary]
    values += [f"(f64.promote_f32 (f32.{name} {small.format(1)}))" for name in unary]
    lanes = [f"(f64x2.{name} (f64x2.splat (local.get 0)) (v128.load (i32.const 131072)))" for name in binary[:6]]
    lanes += [f"(f32x4.{name} (f32x4.splat {small.format(0)}) (v128.load (i32.const 131104)))" for name in binary[:6]]
    lanes += ["(f64x2.pmin (f64x2.splat (local.get 0)) (f64x2.splat (local.get 1)))"]
    stores = [f"(f64.store (i32.const {131072 + 8 * n}) {value})" for n, value in enumerate(values)]
    stores += [f"(v128.store (i32.const {135168 + 16 * n}) {value})" for n, value in enumerate(lanes)]
    bits = "(i64.reinterpret_f64 (f64.sub (local.get 0) (local.get 1)))"
    wat = f"""(module (import "corten" "result.mix" (func $is (param i64))) (memory (export "memory") 3)
      (global $last (mut f64) (f64.const 0)) (global $wide (mut v128) (v128.const i64x2 0 0))
      (global $single (mut f32) (f32.const 0))
      (func (export "entry.mix") (param f64 f64) (result i32)
        {" ".join(stores)}
        (global.set $last (f64.div (local.get 0) (local.get 1)))
        (global.set $single (f32.mul {small.format(0)} {small.format(1)}))
        (global.set $wide (f64x2.add (global.get $wide) (f64x2.splat (local.get 1))))
        (call $is {bits}) (i32.const 0)))"""
    fields, _ = _fields(a="f64", b="f64")
    entry = _entry("mix", "message", "i64") | {"parameters": fields, "size": 16}
    abi = {"version": 1, "name": "Reals", "types": {}, "events": [], "errors": []}
    abi |= {"entries": [entry], "state": {"address": 65536, "size": 0, "fields": []}}
    return with_sections(wat, abi, {"files": [], "sites": []})


def test_floats_are_equal_to_the_bit():
    both = Pair(_float_module())
    random = np.random.default_rng(5)
    for _ in range(30):
        rows = random_rows(random, both.contracts[0].dtype("mix"), _REALS)
        both.submit("mix", rows)
        states = [contract.residency.live()._instance for contract in both.contracts]
        assert bytes(states[0].memory[:200_000]) == bytes(states[1].memory[:200_000])
        assert states[0].globals() == states[1].globals()


# Views, snapshots, forks


def test_views_change_nothing_and_fail_alike(pair):
    root = pair.machines[1].state_root
    assert pair.send("writing_view", address=400_000, value=7) == 7
    assert pair.send("failing_view", code=9) == 9
    assert pair.send("header", time=-3, height=2**64 - 1) == [-3, -1, 0]
    assert pair.machines[1].state_root == root == recomputed_root(pair.machines[1])


class ForksAcrossEngines(Forks):
    """The machines of `Forks`, but a fork goes to the other engine, and every snapshot may be restored on either."""

    def __init__(self):
        super().__init__()
        fork = Machine("v8", memory_limit=LIMIT)
        fork.restore(self.machines[0].snapshot())
        self.machines.append(fork)
        self.models.append(dict(self.models[0]))


TestForksAcrossEngines = ForksAcrossEngines.TestCase
TestForksAcrossEngines.settings = Forks.TestCase.settings


def test_a_snapshot_goes_from_engine_to_engine_and_back(pair):
    wasmtime, v8 = pair.machines
    pair.send("count_calls")
    before, root = wasmtime.snapshot(), wasmtime.state_root
    v8["Token"].transfer(to=3, amount=10, sender=1)
    v8["Token"].count_calls()
    wasmtime.restore(v8.snapshot())
    assert wasmtime.state_root == v8.state_root != root
    assert wasmtime["Token"].count_calls().result == 3
    v8.restore(before)
    assert v8.state_root == root
    assert v8["Token"].count_calls().result == 2
    python = Machine("python", memory_limit=LIMIT)
    with pytest.raises(InvalidInput, match="snapshot"):
        python.restore(before)


# The engine


def test_globals_round_trip_with_their_bits():
    import wasmtime

    wat = """(module (memory (export "memory") 1 1) (memory (export "corten.system") 1 1)
      (global (export "corten.global.10") (mut i32) (i32.const -2))
      (global (export "corten.global.2") (mut f64) (f64.const -nan:0x123))
      (global (export "corten.global.0") (mut v128) (v128.const i64x2 1 2))
      (global (export "corten.global.1") (mut i64) (i64.const -3))
      (global (export "corten.global.3") (mut f32) (f32.const nan:0x123))
      (func (export "corten.run")) (func (export "corten.recover") (param i32)))"""
    instance = V8Engine().load(bytes(wasmtime.wat2wasm(wat))).instantiate()
    values = instance.globals()
    assert values.hex(" ", 1) == (
        "7b 01 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00 7e fd ff ff ff ff ff ff ff "
        "7c 23 01 00 00 00 00 f0 ff 7d 23 01 80 7f 7f fe ff ff ff"
    )
    changed = values.replace(b"\x7e\xfd", b"\x7e\x04").replace(b"\x23\x01\x80", b"\x24\x01\x80")
    instance.set_globals(changed)
    assert instance.advance()
    assert instance.globals() == changed


def _broken_module(run, recover="nop"):
    import wasmtime

    wat = f"""(module (memory (export "memory") 1 1) (memory (export "corten.system") 1 1)
      (global $constant i32 (i32.const 0)) (func $deep (result i32) (i32.add (i32.const 1) (call $deep)))
      (func (export "corten.run") {run}) (func (export "corten.recover") (param i32) {recover}))"""
    return bytes(wasmtime.wat2wasm(wat))


@pytest.mark.parametrize("engine", [Engine, V8Engine])
@pytest.mark.parametrize(
    ("run", "recover", "reason"),
    [("(drop (call $deep))", "nop", "native stack overflow"), ("unreachable", "unreachable", "recover itself stopped")],
)
def test_what_only_a_host_can_do_wrong(engine, run, recover, reason):
    instance = engine().load(_broken_module(run, recover)).instantiate()
    for _ in range(2):
        with pytest.raises(HostFault, match=reason):
            instance.advance()


def test_modules_that_v8_refuses():
    with pytest.raises(InvalidModule, match="engine refuses"):
        V8Engine().load(_broken_module("(global.set $constant (i32.const 1))"))
    import wasmtime

    with pytest.raises(InvalidModule, match=r"corten\.run"):
        V8Engine().load(
            bytes(wasmtime.wat2wasm('(module (memory (export "memory") 1 1) (memory (export "corten.system") 1 1))'))
        ).instantiate()


def test_host_functions_without_javascript_are_refused_by_name(monkeypatch):
    row = replace(BY_NAME["blake3"], engines=("wasmtime", "python"))
    monkeypatch.setattr("corten.vm.host.BY_NAME", {**BY_NAME, "blake3": row})
    with pytest.raises(InvalidInput, match="host function blake3"):
        Machine("v8", memory_limit=LIMIT, cache=False).deploy(CONTRACTS / "notary.py")


def test_an_interrupted_call_breaks_the_instance_and_a_snapshot_repairs_it(pair, monkeypatch):
    machine = pair.machines[1]
    contract = machine["Token"]
    snapshot, root = machine.snapshot(), machine.state_root

    def interrupted(code):
        raise KeyboardInterrupt

    isolate = v8_engine._shared_isolate()
    monkeypatch.setattr(isolate._racer, "eval", interrupted)
    with pytest.raises(KeyboardInterrupt):
        contract.transfer(to=2, amount=1, sender=1)
    monkeypatch.undo()
    with pytest.raises(HostFault, match="restore a snapshot"):
        contract.transfer(to=2, amount=1, sender=1)
    machine.restore(snapshot)
    assert machine.state_root == root
    assert contract.transfer(to=2, amount=1, sender=1).accepted
    assert v8_engine._shared_isolate() is not isolate


def test_it_works_inside_an_event_loop(pair):
    import asyncio

    async def main() -> None:
        assert pair.send("transfer", to=2, amount=1, sender=1)[0] == Status.ACCEPTED
        assert asyncio.get_running_loop().is_running()

    asyncio.run(main())


_FRESH = """
import resource, sys
from corten.host import BY_NAME
from corten.vm import Machine
{before}
machine = Machine("v8")
"""


def _fresh(before: str, after: str) -> subprocess.CompletedProcess[str]:
    """A process of its own."""
    script = _FRESH.format(before=before) + after
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)


def test_without_mini_racer_the_error_says_what_to_install():
    done = _fresh("sys.modules['py_mini_racer'] = None", "machine.deploy(b'')")
    assert not done.stdout
    assert "pip install 'corten[v8]'" in done.stderr


def test_v8_that_others_have_started_is_refused():
    done = _fresh("import py_mini_racer; py_mini_racer.MiniRacer()", "machine.deploy(b'')")
    assert "make the machine first" in done.stderr


@pytest.mark.slow
def test_memories_are_committed_when_used_and_freed_when_dropped():
    """30 contracts of 256 MiB, each with a system memory; then forks that write 32 MiB and go."""
    after = f"""
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 >> 20

sys.path.insert(0, {str(CONTRACTS.parent.parent)!r})
from tests.vm.modules import token
import numpy as np
contract = machine.deploy(token(), supply=1)
begin = resident()
for _ in range(30):
    machine.deploy(token(), supply=1)
print(resident() - begin)
rows = np.zeros(8192, contract.dtype("write"))
rows["address"] = 1 << 20 | np.arange(8192) << 12
machine = Machine("v8")
contract = machine.deploy(token(), supply=1)
for _ in range(30):
    fork = machine.fork()
    fork["Token"].submit("write", rows)
    del fork
print(resident() - begin)
"""
    done = _fresh("", after)
    assert done.returncode == 0, done.stderr
    committed, with_forks = map(int, done.stdout.split())
    assert committed < 60
    assert with_forks < 600
