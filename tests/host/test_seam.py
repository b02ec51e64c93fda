"""Where guest and host meet: index spaces of instrumented modules, refused imports, exceptions, recorded answers."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import wasmtime

import corten
from corten.base.errors import HostFault, InvalidInput, InvalidModule, TrapCode
from corten.host import BY_NAME
from corten.vm.host import Answer, check_available
from corten.wasm.instrument import Options, instrument
from corten.wasm.instrument.host import HOST_MODULE
from corten.wasm.module import FuncType
from corten.wasm.opcodes import I32
from corten.wasm.reader import read_module
from corten.wasm.sections import read_abi
from corten.wasm.validate import validate
from corten.wasm.writer import write_module
from tests.host.guests import DATA, GAS, MEMORY, OUT, Guest, module
from tests.vm.modules import with_sections

ABC = bytes.fromhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
LINES = {"files": ["guest.wat"], "sites": [[0, "", 0]]}


def abi(*names):
    entries = [
        {"name": name, "kind": "message", "parameters": [], "size": 0, "returns": None, "result_size": 0}
        for name in names
    ]
    state = {"address": 65536, "size": 64, "fields": []}
    head = {"version": 1, "name": "Guest", "types": {}, "events": [], "errors": []}
    return {**head, "entries": entries, "state": state}


# Host functions before, between and after other imports, one of them twice, all in a table and one as an entry.
MIXED = f"""(module
  (type $hash (func (param i32 i32 i32)))
  (import "corten" "sender" (func $sender (result i32)))
  (import "corten" "sha256" (func $sha256 (param i32 i32 i32)))
  (import "corten" "trap" (func $trap (param i32)))
  (import "corten" "keccak256" (func $keccak (param i32 i32 i32)))
  (import "corten" "time" (func $time (result i64)))
  (import "corten" "sha256" (func $again (param i32 i32 i32)))
  (memory (export "memory") 4)
  (data (i32.const {DATA}) "abc")
  (table 6 funcref)
  (elem (i32.const 0) $sender $sha256 $trap $keccak $time $again)
  (export "entry.whoami" (func $sender))
  (func (export "entry.direct") (result i32)
    (call $sha256 (i32.const {DATA}) (i32.const 3) (i32.const {OUT}))
    (call $keccak (i32.const {DATA}) (i32.const 3) (i32.const {OUT + 32}))
    (call $again (i32.const {DATA}) (i32.const 3) (i32.const {OUT + 64}))
    (i32.const 0))
  (func (export "entry.indirect") (result i32) (local $i i32)
    (call_indirect (type $hash) (i32.const {DATA}) (i32.const 3) (i32.const {OUT}) (i32.const 1))
    (call_indirect (type $hash) (i32.const {DATA}) (i32.const 3) (i32.const {OUT + 32}) (i32.const 3))
    (call_indirect (type $hash) (i32.const {DATA}) (i32.const 3) (i32.const {OUT + 64}) (i32.const 5))
    (call_indirect (result i32) (i32.const 0)))
  (func (export "entry.raise") (result i32) (call_indirect (param i32) (i32.const 12) (i32.const 2)) (i32.const 0)))"""


def hashes(contract):
    memory = contract.residency.live()._instance.memory
    return [bytes(memory[address : address + 32]) for address in (OUT, OUT + 32, OUT + 64)]


def test_imports_keep_their_meaning_wherever_they_stand():
    names = ("whoami", "direct", "indirect", "raise")
    guest = with_sections(MIXED, abi(*names), LINES)
    machine = corten.Machine(memory_limit=1 << 18, cache=False)
    direct, indirect = machine.deploy(guest, name="a"), machine.deploy(guest, name="b")
    assert direct.direct().accepted
    assert indirect.indirect(sender=0).accepted
    assert hashes(direct) == hashes(indirect)
    assert hashes(direct)[::2] == [ABC, ABC]
    assert hashes(direct)[1] != ABC
    assert direct.whoami(sender=0).accepted
    assert not direct.whoami(sender=7).accepted
    assert direct.call("raise", {}).trap == TrapCode.ASSERTION_FAILED


def test_only_host_functions_stay_imports_each_once():
    guest = read_module(with_sections(MIXED, abi("direct"), LINES))
    for described in (read_abi(guest), None):
        built = instrument(guest, described, Options(4, 64))
        assert [(item.module, item.name) for item in built.imports] == [
            (HOST_MODULE, "sha256"),
            (HOST_MODULE, "keccak256"),
        ]
        content = write_module(built)
        validate(read_module(content))
        wasmtime.Module(wasmtime.Engine(), content)
    whoami = next(export for export in built.exports if export.name == "entry.whoami")
    assert built.types[built.function_type_indices()[whoami.index]] == FuncType((), (I32,))


@pytest.mark.parametrize(
    ("declaration", "expected"),
    [
        ('"corten" "sha512" (func (param i32 i32 i32))', "corten.sha512"),
        ('"corten" "sha256" (func (param i32 i32))', "import corten.sha256: expected type"),
        ('"corten" "sha256" (func (param i32 i32 i64))', "import corten.sha256: expected type"),
        ('"corten" "ed25519_verify" (func (param i32 i32 i32 i32))', "import corten.ed25519_verify: expected type"),
        ('"corten.host" "sha256" (func (param i32 i32 i32))', "import corten.host.sha256"),
        ('"env" "sha256" (func (param i32 i32 i32))', "import env.sha256"),
    ],
)
def test_an_import_that_is_none_is_refused_by_name(declaration, expected):
    entry = '(func (export "entry.go") (result i32) (i32.const 0))'
    wat = f'(module (import {declaration}) (memory (export "memory") 2) {entry})'
    with pytest.raises(InvalidModule, match=expected):
        corten.Machine(cache=False).deploy(with_sections(wat, abi("go"), LINES))


def test_an_engine_refuses_by_name_what_it_does_not_serve():
    check_available(["sha256"], "wasmtime")
    with pytest.raises(InvalidInput, match=r"host function sha256: expected an engine that serves it \(.*wasmtime"):
        check_available(["sha256"], "elsewhere")


@pytest.mark.parametrize("raised", [ValueError("broken"), KeyboardInterrupt(), SystemExit(3), MemoryError()])
def test_a_host_function_that_fails_is_a_host_fault_and_never_a_receipt(monkeypatch, raised):
    def broken(memory, raw):
        raise raised

    with monkeypatch.context() as patch:
        patch.setattr("corten.vm.host.service", lambda function: broken)
        guest = Guest("sha256")
        image = guest.machine.snapshot()
        with pytest.raises(HostFault, match="a host function failed") as fault:
            guest.call(*guest.good())
        assert fault.value.__cause__ is raised
        with pytest.raises(HostFault, match="restore a snapshot"):
            guest.call(*guest.good())
    guest.machine.restore(image)
    assert guest.call(*guest.good()).accepted


def test_a_machine_that_nobody_holds_is_freed_at_once():
    guest = Guest("sha256")
    guest.call(*guest.good())
    gc.collect()
    gc.disable()
    try:
        instance = weakref.ref(guest.contract.residency.live()._instance)
        del guest
        assert instance() is None
    finally:
        gc.enable()


def test_answers_are_recorded_in_the_order_of_the_calls(engine):
    guest = Guest("sha256", engine)
    guest.put(b"abc")
    guest.call(DATA, 3, OUT)
    host = guest.machine._environment.host
    host.record()
    guest.call(DATA, 3, OUT)
    guest.call(DATA, 3, DATA, entry="reject")
    guest.call(DATA, 2**31, OUT)
    guest.call(DATA, 3, OUT, entry="look")
    assert host.recorded() == [Answer("sha256", 0, ABC)] * 3
    guest.call(DATA, 3, OUT)
    assert host.recorded() == []


def test_answers_with_a_result_are_recorded(engine):
    guest = Guest("secp256k1_recover", engine)
    host = guest.machine._environment.host
    host.record()
    guest.call(*guest.good())
    assert host.recorded() == [Answer("secp256k1_recover", 0, bytes(64))]


def test_a_batch_calls_out_message_by_message(engine):
    guest = Guest("blake3", engine)
    guest.put(bytes(range(256)))
    rows = np.zeros(50, guest.contract.dtype("run"))
    rows["data"], rows["length"], rows["digest"] = DATA, np.arange(50), OUT + 32 * np.arange(50)
    assert guest.contract.submit("run", rows).counts()["accepted"] == 50
    digests = [guest.read(32, OUT + 32 * index) for index in range(50)]
    one_by_one = Guest("blake3", engine)
    one_by_one.put(bytes(range(256)))
    for index in range(50):
        one_by_one.call(DATA, index, OUT + 32 * index)
    assert digests == [one_by_one.read(32, OUT + 32 * index) for index in range(50)]
    assert guest.machine.state_root == one_by_one.machine.state_root


def test_the_cache_keeps_no_library_check(tmp_path, monkeypatch):
    """A cached module is refused just as well once its library is gone."""
    machine = corten.Machine(memory_limit=1 << 18, cache=tmp_path)
    machine.deploy(module(BY_NAME["blake3"]))

    def missing(function):
        raise InvalidInput(f"host function {function.name}", "its library", "none")

    monkeypatch.setattr("corten.vm.host.implementation", missing)
    with pytest.raises(InvalidInput, match="host function blake3"):
        corten.Machine(memory_limit=1 << 18, cache=tmp_path).deploy(module(BY_NAME["blake3"]))


def recording(name):
    """What a guest was answered in Wasmtime, and its state."""
    guest = Guest(name)
    guest.machine._environment.host.record()
    receipts = [guest.call(*guest.good(), entry=entry) for entry in ("run", "reject")]
    return guest.machine._environment.host.recorded(), receipts, guest.machine.state_root


@pytest.mark.parametrize("name", ["sha256", "secp256k1_recover", "ed25519_verify", "debug"])
def test_recorded_answers_are_given_where_nothing_can_be_computed(name, engine, monkeypatch):
    answers, expected, root = recording(name)
    rows = {**BY_NAME, name: replace(BY_NAME[name], engines=())}
    monkeypatch.setattr("corten.vm.host.BY_NAME", rows)
    with pytest.raises(InvalidInput, match=f"host function {name}"):
        Guest(name, engine)
    machine = corten.Machine(engine, memory_limit=MEMORY, gas_limit=GAS, cache=False)
    host = machine._environment.host
    host.replay(answers)
    contract = machine.deploy(module(BY_NAME[name]))
    guest = Guest.of(contract, machine, name)
    host.record()
    found = [guest.call(*guest.good(), entry=entry) for entry in ("run", "reject")]
    assert [(one.status, one.gas, one.result) for one in found] == [
        (one.status, one.gas, one.result) for one in expected
    ]
    assert machine.state_root == root
    assert host.recorded() == answers
    image = machine.snapshot()
    with pytest.raises(HostFault, match=f"recorded answer of {name}, found none left"):
        guest.call(*guest.good())
    machine.restore(image)
    assert host.replayed() == len(answers) == 2


def test_an_answer_of_another_function_is_not_given(engine):
    answers, *_ = recording("sha256")
    guest = Guest("blake3", engine)
    guest.machine._environment.host.replay(answers)
    with pytest.raises(HostFault, match="recorded answer of blake3, found one of sha256"):
        guest.call(*guest.good())


def test_an_answer_that_was_not_computed_is_given_as_it_is(engine):
    """What is replayed is the recording, not what the function would say."""
    guest = Guest("secp256k1_recover", engine)
    guest.machine._environment.host.replay([Answer("secp256k1_recover", 1, bytes(range(64)))])
    assert guest.call(*guest.good()).result == 1
    assert guest.read(64) == bytes(range(64))
    assert guest.machine._environment.host.replayed() == 1
    assert guest.call(*guest.good()).result == 0
