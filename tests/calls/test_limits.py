"""Gas, depth, cycles, refusals: every end of a call tree, and that nothing but the receipt is left of it."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from corten.base.calls import CALL_DEPTH, CallReject
from corten.base.errors import DiagnosticError, HostFault, Status
from corten.compiler import compile_contract
from tests.calls.conftest import SUPPLY, make_chain, make_machine, make_market


@pytest.fixture(scope="module")
def shared_market(compiled):
    return make_market(compiled)


@pytest.mark.parametrize("gas_limit", [*range(0, 48_000, 997), 8_600, 17_000])
def test_at_many_gas_limits_all_or_nothing(shared_market, gas_limit):
    market = shared_market
    roots = [each.state_root for each in market.machine]
    receipt = market.exchange.swap(amount=1, sender=7, gas_limit=gas_limit)
    if receipt.accepted:
        assert receipt.gas <= gas_limit
        assert roots != [each.state_root for each in market.machine]
    else:
        assert (receipt.error, receipt.gas) == ("out_of_gas", gas_limit)
        assert roots == [each.state_root for each in market.machine]


def test_at_every_gas_limit_around_a_call(shared_market):
    """Unit by unit over the stretch where the first callee begins and ends."""
    market = shared_market
    root = market.machine.state_root
    for gas_limit in range(8_300, 10_300):
        receipt = market.exchange.swap(amount=1, sender=7, gas_limit=gas_limit)
        assert (receipt.error, receipt.gas) == ("out_of_gas", gas_limit)
    assert market.machine.state_root == root


def test_gas_is_counted_once_and_to_the_unit(compiled):
    market = make_market(compiled)
    used = market.exchange.swap(amount=1, sender=7).gas
    fork = market.machine.fork()
    exact = fork["Exchange"].swap(amount=1, sender=7)
    assert fork["Exchange"].swap(amount=1, sender=7, gas_limit=exact.gas).accepted
    assert fork["Exchange"].swap(amount=1, sender=7, gas_limit=exact.gas - 1).error == "out_of_gas"
    links = make_chain(4, compiled)
    links[0].walk(depth=3, fate=0)
    by_depth = [links[0].walk(depth=depth, fate=0).gas for depth in range(4)]
    steps = np.diff(by_depth)
    assert steps[0] == steps[1] == steps[2] > 8000
    assert used > 4 * 8000


def test_gas_of_a_trap_in_a_callee(compiled):
    links = make_chain(3, compiled)
    receipt = links[0].walk(depth=2, fate=2)
    assert 200_000 < receipt.gas < 300_000
    assert links[0].walk(depth=2, fate=2, gas_limit=100_000).gas == 100_000


def test_a_contract_cannot_be_reentered(engine):
    for length in (1, 2, 3):
        links = make_chain(length, engine)
        links[-1].join(next=links[0])
        receipt = links[0].walk(depth=length, fate=0)
        last = "reentered" if length == 1 else "callee_rejected"
        assert (receipt.status, receipt.error) == (Status.REJECTED, last)
        if length > 1:
            assert (receipt.stopped_in.address, receipt.stopped_in.error) == (links[-1].address, "reentered")
        assert [link.count() for link in links] == [0] * length
        with pytest.raises(Exception, match=last):
            links[0].look(depth=length)
        assert links[0].walk(depth=length - 1, fate=0).accepted


def test_calls_are_so_deep_and_no_deeper(engine):
    links = make_chain(CALL_DEPTH + 1, engine)
    assert links[1].walk(depth=CALL_DEPTH - 1, fate=0).result == CALL_DEPTH - 1
    receipt = links[0].walk(depth=CALL_DEPTH, fate=0)
    assert (receipt.error, receipt.stopped_in.error) == ("callee_rejected", "call_too_deep")
    assert receipt.stopped_in.address == links[CALL_DEPTH - 1].address
    assert [link.count() for link in links] == [0] + [1] * CALL_DEPTH


def test_nobody_is_there(engine):
    (link,) = make_chain(1, engine)
    for address in (0, 1, link.address + 1, 0xFFFFFFFF):
        link.join(next=address)
        assert link.walk(depth=1, fate=0).error == "unknown_contract"


def test_another_contract_is_there(market):
    for address in (market.exchange.address,):
        assert market.exchange.at(address=address).error == "reentered"
    link = market.machine.deploy(make_chain_source(), next=market.base)
    assert link.walk(depth=1, fate=0).error == "unknown_entry"
    assert link.walk(depth=0, fate=0).accepted


def make_chain_source():
    from tests.calls.conftest import SOURCES

    return SOURCES / "link.py"


VIEW = """from __future__ import annotations
from corten.lang import At, Contract, contract, i64, interface, message, view

