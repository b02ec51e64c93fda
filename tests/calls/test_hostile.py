"""Modules that no compiler of ours made: callers and callees that lie, ignore what they are told, or return garbage."""

from __future__ import annotations

from typing import Any

import pytest

from corten.base.calls import scalar_text, selector, signature
from corten.base.errors import InvalidModule, Status
from corten.vm import Contract, Machine
from corten.vm.layout import Layout
from corten.vm.program import Passes, instrument_native
from tests.calls.conftest import SOURCES, make_machine
from tests.vm.modules import with_sections

ECHO = selector(signature("view", "echo", [scalar_text("u32", 0)], [scalar_text("u32", 0)]))
COLOR = selector(signature("view", "color", [], [scalar_text("u8", 0, [0, 1])]))
PUT = selector(signature("message", "put", [scalar_text("u32", 0), scalar_text("u32", 4)], []))


def _field(name: str, spelling: str, offset: int) -> dict[str, Any]:
    return {"name": name, "type": spelling, "offset": offset}


def _entry(name: str, kind: str, parameters: list[Any], returns: str | None = None) -> dict[str, Any]:
    sizes = {"size": 8 * bool(parameters), "result_size": 8 * bool(returns)}
    return {"name": name, "kind": kind, "parameters": parameters, "returns": returns, **sizes}


ABI: dict[str, Any] = {
    "version": 1,
    "name": "Callee",
    "types": {"Color": {"kind": "enum", "base": "u8", "members": {"RED": 0, "BLUE": 1}}},
    "entries": [
        _entry("echo", "view", [_field("value", "u32", 0)], "u32"),
        _entry("color", "view", [], "Color"),
        _entry("put", "message", [_field("address", "u32", 0), _field("value", "u32", 4)]),
        _entry("start", "init", []),
    ],
    "events": [{"name": "Tick", "fields": [], "size": 0}],
    "errors": ["refused"],
    "state": {"address": 65536, "size": 64, "fields": []},
}
LINES: dict[str, Any] = {"files": ["callee.py"], "sites": [["", "", 0]]}


def callee(machine: Machine, **bodies: str) -> Contract:
    """A contract with the entries of ABI; `bodies` replaces what they do."""
    honest = {
        "echo": "(call $echoed (local.get 0)) (i32.const 0)",
        "color": "(call $colored (i32.const 1)) (i32.const 0)",
        "put": "(i32.store (local.get 0) (local.get 1)) (global.set $puts (local.get 1)) (i32.const 0)",
        "start": "(i32.const 0)",
    }
    bodies = {**honest, **bodies}
    wat = f"""(module
      (import "corten" "result.echo" (func $echoed (param i32)))
      (import "corten" "result.color" (func $colored (param i32)))
      (import "corten" "emit.Tick" (func $tick))
      (import "corten" "trap" (func $trap (param i32)))
      (memory (export "memory") 4)
      (global $puts (mut i32) (i32.const 0))
      (func $down (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
          (else (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))))
      (func (export "entry.echo") (param i32) (result i32) {bodies["echo"]})
      (func (export "entry.color") (result i32) {bodies["color"]})
      (func (export "entry.put") (param i32 i32) (result i32) {bodies["put"]})
      (func (export "entry.start") (result i32) {bodies["start"]}))"""
    return machine.deploy(with_sections(wat, ABI, LINES))


CALLER_ABI: dict[str, Any] = {
    **ABI,
    "name": "Caller",
    "types": {},
    "entries": [
        _entry("go", "message", [_field("contract", "u32", 0)], "u32"),
        _entry("look", "view", [_field("contract", "u32", 0)], "u32"),
    ],
}


def caller(machine: Machine, name: int, body: str = "", *, length: int = 8, size: int = 8, at: int = 1024) -> Contract:
    """A contract that makes one call, and goes on as if nothing had been unless `body` says otherwise."""
    text = f"""(local $status i32)
      (i32.store (i32.const {at & 0xFFFF}) (i32.const 70000)) (i32.store (i32.const {(at & 0xFFFF) + 4}) (i32.const 9))
      (local.set $status (call $call (local.get 0) (i32.const {name}) (i32.const {at}) (i32.const {length})
        (i32.const 2048) (i32.const {size})))
      {body}"""
    done = "(i32.const 0)"
    wat = f"""(module
      (import "corten" "call" (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
      (import "corten" "result.go" (func $gone (param i32)))
      (import "corten" "result.look" (func $looked (param i32)))
      (memory (export "memory") 4)
      (func (export "entry.go") (param i32) (result i32) {text} (call $gone (i32.load (i32.const 2048))) {done})
      (func (export "entry.look") (param i32) (result i32) {text} (call $looked (i32.load (i32.const 2048))) {done}))"""
    return machine.deploy(with_sections(wat, CALLER_ABI, LINES))


@pytest.fixture
def machine(compiled) -> Machine:
    return make_machine(compiled, cache=False)


PROPAGATE = "(if (local.get $status) (then (return (local.get $status))))"


def test_honest_ones_understand_each_other(machine):
    there = callee(machine)
    assert caller(machine, ECHO).go(contract=there).result == 70000
    assert caller(machine, COLOR, length=0).go(contract=there).result == 1
    assert caller(machine, PUT, size=0).go(contract=there).accepted


def test_a_caller_that_ignores_a_reject_is_rejected(machine):
    there = callee(machine, put="(i32.store (local.get 0) (i32.const 1)) (call $tick) (i32.const 1)")
    first = caller(machine, PUT, size=0)
    root = machine.state_root
    receipt = first.go(contract=there)
    assert (receipt.status, receipt.error, receipt.all_events) == (Status.REJECTED, "callee_rejected", [])
    assert receipt.stopped_in.error == "refused"
    assert machine.state_root == root


