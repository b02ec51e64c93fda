"""What the wrapper of every host function guarantees, whatever stands behind it: ranges, gas, rollback."""

from __future__ import annotations

import pytest

from corten.base.errors import TrapCode
from corten.host import BY_NAME, HOST_FUNCTIONS, Role
from tests.host.guests import DATA, GAS, MEMORY, OUT, Guest, spread

NAMES = list(BY_NAME)
RANGES = [(function.name, index) for function in HOST_FUNCTIONS for index in range(len(function.ranges))]
GROWING = [(name, index) for name, index in RANGES if BY_NAME[name].ranges[index].length]
WRITING = [function.name for function in HOST_FUNCTIONS if function.output is not None]


def size_of(guest: Guest, index: int) -> int:
    return guest.function.ranges[index].size or 8


@pytest.mark.parametrize(("name", "index"), RANGES)
def test_a_range_outside_memory_traps_and_nothing_is_written(name, index, engine):
    guest = Guest(name, engine)
    before = bytes(guest.memory)
    size = size_of(guest, index)
    for address in (MEMORY - size + 1, MEMORY, MEMORY + 1, 2**31, 2**32 - size, 2**32 - 1):
        arguments = guest.good()
        arguments[spread(name, index)] = address
        receipt = guest.call(*arguments)
        assert (receipt.trap, receipt.gas) == (TrapCode.MEMORY_OUT_OF_BOUNDS, GAS), address
    assert bytes(guest.memory) == before


@pytest.mark.parametrize(("name", "index"), RANGES)
def test_a_range_may_end_where_memory_ends(name, index, engine):
    guest = Guest(name, engine)
    arguments = guest.good()
    arguments[spread(name, index)] = MEMORY - size_of(guest, index)
    assert guest.call(*arguments).accepted


@pytest.mark.parametrize(("name", "index"), GROWING)
def test_an_empty_range_may_lie_at_the_end_but_not_beyond(name, index, engine):
    guest = Guest(name, engine)
    arguments, at = guest.good(), spread(name, index)
    for address, accepted in ((0, True), (MEMORY, True), (MEMORY + 1, False), (2**32 - 1, False)):
        arguments[at : at + 2] = [address, 0]
        assert guest.call(*arguments).accepted == accepted


@pytest.mark.parametrize(("name", "index"), GROWING)
def test_a_length_that_wraps_around_traps(name, index, engine):
    guest = Guest(name, engine)
    arguments, at = guest.good(), spread(name, index)
    for address, length in ((DATA, 2**32 - DATA), (DATA, 2**32 - 1), (2**32 - 1, 2**32 - 1), (1, 2**32 - 1)):
        arguments[at : at + 2] = [address, length]
        assert guest.call(*arguments).trap == TrapCode.MEMORY_OUT_OF_BOUNDS


@pytest.mark.parametrize(("name", "index"), GROWING)
def test_gas_is_linear_in_the_bytes(name, index, engine):
    guest = Guest(name, engine)
    arguments, at = guest.good(), spread(name, index)
    spent = {}
    for length in (0, 1, 2, 1000, MEMORY):
        arguments[at : at + 2] = [0, length]
        spent[length] = guest.call(*arguments).gas
    assert {length: gas - spent[0] for length, gas in spent.items()} == {
        length: guest.price(length) - guest.price() for length in spent
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_call_costs_its_price_and_not_a_unit_less_will_do(name, engine):
    guest = Guest(name, engine)
    arguments = guest.good()
    gas = guest.call(*arguments).gas
    lengths = sum(8 for parameter in guest.function.parameters if parameter.length)
    assert guest.price(lengths) < gas < guest.price(lengths) + 500
    assert guest.call(*arguments, gas_limit=gas).accepted
    receipt = guest.call(*arguments, gas_limit=gas - 1)
    assert (receipt.trap, receipt.gas) == (TrapCode.OUT_OF_GAS, gas - 1)


@pytest.mark.parametrize(("name", "index"), GROWING)
def test_a_huge_length_with_little_gas_is_not_even_begun(name, index, monkeypatch, engine):
    called = []
    monkeypatch.setattr("corten.vm.host.service", lambda function: lambda memory, raw: called.append(function))
    guest = Guest(name, engine)
    arguments, at = guest.good(), spread(name, index)
    arguments[at : at + 2] = [0, MEMORY]
    enough = guest.price() + 1000
    if guest.function.gas[1].byte:
        assert guest.call(*arguments, gas_limit=enough).trap == TrapCode.OUT_OF_GAS
        assert not called
    else:
        assert guest.call(*arguments, gas_limit=enough).accepted


@pytest.mark.parametrize("name", WRITING)
@pytest.mark.parametrize("entry", ["look", "reject", "stop"])
def test_what_a_message_that_fails_or_a_view_wrote_is_undone(name, entry, engine):
    guest = Guest(name, engine)
    size = guest.function.output.size
    guest.put(bytes(range(size)), OUT)
    arguments, root = guest.good(), guest.machine.state_root
    if entry == "look":
        guest.call(*arguments, entry="look")
    else:
        assert not guest.call(*arguments, entry=entry).accepted
    assert guest.read(size) == bytes(range(size))
    assert guest.machine.state_root == root
    assert guest.call(*arguments).accepted
    assert guest.read(size) != bytes(range(size))


@pytest.mark.parametrize("name", WRITING)
@pytest.mark.parametrize("shift", [0, 1, 4, 7])
def test_output_across_a_page_border_is_logged_and_committed_to(name, shift, engine):
    guest = Guest(name, engine)
    size = guest.function.output.size
    address = OUT + 4096 - size // 2 + shift
    guest.put(b"\xaa" * 8192, OUT)
    arguments, before = guest.good(), bytes(guest.memory)
    arguments[guest.function.names.index(guest.function.output.name)] = address
    root = guest.machine.state_root
    assert not guest.call(*arguments, entry="reject").accepted
    assert bytes(guest.memory) == before
    assert guest.machine.state_root == root
    assert guest.call(*arguments).accepted
    after = bytes(guest.memory)
    assert after[:address] + after[address + size :] == before[:address] + before[address + size :]
    assert guest.machine.state_root != root


@pytest.mark.parametrize("name", WRITING)
def test_an_output_that_the_log_cannot_hold_is_not_written(name, monkeypatch, engine):
    monkeypatch.setattr("corten.vm.layout.LOG_BYTES", 16)
    guest = Guest(name, engine)
    guest.put(b"\xaa" * 64, OUT)
    assert guest.call(*guest.good()).trap == TrapCode.LOG_EXHAUSTED
    assert guest.read(64) == b"\xaa" * 64


def test_every_written_range_is_known_to_the_tests():
    assert {function.output.role for function in HOST_FUNCTIONS if function.output} == {Role.OUT}
