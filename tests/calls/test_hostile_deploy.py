"""Modules that no compiler of ours made: deployers that lie and ignore what they are told, and code that does."""

from __future__ import annotations

import pytest

from corten.base.calls import init_signature, scalar_text, selector
from corten.base.errors import InvalidModule
from corten.vm import Contract, Machine
from corten.vm.layout import Layout
from corten.vm.program import Passes, instrument_native
from tests.calls.conftest import SOURCES, make_machine
from tests.calls.test_hostile import ABI, CALLER_ABI, LINES, PROPAGATE, _entry, _field, callee
from tests.vm.modules import with_sections

EMPTY = selector(init_signature(()))
TWO = selector(init_signature([scalar_text("u32", 0), scalar_text("i64", 8)]))  # a coin's: owner, supply
CODE_AT, PAYLOAD_AT, RESULT_AT = 1024, 2048, 4096


def deployer(
    machine: Machine,
    code: bytes,
    name: int = TWO,
    body: str = PROPAGATE,
    *,
    at: int = CODE_AT,
    payload: int = PAYLOAD_AT,
    length: int = 16,
    result: int = RESULT_AT,
    owner: int = 7,
) -> Contract:
    """A contract that makes one deployment, and returns what it finds for a result unless `body` says otherwise.

    It imports `corten.deploy` alone: the end of its messages goes that way, too.
    """
    signed = [value - (1 << 32) if value >> 31 else value for value in (name, at, payload, length, result)]
    name, at, payload, length, result = signed
    content = "".join(f"\\{byte:02x}" for byte in code)
    text = f"""(local $status i32)
      (i32.store (i32.const {PAYLOAD_AT}) (i32.const {owner}))
      (i64.store (i32.const {PAYLOAD_AT + 8}) (i64.const 100))
      (local.set $status (call $deploy (i32.const {at}) (i32.const {name}) (i32.const {payload}) (i32.const {length})
        (i32.const {result})))
      {body}"""
    wat = f"""(module
      (import "corten" "deploy" (func $deploy (param i32 i32 i32 i32 i32) (result i32)))
      (import "corten" "result.go" (func $gone (param i32)))
      (import "corten" "result.look" (func $looked (param i32)))
      (memory (export "memory") 4)
      (data (i32.const {CODE_AT}) "{content}")
      (func (export "entry.go") (param i32) (result i32) {text}
        (call $gone (i32.load (i32.const {RESULT_AT}))) (i32.const 0))
      (func (export "entry.look") (param i32) (result i32) {text}
        (call $looked (i32.load (i32.const {RESULT_AT}))) (i32.const 0)))"""
    return machine.deploy(with_sections(wat, CALLER_ABI, LINES))


@pytest.fixture
def machine(compiled: str) -> Machine:
    return make_machine(compiled)


@pytest.fixture
def coin(machine: Machine) -> bytes:
    return machine.publish(SOURCES / "coin.py")


def test_an_honest_one_gets_an_address(machine, coin):
    receipt = deployer(machine, coin).go(contract=0)
    assert machine.contract(receipt.result).balance(account=7) == 100
    assert list(machine.contracts) == ["Caller", "Coin"]


@pytest.mark.parametrize(
    ("name", "length", "error"), [(EMPTY, 0, "init_mismatch"), (TWO, 16, None), (TWO, 8, "malformed_call")]
)
def test_who_ignores_a_refusal_is_rejected(machine, coin, name, length, error):
    first = deployer(machine, coin, name, body="", length=length)
    root = machine.state_root
    assert first.go(contract=0).error == error
    assert (machine.state_root == root) == (error is not None)


def test_code_without_init_takes_no_payload(machine):
    code = machine.publish(SOURCES / "plain.py")
    assert deployer(machine, code, EMPTY, length=8).go(contract=0).error == "malformed_call"
    assert deployer(machine, code, EMPTY, length=0).go(contract=0).accepted


def test_unknown_code_leaves_the_result_as_it_was(machine):
    store = f"(i32.store (i32.const {RESULT_AT}) (i32.add (i32.const 5) (i32.load (i32.const {RESULT_AT}))))"
    first = deployer(machine, bytes(32), body=store)
    root = machine.state_root
    assert first.go(contract=0).error == "unknown_code"
    assert machine.state_root == root


@pytest.mark.parametrize("where", ["at", "payload", "result"])
@pytest.mark.parametrize("address", [(1 << 20) - 3, 0xFFFFFFFF, 0x80000000])
def test_ranges_outside_of_memory(machine, coin, where, address):
    first = deployer(machine, coin, **{where: address})
    root = machine.state_root
    assert first.go(contract=0).error == "memory_out_of_bounds"
    assert deployer(machine, coin, length=0xFFFFFFF0).go(contract=0).error == "memory_out_of_bounds"
    assert list(machine.contracts) == ["Caller", "Caller-2"]
    assert root != machine.state_root  # the second deployer


def test_a_result_in_the_payload_is_written_after_it_was_read(machine, coin):
    receipt = deployer(machine, coin, result=PAYLOAD_AT).go(contract=0)
    assert receipt.accepted
    made = machine["Coin"]
    assert made.balance(account=7) == 100
    memory = machine["Caller"].residency.live().memories()[1]
    assert int.from_bytes(memory[PAYLOAD_AT : PAYLOAD_AT + 4], "little") == made.address


