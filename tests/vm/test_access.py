"""Machines that record accesses: what is recorded is complete, small, and changes nothing."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wasmtime

from corten import InvalidInput
from corten.base.errors import Status
from corten.demo.execution import ORDER_BOOK, Execution
from corten.demo.flow import FlowShape, generate_flow
from corten.host import BY_NAME
from corten.vm import Contract, Machine, Passes, Receipts
from corten.vm.accesses import Accesses, Recorder
from corten.vm.layout import READ_MAP_BYTES, Layout
from corten.wasm.instrument import layout as instrumented
from tests.calls import test_hostile as hostile
from tests.calls.test_hostile import ECHO
from tests.calls.test_hostile_deploy import CODE_AT, RESULT_AT, deployer
from tests.host.guests import DATA, OUT, module
from tests.vm.modules import with_sections
from tests.vm.pairs import random_rows
from tests.vm.spoiled import Build, SpoiledTwin, comparable

CONTRACTS = Path(__file__).parent.parent / "contracts"
CALLS = Path(__file__).parent.parent / "calls" / "contracts"
LIMIT = 1 << 20
ARGUMENTS = {"token": {"owner": 1, "supply": 100}, "vault": {"daily_rate": 10, "fee_rate": 100}}
BOOK_RULES = {
    "tick_size": 100,
    "lot_size": 10_000,
    "minimum_price": 100,
    "maximum_price": 12_000_000,
    "minimum_size": 10_000,
    "maximum_size": 1_000_000_000_000,
    "maximum_orders": 4_000,
    "match_limit": 50,
}
BOOK_LIMIT = 2 << 20
FLOW = FlowShape(resting=300, accounts=50, special=0.1, changes=0.1)


WARM, MESSAGES = 2_000, 5_000


class Books:
    """Order books of several machines, and one flow for all of them."""

    def __init__(self) -> None:
        self._flow = generate_flow(3, MESSAGES, FLOW)
        self._executions: list[Execution] = []

    def deploy(self, machine: Machine) -> None:
        """An order book with orders in it."""
        execution = Execution(ORDER_BOOK, BOOK_RULES, machine)
        self._executions.append(execution)
        execution.contract.submit(execution.batch(self._flow[:WARM]))

    def submission(self, begin: int, end: int, **options: Any) -> Callable[[Contract], Receipts]:
        """Messages of the flow, for any of the books."""

        def submit(book: Contract) -> Receipts:
            (execution,) = (each for each in self._executions if each.contract is book)
            return book.submit(execution.batch(self._flow[begin:end]), **options)

        return submit


def example(name: str) -> Build:
    def build(machine: Machine) -> None:
        machine.deploy(CONTRACTS / f"{name}.py", name, **ARGUMENTS.get(name, {}))

    return build


def example_messages(contract: Contract, rounds: int, seed: int = 7) -> list[tuple[str, np.ndarray[Any, Any], Any]]:
    """(entry, rows, senders), drawn at random."""
    random = np.random.default_rng(seed)
    entries = [entry.name for entry in contract.interface.entries if entry.kind == "message"]
    parts = []
    for entry in random.choice(entries, rounds):
        count = int(random.integers(1, 4))
        parts.append((str(entry), random_rows(random, contract.dtype(str(entry)), count), random.integers(0, 5, count)))
    return parts


# ---- completeness ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["auction", "instruments", "registry", "shelves", "token", "vault"])
def test_no_example_contract_sees_garbage_in_other_pages(name: str) -> None:
    twin = SpoiledTwin(example(name))
    contract = twin.recording[name]
    ends: set[int] = set()
    for entry, rows, senders in example_messages(contract, 60):
        ends |= set(twin.send(name, lambda c: c.submit(entry, rows, sender=senders)).status.tolist())  # noqa: B023
    random = np.random.default_rng(3)
    for entry_type in contract.interface.entries:
        if entry_type.kind == "view":
            rows = random_rows(random, contract.dtype(entry_type.name), 5)
            twin.send(name, lambda c: c.submit(entry_type.name, rows, sender=1))  # noqa: B023
    assert Status.ACCEPTED in ends
    assert len(ends) > 1
    assert np.mean(twin.kept) < LIMIT // 4096 / 8


def test_the_order_book_sees_no_garbage_in_other_pages() -> None:
    books = Books()
    twin = SpoiledTwin(books.deploy, memory_limit=BOOK_LIMIT)
    ends: set[str] = set()
    for begin in range(WARM, WARM + 40):
        ends |= twin.send("order_book", books.submission(begin, begin + 1)).counts().keys()
        assert max(twin.kept) < 100
    ends |= twin.send("order_book", books.submission(WARM + 40, WARM + 240)).counts().keys()
    twin.send("order_book", lambda book: book.depth(side=0, skip=0).rows.tolist())
    assert len(ends) > 2


def test_contracts_that_call_each_other_see_no_garbage() -> None:
    owner = 0x8000_0003

    def build(machine: Machine) -> None:
        for name in ("base", "quote"):
            machine.deploy(CALLS / "coin.py", name, owner=owner, supply=1_000_000)
        machine.deploy(CALLS / "exchange.py", "exchange", base=owner - 2, quote=owner - 1)

    twin = SpoiledTwin(build)
    for account in (7, 8):
        assert twin.send("exchange", lambda c: c.swap(amount=5, sender=account)).accepted  # noqa: B023
    assert list(twin.recording["exchange"].accesses) == [owner, owner - 2, owner - 1]
    for act in (
        lambda c: c.swap(amount=600_000, sender=7),
        lambda c: c.late_reject(amount=5, sender=7),
        lambda c: c.late_trap(amount=5, sender=7),
        lambda c: c.at(address=5, sender=7),
        lambda c: c.at(address=owner - 1, sender=7),
        lambda c: c.look_and_write(account=9, sender=7),
        lambda c: c.total(account=7),
        lambda c: c.holding(account=7),
        lambda c: c.own(),
    ):
        twin.send("exchange", act)


SPEAKER = f"""(module
  (import "corten" "call" (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "corten" "output" (func $output (param i32 i32 i32)))
  (memory (export "memory") 4) (data (i32.const 8188) "12345678") (data (i32.const 16380) "abcdefgh")
  (func (export "entry.tell") (result i32) (call $output (i32.const 0) (i32.const 8188) (i32.const 8)) (i32.const 0))
  (func (export "entry.ask") (param i32) (result i32)
    (call $call (local.get 0) (i32.const {ECHO}) (i32.const 16380) (i32.const 8) (i32.const 40956) (i32.const 8))))"""
SPEAKER_ABI: dict[str, Any] = {
    **hostile.ABI,
    "name": "Speaker",
    "types": {},
    "entries": [
        hostile._entry("tell", "message", []),
        hostile._entry("ask", "message", [hostile._field("contract", "u32", 0)]),
    ],
    "events": [{"name": "Told", "fields": [hostile._field("value", "i64", 0)], "size": 8}],
}


def test_ranges_that_leave_memory_unseen_by_loads() -> None:
    """A record by address, and a call's payload: what is copied from memory was read, what comes back was written."""

    def build(machine: Machine) -> None:
        machine.deploy(with_sections(SPEAKER, SPEAKER_ABI, hostile.LINES), "speaker")
        hostile.callee(machine)

    twin = SpoiledTwin(build)
    speaker = twin.recording["speaker"]
    assert len(twin.send("speaker", lambda c: c.tell()).events) == 1
    assert speaker.accesses[speaker].read.tolist() == [1, 2]
    assert twin.send("speaker", lambda c: c.ask(contract=speaker.address + 1)).accepted
    assert speaker.accesses[speaker].read.tolist() == [3, 4]
    assert speaker.accesses[speaker].written.tolist() == [9, 10]


def test_contracts_that_deploy_others_see_no_garbage() -> None:
    codes: dict[str, bytes] = {}

    def build(machine: Machine) -> None:
        for name in ("coin", "plain"):
            codes[name] = machine.publish(CALLS / f"{name}.py")
        machine.deploy(CALLS / "factory.py", "factory")
        deployer(machine, codes["coin"], at=CODE_AT)

    twin = SpoiledTwin(build)
    factory, liar = twin.recording["factory"], twin.recording["Caller"]
    for act in (
        lambda c: c.open(code=codes["coin"], owner=3, supply=500),
        lambda c: c.open_and_pay(code=codes["coin"], to=4, amount=5),
        lambda c: c.open_and_reject(code=codes["coin"]),
        lambda c: c.open_and_trap(code=codes["coin"]),
        lambda c: c.plain(code=codes["plain"]),
        lambda c: c.open(code=bytes(32), owner=3, supply=500),
    ):
        twin.send("factory", act)
    assert len(twin.recording.contracts) == 5
    receipt = twin.send("Caller", lambda c: c.go(contract=0))
    assert receipt.accesses[liar].read.tolist() == [CODE_AT // 4096, RESULT_AT // 4096]
    assert list(receipt.accesses) == [liar.address, receipt.result]
    assert list(factory.accesses) == [factory.address]


def test_an_address_that_is_taken_twice_in_a_batch() -> None:
    """A contract whose deployment failed leaves its address to the next one, which alone exists."""
    maps = np.zeros((6, 64), np.uint8)
    first, failed, deployed = (
        Recorder(address, maps[2 * place], maps[2 * place + 1], lambda: None) for place, address in enumerate((1, 2, 2))
    )
    first.begin()
    for page, recorder in ((3, failed), (5, deployed)):
        first.join(recorder)
        recorder._read[page] = 1
        if recorder is failed:
            first.left(recorder)
    assert first.take()[2].read.tolist() == [5]


def test_contracts_of_failed_deployments_are_not_kept() -> None:
    """Each reserves address space: recording a long batch of them would exhaust it."""
    machine = Machine(memory_limit=LIMIT, record_access=True)
    code = machine.publish(CALLS / "coin.py")
    factory = machine.deploy(CALLS / "factory.py")
    made: list[weakref.ref[Recorder]] = []
    initialize = Recorder.__init__

    def counted(self: Recorder, *arguments: Any) -> None:
        initialize(self, *arguments)
        made.append(weakref.ref(self))
        gc.collect()
        assert sum(each() is not None for each in made) <= 2

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Recorder, "__init__", counted)
        rows = np.zeros(4, factory.dtype("open_and_reject"))
        rows["code"] = np.frombuffer(code, rows.dtype["code"])[0]
        factory.submit("open_and_reject", rows)
    assert len(made) == 1 + 4  # the factory is made for its first message


HASHES = [name for name in ("blake2b", "keccak256", "sha256") if name in BY_NAME]


@pytest.mark.parametrize("name", HASHES)
def test_host_functions_read_their_inputs(name: str) -> None:
    """On a page border: both pages are recorded; an output is written, not read."""
    pytest.importorskip("Crypto")
    guest = module(BY_NAME[name])
    twin = SpoiledTwin(lambda machine: machine.deploy(guest, "guest"))
    for data, length in ((DATA - 3, 7), (DATA, 4096), (DATA - 1, 4098), (DATA + 5, 0), (LIMIT - 4, 4), (LIMIT - 4, 5)):
        receipt = twin.send("guest", lambda c: c.run(data=data, length=length, digest=OUT - 20))  # noqa: B023
        if receipt.accepted:
            pages = range(data // 4096, (data + length - 1) // 4096 + 1) if length else range(0)
            assert receipt.accesses[twin.recording["guest"]].read.tolist() == list(pages)
            assert receipt.accesses[twin.recording["guest"]].written.tolist() == [OUT // 4096 - 1, OUT // 4096]


HOSTILE = """(module (memory (export "memory") 4) (data "0123456789")
  (func (export "load") (param i32) (result i64) (i64.load offset=3 (local.get 0)))
  (func (export "wild") (param i32) (result i64) (i64.load offset=4294967295 (local.get 0)))
  (func (export "exchange") (param i32 i32) (local i64)
    (local.set 2 (i64.load (local.get 0)))
    (i64.store (local.get 0) (i64.load (local.get 1)))
    (i64.store (local.get 1) (local.get 2)))
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init") (param i32 i32 i32) (memory.init 0 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "sum") (param i32 i32) (result i32) (local i32)
    (loop (local.set 2 (i32.add (local.get 2) (i32.load8_u (local.get 0))))
      (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 500))) (local.get 1))))
    (local.get 2))
  (func (export "late") (param i32) (result i32) (i32.div_u (i32.const 1) (i32.load (local.get 0)))))"""


def test_a_hostile_module_sees_no_garbage() -> None:
    content = bytes(wasmtime.wat2wasm(HOSTILE))
    twin = SpoiledTwin(lambda machine: machine.load(content, "hostile"))
    border, end = 5 * 4096, LIMIT
    messages = [
        ("load", (border - 10,)), ("load", (end - 11,)), ("load", (end - 10,)), ("wild", (1,)), ("wild", (9000,)),
        ("init", (border - 3, 0, 10)), ("init", (border, 4, 7)), ("exchange", (border - 3, 9 * 4096 - 1)),
        ("exchange", (border - 3, end - 7)), ("copy", (3 * 4096 - 5, border - 9, 5000)), ("copy", (end - 4, 0, 5)),
        ("copy", (0, end - 4, 5)), ("copy", (border, border + 8, 0)), ("fill", (border - 9, 7, 9000)),
        ("fill", (end, 1, 1)), ("sum", (border - 700, border + 9000)), ("sum", (end - 1000, end + 1)),
        ("late", (border - 2,)), ("late", (0,)),
    ]  # fmt: skip
    ends = set()
    for export, arguments in messages:
        receipt = twin.send("hostile", lambda c: c.call(export, numbered(c, export, arguments)))  # noqa: B023
        ends.add(receipt.status)
    assert len(ends) == 2


def numbered(contract: Contract, export: str, arguments: tuple[int, ...]) -> dict[str, int]:
    """Arguments by the names that a bare export's parameters have."""
    return dict(zip(contract.interface.entry(export).parameters.names, arguments, strict=True))


# ---- nothing else differs --------------------------------------------------------------------------------------------


class Both:
    """The same contracts in a plain and a recording machine: everything else they say is equal."""

    def __init__(self, build: Build, **options: Any) -> None:
        self.machines = [Machine(record_access=records, **options) for records in (False, True)]
        for machine in self.machines:
            build(machine)
        self.check_roots()

    def submit(self, name: str, act: Callable[[Contract], Receipts]) -> Receipts:
        first, second = (act(machine[name]) for machine in self.machines)
        assert comparable(first) == comparable(second)
        self.check_roots()
        return second

    def check_roots(self) -> None:
        first, second = self.machines
        assert first.state_root == second.state_root


@pytest.mark.parametrize("name", ["auction", "instruments", "registry", "shelves", "token", "vault"])
def test_example_contracts_are_the_same_with_recording(name: str) -> None:
    both = Both(example(name), memory_limit=LIMIT)
    for entry, rows, senders in example_messages(both.machines[0][name], 80, seed=11):
        both.submit(name, lambda c: c.submit(entry, rows, sender=senders))  # noqa: B023


def test_the_order_book_is_the_same_with_recording() -> None:
    books = Books()
    both = Both(books.deploy, memory_limit=BOOK_LIMIT)
    whole = both.submit("order_book", books.submission(WARM, WARM + 2_000))
    assert len(whole.counts()) > 3
    assert both.submit("order_book", books.submission(WARM + 2_000, MESSAGES)).accesses != whole.accesses


def test_snapshots_pass_between_machines_that_record_and_that_do_not() -> None:
    plain, recording = (Machine(memory_limit=LIMIT, record_access=records) for records in (False, True))
    example("token")(plain)
    recording.restore(plain.snapshot())
    token_ = recording["token"]
    first = token_.transfer(to=2, amount=5, sender=1)
    assert len(first.accesses[token_].pages)
    plain.restore(recording.snapshot())
    assert plain["token"].balance(account=2) == 5
    assert plain.state_root == recording.state_root
    plain["token"].transfer(to=3, amount=5, sender=1)
    recording.restore(plain.snapshot())
    assert recording["token"] is token_, "the same module is not loaded again"
    assert recording.fork()["token"].transfer(to=4, amount=1, sender=1).accesses


def test_a_loaded_module_passes_too() -> None:
    plain, recording = (Machine(memory_limit=LIMIT, record_access=records) for records in (False, True))
    plain.load(bytes(wasmtime.wat2wasm(HOSTILE)), "hostile").call("fill", 9000, 7, 8)
    recording.restore(plain.snapshot())
    assert recording.module("hostile").call("load", 8997).result == 0x0707_0707_0707_0707
    assert recording["hostile"].accesses[recording["hostile"]].read.tolist() == [2]


@pytest.mark.parametrize("order", [(False, True), (True, False)])
def test_caches_do_not_mix_the_variants(tmp_path: Path, order: tuple[bool, bool]) -> None:
    for records in (*order, *order):
        machine = Machine(memory_limit=LIMIT, record_access=records, cache=tmp_path)
        example("token")(machine)
        receipt = machine["token"].transfer(to=2, amount=5, sender=1)
        assert machine["token"].residency.program.layout.records_access is records
        if records:
            assert len(receipt.accesses[machine["token"]].read)


def test_host_and_guest_agree_on_the_map() -> None:
    assert READ_MAP_BYTES == instrumented.READ_MAP_BYTES
    for memory_limit in (2 << 16, LIMIT, 3 << 16, 256 << 20):
        for records in (False, True):
            host, pages = Layout(memory_limit, records), memory_limit >> 16
            assert host.read_map == instrumented.read_map(pages)
            assert host.inbox >= instrumented.host_begin(pages, records=records)


# ---- what is recorded ------------------------------------------------------------------------------------------------


def test_both_engines_record_the_same() -> None:
    pytest.importorskip("py_mini_racer")
    machines = [Machine(engine, memory_limit=LIMIT, record_access=True) for engine in ("wasmtime", "v8")]
    for machine in machines:
        example("vault")(machine)
    for entry, rows, senders in example_messages(machines[0]["vault"], 30):
        first, second = (m["vault"].submit(entry, rows, sender=senders, each_access=True) for m in machines)
        assert first.accesses == second.accesses
        assert [each.accesses for each in first] == [each.accesses for each in second]


def test_each_message_of_a_batch() -> None:
    books = Books()
    together, each = (Machine(memory_limit=BOOK_LIMIT, record_access=True) for _ in range(2))
    for machine in (together, each):
        books.deploy(machine)
    whole = books.submission(WARM, WARM + 300)(together["order_book"])
    apart = books.submission(WARM, WARM + 300, each_access=True)(each["order_book"])
    assert comparable(whole) == comparable(apart)
    assert together.state_root == each.state_root
    assert whole.accesses == apart.accesses == Accesses.union(receipt.accesses for receipt in apart)
    assert len({tuple(receipt.accesses[each["order_book"]].read) for receipt in apart}) > 30
    with pytest.raises(InvalidInput, match="each_access"):
        _ = whole[0].accesses


def test_a_message_to_one_account_of_many_reads_few_pages() -> None:
    machine = Machine(memory_limit=LIMIT, record_access=True)
    machine.deploy(CONTRACTS / "token.py", "token", owner=1, supply=1 << 40)
    coin = machine["token"]
    rows = np.zeros(20_000, coin.dtype("transfer"))
    rows["to"], rows["amount"] = np.arange(20_000), 1
    many = coin.submit("transfer", rows, sender=1).accesses[coin]
    one = coin.transfer(to=12_345, amount=1, sender=1).accesses[coin]
    seen = coin.balance(account=12_345), coin.accesses[coin]
    assert len(many.pages) > 90
    assert len(one.pages) <= 8
    assert len(seen[1].pages) <= 4
    assert len(seen[1].written) == 0


def test_a_deployment_is_recorded() -> None:
    machine = Machine(memory_limit=LIMIT, record_access=True)
    example("token")(machine)
    assert len(machine["token"].accesses[machine["token"]].written) > 0


def test_what_failed_is_recorded_in_all_contracts() -> None:
    owner = 0x8000_0002
    machine = Machine(memory_limit=LIMIT, record_access=True)
    coin = machine.deploy(CALLS / "coin.py", owner=owner, supply=100)
    exchange = machine.deploy(CALLS / "exchange.py", base=coin, quote=coin)
    root = machine.state_root
    for receipt in (exchange.swap(amount=101, sender=7), exchange.late_trap(amount=5, sender=7)):
        assert receipt.status != Status.ACCEPTED
        assert set(receipt.accesses) == {coin.address, exchange.address}
        assert len(receipt.accesses[coin].written) > 0
    assert machine.state_root == root
    assert exchange.at(address=12, sender=7).error == "unknown_contract"
    assert set(exchange.accesses) == {exchange.address}


def test_a_batch_of_calls_by_message() -> None:
    owner = 0x8000_0002
    machine = Machine(memory_limit=LIMIT, record_access=True)
    coin = machine.deploy(CALLS / "coin.py", owner=owner, supply=100)
    exchange = machine.deploy(CALLS / "exchange.py", base=coin, quote=coin)
    rows = np.zeros(2, exchange.dtype("at"))
    rows["address"] = coin.address, 12
    receipts = exchange.submit("at", rows, sender=7, each_access=True)
    assert [set(each.accesses) for each in receipts] == [{exchange.address, coin.address}, {exchange.address}]
    assert set(receipts.accesses) == {exchange.address, coin.address}


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_python_and_machines_without_the_undo_pass_are_refused() -> None:
    with pytest.raises(InvalidInput, match="record_access: expected engine 'wasmtime' or 'v8', found engine 'python'"):
        Machine("python", record_access=True)
    with pytest.raises(InvalidInput, match=r"record_access: .* found Passes\(undo=False\)"):
        Machine(record_access=True, passes=Passes(undo=False))


def test_a_machine_that_does_not_record_says_so() -> None:
    machine = Machine(memory_limit=LIMIT)
    example("token")(machine)
    coin = machine["token"]
    rows = np.zeros(1, coin.dtype("transfer"))
    receipts = coin.submit("transfer", rows)
    for look in (
        lambda: coin.accesses,
        lambda: coin.transfer(to=1, amount=1, sender=1).accesses,
        lambda: receipts.accesses,
        lambda: receipts[0].accesses,
        lambda: coin.submit("transfer", rows, each_access=True),
    ):
        with pytest.raises(InvalidInput, match=r"Machine\(record_access=True\)"):
            look()
