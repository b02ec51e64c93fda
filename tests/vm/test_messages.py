"""One message at a time: results, events, rejects, traps, views, and every wrong argument."""

from __future__ import annotations

import traceback

import numpy as np
import pytest

from corten import InvalidInput, Rejected, Status, TrapCode, Trapped
from corten.vm import Machine
from tests.vm.conftest import MEMORY_LIMIT
from tests.vm.modules import token

EVERY = {
    "flag": True,
    "side": "SELL",
    "small": 7,
    "real": -0.5,
    "wide": -(2**127),
    "key": bytes(range(32)),
    "pair": {"count": 3, "amount": -4},
    "prices": [1, -2, 3],
}


def test_a_transfer_is_accepted_with_its_event(contract):
    receipt = contract.transfer(to=2, amount=50, sender=1)
    assert receipt.accepted
    assert receipt.error is None
    assert receipt.raise_for_status() is receipt
    assert 0 < receipt.gas < 1000
    (event,) = receipt.events
    assert type(event).__name__ == "Transfer"
    assert event._asdict() == {"sender": 1, "to": 2, "amount": 50}
    assert (contract.balance(account=1), contract.balance(2)) == (950, 50)


def test_a_reject_names_its_error_and_changes_nothing(contract, machine):
    root = machine.state_root
    receipt = contract.transfer(to=2, amount=5000, sender=1)
    assert (receipt.status, receipt.error, receipt.code) == (Status.REJECTED, "balance_too_low", 2)
    assert receipt.events == []
    assert machine.state_root == root
    with pytest.raises(Rejected, match="balance_too_low") as caught:
        receipt.raise_for_status()
    assert caught.value.code == 2


@pytest.mark.parametrize(
    ("code", "trap"),
    [(0, TrapCode.DIVISION_BY_ZERO), (1, TrapCode.UNREACHABLE), (2, TrapCode.MEMORY_OUT_OF_BOUNDS)]
    + [(code, TrapCode(code)) for code in (3, 6, 11, 16, 17)],
)
def test_a_trap_rolls_back_memory_globals_and_events(contract, machine, code, trap):
    root = machine.state_root
    receipt = contract.fail(code=code)
    assert (receipt.status, receipt.trap, receipt.error) == (Status.TRAPPED, trap, trap.name.lower())
    assert receipt.events == []
    assert machine.state_root == root
    assert contract.count_calls().result == 1
    with pytest.raises(Trapped) as caught:
        receipt.raise_for_status()
    assert caught.value.code is trap


def test_a_trap_number_that_is_none_counts_as_unreachable(contract):
    receipt = contract.fail(code=100)
    assert (receipt.status, receipt.code, receipt.trap) == (Status.TRAPPED, 100, TrapCode.UNREACHABLE)
    with pytest.raises(Trapped) as caught:
        receipt.raise_for_status()
    assert "100" in caught.value.__notes__[0]


def test_endless_loops_and_deep_recursion_end(contract, machine):
    root = machine.state_root
    receipt = contract.spin(gas_limit=100_000)
    assert (receipt.error, receipt.gas) == ("out_of_gas", 100_000)
    assert contract.recurse(depth=1000).result == 1000
    assert contract.recurse(depth=2**31).error == "stack_exhausted"
    assert machine.state_root == root


def test_a_reject_and_a_trap_show_the_contracts_line(coin_source):
    machine = Machine(memory_limit=MEMORY_LIMIT, cache=False)
    coin = machine.deploy(coin_source, supply=10, sender=1)
    with pytest.raises(Rejected) as rejected:
        coin.transfer(to=2, amount=11, sender=1).raise_for_status()
    frame = traceback.extract_tb(rejected.value.__traceback__)[-1]
    assert (frame.filename, frame.name) == (str(coin_source), "transfer")
    assert frame.line == 'require(self.balances[self.sender] >= amount, "balance_too_low")'
    with pytest.raises(Trapped) as trapped:
        coin.trade(side="BUY", size=1, price=0).raise_for_status()
    assert traceback.extract_tb(trapped.value.__traceback__)[-1].line == "return size // price"
    shown = "".join(traceback.format_exception(trapped.value))
    assert "^" not in shown.split("trade")[-1]