@interface
class Coin:
    @message
    def mint(self, to: i64) -> i64: ...

@contract
class Reader(Contract):
    coin: At[Coin]

    def helper(self) -> i64:
        return {call}

    @view
    def read(self) -> i64:
        return self.helper()
"""


def refusal(tmp_path, source):
    path = tmp_path / "reader.py"
    path.write_text(source)
    with pytest.raises(DiagnosticError) as caught:
        compile_contract(path)
    return {each.code for each in caught.value.diagnostics}, str(caught.value)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("self.coin.mint(1)", "E403"),
        ('self.call(self.coin, "mint", 1)', "E403"),
        ("self.coin.burn(1)", "E202"),
        ("self.coin.mint()", "E304"),
        ("self.coin.mint(1, 2)", "E304"),
        ("self.coin.mint(True)", "E300"),
        ('self.call(1, "mint", 1)', "E300"),
        ("self.call(self.coin)", "E304"),
        ("self.coin + 1", "E302"),
    ],
)
def test_what_the_compiler_refuses(tmp_path, call, code):
    codes, text = refusal(tmp_path, VIEW.format(call=call))
    assert code in codes, text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("x: i64", "E104"),
        ("def f(self) -> i64: ...", "E501"),
        ("@view\n    def f(self) -> i64:\n        return 1", "E501"),
    ],
)
def test_interfaces_hold_signatures_only(tmp_path, body, code):
    source = VIEW.format(call="1").replace("@message\n    def mint(self, to: i64) -> i64: ...", body)
    assert code in refusal(tmp_path, source)[0]


def test_a_batch_of_transfers_equals_a_sequential_model(compiled):
    market, count = make_market(compiled), 10_000
    random = np.random.default_rng(5)
    rows = np.zeros(count, market.exchange.dtype("swap"))
    rows["amount"] = random.integers(-20, 400, count)
    senders = random.integers(1, 50, count)
    held, funds, accepted = dict.fromkeys(range(50), 0), SUPPLY, []
    for sender, amount in zip(senders.tolist(), rows["amount"].tolist(), strict=True):
        fits = amount > 0 and 2 * amount <= funds
        accepted.append(fits)
        if fits:
            held[sender] += amount
            funds -= 2 * amount
    receipts = market.exchange.submit("swap", rows, sender=senders)
    assert receipts.accepted.tolist() == accepted
    assert 100 < sum(accepted) < count
    for account, amount in held.items():
        assert market.balances(account) == (amount, 2 * amount)
    rejected = receipts[accepted.index(False)]
    assert rejected.stopped_in.contract == "Coin"
    first = receipts[accepted.index(True)]
    assert [type(each.event).__name__ for each in first.all_events] == ["Swapped", "Transfer", "Transfer", "Swapped"]
    assert len(receipts.results["swap"]) == sum(accepted)
    one_by_one = make_market(compiled)
    for row, sender in zip(rows[:200], senders[:200].tolist(), strict=True):
        one_by_one.exchange.swap(amount=int(row["amount"]), sender=sender)
    first_200 = make_market(compiled)
    first_200.exchange.submit("swap", rows[:200], sender=senders[:200])
    assert first_200.machine.state_root == one_by_one.machine.state_root


def test_batches_that_trap_and_reject_in_callees(compiled):
    links = make_chain(3, compiled)
    rows = np.zeros(60, links[0].dtype("walk"))
    rows["depth"] = np.arange(60) % 3
    rows["fate"] = np.arange(60) // 3 % 6 % 3
    receipts = links[0].submit("walk", rows, gas_limit=1_000_000)
    good = rows["fate"] == 0
    assert np.array_equal(receipts.accepted, good)
    assert links[2].count() == int((good & (rows["depth"] == 2)).sum())


def test_views_in_batches_call_views(compiled):
    market = make_market(compiled)
    rows = np.zeros(5, market.exchange.dtype("total"))
    rows["account"] = market.exchange.address
    root = market.machine.state_root
    receipts = market.exchange.submit("total", rows)
    assert receipts.results["total"]["value"].tolist() == [2 * SUPPLY] * 5
    assert market.machine.state_root == root


def test_a_full_outbox_of_the_caller_is_emptied_between_messages(compiled):
    links = make_chain(2, compiled)
    count = 9000
    rows = np.zeros(count, links[0].dtype("walk"))
    rows["depth"] = 1
    receipts = links[0].submit("walk", rows)
    assert receipts.accepted.all()
    assert [each.event.depth for each in receipts[count - 1].all_events] == [1, 0, 0, -1]


def test_snapshots_and_forks_keep_addresses_and_states(compiled):
    market = make_market(compiled)
    start = market.machine.snapshot()
    root = market.machine.state_root
    market.exchange.swap(amount=5, sender=7)
    fork = market.machine.fork()
    assert fork["Exchange"].swap(amount=5, sender=7).result == 30
    assert market.balances(7) == (5, 10)
    assert fork["Exchange"].address == market.exchange.address
    market.machine.restore(start)
    assert market.machine.state_root == root
    assert market.exchange.swap(amount=5, sender=7).result == 15


def test_a_deployment_that_fails_takes_no_address(compiled):
    machine = make_machine(compiled)
    source = make_chain_source()
    coin = source.with_name("coin.py")
    with pytest.raises(Exception, match="supply_negative"):
        machine.deploy(coin, owner=1, supply=-1)
    assert machine.deploy(coin, owner=1, supply=1).address == 0x8000_0001


def test_threads_that_call_across_the_same_contracts(compiled):
    market = make_market(compiled)
    machine = market.machine
    links = [machine.deploy(make_chain_source(), f"link{n}", next=0) for n in range(2)]
    links[0].join(next=links[1])
    links[1].join(next=links[0])
    rows = np.zeros(300, links[0].dtype("walk"))
    rows["depth"] = 1
    swaps = np.zeros(300, market.exchange.dtype("swap"))
    swaps["amount"] = 1
    jobs = [lambda: links[0].submit("walk", rows), lambda: links[1].submit("walk", rows)]
    jobs += [lambda: market.exchange.submit("swap", swaps, sender=3), lambda: machine.state_root]
    jobs += [lambda: [market.base.mint(to=4, amount=1) for _ in range(300)]]
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert [link.count() for link in links] == [600, 600]
    assert market.balances(3) == (300, 600)
    assert market.base.balance(account=4) == 300


def test_codes_are_permanent():
    assert {code.name: code.value for code in CallReject} == {
        "CALLEE_REJECTED": 4095,
        "UNKNOWN_CONTRACT": 4094,
        "UNKNOWN_ENTRY": 4093,
        "REENTERED": 4092,
        "CALL_TOO_DEEP": 4091,
        "MESSAGE_FROM_VIEW": 4090,
        "MALFORMED_CALL": 4089,
        "NO_RESULT": 4088,
        "UNKNOWN_CODE": 4087,
        "INIT_MISMATCH": 4086,
        "TOO_MANY_DEPLOYMENTS": 4085,
        "TOO_MANY_CONTRACTS": 4084,
    }


def test_a_host_that_breaks_in_the_middle_marks_all_that_took_part(monkeypatch):
    market = make_market()
    start, root = market.machine.snapshot(), market.machine.state_root
    engine_instance = type(market.quote.residency.live()._instance)
    entrance, quote = engine_instance.entrance, market.quote.residency.live()._instance

    def broken(instance):
        return _raise if instance is quote else entrance(instance)

    def _raise():
        raise HostFault("the engine gave up")

    monkeypatch.setattr(engine_instance, "entrance", broken)
    with pytest.raises(HostFault, match="gave up"):
        market.exchange.swap(amount=5, sender=7)
    for contract, entry in ((market.exchange, "own"), (market.base, "caller"), (market.quote, "caller")):
        with pytest.raises(HostFault, match="restore a snapshot"):
            contract.call(entry, {})
    market.machine.restore(start)
    assert market.machine.state_root == root
    assert market.exchange.swap(amount=5, sender=7).accepted


def test_recursion_in_every_contract_of_a_chain_shares_one_stack(compiled):
    source = make_chain_source().parent / "deep.py"
    machine, links = make_machine(compiled), []
    for _ in range(CALL_DEPTH):
        links.append(machine.deploy(source, next=links[-1] if links else 0))
    first = links[-1]
    assert first.dive(depth=CALL_DEPTH - 1, frames=10).result == 10 * CALL_DEPTH
    assert first.dive(depth=CALL_DEPTH - 1, frames=1_000_000).error == "stack_exhausted"
    alone = next(frames for frames in range(20_000, 0, -100) if links[0].dive(depth=0, frames=frames).accepted)
    together = first.dive(depth=CALL_DEPTH - 1, frames=alone // 2)
    assert together.error == "stack_exhausted"
    assert first.dive(depth=CALL_DEPTH - 1, frames=alone // 40).accepted
