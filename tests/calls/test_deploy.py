"""Contracts that contracts deploy: what they return, who sees them, and that nothing is left of those that failed."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

from corten.base.calls import CALL_DEPTH, DEPLOYMENTS
from corten.base.errors import DiagnosticError, HostFault, InvalidInput, Rejected, Status
from corten.compiler import compile_contract
from corten.vm import Machine, Passes
from corten.wasm.instrument.schedule import GAS_SCHEDULES
from spec import state_tree
from tests.calls.conftest import SOURCES, make_machine

FIRST = 0x8000_0001
FACTORY, COIN, PLAIN, GUEST, NEST = (SOURCES / f"{name}.py" for name in ("factory", "coin", "plain", "guest", "nest"))
PRICE = GAS_SCHEDULES[1].deploy


class Works:
    """A machine with a factory, and code to deploy."""

    def __init__(self, engine: str = "wasmtime") -> None:
        self.machine = make_machine(engine)
        self.factory = self.machine.deploy(FACTORY)
        self.coin, self.plain, self.guest, self.nest = map(self.machine.publish, (COIN, PLAIN, GUEST, NEST))
        self.has_root = engine != "python"

    def root(self) -> bytes | None:
        return self.machine.state_root if self.has_root else None

    def names(self) -> list[str]:
        return list(self.machine.contracts)


@pytest.fixture
def works(engine):
    return Works(engine)


def test_a_new_contract_has_the_next_address_and_its_deployer_as_sender(works):
    receipt = works.factory.open(code=works.coin, owner=3, supply=500)
    assert receipt.result == FIRST + 1
    coin = works.machine.contract(receipt.result)
    assert (coin.name, coin.address, coin.balance(account=3)) == ("Coin", FIRST + 1, 500)
    assert coin is works.machine["Coin"]
    assert coin.transfer(to=4, amount=20, sender=3).accepted
    assert works.factory.balance(number=0, account=4) == 20
    guest = works.factory.invite(code=works.guest, fate=0)
    assert guest.result == 11
    (arrived,) = guest.all_events
    assert (arrived.address, arrived.contract) == (FIRST + 2, "Guest")
    assert (arrived.event.sender, arrived.event.address) == (works.factory.address, FIRST + 2)
    assert works.machine.deploy(PLAIN).address == FIRST + 3


def test_what_was_deployed_can_be_called_in_the_same_message(works):
    receipt = works.factory.open_and_pay(code=works.coin, to=9, amount=5)
    assert receipt.result == 6
    coin, factory = FIRST + 1, works.factory.address
    found = [(each.address, type(each.event).__name__) for each in receipt.all_events]
    assert found == [(coin, "Transfer"), (factory, "Opened"), (coin, "Transfer")]
    assert works.machine.contract(coin).balance(account=factory) == 995


def test_code_without_init_is_deployed_without_arguments(works):
    receipt = works.factory.plain(code=works.plain)
    assert works.machine.contract(receipt.result).touch().result == 2
    assert [each.contract for each in receipt.all_events] == ["Plain"]


def test_layouts_count_not_names(works):
    """A guest's init has the parameters of a coin's, and other names."""
    assert works.factory.open(code=works.guest, owner=1, supply=0).accepted
    assert works.names() == ["Factory", "Guest"]


@pytest.mark.parametrize(
    ("call", "error", "inner"),
    [
        (lambda w: w.factory.open(code=bytes(32), owner=1, supply=1), "unknown_code", None),
        (lambda w: w.factory.plain(code=w.coin), "init_mismatch", None),
        (lambda w: w.factory.open(code=w.plain, owner=1, supply=1), "init_mismatch", None),
        (lambda w: w.factory.open(code=w.coin, owner=1, supply=-1), "callee_rejected", "supply_negative"),
        (lambda w: w.factory.open_and_reject(code=w.coin), "regretted", None),
        (lambda w: w.factory.open_and_trap(code=w.coin), "division_by_zero", None),
        (lambda w: w.factory.open_many(code=w.coin, count=DEPLOYMENTS + 1), "too_many_deployments", None),
        (lambda w: w.factory.invite(code=w.guest, fate=1), "callee_rejected", "reentered"),
        (lambda w: w.factory.invite(code=w.guest, fate=2), "callee_rejected", "reentered"),
        (lambda w: w.factory.invite(code=w.guest, fate=3), "callee_rejected", "unwilling"),
        (lambda w: w.factory.invite(code=w.guest, fate=4), "division_by_zero", "division_by_zero"),
        (lambda w: w.factory.invite(code=w.coin, fate=-4), "callee_rejected", "supply_negative"),
    ],
)
def test_a_failing_message_has_deployed_nothing(works, call, error, inner):
    assert works.factory.open(code=works.coin, owner=1, supply=1).accepted
    names, root = works.names(), works.root()
    receipt = call(works)
    assert receipt.error == error
    assert receipt.all_events == []
    stopped = receipt.stopped_in
    assert (stopped and stopped.error) == inner
    assert stopped is None or stopped.address == FIRST + 2
    assert (works.names(), works.root(), works.factory.count()) == (names, root, 1)
    with pytest.raises(InvalidInput, match="address"):
        works.machine.contract(FIRST + 2)
    again = works.factory.open(code=works.coin, owner=1, supply=7)
    assert (again.result, works.names()) == (FIRST + 2, [*names, "Coin-2"])


def test_who_stopped_a_message_is_known_after_another_took_its_address(works):
    """The receipt of a contract that is gone does not read as the one that has its address now."""
    failed = works.factory.invite(code=works.guest, fate=3)
    works.factory.plain(code=works.plain)
    assert (failed.stopped_in.contract, failed.stopped_in.error) == ("Guest", "unwilling")
    rows = np.zeros(3, works.factory.dtype("invite"))
    rows["code"] = np.frombuffer(works.guest, rows["code"].dtype)[0]
    rows["fate"] = [3, 0, 4]
    receipts = works.factory.submit("invite", rows)
    assert [each.error for each in receipts] == ["callee_rejected", None, "division_by_zero"]
    assert [each.stopped_in and each.stopped_in.contract for each in receipts] == ["Guest", None, "Guest"]
    assert receipts[2].stopped_in.address == FIRST + 3


def test_a_message_may_deploy_so_many(works):
    assert works.factory.open_many(code=works.coin, count=DEPLOYMENTS).accepted
    assert works.names()[-1] == f"Coin-{DEPLOYMENTS}"
    assert works.factory.balance(number=3, account=1) == 3


def test_an_init_may_deploy_its_own_code(works):
    nest = works.machine.deploy(NEST, code=works.nest, depth=3, twins=1, fate=0)
    assert nest.sum() == 15
    first = nest.address
    receipt = nest.grow(code=works.nest, depth=3, twins=1, fate=0)
    assert receipt.result == 7
    assert [each.event.depth for each in receipt.all_events] == [0, 0, 1, 0, 0, 1, 2]
    assert [each.address - first - 15 for each in receipt.all_events] == [2, 3, 1, 5, 6, 4, 0]
    assert len(works.names()) == 1 + 15 + 7


@pytest.mark.parametrize(
    ("depth", "twins", "fate", "inner"),
    [
        (CALL_DEPTH, 0, 0, "call_too_deep"),
        (5, 1, 0, "too_many_deployments"),
        (4, 0, 1, "middle_rejects"),
        (4, 0, 2, "division_by_zero"),
    ],
)
def test_recursion_in_inits_ends(works, depth, twins, fate, inner):
    nest = works.machine.deploy(NEST, code=works.nest, depth=0, twins=0, fate=0)
    names, root = works.names(), works.root()
    receipt = nest.grow(code=works.nest, depth=depth, twins=twins, fate=fate)
    assert receipt.stopped_in.error == inner
    assert (works.names(), works.root()) == (names, root)
    assert nest.grow(code=works.nest, depth=CALL_DEPTH - 1, twins=0, fate=0).result == CALL_DEPTH - 1


def test_a_deployment_that_fails_in_an_init_takes_all_with_it(works):
    root, names = works.root(), works.names()
    with pytest.raises(Rejected, match="callee_rejected"):
        works.machine.deploy(NEST, code=works.nest, depth=3, twins=1, fate=1)
    with pytest.raises(Rejected, match="unknown_code"):
        works.machine.deploy(NEST, code=bytes(32), depth=3, twins=1, fate=1)
    assert (works.root(), works.names()) == (root, names)
    assert works.machine.deploy(NEST, code=works.nest, depth=0, twins=0, fate=0).address == FIRST + 1


def test_a_traceback_shows_every_contract_on_the_way(compiled):
    works = Works(compiled)
    nest = works.machine.deploy(NEST, code=works.nest, depth=0, twins=0, fate=0)
    error = nest.grow(code=works.nest, depth=4, twins=0, fate=1).exception()
    lines = []
    while error is not None:
        lines.append((str(error), error.__traceback__.tb_lineno))
        error = error.__cause__
    source = NEST.read_text().splitlines()
    assert [name for name, _ in lines] == ["callee_rejected"] * 3 + ["middle_rejects"]
    assert "made = self.deploy" in source[lines[0][1] - 1]
    assert all("self.child = u32(self.deploy" in source[line - 1] for _, line in lines[1:3])
    assert "middle_rejects" in source[lines[3][1] - 1]


def test_a_later_message_of_a_batch_calls_what_an_earlier_one_deployed(works):
    batch = works.factory.batch()
    opened = np.zeros(2, works.factory.dtype("open"))
    opened["code"] = np.frombuffer(works.coin, opened["code"].dtype)[0]
    opened["owner"], opened["supply"] = works.factory.address, [10, -1]
    paid = np.zeros(3, works.factory.dtype("pay"))
    paid["number"], paid["to"], paid["amount"] = [0, 0, 1], 5, [4, 7, 1]
    batch.add("pay", paid, order=[1, 3, 4]).add("open", opened, order=[0, 2])
    receipts = works.factory.submit(batch)
    expected = [None, None, "callee_rejected", "callee_rejected", "index_out_of_range"]
    assert [each.error for each in receipts] == expected
    assert works.machine.contract(FIRST + 1).balance(account=5) == 4
    assert works.names() == ["Factory", "Coin"]


def test_an_address_that_a_trap_freed_is_nobodys_in_the_batch(works):
    made = np.zeros(1, works.factory.dtype("open_and_trap"))
    made["code"] = np.frombuffer(works.coin, made["code"].dtype)[0]
    asked = np.zeros(2, works.factory.dtype("ask"))
    asked["address"] = FIRST + 1
    for failing in ("open_and_trap", "open_and_reject"):
        batch = works.factory.batch()
        batch.add(failing, made, order=[0]).add("ask", asked[:1], order=[1])
        receipts = works.factory.submit(batch)
        assert [each.error for each in receipts][1] == "unknown_contract"


@pytest.mark.parametrize("other_engine", ["v8", "python"])
def test_equal_on_all_engines(other_engine):
    if other_engine == "v8":
        pytest.importorskip("py_mini_racer")
    ours, theirs = Works(), Works(other_engine)
    assert ours.machine.published == theirs.machine.published
    calls = [
        ("open", {"code": ours.coin, "owner": 3, "supply": 8}),
        ("open", {"code": ours.coin, "owner": 3, "supply": -8}),
        ("open_and_pay", {"code": ours.coin, "to": 3, "amount": 8}),
        ("open_and_pay", {"code": ours.coin, "to": 3, "amount": 8000}),
        *(("invite", {"code": ours.guest, "fate": fate}) for fate in range(5)),
        ("open_many", {"code": ours.coin, "count": 17}),
        ("plain", {"code": ours.plain}),
        ("plain", {"code": ours.coin}),
    ]
    for name, arguments in calls:
        one, other = (each.factory.call(name, arguments, sender=7) for each in (ours, theirs))
        assert (one.status, one.code, one.result, one.all_events) == (
            other.status,
            other.code,
            other.result,
            other.all_events,
        )
        stops = [each.stopped_in and (each.stopped_in.address, each.stopped_in.error) for each in (one, other)]
        assert stops[0] == stops[1]
        assert other_engine == "python" or (one.gas, ours.root()) == (other.gas, theirs.root())
    assert ours.names() == theirs.names()


def test_a_snapshot_goes_on_in_another_engine():
    pytest.importorskip("py_mini_racer")
    ours = Works()
    ours.factory.open(code=ours.coin, owner=3, supply=8)
    there = make_machine("v8")
    there.restore(ours.machine.snapshot())
    assert there.state_root == ours.root()
    for factory in (ours.factory, there["Factory"]):
        assert factory.open_and_pay(code=ours.coin, to=3, amount=8).result == 9
    assert there.state_root == ours.root()
    here = make_machine()
    here.restore(there.snapshot())
    assert here["Factory"].open(code=ours.coin, owner=3, supply=8).result == FIRST + 3


# ---- the machine's state ---------------------------------------------------------------------------------------------


def test_the_root_commits_to_published_code():
    machine = make_machine()
    empty = machine.state_root
    code = machine.publish(COIN)
    assert machine.published == (code,)
    assert machine.state_root == state_tree.machine_root([], [code]) != empty
    assert machine.publish(COIN) == code
    both = [code, machine.publish(PLAIN)]
    assert machine.state_root == state_tree.machine_root([], both) == state_tree.machine_root([], both[::-1])


def test_the_root_is_that_of_the_same_contracts_deployed_otherwise():
    works = Works()
    works.factory.open(code=works.coin, owner=3, supply=8)
    other = make_machine()
    other.deploy(FACTORY)
    coin = other.deploy(COIN, owner=3, supply=8)
    assert works.machine["Coin"].state_root == coin.state_root
    assert coin.name == "Coin"


def test_snapshots_and_forks_carry_contracts_and_code(works):
    start, root = works.machine.snapshot(), works.root()
    works.factory.open(code=works.coin, owner=3, supply=8)
    fork, later, after = works.machine.fork(), works.root(), works.machine.snapshot()
    assert fork["Factory"].open(code=works.coin, owner=3, supply=9).result == FIRST + 2
    assert (works.names(), works.root()) == (["Factory", "Coin"], later)
    assert fork.contract(FIRST + 2).balance(account=3) == 9
    old = works.machine["Coin"]
    works.machine.restore(start)
    assert (works.names(), works.root()) == (["Factory"], root)
    with pytest.raises(InvalidInput, match="restored"):
        old.balance(account=3)
    assert works.factory.plain(code=works.plain).result == FIRST + 1
    receipt = works.factory.plain(code=works.plain)
    assert [each.contract for each in receipt.all_events] == ["Plain"]
    works.machine.restore(after)
    assert (works.names(), works.root()) == (["Factory", "Coin"], later)
    assert works.machine["Coin"].balance(account=3) == 8
    empty = make_machine(works.machine.settings.engine)
    empty.restore(after)
    assert set(empty.published) == set(works.machine.published)
    assert empty["Factory"].open(code=works.coin, owner=3, supply=9).result == FIRST + 2


def test_receipts_after_a_restore_read_the_new_contracts(engine):
    """An address that had another contract before: records are read by the interface of whoever is there now."""
    works = Works(engine)
    start = works.machine.snapshot()
    works.machine.deploy(COIN, owner=1, supply=1)
    works.machine.restore(start)
    receipt = works.factory.plain(code=works.plain)
    assert [(each.contract, each.event.count) for each in receipt.all_events] == [("Plain", 1)]


def test_memory_of_a_contract_that_never_was_is_released(monkeypatch):
    works, made = Works(), []
    from corten.vm.residency import Residency

    live = Residency.live

    def noted(residency):
        resident = live(residency)
        if residency.address > FIRST:
            made.append(weakref.ref(resident))
        return resident

    monkeypatch.setattr(Residency, "live", noted)
    for fate in (1, 3, 4):
        works.factory.invite(code=works.guest, fate=fate)
    works.factory.open_and_reject(code=works.coin)
    works.factory.open_and_trap(code=works.coin)
    works.factory.invite(code=works.guest, fate=5, gas_limit=3_000_000)
    assert len(made) == 6
    gc.collect()
    assert [each() for each in made] == [None] * 6


def test_a_host_without_room_leaves_no_contract(monkeypatch):
    works = Works()
    from corten.vm import residency

    def no_room(*_arguments):
        raise HostFault("no room for memories")

    start, root = works.machine.snapshot(), works.root()
    with monkeypatch.context() as patch:
        patch.setattr(residency, "_make_resident", no_room)
        with pytest.raises(HostFault, match="no room"):
            works.factory.open(code=works.coin, owner=1, supply=1)
    assert works.names() == ["Factory"]
    works.machine.restore(start)
    assert works.root() == root
    assert works.factory.open(code=works.coin, owner=1, supply=1).result == FIRST + 1


def test_a_machine_has_so_many_contracts(monkeypatch, engine):
    from corten.vm import deployments, machine, v8_calls

    works = Works(engine)
    for module in (deployments, machine, v8_calls):
        monkeypatch.setattr(module, "CONTRACT_LIMIT", 3)
    assert works.factory.open_many(code=works.coin, count=3).error == "too_many_contracts"
    assert works.factory.open_many(code=works.coin, count=2).accepted
    assert works.factory.open_many(code=works.coin, count=1).error == "too_many_contracts"
    with pytest.raises(InvalidInput, match="at most 3"):
        works.machine.deploy(PLAIN)


def test_a_contract_in_its_init_is_not_the_machines_yet(monkeypatch):
    from corten.vm import machine

    works, seen, run = Works(), [], machine.initialize

    def looking(*arguments):
        seen.append(works.names())
        run(*arguments)
        seen.append(works.names())

    monkeypatch.setattr(machine, "initialize", looking)
    works.machine.deploy(NEST, code=works.nest, depth=1, twins=0, fate=0)
    assert seen == [["Factory"], ["Factory"]]
    assert works.names() == ["Factory", "Nest", "Nest-2"]


def test_threads_that_deploy_and_look(compiled):
    works = Works(compiled)
    other = works.machine.deploy(FACTORY, "other")
    rows = np.zeros(40, works.factory.dtype("open"))
    rows["code"] = np.frombuffer(works.coin, rows["code"].dtype)[0]
    rows["supply"] = np.arange(40)
    jobs = [lambda: works.factory.submit("open", rows), lambda: other.submit("open", rows)]
    jobs += [lambda: [works.machine.state_root for _ in range(5)]]
    jobs += [lambda: [len(works.machine.contracts) for _ in range(200)], lambda: works.machine.deploy(PLAIN)]
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    contracts = works.machine.contracts.values()
    assert [contract.address for contract in contracts] == [*range(FIRST, FIRST + 83)]
    assert works.factory.count() == other.count() == 40


# ---- gas -------------------------------------------------------------------------------------------------------------


def test_what_a_deployment_costs():
    works, schedule = Works(), GAS_SCHEDULES[1]
    one, two = (works.factory.open_many(code=works.coin, count=count).gas for count in (1, 2))
    pages = len(works.machine["Coin"].residency.program.initial_pages)
    fixed = schedule.deploy + pages * schedule.deploy_page + schedule.call
    assert fixed < two - one < fixed + 1000
    refused = works.factory.open(code=bytes(32), owner=1, supply=1)
    assert schedule.call < refused.gas < schedule.call + 1000


def test_at_every_gas_limit_all_or_nothing(compiled):
    works = Works(compiled)
    fork = works.machine.fork()
    need = fork["Factory"].open(code=works.coin, owner=1, supply=5).gas
    root = works.root()
    limits = [*range(0, 20_000, 1999), *range(PRICE, need, 997), *range(need - 40, need)]
    for gas_limit in limits:
        receipt = works.factory.open(code=works.coin, owner=1, supply=5, gas_limit=gas_limit)
        assert (receipt.error, receipt.gas) == ("out_of_gas", gas_limit)
    assert works.root() == root
    exact = works.factory.open(code=works.coin, owner=1, supply=5, gas_limit=need)
    assert (exact.error, exact.gas) == (None, need)


def test_out_of_gas_in_an_init_that_deploys(compiled):
    works = Works(compiled)
    nest = works.machine.deploy(NEST, code=works.nest, depth=0, twins=0, fate=0)
    root = works.root()
    for gas_limit in (2 * PRICE, 3 * PRICE, 3 * PRICE + 60_000):
        receipt = nest.grow(code=works.nest, depth=4, twins=0, fate=0, gas_limit=gas_limit)
        assert (receipt.error, receipt.gas) == ("out_of_gas", gas_limit)
    assert works.root() == root


def test_without_metering_a_deployment_is_free(compiled):
    machine = Machine(compiled, memory_limit=1 << 20, gas_limit=1000, passes=Passes(gas=False))
    receipt = machine.deploy(FACTORY).open(code=machine.publish(COIN), owner=1, supply=1)
    assert (receipt.error, receipt.gas) == (None, 0)


# ---- refused before anything runs --------------------------------------------------------------------------------


SOURCE = """from __future__ import annotations
from corten.lang import At, Contract, bytes32, contract, i64, init, interface, message, view