def test_a_source_that_is_not_there_is_not_mistaken_for_another(contract):
    with pytest.raises(Rejected) as caught:
        contract.transfer(to=2, amount=5000, sender=1).raise_for_status()
    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.filename, frame.lineno, frame.name, frame.line) == ("<token.py>", 15, "transfer", "")


def test_every_type_travels_both_ways(contract):
    receipt = contract.every(**EVERY)
    (event,) = receipt.raise_for_status().events
    assert (event.flag, event.side.name, event.small, event.real) == (True, "SELL", 7, -0.5)
    assert (event.wide, event.key) == (-(2**127), bytes(range(32)))
    assert event.pair._asdict() == {"count": 3, "amount": -4}
    assert event.prices.tolist() == [1, -2, 3]
    assert receipt.result == (3, -4)
    assert event.side is contract.enums["Side"].SELL
    again = contract.every(**event._asdict())
    assert again.events[0]._replace(prices=None) == event._replace(prices=None)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("flag", 1, "True or False"),
        ("side", "HOLD", "one of BUY, SELL"),
        ("side", 2, "one of BUY, SELL"),
        ("small", -1, "an integer 0 … 4294967295"),
        ("small", 2**32, "an integer 0 … 4294967295"),
        ("small", 1.5, "an integer 0 … 4294967295"),
        ("small", "7", "an integer 0 … 4294967295"),
        ("real", "x", "a number"),
        ("wide", 2**127, "2\\*\\*127"),
        ("wide", 1.0, "2\\*\\*127"),
        ("key", b"short", "32 bytes"),
        ("pair", {"count": 3}, "count, amount"),
        ("pair", 5, "count, amount"),
        ("pair", (3, 2**63), "an integer"),
        ("prices", [1, 2], "3 elements"),
        ("prices", [1, 2, 2**63], "an integer"),
        ("prices", 7, "3 elements"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(contract, machine, field, value, expected):
    root = machine.state_root
    with pytest.raises(InvalidInput, match=expected) as caught:
        contract.every(**{**EVERY, field: value})
    assert f"every.{field}" in caught.value.field or caught.value.field.startswith("Pair.")
    assert machine.state_root == root


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"to": 2}, "transfer\\(to: u32, amount: i64\\)"),
        ({"to": 2, "amuont": 5}, "amuont"),
        ({"to": 2, "amount": 5, "sendr": 1}, "did you mean 'sender'"),
        ({"to": 2, "amount": 5, "sender": -1}, "sender"),
        ({"to": 2, "amount": 5, "sender": 2**32}, "sender"),
        ({"to": 2, "amount": 5, "gas_limit": "many"}, "gas_limit"),
        ({"to": 2, "amount": 5, "gas_limit": -1}, "gas_limit"),
        ({"to": 2, "amount": 5, "height": -1}, "height"),
    ],
)
def test_wrong_arguments_are_refused(contract, arguments, expected):
    with pytest.raises(InvalidInput, match=expected):
        contract.transfer(**arguments)
    assert contract.transfer(to=2, amount=5, sender=1).accepted


def test_positional_arguments(contract):
    assert contract.transfer(2, 50, sender=1).accepted
    with pytest.raises(InvalidInput, match="3 arguments"):
        contract.transfer(2, 50, 1)
    with pytest.raises(InvalidInput, match="two"):
        contract.transfer(2, to=3)


def test_unknown_entries_suggest_the_nearest(contract):
    with pytest.raises(AttributeError, match="did you mean 'transfer'"):
        contract.transfr(to=1)
    with pytest.raises(InvalidInput, match="did you mean 'balance'"):
        contract.dtype("balanc")
    with pytest.raises(InvalidInput, match="entry of Token"):
        contract.call("start", {"supply": 5})


def test_an_entry_whose_name_is_taken_is_reached_through_call(contract):
    assert contract.call("submit", {}).result == 42
    assert contract.call("transfer", {"to": 2, "amount": 1}, sender=1).accepted
    with pytest.raises(InvalidInput, match="transfer"):
        contract.call("transfer", {"to": 2})
    with pytest.raises(InvalidInput, match="an unknown name"):
        contract.call("transfer", {"to": 2, "amount": 1, "more": 2})


def test_a_view_never_changes_state(contract, machine):
    root = machine.state_root
    assert contract.writing_view(address=70000, value=5) == 5
    assert machine.state_root == root
    assert contract.count_calls().result == 1