def test_a_middle_that_ignores_a_reject_changes_nothing(machine):
    """Nobody is at the address that the middle is given: it goes on, and says that all is well."""
    go = selector(signature("message", "go", [scalar_text("u32", 0)], [scalar_text("u32", 0)]))
    middle, first = caller(machine, ECHO), caller(machine, go)
    root = machine.state_root
    assert first.go(contract=middle).error == "callee_rejected"
    assert machine.state_root == root


@pytest.mark.parametrize(
    ("bodies", "name", "length", "error", "inner"),
    [
        ({"echo": "(i32.const 0)"}, ECHO, 8, "no_result", None),
        ({"color": "(call $colored (i32.const 7)) (i32.const 0)"}, COLOR, 0, "no_result", None),
        ({"echo": "(i32.const -1)"}, ECHO, 8, "callee_rejected", "callee_rejected"),
        ({"echo": "(i32.const 77)"}, ECHO, 8, "callee_rejected", "error_77"),
        ({"echo": "(call $trap (i32.const 99)) unreachable"}, ECHO, 8, "code_99", "unreachable"),
        ({"echo": "unreachable"}, ECHO, 8, "unreachable", "unreachable"),
        ({"echo": "(i32.load (i32.const -4))"}, ECHO, 8, "memory_out_of_bounds", "memory_out_of_bounds"),
        ({"echo": "(call $down (i32.const 1000000))"}, ECHO, 8, "stack_exhausted", "stack_exhausted"),
        ({"echo": "(loop $l (br $l)) (i32.const 0)"}, ECHO, 8, "out_of_gas", "out_of_gas"),
        ({"echo": "(loop $l (call $tick) (br $l)) (i32.const 0)"}, ECHO, 8, "outbox_exhausted", "outbox_exhausted"),
        ({"echo": "(call $colored (i32.const 1)) (i32.const 0)"}, ECHO, 8, "unreachable", "unreachable"),
    ],
)
def test_a_callee_that_fails_or_returns_garbage(machine, bodies, name, length, error, inner):
    there, first = callee(machine, **bodies), caller(machine, name, PROPAGATE, length=length)
    quiet = caller(machine, name, length=length)
    root = machine.state_root
    for each in (first, quiet):
        receipt = each.go(contract=there, gas_limit=10_000_000)
        assert receipt.error == error
        found = receipt.stopped_in
        assert (found.error if found is not None else None) in (inner, error)
    assert machine.state_root == root


def test_records_after_a_result_are_kept_and_results_are_not_events(machine):
    there = callee(machine, echo="(call $tick) (call $echoed (i32.const 3)) (call $tick) (i32.const 0)")
    receipt = caller(machine, ECHO).go(contract=there)
    assert receipt.result == 3
    assert [type(each.event).__name__ for each in receipt.all_events] == ["Tick", "Tick"]


def test_a_view_that_writes_leaves_no_trace(machine):
    writes = "(i32.store (i32.const 70000) (i32.const 5)) (global.set $puts (i32.const 5))"
    there = callee(machine, echo=f"{writes} (call $echoed (i32.const 3)) (i32.const 0)")
    first = caller(machine, ECHO)
    assert first.go(contract=there).result == 3
    root = there.state_root
    assert first.look(contract=there) == 3
    assert first.go(contract=there).accepted
    assert there.state_root == root
    assert bytes(there.residency.live().memories()[1][70000:70004]) == bytes(4)


def test_a_view_cannot_call_a_message(machine):
    there, first = callee(machine), caller(machine, PUT, size=0)
    root = machine.state_root
    with pytest.raises(Exception, match="message_from_view"):
        first.look(contract=there)
    assert machine.state_root == root
    assert first.go(contract=there).accepted


@pytest.mark.parametrize(("length", "size"), [(0, 8), (16, 8), (8, 0), (8, 16), (100_000, 8)])
def test_records_of_the_wrong_size(machine, length, size):
    there = callee(machine)
    assert caller(machine, ECHO, PROPAGATE, length=length, size=size).go(contract=there).error == "malformed_call"


def test_ranges_outside_of_memory(machine):
    there = callee(machine)
    for length, size in ((1 << 20, 8), (8, 1 << 20), (0xFFFFFFFF, 8), (8, 0xFFFFFFFF)):
        first = caller(
            machine,
            ECHO,
            length=length - (1 << 32) if length >> 31 else length,
            size=size - (1 << 32) if size >> 31 else size,
        )
        assert first.go(contract=there).error == "memory_out_of_bounds"


def test_nothing_but_messages_and_views_can_be_called(machine):
    there = callee(machine)
    init = selector(signature("init", "start", [], []))
    for name in (init, 0, 0xFFFFFFFF, selector("view echo(u32@0)->u64@0"), ECHO ^ 1):
        signed = name - (1 << 32) if name >> 31 else name
        assert caller(machine, signed, PROPAGATE).go(contract=there).error == "unknown_entry"


def test_imports_of_another_type_are_refused():
    wat = '(module (import "corten" "call" (func (param i32) (result i32))) (memory (export "memory") 1))'
    with pytest.raises(InvalidModule, match=r"corten\.call: expected type"):
        instrument_native(with_sections(wat, {**ABI, "entries": []}, LINES), Layout(1 << 20), Passes())


def test_a_liar_gains_nothing_from_its_abi(machine):
    """A coin whose ABI promises what it does not do: its callers see a reject, never a value of another shape."""
    there = callee(machine)
    link = machine.deploy(SOURCES / "link.py", next=there)
    assert link.walk(depth=1, fate=0).error == "unknown_entry"
