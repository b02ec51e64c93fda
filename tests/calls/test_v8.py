"""Calls in V8: the same receipts as in Wasmtime to the byte, one crossing a batch, contracts that join on the way."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from corten.base.errors import HostFault
from corten.vm import Machine
from corten.vm.accesses import PageAccess
from tests.calls.conftest import SOURCES, SUPPLY, make_chain, make_machine, make_market

pytest.importorskip("py_mini_racer")

from corten.vm import v8_calls
from corten.vm.v8_engine import _shared_isolate

ENGINES = ("wasmtime", "v8")


def records(receipts):
    """All that was recorded, of all contracts."""
    return [receipts[index].all_events for index in range(len(receipts))]


def assert_equal(receipts):
    one, other = receipts
    assert one.columns.tolist() == other.columns.tolist()
    assert records(one) == records(other)


def crossings(monkeypatch):
    """The expressions that V8 is asked for from now on."""
    asked = []
    isolate = _shared_isolate()
    call = isolate.call

    def counted(expression):
        asked.append(expression)
        return call(expression)

    monkeypatch.setattr(isolate, "call", counted)
    return asked


def test_random_trees_are_equal_to_the_byte():
    random = np.random.default_rng(3)
    chains = [make_chain(5, engine) for engine in ENGINES]
    for _ in range(3):
        rows = np.zeros(200, chains[0][0].dtype("walk"))
        rows["depth"] = random.integers(-1, 7, len(rows))
        rows["fate"] = random.choice([0, 0, 0, 0, 1, 2, 4, 5], len(rows))
        gas_limit = int(random.integers(30_000, 120_000))
        assert_equal([links[0].submit("walk", rows, gas_limit=gas_limit, sender=4) for links in chains])
        middle = [links[2].submit("walk", rows, sender=4) for links in chains]
        assert_equal(middle)
        assert len(set(middle[0].status.tolist())) == 3
        roots = [[link.state_root for link in links] for links in chains]
        assert roots[0] == roots[1]


def test_markets_are_equal_to_the_byte():
    random = np.random.default_rng(8)
    markets = [make_market(engine) for engine in ENGINES]
    rows = np.zeros(500, markets[0].exchange.dtype("swap"))
    rows["amount"] = random.integers(-3, SUPPLY // 300, len(rows))
    senders = random.integers(1, 9, len(rows))
    assert_equal([market.exchange.submit("swap", rows, sender=senders) for market in markets])
    assert markets[0].machine.state_root == markets[1].machine.state_root
    snapshot = markets[0].machine.snapshot()
    markets[1].machine.restore(snapshot)
    assert_equal([market.exchange.submit("swap", rows[:20], sender=3) for market in markets])
    assert markets[0].machine.state_root == markets[1].machine.state_root


def test_a_batch_of_calls_is_one_crossing(monkeypatch):
    market = make_market("v8")
    rows = np.zeros(1000, market.exchange.dtype("swap"))
    rows["amount"] = 1
    market.exchange.submit("swap", rows[:1], sender=7)
    asked = crossings(monkeypatch)
    assert market.exchange.submit("swap", rows, sender=7).accepted.all()
    assert [expression.partition("(")[0] for expression in asked] == ["converse"]


def make_clerks(engine: str) -> Machine:
    machine = make_machine(engine)
    clerks = [machine.deploy(SOURCES / "clerk.py", f"clerk{number}") for number in range(3)]
    clerks[0].follow(next=clerks[1])
    clerks[1].follow(next=clerks[2])
    return machine


def test_a_message_that_waits_for_a_contract_leaves_nothing_twice(caplog, monkeypatch):
    """In a fork nobody is live yet: the batch's first messages are applied before the others are brought."""
    start = make_clerks("wasmtime").snapshot()
    rows = np.zeros(40, make_clerks("wasmtime")["clerk0"].dtype("stamp"))
    rows["number"] = np.arange(1, 41)
    heard, receipts, answers, roots = [], [], [], []
    for engine in ENGINES:
        machine = make_machine(engine)
        machine.restore(start)
        if engine == "v8":
            asked = crossings(monkeypatch)
        caplog.clear()
        machine._environment.host.record()
        with caplog.at_level(logging.DEBUG, "corten.debug"):
            receipts.append(machine["clerk0"].submit("stamp", rows, sender=1))
        heard.append([record.getMessage() for record in caplog.records])
        answers.append(machine._environment.host.recorded())
        roots.append(machine.state_root)
    assert sum(expression.startswith("converse") for expression in asked) == 3
    assert_equal(receipts)
    assert heard[0] == heard[1]
    assert answers[0] == answers[1]
    assert roots[0] == roots[1]
    assert len(heard[0]) > 80
    assert set(receipts[0].status.tolist()) == {0, 1}


