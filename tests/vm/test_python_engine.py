"""The same API with the source under CPython: what both engines say is equal."""

from __future__ import annotations

import traceback

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corten import InvalidInput, Rejected, Trapped
from corten.vm import Machine
from tests.vm.conftest import COIN, MEMORY_LIMIT
from tests.vm.modules import token


def machines(source):
    for engine in ("wasmtime", "python"):
        machine = Machine(engine, memory_limit=MEMORY_LIMIT, chain=3)
        yield machine, machine.deploy(source, sender=1, supply=1000)


calls = st.lists(
    st.one_of(
        st.tuples(st.just("transfer"), st.integers(0, 4), st.tuples(st.integers(0, 4), st.integers(-3, 600))),
        st.tuples(
            st.just("trade"),
            st.integers(0, 4),
            st.tuples(st.sampled_from([0, 1]), st.integers(-(2**62), 2**62), st.integers(-3, 3)),
        ),
    ),
    max_size=20,
)


@given(calls=calls)
def test_both_engines_agree(tmp_path_factory, calls):
    source = tmp_path_factory.getbasetemp() / "coin.py"
    source.write_text(COIN, encoding="utf-8")
    (_, compiled), (_, interpreted) = machines(source)
    for entry, sender, arguments in calls:
        one, other = (getattr(contract, entry)(*arguments, sender=sender) for contract in (compiled, interpreted))
        assert (one.status, one.code, one.error) == (other.status, other.code, other.error)
        assert [event._asdict() for event in one.events] == [event._asdict() for event in other.events]
        assert one.result == other.result
    assert [compiled.balance(account) for account in range(5)] == [interpreted.balance(account) for account in range(5)]


def test_batches_views_and_tracebacks(coin_source):
    shown = []
    for _, coin in machines(coin_source):
        batch = coin.batch()
        batch.add("transfer", np.array([(2, 5), (3, -1), (4, 7)], coin.dtype("transfer")), sender=1, order=[0, 2, 3])
        batch.add("trade", np.array([(1, 6, 7), (0, 1, 0)], coin.dtype("trade")), order=[1, 4])
        receipts = coin.submit(batch)
        views = coin.submit("balance", np.array([(2,), (4,)], coin.dtype("balance")))
        shown.append(
            (
                receipts.counts(),
                receipts.events["Transfer"].tolist(),
                receipts.results["trade"].tolist(),
                views.results["balance"].tolist(),
                receipts.first_record.tolist(),
                [receipt.events for receipt in receipts],
                receipts.traceback(2).splitlines()[-2],
                receipts.traceback(4).splitlines()[-2:],
                coin.clock(time=5, height=6),
            )
        )
    assert shown[0] == shown[1]
    assert shown[0][0] == {"accepted": 3, "amount_not_positive": 1, "trap.division_by_zero": 1}


def test_exceptions_are_the_real_ones(coin_source):
    _, (_, coin) = machines(coin_source)
    with pytest.raises(Rejected) as rejected:
        coin.transfer(to=2, amount=5000, sender=1).raise_for_status()
    names = [frame.name for frame in traceback.extract_tb(rejected.value.__traceback__)]
    assert "transfer" in names
    with pytest.raises(Trapped, match="division_by_zero"):
        coin.trade(side="BUY", size=1, price=0).raise_for_status()


def test_snapshot_restore_and_fork(coin_source):
    _, (machine, coin) = machines(coin_source)
    snapshot = machine.snapshot()
    coin.transfer(to=2, amount=5, sender=1).raise_for_status()
    fork = machine.fork()
    machine.restore(snapshot)
    assert (coin.balance(2), fork["Coin"].balance(2)) == (0, 5)


def test_what_it_does_not_have(coin_source):
    _, (machine, coin) = machines(coin_source)
    with pytest.raises(InvalidInput, match="engine 'wasmtime'"):
        machine.state_root  # noqa: B018
    with pytest.raises(InvalidInput, match="engine 'wasmtime'"):
        coin.prove(0)
    with pytest.raises(InvalidInput, match="runs no modules"):
        machine.deploy(token(), supply=1)
    with pytest.raises(InvalidInput, match="amount"):
        coin.transfer(to=2, amount=2**63)
    assert coin.transfer(to=2, amount=1, sender=1).gas == 0
