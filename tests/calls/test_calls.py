"""What calls return, whom callees see, what is recorded and what is kept."""

from __future__ import annotations

import numpy as np
import pytest

from corten.base.errors import InvalidInput, Status
from tests.calls.conftest import SUPPLY, make_chain, make_machine, make_market


def test_values_come_back_and_callees_see_the_caller_as_sender(market):
    receipt = market.exchange.swap(amount=10, sender=7)
    assert receipt.accepted, receipt.exception()
    assert receipt.result == 30
    assert market.balances(7) == (10, 20)
    assert market.balances(market.exchange.address) == (SUPPLY - 10, SUPPLY - 20)
    assert market.exchange.who(sender=7) == market.exchange.address == market.exchange.own()
    assert market.base.transfer(to=8, amount=1, sender=7).accepted


def test_structs_arrays_and_enums_cross(market):
    market.base.mint(to=9, amount=400)
    market.quote.mint(to=9, amount=30)
    market.quote.freeze(account=9)
    found = market.exchange.holding(account=9)
    assert (found.account, int(found.kind), found.amount) == (9, 0, 400)
    assert market.exchange.total(account=9) == 400


def test_the_block_header_is_everywhere_the_same(market):
    assert market.exchange.clock(time=1000, height=7) == 1007
    assert market.base.clock(time=1, height=1) == 2
    assert market.exchange.clock(time=5, height=7) == 12


def test_a_view_in_a_message_leaves_no_trace(market):
    before = None if market.machine.settings.engine == "python" else market.base.state_root
    assert market.exchange.total(account=77) == 0
    assert before is None or market.base.state_root == before
    assert market.exchange.look_and_write(account=77).result == 5
    assert market.exchange.look_and_write(account=77).result == -1


def test_addresses_convert_and_compare(market):
    base, quote, exchange = market.base, market.quote, market.exchange
    assert exchange.at(address=base.address, sender=5).result == 0
    receipt = exchange.two(first=base, second=quote, amount=3)
    assert receipt.result is False, receipt.exception()
    assert exchange.two(first=base, second=base, amount=3).result is True


def test_events_of_all_contracts_come_in_order(market):
    receipt = market.exchange.swap(amount=10, sender=7)
    found = [(each.address, type(each.event).__name__, each.event.amount) for each in receipt.all_events]
    base, quote, exchange = market.base.address, market.quote.address, market.exchange.address
    assert found == [
        (exchange, "Swapped", 10),
        (base, "Transfer", 10),
        (quote, "Transfer", 20),
        (exchange, "Swapped", -10),
    ]
    assert [event.amount for event in receipt.events] == [10, -10]
    assert market.exchange.late_reject(amount=3, sender=7).all_events == []


def test_events_of_a_chain_nest(engine):
    first, *_ = make_chain(4, engine)
    receipt = first.walk(depth=3, fate=0)
    assert receipt.result == 3
    assert [each.event.depth for each in receipt.all_events] == [3, 2, 1, 0, 0, -1, -2, -3]
    assert len({each.address for each in receipt.all_events}) == 4
    assert first.look(depth=3) == 4


def test_a_callee_that_rejects_rejects_the_message(market):
    receipt = market.exchange.swap(amount=SUPPLY + 1, sender=7)
    assert (receipt.status, receipt.error) == (Status.REJECTED, "callee_rejected")
    assert receipt.stopped_in.address == market.base.address
    assert receipt.stopped_in.error == "balance_too_low"
    text = "".join(str(line) for line in _causes(receipt.exception()))
    assert "callee_rejected" in text
    assert "balance_too_low" in text
    assert market.balances(7) == (0, 0)


def _causes(error):
    while error is not None:
        yield error
        error = error.__cause__


