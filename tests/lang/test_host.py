"""One message applied to a contract under CPython: outcomes, atomicity, arguments, the interface."""

from __future__ import annotations

import sys

import pytest

from corten.base.errors import InvalidInput, Status, TrapCode
from corten.lang.memory import EXECUTION
from corten.lang.refusal import LanguageError

SOURCE = """
    from typing import Literal
    from corten.lang import Array, Enum, Handle, Map, Unit, Vec, bytes32, contract, event, f64, i64, i128, init
    from corten.lang import message, require, struct, u8, u32, u64, view

    TWO = Literal[2]

    class Side(Enum):
        BUY = 0
        SELL = 3

    class Ticks(Unit[i64]):
        pass

    @struct
    class Order:
        side: Side
        price: Ticks
        sizes: Array[u8, TWO]

    @event
    class Seen:
        order: Order
        real: f64
        flag: bool

    @contract
    class Sample:
        table: Map[u32, i64]
        log: Vec[u64]
        order: Order

        @init
        def open(self, value: i64) -> None:
            self.table[0] = value

        @message
        def write(self, key: u32, value: i64, mode: u8) -> i64:
            self.table[key] = value
            self.log.append(self.height)
            self.emit(Seen(self.order, 0.5, True))
            require(mode != 1, "mode_is_one")
            require(mode != 2, "mode_is_two")
            assert mode != 3
            if mode == 4:
                return self.deep(1)
            if mode == 5:
                self.table[key] = value + self.chain
            return self.table[key]

        def deep(self, x: i64) -> i64:
            return self.deep(x + 1)

        @message
        def everything(
            self, order: Order, wide: i128, name: bytes32, real: f64, flag: bool, at: Handle[Order]
        ) -> Order:
            self.order = order
            return self.order

        @view
        def read(self, key: u32) -> i64:
            self.log.append(1)
            return self.table[key]

        @view
        def header(self) -> Array[i64, TWO]:
            result = Array[i64, TWO]()
            result[0] = i64(self.sender)
            result[1] = self.time
            return result
"""


@pytest.fixture
def sample(contract):
    return contract(SOURCE)


def state(sample):
    return bytes(sample.memory.data).rstrip(b"\0")


def test_accepted(sample):
    outcome = sample.apply("write", {"key": 1, "value": -5, "mode": 0}, sender=3, height=8)
    assert (outcome.status, outcome.code, outcome.result) == (Status.ACCEPTED, 0, -5)
    seen = {"order": {"side": 0, "price": 0, "sizes": [0, 0]}, "real": 0.5, "flag": True}
    assert outcome.events == [("Seen", seen)]
    assert type(outcome.result) is int
    assert sample.apply("read", {"key": 1}).result == -5


@pytest.mark.parametrize(
    ("mode", "status", "code", "name"),
    [
        (1, Status.REJECTED, 1, "mode_is_one"),
        (2, Status.REJECTED, 2, "mode_is_two"),
        (3, Status.TRAPPED, TrapCode.ASSERTION_FAILED, "assertion_failed"),
        (4, Status.TRAPPED, TrapCode.STACK_EXHAUSTED, "stack_exhausted"),
    ],
)
def test_a_failing_message_changes_nothing(sample, mode, status, code, name):
    sample.apply("write", {"key": 1, "value": 7, "mode": 0})
    before, limit = state(sample), sys.getrecursionlimit()
    outcome = sample.apply("write", {"key": 9, "value": 1, "mode": mode})
    assert (outcome.status, outcome.code, outcome.name) == (status, code, name)
    assert outcome.exception.__traceback__ is not None
    assert (outcome.events, outcome.result) == ([], None)
    assert state(sample) == before
    assert sys.getrecursionlimit() == limit


def test_an_error_of_the_source_is_raised_after_the_rollback(sample):
    before = state(sample)
    with pytest.raises(LanguageError, match="expected i64, found u64"):
        sample.apply("write", {"key": 9, "value": 1, "mode": 5})
    assert state(sample) == before
    assert EXECUTION.get(None) is None


def test_views_and_read_only_messages_roll_back(sample):
    before = state(sample)
    assert sample.apply("read", {"key": 77}).result == 0
    outcome = sample.apply("write", {"key": 1, "value": 2, "mode": 0}, read_only=True)
    assert (outcome.status, outcome.result, len(outcome.events)) == (Status.ACCEPTED, 2, 1)
    assert state(sample) == before