def test_a_recording_answers_though_contracts_join_on_the_way():
    start = make_clerks("wasmtime").snapshot()
    rows = np.zeros(40, make_clerks("wasmtime")["clerk0"].dtype("stamp"))
    rows["number"] = np.arange(1, 41)
    recorded = make_machine("wasmtime")
    recorded.restore(start)
    recorded._environment.host.record()
    expected = recorded["clerk0"].submit("stamp", rows)
    answers = recorded._environment.host.recorded()
    for engine in ENGINES:
        machine = make_machine(engine)
        machine._environment.host.replay(answers)
        machine.restore(start)
        assert_equal([expected, machine["clerk0"].submit("stamp", rows)])
        assert machine.state_root == recorded.state_root
        assert machine._environment.host.replayed() == len(answers)


def test_contracts_beyond_those_that_are_remembered(monkeypatch):
    monkeypatch.setattr(v8_calls, "_REMEMBERED", 1)
    market = make_market("v8")
    for _ in range(3):
        assert market.exchange.swap(amount=1, sender=7).accepted
    assert market.balances(7) == (3, 6)


def test_a_host_that_breaks_in_the_middle_marks_all_that_were_there(monkeypatch):
    market = make_market("v8")
    start, root = market.machine.snapshot(), market.machine.state_root
    quote = market.quote.residency.live().instance
    isolate = quote.isolate
    card = v8_calls._card(market.quote.residency).replace('"checks": []', '"checks": null')
    isolate.call(f"introduce({quote.number},{card})")
    quote.is_introduced = True
    with pytest.raises(HostFault):
        market.exchange.swap(amount=5, sender=7)
    for contract, entry in ((market.exchange, "own"), (market.base, "caller"), (market.quote, "caller")):
        with pytest.raises(HostFault, match="restore a snapshot"):
            contract.call(entry, {})
    market.machine.restore(start)
    assert market.machine.state_root == root
    assert market.exchange.swap(amount=5, sender=7).accepted
    assert market.balances(7) == (5, 10)


def test_an_interrupt_breaks_all_contracts_and_a_snapshot_repairs_them(monkeypatch):
    market = make_market("v8")
    market.exchange.swap(amount=5, sender=7)
    start, root = market.machine.snapshot(), market.machine.state_root

    def interrupted(code):
        raise KeyboardInterrupt

    monkeypatch.setattr(_shared_isolate()._racer, "eval", interrupted)
    with pytest.raises(KeyboardInterrupt):
        market.exchange.swap(amount=5, sender=7)
    monkeypatch.undo()
    for _ in range(2):
        with pytest.raises(HostFault, match="restore a snapshot"):
            market.base.caller()
    market.machine.restore(start)
    assert market.machine.state_root == root
    assert market.exchange.swap(amount=5, sender=7).accepted
    assert market.balances(7) == (10, 20)


LOUD = """
from corten.lang import Contract, contract, debug, i64, message

@contract
class Loud(Contract):
    count: i64

    @message
    def touch(self) -> i64:
        debug("a line in a data segment", self.count)
        self.count += 1
        return self.count
"""
OPENER = """
from corten.lang import Contract, bytes32, contract, message, require, u32
from loud import Loud

@contract
class Opener(Contract):
    @message
    def open(self, code: bytes32, fate: u32) -> u32:
        made = self.deploy(Loud, code)
        if fate > 0:
            made.touch()
        require(fate < 2, "regretted")
        return u32(made)
"""


def test_what_deployed_contracts_access_is_recorded_alike(tmp_path):
    """Entered or not, with data segments, which no message wrote; those that failed have never been."""
    for name, source in (("loud", LOUD), ("opener", OPENER)):
        (tmp_path / f"{name}.py").write_text(source)
    found = []
    for engine in ENGINES:
        machine = make_machine(engine, record_access=True)
        opener = machine.deploy(tmp_path / "opener.py")
        code = machine.publish(tmp_path / "loud.py")
        rows = np.zeros(6, opener.dtype("open"))
        rows["code"] = np.frombuffer(code, rows["code"].dtype)[0]
        rows["fate"] = 0, 1, 2, 0, 2, 1
        alone = [opener.open(code=code, fate=fate) for fate in (0, 2, 1)]
        assert [len(each.accesses) for each in alone] == [2, 1, 2]
        assert alone[0].accesses[alone[0].result] == PageAccess(np.zeros(0, np.uint32), np.zeros(0, np.uint32))
        apart = opener.submit("open", rows, each_access=True)
        together = opener.submit("open", rows)
        found.append([*(each.accesses for each in (*alone, *apart)), apart.accesses, together.accesses])
        assert list(together.accesses) == [opener.address, *(each.result for each in together if each.accepted)]
    assert found[0] == found[1]


def test_what_callees_access_is_recorded_alike():
    random = np.random.default_rng(4)
    chains = [make_chain(5, engine, record_access=True) for engine in ENGINES]
    rows = np.zeros(40, chains[0][0].dtype("walk"))
    rows["depth"], rows["fate"] = random.integers(0, 5, len(rows)), random.choice([0, 0, 1, 2], len(rows))
    together = [links[1].submit("walk", rows[:10]) for links in chains]
    assert together[0].accesses == together[1].accesses
    one, other = (links[0].submit("walk", rows, each_access=True) for links in chains)
    assert one.accesses == other.accesses
    assert [each.accesses for each in one] == [each.accesses for each in other]
    assert_equal([one, other])