def test_the_result_is_rolled_back(machine, coin):
    first = deployer(machine, coin, body="(return (i32.const 1))")
    root = machine.state_root
    assert first.go(contract=0).error == "refused"
    assert machine.state_root == root
    assert bytes(first.residency.live().memories()[1][RESULT_AT : RESULT_AT + 4]) == bytes(4)
    trapping = deployer(machine, coin, body="unreachable")
    root = machine.state_root
    assert trapping.go(contract=0).error == "unreachable"
    assert (machine.state_root, list(machine.contracts)) == (root, ["Caller", "Caller-2"])


def test_a_view_cannot_deploy(machine, coin):
    first = deployer(machine, coin)
    root = machine.state_root
    with pytest.raises(Exception, match="message_from_view"):
        first.look(contract=0)
    assert (machine.state_root, list(machine.contracts)) == (root, ["Caller"])
    assert first.go(contract=0).accepted


def foreign(machine: Machine, start: str, parameters: int = 0, **extra: object) -> bytes:
    """Code whose init is `start`."""
    fields = [_field(f"p{number}", "bool", number) for number in range(parameters)]
    entries = [each for each in ABI["entries"] if each["kind"] != "init"]
    abi = {**ABI, "entries": [*entries, {**_entry("start", "init", fields), **extra}]}
    wat = f"""(module
      (import "corten" "result.echo" (func $echoed (param i32)))
      (import "corten" "result.color" (func $colored (param i32)))
      (import "corten" "emit.Tick" (func $tick))
      (memory (export "memory") 4)
      (data (i32.const 8192) "initial")
      (data (i32.const 200000) "more")
      (func (export "entry.echo") (param i32) (result i32) (call $echoed (local.get 0)) (i32.const 0))
      (func (export "entry.color") (result i32) (call $colored (i32.const 1)) (i32.const 0))
      (func (export "entry.put") (param i32 i32) (result i32) (i32.const 0))
      (func (export "entry.start") {"(param i32)" * parameters} (result i32) {start}))"""
    return machine.publish(with_sections(wat, abi, LINES))


def test_an_init_that_returns_a_status_of_any_kind(machine):
    for start, error, inner in (
        ("(call $tick) (i32.const 0)", None, None),
        ("(call $tick) (i32.const 1)", "callee_rejected", "refused"),
        ("(i32.const -1)", "callee_rejected", "callee_rejected"),
        ("(i32.const 4093)", "callee_rejected", "unknown_entry"),
        ("unreachable", "unreachable", "unreachable"),
        ("(loop $l (br $l)) (i32.const 0)", "out_of_gas", "out_of_gas"),
        ("(i32.store (i32.const -4) (i32.const 1)) (i32.const 0)", "memory_out_of_bounds", "memory_out_of_bounds"),
    ):
        receipt = deployer(machine, foreign(machine, start), EMPTY, length=0).go(contract=0)
        assert receipt.error == error
        assert (receipt.stopped_in and receipt.stopped_in.error) == inner
        assert len(receipt.all_events) == (error is None)
    assert sum(contract.interface.name == "Callee" for contract in machine) == 1


def test_initial_pages_are_priced_and_committed(machine):
    code = foreign(machine, "(i32.const 0)")
    cheap, dear = (deployer(machine, each, EMPTY, length=0) for each in (machine.publish(SOURCES / "plain.py"), code))
    gas = [each.go(contract=0).gas for each in (cheap, dear)]
    assert 0 < gas[1] - gas[0] - 16_000 * (2 - len(machine["Plain"].residency.program.initial_pages)) < 200
    alone = callee(machine)
    made = machine["Callee"]
    assert made.state_root != alone.state_root
    assert bytes(made.residency.live().memories()[1][8192:8199]) == b"initial"


def test_a_bool_that_is_none_in_an_init(machine):
    name = selector(init_signature([scalar_text("bool", 0)]))
    code = foreign(machine, "(i32.const 0)", 1, size=8)
    assert deployer(machine, code, name, length=8).go(contract=0).error == "malformed_call"
    assert deployer(machine, code, name, length=8, owner=1).go(contract=0).accepted


def test_imports_of_another_type_are_refused():
    wat = '(module (import "corten" "deploy" (func (param i32) (result i32))) (memory (export "memory") 1))'
    with pytest.raises(InvalidModule, match=r"corten\.deploy: expected type"):
        instrument_native(with_sections(wat, {**ABI, "entries": []}, LINES), Layout(1 << 20), Passes())


def test_a_flood_of_deployments_pays_for_each(machine, coin):
    """As many as the gas allows, over and over, each round thrown away: the machine is as before."""
    factory = machine.deploy(SOURCES / "factory.py")
    root = machine.state_root
    for gas_limit in (20_000_000, 100_000_000):
        receipt = factory.open_many(code=coin, count=1_000, gas_limit=gas_limit)
        assert receipt.error == ("out_of_gas" if gas_limit < 24_000_000 else "too_many_deployments")
        assert receipt.gas >= min(gas_limit, 16 * 1_500_000)
    assert (machine.state_root, list(machine.contracts)) == (root, ["Factory"])