def test_message_header(sample):
    assert sample.apply("header", {}, sender=4, time=-5).result == [4, -5]


def test_init_runs_only_when_allowed(sample):
    assert sample.apply("open", {"value": 5}).name == "unknown_entry"
    assert sample.apply("open", {"value": 5}, allow_init=True).status is Status.ACCEPTED
    assert sample.apply("read", {"key": 0}).result == 5


def test_arguments_of_every_type(sample):
    arguments = {
        "order": {"side": "SELL", "price": -2, "sizes": [1, 255]},
        "wide": -(2**127), "name": bytes(32), "real": 1, "flag": False, "at": 2**32 - 1,
    }  # fmt: skip
    outcome = sample.apply("everything", arguments)
    assert outcome.result == {"side": 3, "price": -2, "sizes": [1, 255]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("order", {"side": 1}),
        ("order", {"side": "HOLD"}),
        ("order", {"sizes": [1]}),
        ("order", {"sizes": [1, 256]}),
        ("order", {"colour": 1}),
        ("order", 5),
        ("wide", 2**127),
        ("wide", 1.5),
        ("wide", True),
        ("name", bytes(31)),
        ("real", "x"),
        ("flag", 2),
        ("at", -1),
    ],
)
def test_malformed_arguments_are_named(sample, name, value):
    arguments = {"order": {}, "wide": 1, "name": bytes(32), "real": 1.0, "flag": True, "at": 0, name: value}
    before = state(sample)
    outcome = sample.apply("everything", arguments)
    assert (outcome.status, outcome.name) == (Status.INVALID, "malformed_payload")
    assert isinstance(outcome.exception, InvalidInput)
    assert name in str(outcome.exception)
    assert state(sample) == before


def test_missing_and_unknown_arguments(sample):
    for arguments in ({}, {"key": 1, "value": 1}, {"key": 1, "value": 1, "mode": 1, "more": 1}):
        assert sample.apply("write", arguments).name == "malformed_payload"
    assert sample.apply("deep", {"x": 1}).name == "unknown_entry"


def test_memory_limit(contract):
    text = """
        from corten.lang import Vec, contract, message, u8, u32

        @contract
        class Growing:
            bytes: Vec[u8]

            @message
            def grow(self, count: u32) -> u32:
                for _ in range(count):
                    self.bytes.append(1)
                return len(self.bytes)
        """
    growing = contract(text, 0x10000 + 450)
    assert growing.apply("grow", {"count": 100}).result == 100
    outcome = growing.apply("grow", {"count": 100})
    assert (outcome.status, outcome.code) == (Status.TRAPPED, TrapCode.HEAP_EXHAUSTED)
    with pytest.raises(InvalidInput, match="memory_limit"):
        contract(text, 0x10000)


def test_interface(sample):
    abi = sample.abi
    assert [(entry["name"], entry["kind"], entry["size"], entry["result_size"]) for entry in abi["entries"]] == [
        ("open", "init", 8, 0),
        ("write", "message", 24, 8),
        ("everything", "message", 88, 24),
        ("read", "view", 8, 8),
        ("header", "view", 0, 16),
    ]
    assert abi["entries"][2]["parameters"][0] == {"name": "order", "type": "Order", "offset": 0}
    assert abi["entries"][2]["parameters"][5] == {"name": "at", "type": "u32", "offset": 84}
    assert abi["entries"][4]["returns"] == "Array[i64, 2]"
    assert abi["types"]["Order"]["size"] == 24
    assert abi["types"]["Side"] == {"kind": "enum", "base": "u8", "members": {"BUY": 0, "SELL": 3}}
    assert abi["types"]["Ticks"] == {"kind": "unit", "base": "i64"}
    assert abi["errors"] == ["mode_is_one", "mode_is_two"]
    assert abi["state"]["address"] == 0x10040
    assert [field["type"] for field in abi["state"]["fields"]] == ["Map[u32, i64]", "Vec[u64]", "Order"]


def test_contract_needs_a_message_in_progress(sample):
    with pytest.raises(LanguageError, match="message in progress"):
        sample._contract.header()
