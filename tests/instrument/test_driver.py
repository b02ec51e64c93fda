"""`corten.run` and `corten.recover`: batches in, receipts and records out, every message all or nothing."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st

from corten.base.errors import InvalidCode, InvalidModule, Status, TrapCode
from corten.wasm.instrument import CONTROL, GAS_SCHEDULES, instrument
from corten.wasm.reader import read_module
from corten.wasm.sections import Abi, parse_abi
from tests.instrument.host import GAS, Machine, frame, options

WAT = """(module
  (import "corten" "trap" (func $trap (param i32)))
  (import "corten" "sender" (func $sender (result i32)))
  (import "corten" "time" (func $time (result i64)))
  (import "corten" "height" (func $height (result i64)))
  (import "corten" "chain" (func $chain (result i64)))
  (import "corten" "memory_limit" (func $limit (result i32)))
  (import "corten" "emit.Moved" (func $moved (param i32 i64 i32)))
  (import "corten" "result.total" (func $total (param i64)))
  (import "corten" "result.seven" (func $seven (param i32)))
  (import "corten" "output" (func $output (param i32 i32 i32)))
  (memory (export "memory") 1)
  (global $counter (mut i64) (i64.const 0))
  (func (export "entry.start") (param i64) (result i32) (i64.store (i32.const 8) (local.get 0)) (i32.const 0))
  (func $store (param i32 i64) (i64.store (local.get 0) (local.get 1)))
  (func (export "entry.move") (param i32 i64 i32) (result i32)
    (call $store (local.get 0) (local.get 1))
    (global.set $counter (i64.add (global.get $counter) (i64.const 1)))
    (call $moved (local.get 0) (local.get 1) (local.get 2))
    (if (i64.lt_s (local.get 1) (i64.const 0)) (then (return (i32.const 0x7005))))
    (if (i64.eq (local.get 1) (i64.const 13)) (then (call $trap (i32.const 0x9003)) (unreachable)))
    (if (i64.eq (local.get 1) (i64.const 14)) (then (unreachable)))
    (i32.const 0))
  (func (export "entry.total") (result i32)
    (i64.store (i32.const 8) (i64.add (i64.load (i32.const 8)) (i64.const 1)))
    (call $total (i64.load (i32.const 8))) (i32.const 0))
  (func (export "entry.scalars") (param i32 i32 i32 i32 i32 i32 i32 i32 f64 i32) (result i32)
    (i32.store (i32.const 100) (local.get 0)) (i32.store (i32.const 104) (local.get 1))
    (i32.store (i32.const 108) (local.get 2)) (i32.store (i32.const 112) (local.get 3))
    (i32.store (i32.const 116) (local.get 4)) (i32.store (i32.const 120) (local.get 5))
    (i32.store (i32.const 124) (local.get 6)) (i32.store (i32.const 128) (local.get 7))
    (f64.store (i32.const 136) (local.get 8)) (i32.store (i32.const 144) (local.get 9))
    (i32.const 0))
  (func (export "entry.block") (result i32)
    (i32.store (i32.const 200) (call $sender)) (i64.store (i32.const 208) (call $time))
    (i64.store (i32.const 216) (call $height)) (i64.store (i32.const 224) (call $chain))
    (i32.store (i32.const 232) (call $limit)) (i32.const 0))
  (func (export "entry.seven") (result i32) (call $seven (i32.const 7)) (i32.const 0))
  (func (export "entry.wrong") (result i32) (call $seven (i32.const 7)) (i32.const 0))
  (func (export "entry.flood") (result i32)
    (loop (call $moved (i32.const 1) (i64.const 2) (i32.const 0)) (br 0)) (unreachable))
  (func (export "entry.copy") (param i32 i32) (result i32)
    (call $output (local.get 0) (i32.const 8) (local.get 1)) (i32.const 0))
  (func $down (export "entry.recurse") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (call $down (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))
  (func (export "entry.grow") (param i32) (result i32)
    (i32.store (i32.const 300) (memory.grow (local.get 0))) (i32.store (i32.const 304) (memory.size)) (i32.const 0))
)"""


def fields(**types: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"name": name, "type": kind, "offset": offset} for name, (kind, offset) in types.items()]


def entry(name: str, size: int = 0, kind: str = "message", returns: str | None = None, **types: Any) -> dict[str, Any]:
    result_size = 8 if returns else 0
    parameters = fields(**types)
    return {
        "name": name,
        "kind": kind,
        "parameters": parameters,
        "size": size,
        "returns": returns,
        "result_size": result_size,
    }


SCALARS = dict(
    zip(
        "abcdefghxo",
        [
            *(("u8", 0), ("i8", 1), ("u16", 2), ("i16", 4), ("u32", 8)),
            *(("bool", 12), ("Side", 13), ("Sparse", 14), ("f64", 16), ("Handle[Order]", 24)),
        ],
        strict=True,
    )
)
DOCUMENT: dict[str, Any] = {
    "version": 1,
    "name": "Test",
    "types": {
        "Side": {"kind": "enum", "base": "u8", "members": {"BUY": 0, "SELL": 1}},
        "Sparse": {"kind": "enum", "base": "u8", "members": {"A": 3, "B": 4, "C": 200}},
    },
    "entries": [
        entry("start", 8, "init", supply=("i64", 0)),
        entry("move", 24, to=("u32", 0), amount=("i64", 8), side=("Side", 16)),
        entry("total", 0, "view", "i64"),
        entry("scalars", 32, **SCALARS),
        entry("block"),
        entry("seven", 0, "message", "u32"),
        entry("wrong"),
        entry("flood"),
        entry("copy", 8, kind_=("u32", 0), length=("u32", 4)),
        entry("recurse", 8, n=("u32", 0)),
        entry("grow", 8, n=("u32", 0)),
    ],
    "events": [{"name": "Moved", "fields": fields(to=("u32", 0), amount=("i64", 8), side=("Side", 16)), "size": 24}],
    "errors": ["negative"],
    "state": {"address": 65600, "size": 0, "fields": []},
}
START, MOVE, TOTAL, SCALAR, BLOCK, SEVEN, WRONG, FLOOD, COPY, RECURSE, GROW = range(11)
READ_ONLY, INIT = 1, 2
RESULT = 0xFFFF
V1 = GAS_SCHEDULES[1]


def abi(document: dict[str, Any] = DOCUMENT) -> Abi:
    return parse_abi(json.dumps(document).encode())


def machine(**changes: Any) -> Machine:
    return Machine(read_module(bytes(wasmtime.wat2wasm(WAT))), abi(), options(4), **changes)


def move(to: int, amount: int, side: int = 0) -> tuple[int, int, bytes]:
    return MOVE, 7, struct.pack("<IIqB7x", to, 0, amount, side)


def statuses(guest: Machine, *messages: tuple[int, int, bytes], flags: int = 0) -> list[tuple[int, int]]:
    return [(receipt.status, receipt.code) for receipt in guest.run(*messages, flags=flags)]


def i64(guest: Machine, address: int) -> int:
    return int(struct.unpack("<q", guest.memory()[address : address + 8])[0])


def test_a_batch() -> None:
    guest = machine()
    receipts = guest.run(move(64, 5), move(72, -1), move(80, 13), move(88, 6), move(96, 14), (TOTAL, 0, b""))
    assert [r.status for r in receipts] == [0, 1, 2, 0, 2, 0]
    assert [(r.code, r.site) for r in receipts] == [(0, 0), (5, 7), (3, 9), (0, 0), (1, 0), (0, 0)]
    assert [(r.first_record, r.record_count) for r in receipts] == [(0, 1), (1, 0), (1, 0), (1, 1), (2, 0), (2, 1)]
    assert [i64(guest, address) for address in (64, 72, 80, 88, 96)] == [5, 0, 0, 6, 0]
    assert guest.records() == [
        struct.pack("<IIIIqQ", 0, 0, 64, 0, 5, 0),
        struct.pack("<IIIIqQ", 0, 3, 88, 0, 6, 0),
        struct.pack("<IIq", RESULT, 5, 1),
    ]
    assert guest.value("corten.global.0") == 2
    assert guest.traps == 2


def test_gas_of_receipts() -> None:
    guest = machine()
    accepted, rejected, trapped, stopped = guest.run(move(64, 5), move(64, -1), move(64, 13), move(64, 14))
    assert rejected.gas < accepted.gas < 400
    assert trapped.gas == pytest.approx(accepted.gas + V1.trap, abs=30)
    assert stopped.gas == GAS


def test_rejecting_is_no_trap() -> None:
    guest = machine()
    assert statuses(guest, *[move(64, -1)] * 50) == [(Status.REJECTED, 5)] * 50
    assert guest.traps == 0


def test_views_and_read_only_batches_keep_their_results_and_nothing_else() -> None:
    guest = machine()
    before = guest.memory()
    guest.run((TOTAL, 0, b""), (TOTAL, 0, b""))
    assert [record[8:] for record in guest.records()] == [struct.pack("<q", 1)] * 2
    receipts = guest.run(move(64, 5), move(64, -1), flags=READ_ONLY)
    assert [(r.status, r.record_count) for r in receipts] == [(0, 1), (1, 0)]
    assert guest.memory() == before
    assert guest.value("corten.global.0") == 0


def test_init_runs_at_deploy_only() -> None:
    guest = machine()
    payload = struct.pack("<q", 1000)
    assert statuses(guest, (START, 0, payload)) == [(Status.INVALID, InvalidCode.UNKNOWN_ENTRY)]
    assert statuses(guest, (START, 0, payload), flags=INIT) == [(Status.ACCEPTED, 0)]
    assert i64(guest, 8) == 1000


def test_parameters_are_extended_by_their_type() -> None:
    guest = machine()
    payload = struct.pack("<BbHhxxIBBBxdIxxxx", 255, -1, 65535, -2, 1 << 31, 1, 1, 200, 0.5, 9)
    assert statuses(guest, (SCALAR, 0, payload)) == [(0, 0)]
    assert struct.unpack("<8i4xdi", guest.memory()[100:148]) == (255, -1, 65535, -2, -(1 << 31), 1, 1, 200, 0.5, 9)


@pytest.mark.parametrize(("position", "value"), [(12, 2), (13, 2), (14, 0), (14, 5), (14, 199), (14, 255)])
def test_bools_and_enums_have_only_their_values(position: int, value: int) -> None:
    payload = bytearray(struct.pack("<BbHhxxIBBBxdIxxxx", 0, 0, 0, 0, 0, 1, 1, 3, 0, 0))
    guest = machine()
    assert statuses(guest, (SCALAR, 0, bytes(payload))) == [(0, 0)]
    payload[position] = value
    malformed = Status.INVALID, InvalidCode.MALFORMED_PAYLOAD
    assert statuses(guest, (SCALAR, 0, bytes(payload)), move(64, 1)) == [malformed, (0, 0)]


def test_payloads_have_the_size_of_the_entry() -> None:
    guest = machine()
    malformed = Status.INVALID, InvalidCode.MALFORMED_PAYLOAD
    assert statuses(guest, (MOVE, 0, b""), (MOVE, 0, bytes(32)), (TOTAL, 0, bytes(8)), move(64, 1)) == [
        *([malformed] * 3),
        (0, 0),
    ]


def test_unknown_entries() -> None:
    guest = machine()
    unknown = Status.INVALID, InvalidCode.UNKNOWN_ENTRY
    assert statuses(guest, (99, 0, b""), (0xFFFF_FFFF, 0, b""), (len(DOCUMENT["entries"]), 0, b"")) == [unknown] * 3
    assert guest.run((99, 0, b""))[0].gas == V1.message


@settings(max_examples=60, deadline=None)
@given(header=st.binary(min_size=16, max_size=16), tail=st.binary(max_size=40), size=st.integers(0, 64))
def test_a_malformed_frame_ends_the_batch(header: bytes, tail: bytes, size: int) -> None:
    """No frame hangs `run` or lets it read past the end; what comes before is kept."""
    guest = machine()
    good = frame(*move(64, 5))
    bad = struct.pack("<I", size) + header[4:] + tail
    guest.prepare(good + bad)
    outcome = guest.outcome("corten.run")
    while outcome != "returned":
        guest.call("corten.recover", 1)
        outcome = guest.outcome("corten.run")
    assert guest.receipt(0).status == Status.ACCEPTED
    assert guest.u32(CONTROL["cursor"]) == guest.frames + len(good + bad)
    assert guest.u32(CONTROL["message"]) <= 1 + (len(bad) + 15) // 16


@pytest.mark.parametrize("size", [0, 8, 12, 15, 17, 48, 0xFFFF_FFF8])
def test_frames_of_no_sense(size: int) -> None:
    guest = machine()
    guest.prepare(struct.pack("<IIII", size, MOVE, 0, 24) + bytes(24))
    guest.call("corten.run")
    assert (guest.receipt(0).status, guest.receipt(0).code) == (Status.INVALID, InvalidCode.MALFORMED_PAYLOAD)
    assert guest.u32(CONTROL["message"]) == 1


def test_block_header_and_sender() -> None:
    guest = machine()
    guest.run((BLOCK, 0xFFFF_FFFE, b""))
    assert struct.unpack("<I", guest.memory()[200:204]) == (0xFFFF_FFFE,)
    assert struct.unpack("<qqqI", guest.memory()[208:236]) == (111, 222, 333, 4 * 65536)


def test_results_are_of_the_running_entry() -> None:
    guest = machine()
    assert statuses(guest, (SEVEN, 0, b""), (WRONG, 0, b"")) == [(0, 0), (Status.TRAPPED, TrapCode.UNREACHABLE)]
    assert guest.records() == [struct.pack("<IIII", RESULT, 0, 7, 0)]


def test_output_copies_records_of_the_size_that_the_abi_says() -> None:
    guest = machine()
    guest.run(move(8, 77))
    bad = Status.TRAPPED, TrapCode.UNREACHABLE
    pairs = [(0, 24), (0, 16), (1, 24), (RESULT, 8), (RESULT, 0)]
    found = statuses(guest, *[(COPY, 0, struct.pack("<II", *pair)) for pair in pairs])
    assert found == [(0, 0), bad, bad, bad, (0, 0)]
    assert guest.records()[0] == struct.pack("<IIq", 0, 0, 77) + bytes(16)


@pytest.mark.parametrize("changes", [{"outbox_bytes": 1000}, {"record_count": 30}])
def test_the_outbox_has_an_end(changes: dict[str, int]) -> None:
    guest = machine(**changes)
    found = statuses(guest, move(64, 1), (FLOOD, 0, b""), move(64, 2))
    assert found == [(0, 0), (Status.TRAPPED, TrapCode.OUTBOX_EXHAUSTED), (0, 0)]
    assert len(guest.records()) == 2


def test_stack() -> None:
    guest = machine()
    deep = struct.pack("<II", 100_000, 0)
    shallow = struct.pack("<II", 1_000, 0)
    assert statuses(guest, (RECURSE, 0, shallow), (RECURSE, 0, deep), (RECURSE, 0, shallow)) == [
        *((0, 0), (Status.TRAPPED, TrapCode.STACK_EXHAUSTED), (0, 0)),
    ]


def test_memory_grows_to_the_limit_and_shrinks_with_a_rollback() -> None:
    guest = machine()
    grow = lambda pages: (GROW, 0, struct.pack("<II", pages, 0))  # noqa: E731
    seen = []
    for pages in (1, 2, 1, 0, 0xFFFF_FFFF):
        guest.run(grow(pages))
        seen.append(struct.unpack("<iI", guest.memory()[300:308]))
    assert seen == [(1, 2), (2, 4), (-1, 4), (4, 4), (-1, 4)]
    other = machine()
    other.run(grow(1), flags=READ_ONLY)
    assert other.value("corten.global.1") == 1


def test_too_little_gas_for_a_frame() -> None:
    guest = machine(gas=V1.message - 1)
    assert guest.run(move(64, 1))[0].gas == V1.message - 1
    assert statuses(guest, move(64, 1)) == [(Status.TRAPPED, TrapCode.OUT_OF_GAS)]
    assert guest.traps == 0


def test_gas_is_what_the_receipt_says() -> None:
    """The limit that a message used is enough for it; one less is not, and leaves nothing behind."""
    used = machine().run(move(64, 5))[0].gas
    assert machine(gas=used).run(move(64, 5))[0].status == Status.ACCEPTED
    poor = machine(gas=used - 1)
    assert poor.run(move(64, 5))[0].code == TrapCode.OUT_OF_GAS
    assert i64(poor, 64) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('"entry.block"', '"entry.blocked"'), "entry block: expected an exported function"),
        (
            ('"entry.block") (result i32)', '"entry.block") (param i32) (result i32)'),
            "entry block: expected a function",
        ),
        (('"corten" "time"', '"corten" "clock"'), r"import corten.clock: expected an import that"),
        (('"corten" "time"', '"env" "time"'), r"import env.time: expected only functions of module corten"),
        (('"emit.Moved"', '"emit.Gone"'), r"import corten.emit.Gone: expected an import that"),
        (("(param i32 i64 i32)))\n", "(param i32 i64)))\n"), "import corten.emit.Moved: expected type"),
        (('(memory (export "memory") 1)', '(memory (export "memory") 5)'), "memory: expected at most the 4 pages"),
    ],
)
def test_what_does_not_fit_is_refused(change: tuple[str, str], message: str) -> None:
    text = WAT.replace(*change)
    if "i64)))" in change[1]:
        text = text.replace("(local.get 0) (local.get 1) (local.get 2))\n", "(local.get 0) (local.get 1))\n", 1)
        text = text.replace("(i32.const 1) (i64.const 2) (i32.const 0))", "(i32.const 1) (i64.const 2))")
    if "param i32) (result" in change[1]:
        text = text.replace('"entry.block") (param i32)', '"entry.block") (param i32)')
    module = read_module(bytes(wasmtime.wat2wasm(text)))
    with pytest.raises(InvalidModule, match=message):
        instrument(module, abi(), options(4))