def test_a_view_that_fails_raises(contract):
    with pytest.raises(Rejected, match="balance_too_low"):
        contract.failing_view(code=2)
    with pytest.raises(Trapped, match="key_missing"):
        contract.failing_view(code=16)


def test_the_header_is_the_machines_unless_the_call_says_otherwise():
    machine = Machine(memory_limit=MEMORY_LIMIT, cache=False, chain=2**64 - 1)
    contract = machine.deploy(token(), supply=0)
    assert contract.header().tolist() == [0, 0, -1]
    machine.time, machine.height = -5, 2**63
    assert contract.header().tolist() == [-5, -(2**63), -1]
    assert contract.header(time=7, height=8).tolist() == [7, 8, -1]
    assert contract.header().tolist() == [-5, -(2**63), -1]
    with pytest.raises(InvalidInput, match="time"):
        machine.time = 1.5
    assert machine.time == -5


def test_outbox_and_gas_are_bounded(contract, machine):
    root = machine.state_root
    receipt = contract.emit_many(count=10**6)
    assert (receipt.error, receipt.events) == ("outbox_exhausted", [])
    assert len(contract.emit_many(count=1000).events) == 1000
    assert contract.transfer(to=2, amount=1, sender=1, gas_limit=10).error == "out_of_gas"
    assert contract.write(address=2**31, value=1).error == "memory_out_of_bounds"
    assert machine.state_root == root


def test_deploy_runs_init_once_and_only_then(machine):
    contract = machine.deploy(token(), sender=9, supply=77)
    assert contract.balance(account=9) == 77
    assert not hasattr(contract, "start")
    with pytest.raises(InvalidInput, match="entry"):
        contract.submit("start", np.zeros(1, "i8"))


def test_a_failed_deploy_leaves_nothing(machine, tmp_path):
    root = machine.state_root
    with pytest.raises(Rejected, match="amount_not_positive"):
        machine.deploy(token(), supply=-1)
    with pytest.raises(InvalidInput, match="supply"):
        machine.deploy(token())
    with pytest.raises(InvalidInput, match="no such file"):
        machine.deploy(tmp_path / "missing.py")
    assert machine.state_root == root
    assert machine.contracts == {}


def test_names_are_free_or_refused(machine):
    first, second = (machine.deploy(token(), supply=1) for _ in range(2))
    third = machine.deploy(token(), name="gold", supply=1)
    assert [contract.name for contract in machine] == ["Token", "Token-2", "gold"]
    assert (machine["Token"], machine["Token-2"], machine["gold"]) == (first, second, third)
    with pytest.raises(InvalidInput, match="name"):
        machine.deploy(token(), name="gold", supply=1)
    with pytest.raises(InvalidInput, match="did you mean 'gold'"):
        machine["golt"]


def test_options_of_the_machine_are_checked():
    with pytest.raises(InvalidInput, match="memory_limit"):
        Machine(memory_limit=1000)
    with pytest.raises(InvalidInput, match="'wasmtime' or 'v8' or 'python'"):
        Machine("v9")
    with pytest.raises(InvalidInput, match="gas_limit"):
        Machine(gas_limit=2**64)


def test_entries_describe_themselves(contract):
    import inspect

    assert str(inspect.signature(contract.transfer)) == (
        "(to, amount, *, sender=None, gas_limit=None, time=None, height=None)"
    )
    assert contract.transfer.__doc__ == "message: transfer(to: u32, amount: i64)"
    assert repr(contract.balance) == "<view Token.balance(account: u32) -> i64>"
    assert "rejected balance_too_low" in repr(contract.transfer(to=1, amount=10**9))


@pytest.mark.parametrize("name", ["", 5, "two\nlines", "\ud800", "x" * 1001])
def test_names_that_the_root_cannot_commit_to_are_refused(name):
    machine = Machine(memory_limit=MEMORY_LIMIT)
    with pytest.raises(InvalidInput, match="name: expected a text of 1 to 1000 printable characters, found"):
        machine.deploy(token(), name)
    assert not machine.contracts


def test_wrong_sources_and_addresses_are_refused():
    machine = Machine(memory_limit=MEMORY_LIMIT)
    with pytest.raises(InvalidInput, match=r"contract: expected the path .* found 5 \(int\)"):
        machine.deploy(5)
    with pytest.raises(InvalidInput, match=r"address: expected a number; by name .* found 'token' \(str\)"):
        machine.contract("token")
