"""Batches: equal to single messages, columns, order, every malformed input, and the outbox between crossings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corten import InvalidInput, Rejected, Status, TrapCode, i128_column, i128_integers
from corten.vm import Machine
from corten.vm.layout import MESSAGES_PER_CROSSING, OUTBOX_BYTES
from tests.vm.conftest import MEMORY_LIMIT
from tests.vm.modules import token


def transfers(contract, amounts, to=2):
    rows = np.zeros(len(amounts), contract.dtype("transfer"))
    rows["to"], rows["amount"] = to, amounts
    return rows


def test_columns_and_events(contract):
    receipts = contract.submit("transfer", transfers(contract, [5, -1, 10**9, 7]), sender=1)
    assert receipts.status.tolist() == [Status.ACCEPTED, Status.REJECTED, Status.REJECTED, Status.ACCEPTED]
    assert receipts.code.tolist() == [0, 1, 2, 0]
    assert receipts.accepted.tolist() == [True, False, False, True]
    assert receipts.record_count.tolist() == [1, 0, 0, 1]
    assert receipts.counts() == {"accepted": 2, "amount_not_positive": 1, "balance_too_low": 1}
    events = receipts.events["Transfer"]
    assert events["message_index"].tolist() == [0, 3]
    assert events["amount"].tolist() == [5, 7]
    assert len(receipts.events["Every"]) == 0
    assert [receipt.error for receipt in receipts] == [None, "amount_not_positive", "balance_too_low", None]
    assert receipts[3].events[0].amount == 7
    assert receipts[-1].events == receipts[3].events
    with pytest.raises(IndexError):
        receipts[4]
    with pytest.raises(InvalidInput, match="did you mean 'Transfer'"):
        receipts.events["Transfr"]


def test_raise_for_status_names_the_first(contract):
    receipts = contract.submit("transfer", transfers(contract, [5, -1, -1]), sender=1)
    with pytest.raises(Rejected, match="amount_not_positive") as caught:
        receipts.raise_for_status()
    assert "message 1 of 3; 2 not accepted" in caught.value.__notes__[0]
    assert receipts.traceback(0) is None
    assert "in transfer" in receipts.traceback(1)


@given(
    messages=st.lists(
        st.tuples(
            st.sampled_from(["transfer", "fail", "count_calls", "write", "emit_many"]),
            st.integers(0, 3),
            st.integers(-2, 400),
        ),
        max_size=40,
    )
)
def test_a_batch_equals_its_messages(messages):
    """Mixed entries, rejects and traps in the middle: same receipts, same records, same root as one by one."""
    machines = [Machine(memory_limit=MEMORY_LIMIT) for _ in range(2)]
    single, batched = (machine.deploy(token(), sender=1, supply=1000) for machine in machines)
    made = {
        "transfer": lambda small, number: (small, number),
        "fail": lambda small, number: (small,),
        "count_calls": lambda small, number: (),
        "write": lambda small, number: (131072 + 8 * (number + 2), number),
        "emit_many": lambda small, number: (small * 5000,),
    }
    singles = [getattr(single, name)(*made[name](small, number), sender=1) for name, small, number in messages]
    batch = batched.batch()
    for entry, fields in made.items():
        order = [position for position, message in enumerate(messages) if message[0] == entry]
        rows = [fields(*messages[position][1:]) for position in order]
        dtype = batched.dtype(entry)
        batch.add(entry, np.array(rows, dtype) if dtype.names else np.zeros(len(rows), dtype), sender=1, order=order)
    receipts = batched.submit(batch)
    assert len(receipts) == len(singles)
    for one, other in zip(receipts, singles, strict=True):
        assert (one.status, one.code, one.site, one.gas) == (other.status, other.code, other.site, other.gas)
        assert one.events == other.events
        assert one.result == other.result
    assert machines[0].state_root == machines[1].state_root


def test_order_of_a_mixed_batch(contract):
    batch = contract.batch()
    batch.add("transfer", transfers(contract, [1, 2]), sender=[1, 1], order=[3, 0])
    batch.add("count_calls", np.zeros(2, contract.dtype("count_calls")), order=[1, 2])
    for first_call in (1, 3):
        receipts = contract.submit(batch)
        assert receipts.events["Transfer"]["amount"].tolist() == [2, 1]
        assert receipts.results["count_calls"]["message_index"].tolist() == [1, 2]
        assert receipts.results["count_calls"]["value"].tolist() == [first_call, first_call + 1]


def test_appended_parts_keep_their_order(contract):
    batch = contract.batch().add("transfer", transfers(contract, [1]), sender=1)
    batch.add("count_calls", np.zeros(1, contract.dtype("count_calls")))
    batch.add("transfer", transfers(contract, [3]), sender=1)
    assert contract.submit(batch).record_count.tolist() == [1, 1, 1]
    assert len(contract.submit(contract.batch())) == 0


@pytest.mark.parametrize("order", [[0, 0], [0, 2], [-1, 0], [0], [0.0, 1.0]])
def test_a_wrong_order_is_refused(contract, machine, order):
    root = machine.state_root
    with pytest.raises(InvalidInput, match="order"):
        contract.submit(contract.batch().add("transfer", transfers(contract, [1, 2]), sender=1, order=order))
    assert machine.state_root == root


def test_batches_belong_to_their_contract(machine, contract):
    other = machine.deploy(token(), supply=0)
    with pytest.raises(InvalidInput, match="a batch of this contract"):
        other.submit(contract.batch())
    with pytest.raises(InvalidInput, match="without rows or sender"):
        contract.submit(contract.batch(), sender=1)
    with pytest.raises(InvalidInput, match="a message"):
        contract.batch().add("balance", np.zeros(1, contract.dtype("balance")))


def _packed(rows):
    """The same fields without padding, in another order and smaller types."""
    packed = np.zeros(len(rows), [("amount", "<i4"), ("to", "u1")])
    packed["amount"], packed["to"] = rows["amount"], rows["to"]
    return packed


def test_other_dtypes_convert_if_nothing_is_lost(contract):
    receipts = contract.submit("transfer", _packed(transfers(contract, [5, 6])), sender=1)
    assert receipts.events["Transfer"]["amount"].tolist() == [5, 6]
    big = transfers(contract, [5]).astype(np.dtype([("to", ">u4"), ("amount", ">i8")]))
    assert contract.submit("transfer", big, sender=1).events["Transfer"]["amount"].tolist() == [5]


@pytest.mark.parametrize(
    ("break_rows", "field", "expected"),
    [
        (lambda rows: rows.tolist(), "rows", "one-dimensional numpy array"),
        (lambda rows: rows.reshape(2, 2), "rows", "one-dimensional"),
        (lambda rows: rows[::2], "rows", "ascontiguousarray"),
        (lambda rows: rows["amount"].copy(), "transfer", "structured dtype with fields to, amount"),
        (lambda rows: rows[["to"]].copy(), "transfer.amount", "a field of dtype int64"),
        (lambda rows: rows.astype([("to", "u4"), ("amont", "i8")]), "transfer.amont", "did you mean 'amount'"),
        (lambda rows: rows.astype([("to", "i8"), ("amount", "i8")]), "transfer.to", "dtype uint32"),
        (lambda rows: rows.astype([("to", "u4"), ("amount", "f8")]), "transfer.amount", "dtype int64"),
        (lambda rows: np.zeros(4, [("to", "u4"), ("amount", "i8", 2)]), "transfer.amount", "dtype int64"),
        (lambda rows: np.frombuffer(b"x" + rows.tobytes(), rows.dtype, offset=1), "rows", "multiple of 8"),
    ],
)
def test_malformed_rows_are_refused_and_nothing_is_applied(contract, machine, break_rows, field, expected):
    root = machine.state_root
    rows = transfers(contract, [1, 2, 3, 4])
    with pytest.raises(InvalidInput, match=expected) as caught:
        contract.submit("transfer", break_rows(rows), sender=1)
    assert caught.value.field == field
    assert machine.state_root == root


@pytest.mark.parametrize("sender", [-1, 2**32, 1.0, [1, 2, 3], [[1]], [1, -1], "1"])
def test_wrong_senders_are_refused(contract, machine, sender):
    root = machine.state_root
    with pytest.raises(InvalidInput, match="sender"):
        contract.submit("transfer", transfers(contract, [1, 2]), sender=sender)
    assert machine.state_root == root


def test_invalid_enum_and_bool_bytes_are_no_messages(contract, machine):
    """Bytes that no Python value has: the guest refuses the frame itself."""
    root = machine.state_root
    rows = np.zeros(3, contract.dtype("every"))
    rows["side"] = [0, 2, 1]
    rows.view(np.uint8).reshape(3, -1)[2, 0] = 2
    receipts = contract.submit("every", rows)
    assert receipts.counts() == {"accepted": 1, "invalid.malformed_payload": 2}
    assert machine.state_root == root
    with pytest.raises(InvalidInput, match="malformed_payload"):
        receipts.raise_for_status()


def test_all_types_in_columns(contract):
    rows = np.zeros(2, contract.dtype("every"))
    rows["wide"] = i128_column([-(2**127), 2**64 + 5])
    rows["key"] = [bytes(range(32)), bytes(32)]
    rows["pair"]["amount"] = [1, -2]
    rows["prices"] = [[1, 2, 3], [4, 5, 6]]
    receipts = contract.submit("every", rows)
    events = receipts.raise_for_status().events["Every"]
    assert i128_integers(events["wide"]) == [-(2**127), 2**64 + 5]
    assert events["key"][0].tobytes() == bytes(range(32))
    assert events["prices"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert receipts.results["every"]["value"]["amount"].tolist() == [1, -2]
    with pytest.raises(InvalidInput, match="values\\[1\\]"):
        i128_column([0, 2**127])


def test_views_in_a_batch_change_nothing(contract, machine):
    root = machine.state_root
    rows = np.array([(131072 + 8, 5), (131072 + 8, 6)], contract.dtype("writing_view"))
    receipts = contract.submit("writing_view", rows)
    assert receipts.results["writing_view"]["value"].tolist() == [5, 6]
    assert len(receipts.events["Tick"]) == 2
    assert machine.state_root == root
    accounts = np.arange(10_000, dtype=np.uint32).view([("account", "<u4")])
    assert contract.submit("balance", accounts).results["balance"]["value"][:3].tolist() == [0, 1000, 0]


def test_many_crossings_count_messages_and_records_through(contract):
    count = 2 * MESSAGES_PER_CROSSING + 100
    amounts = np.where(np.arange(count) % 3 == 0, -1, 1)
    contract.write(address=131072 + 8, value=10**6)
    receipts = contract.submit("transfer", transfers(contract, amounts), sender=1)
    accepted = np.flatnonzero(amounts == 1)
    assert receipts.events["Transfer"]["message_index"].tolist() == accepted.tolist()
    assert receipts.first_record[accepted].tolist() == list(range(len(accepted)))
    assert receipts[int(accepted[-1])].events[0].amount == 1
    assert receipts[0].events == []


def test_an_outbox_that_others_filled_is_emptied_between_crossings(contract):
    """Each message fits alone, together they fill the outbox many times: none may trap."""
    counts = [20_000, 25_000, 1, 30_000, 40_000, 0, 40_000]
    assert sum(counts) * 24 > 3 * OUTBOX_BYTES
    rows = np.array([(count,) for count in counts], contract.dtype("emit_many"))
    receipts = contract.submit("emit_many", rows, sender=1)
    assert receipts.counts() == {"accepted": len(counts)}
    assert receipts.record_count.tolist() == counts
    events = receipts.events["Transfer"]
    assert np.bincount(events["message_index"], minlength=len(counts)).tolist() == counts
    assert receipts[3].events[-1].to == 1


def test_a_message_too_large_for_the_outbox_traps_wherever_it_stands(contract):
    gas = contract.emit_many(count=10**5).gas
    rows = np.array([(100,), (10**5,), (100,), (10**5,), (10**5,)], contract.dtype("emit_many"))
    receipts = contract.submit("emit_many", rows)
    assert receipts.code.tolist() == [0, *[TrapCode.OUTBOX_EXHAUSTED, 0], *[TrapCode.OUTBOX_EXHAUSTED] * 2]
    assert receipts.gas[[1, 3, 4]].tolist() == [gas] * 3
    assert receipts.record_count.tolist() == [100, 0, 100, 0, 0]


def test_traps_in_the_middle_do_not_stop_a_batch(contract):
    batch = contract.batch()
    batch.add("transfer", transfers(contract, [1] * 500), sender=1, order=np.arange(0, 1000, 2))
    batch.add("fail", np.full(500, 16, "u4").view([("code", "u4")]), order=np.arange(1, 1000, 2))
    receipts = contract.submit(batch)
    assert receipts.counts() == {"accepted": 500, "trap.key_missing": 500}
    assert contract.balance(2) == 500
    assert len(receipts.events["Tick"]) == 0


def test_a_row_of_a_column_is_a_value(contract):
    """Found by fuzzing: an i128 of a numpy row was refused where one from Python was taken."""
    column = i128_column([-(2**127), 2**64 + 5])
    assert column.dtype == contract.dtype("every")["wide"]
    parameters = contract.entries["every"].type.parameters
    codec = parameters.codecs[parameters.names.index("wide")]
    assert [codec.to_item(row, "wide") for row in column] == [row.tobytes() for row in column]