def test_what_an_accepted_callee_did_goes_with_its_caller(market):
    assert market.exchange.late_reject(amount=3, sender=7).error == "too_late"
    assert market.exchange.late_trap(amount=3, sender=7).error == "division_by_zero"
    assert market.exchange.swap(amount=SUPPLY // 2 + 1, sender=7).stopped_in.contract == "Coin"
    assert market.balances(7) == (0, 0)
    assert market.exchange.swap(amount=1, sender=7).accepted


@pytest.mark.parametrize("fate", [1, 2, 4, 5])
def test_three_deep_nothing_stays(engine, fate):
    links = make_chain(4, engine)
    assert links[0].walk(depth=3, fate=0).accepted
    roots = None if engine == "python" else [link.state_root for link in links]
    receipt = links[0].walk(depth=3, fate=fate)
    names = {1: "callee_rejected", 2: "division_by_zero", 4: "callee_rejected", 5: "division_by_zero"}
    assert receipt.error == names[fate]
    assert receipt.stopped_in.error == {1: "end_rejects", 4: "way_back_rejects"}.get(fate, names[fate])
    assert receipt.stopped_in.address == links[3].address
    assert [link.count() for link in links] == [1, 1, 1, 1]
    assert roots is None or roots == [link.state_root for link in links]
    assert links[0].walk(depth=3, fate=0).accepted


def test_a_callee_that_loops_for_ever_runs_out_of_its_callers_gas(compiled):
    links = make_chain(3, compiled)
    roots = [link.state_root for link in links]
    receipt = links[0].walk(depth=2, fate=3, gas_limit=500_000)
    assert (receipt.error, receipt.gas) == ("out_of_gas", 500_000)
    assert roots == [link.state_root for link in links]


def test_receipts_are_equal_to_those_of_cpython(compiled):
    ours, theirs = make_market(compiled), make_market("python")
    calls = [
        ("swap", {"amount": 5}),
        ("swap", {"amount": SUPPLY}),
        ("late_trap", {"amount": 2}),
        ("at", {"address": 9}),
    ]
    calls += [("late_reject", {"amount": 2}), ("look_and_write", {"account": 3}), ("at", {"address": 0})]
    for name, arguments in calls:
        one, other = (each.exchange.call(name, arguments, sender=7) for each in (ours, theirs))
        assert (one.status, one.code, one.result, one.error) == (other.status, other.code, other.result, other.error)
        assert one.all_events == other.all_events
        assert _stop(one) == _stop(other)
    assert ours.balances(7) == theirs.balances(7)


def _stop(receipt):
    found = receipt.stopped_in
    return None if found is None else (found.address, found.contract, found.error)


def test_contracts_cannot_be_impersonated(market):
    with pytest.raises(InvalidInput, match="sender"):
        market.base.transfer(to=1, amount=1, sender=market.exchange.address)
    rows = np.zeros(2, market.base.dtype("transfer"))
    with pytest.raises(InvalidInput, match="sender"):
        market.base.submit("transfer", rows, sender=market.exchange.address)


def test_events_of_a_batch_as_columns(market):
    """Equal to what the receipts say one by one."""
    rows = np.zeros(4, market.exchange.dtype("swap"))
    rows["amount"] = [10, SUPPLY, 3, 4]
    receipts = market.exchange.submit("swap", rows, sender=[7, 7, 8, 9])
    assert receipts.accepted.tolist() == [True, False, True, True]
    columns = receipts.all_events
    assert list(columns) == ["Exchange.Swapped", "Coin.Transfer"]
    transfers = columns["Coin.Transfer"]
    assert transfers["message_index"].tolist() == [0, 0, 2, 2, 3, 3]
    assert transfers["address"].tolist() == [market.base.address, market.quote.address] * 3
    assert transfers["amount"].tolist() == [10, 20, 3, 6, 4, 8]
    assert transfers["to"].tolist() == [7, 7, 8, 8, 9, 9]
    for name, found in columns.items():
        listed = [
            (message, each.address, *each.event)
            for message, receipt in enumerate(receipts)
            for each in receipt.all_events
            if f"{each.contract}.{type(each.event).__name__}" == name
        ]
        assert found.tolist() == listed


def test_columns_of_contracts_that_share_a_name(tmp_path, engine):
    source = (
        "from corten.lang import Contract, contract, event, i64, message, u32\n"
        "@event\nclass Tick:\n    address: {type}\n"
        "@contract\nclass Clock(Contract):\n    @message\n    def tick(self) -> None:\n        self.emit(Tick(5))\n"
    )
    (tmp_path / "narrow.py").write_text(source.format(type="u32"))
    (tmp_path / "wide.py").write_text(source.format(type="i64"))
    (tmp_path / "both.py").write_text(
        "from narrow import Clock\n"
        "from corten.lang import At, Contract, contract, message\n"
        "@contract\n"
        "class Both(Contract):\n"
        "    @message\n"
        "    def go(self, one: At[Clock], two: At[Clock]) -> None:\n"
        "        one.tick()\n"
        "        two.tick()\n"
    )
    machine = make_machine(engine)
    clocks = [machine.deploy(tmp_path / f"{name}.py") for name in ("narrow", "wide")]
    both = machine.deploy(tmp_path / "both.py")
    rows = np.zeros(1, both.dtype("go"))
    rows["one"], rows["two"] = [clock.address for clock in clocks]
    columns = both.submit("go", rows).all_events
    assert {key: found["address"].tolist() for key, found in columns.items()} == {
        "Clock.Tick": [5],
        f"Clock.Tick@{clocks[1].address:#x}": [5],
    }
    assert columns["Clock.Tick"]["address_"].tolist() == [clocks[0].address]