@interface
class Coin:
    @init
    def start(self, supply: i64) -> None: ...
    @message
    def mint(self, to: i64) -> i64: ...

@interface
class Plain:
    @message
    def touch(self) -> i64: ...

@contract
class Maker(Contract):
    made: At[Coin]

    @{kind}
    def make(self, code: bytes32) -> At[Coin]:
        return {call}
"""


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("self.deploy(Coin, code)", "E304"),
        ("self.deploy(Coin, code, 1, 2)", "E304"),
        ("self.deploy(Coin, code, amount=1)", "E304"),
        ("self.deploy(Coin, code, True)", "E300"),
        ("self.deploy(Coin, 5, 1)", "E300"),
        ("self.deploy(Coin)", "E304"),
        ("self.deploy(code, Coin, 1)", "E304"),
        ("self.deploy(Nobody, code, 1)", "E304"),
        ("self.deploy(Plain, code, 1)", "E304"),
        ("self.deploy(Plain, code)", "E300"),
    ],
)
def test_what_the_compiler_refuses(tmp_path, call, code):
    found, text = _refusal(tmp_path, SOURCE.format(kind="message", call=call))
    assert code in found, text


def test_a_view_cannot_deploy(tmp_path):
    call = "self.deploy(Coin, code, 1)"
    assert "E403" in _refusal(tmp_path, SOURCE.format(kind="view", call=call))[0]
    (tmp_path / "maker.py").write_text(SOURCE.format(kind="message", call=call))
    compile_contract(tmp_path / "maker.py")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("start(self, supply: i64) -> None", "start(self, supply: i64) -> i64", "E503"),
        (
            "    @message\n    def mint",
            "    @init\n    def other(self) -> None: ...\n    @message\n    def mint",
            "E503",
        ),
    ],
)
def test_what_an_interface_may_not_say_of_its_init(tmp_path, old, new, code):
    source = SOURCE.format(kind="message", call="self.deploy(Coin, code, 1)").replace(old, new)
    assert code in _refusal(tmp_path, source)[0]


def _refusal(tmp_path, source):
    path = tmp_path / "maker.py"
    path.write_text(source)
    with pytest.raises(DiagnosticError) as caught:
        compile_contract(path)
    return {each.code for each in caught.value.diagnostics}, str(caught.value)


def test_only_contracts_are_published(tmp_path):
    machine = make_machine()
    bare = b"\0asm\1\0\0\0"
    with pytest.raises(Exception, match=r"corten\.abi|ABI"):
        machine.publish(bare)
    with pytest.raises(InvalidInput, match="no such file"):
        machine.publish(tmp_path / "nothing.py")
    assert machine.published == ()
    with pytest.raises(InvalidInput, match="none: there is no contract"):
        machine.contract(FIRST)


def test_status_of_refusals():
    works = Works()
    receipt = works.factory.plain(code=works.coin)
    assert (receipt.status, receipt.code) == (Status.REJECTED, 4086)
