"""The interpreter itself: bounds, host functions, traps, NaN choice; and a contract's batch on it, as on Wasmtime."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
import wasmtime

from corten.base.errors import Status, TrapCode
from corten.compiler import compile_contract
from corten.wasm.instrument import CONTROL, RECEIPT_BYTES, TOUCHED, Options, host_begin, instrument
from corten.wasm.module import FuncType, Module
from corten.wasm.opcodes import I32
from corten.wasm.reader import read_module
from corten.wasm.sections import read_abi
from spec.wasm import Exhausted, HostFunction, Machine, Trap, instantiate
from spec.wasm.floats import Format
from tests.wasm.engines import LOG_BYTES, Guest, SpecGuest, WasmtimeGuest, system_pages

TOKEN = Path(__file__).parent.parent / "contracts" / "token.py"
PAGES = 8
GAS = 200_000
MESSAGES = 12
OUTBOX_BYTES = 60  # two events fit; the next message that emits one traps


def read(text: str) -> Module:
    return read_module(bytes(wasmtime.wat2wasm(text)))


LOOP = read('(module (func (export "run") loop br 0 end))')
RECURSION = read('(module (func $f (export "run") call $f))')
ADDITION = read(
    '(module (func (export "run") (param f64) (result i64) local.get 0 local.get 0 f64.add i64.reinterpret_f64))'
)


def test_steps_are_bounded() -> None:
    machine = Machine(most_steps=1_000)
    with pytest.raises(Exhausted, match="1000 steps"):
        machine.invoke(instantiate(LOOP).function("run"))


def test_nested_calls_are_bounded_without_pythons_stack() -> None:
    machine = Machine(most_calls=50_000)
    with pytest.raises(Exhausted, match="50000 nested calls"):
        machine.invoke(instantiate(RECURSION).function("run"))
    assert machine.steps == 50_000


def test_a_machine_can_be_used_again_after_a_trap() -> None:
    module = read('(module (func (export "trap") unreachable) (func (export "run") (result i32) i32.const -1))')
    instance, machine = instantiate(module), Machine()
    with pytest.raises(Trap) as caught:
        machine.invoke(instance.function("trap"))
    assert caught.value.code == TrapCode.UNREACHABLE
    assert machine.invoke(instance.function("run")) == [0xFFFF_FFFF]


def test_host_functions_are_called_with_bits() -> None:
    module = read(
        '(module (import "host" "twice" (func $twice (param i32) (result i32)))'
        ' (func (export "run") (param i32) (result i32) local.get 0 call $twice))'
    )
    twice = HostFunction(FuncType((I32,), (I32,)), lambda number: [2 * number])
    instance = instantiate(module, {("host", "twice"): twice})
    assert Machine().invoke(instance.function("run"), 21) == [42]


def test_a_segment_out_of_bounds_traps_at_instantiation() -> None:
    with pytest.raises(Trap, match="memory_out_of_bounds"):
        instantiate(read('(module (memory 1) (data (i32.const 65536) "x"))'))


def test_memories_without_maximum_are_bounded_by_the_caller() -> None:
    module = read('(module (memory 1) (func (export "run") (param i32) (result i32) local.get 0 memory.grow))')
    instance = instantiate(module, most_pages=3)
    grow = instance.function("run")
    assert [Machine().invoke(grow, more) for more in (1, 2, 1, 0)] == [[1], [0xFFFF_FFFF], [2], [3]]


def test_two_memories() -> None:
    module = read(
        '(module (memory 1) (memory (export "second") 1) (func (export "run") (param i32) (result i32)'
        " i32.const 8 local.get 0 i32.store 1  i32.const 0 i32.const 8 i32.const 4 memory.copy 0 1"
        " i32.const 0 i32.load 0))"
    )
    instance = instantiate(module)
    assert Machine().invoke(instance.function("run"), 77) == [77]
    assert instance.memory("second").read(8, 4) == bytes([77, 0, 0, 0])


def test_nan_bits_are_the_callers_choice_and_instrumentation_hides_it() -> None:
    chosen, nan = 0xFFFF_1234_5678_9ABC, 0x7FF8_0000_0000_0001

    def choose(f: Format) -> int:
        return chosen if f.width == 64 else f.canonical_nan

    assert SpecGuest(ADDITION).invoke("run", nan) == [0x7FF8_0000_0000_0000]
    assert SpecGuest(ADDITION, open_nan=choose).invoke("run", nan) == [chosen]
    instrumented = instrument(ADDITION, None, Options(memory_pages=1, system_pages=1, gas=False, stack=False))
    assert SpecGuest(instrumented, open_nan=choose).invoke("run", nan) == [0x7FF8_0000_0000_0000]


class Batch:
    """A batch of the token's messages: transfers, some of them refused, some malformed."""

    def __init__(self, guest: Guest, module: Module) -> None:
        self.guest = guest
        abi = read_abi(module)
        self.entries = {entry.name: number for number, entry in enumerate(abi.entries)}
        self.frames = host_begin(PAGES)
        self.receipts = self.frames + 16_384

    def frame(self, name: str, sender: int, payload: bytes) -> bytes:
        return struct.pack("<IIII", 16 + len(payload), self.entries.get(name, 99), sender, len(payload)) + payload

    def run(self) -> list[tuple[int, int, int]]:
        """Status, code and gas of every receipt."""
        payloads = [struct.pack("<IIq", number % 4, 0, 150 - 20 * number) for number in range(MESSAGES - 3)]
        frames = [
            self.frame("start", 0, struct.pack("<IIq", 1, 0, 1_000)),
            *(self.frame("transfer", number % 3, payload) for number, payload in enumerate(payloads)),
            self.frame("transfer", 1, bytes(8)),
            self.frame("nothing", 1, bytes(8)),
        ]
        self.lay_out(b"".join(frames))
        while self.traps():
            self.guest.invoke("corten.recover", TrapCode.UNREACHABLE)
        content = self.guest.memory("corten.system")[self.receipts :]
        rows = [struct.unpack_from("<BBHIq", content, RECEIPT_BYTES * number) for number in range(MESSAGES)]
        return [(status, code, gas) for status, _, code, _, gas in rows]

    def lay_out(self, frames: bytes) -> None:
        outbox = self.receipts + RECEIPT_BYTES * MESSAGES
        index, log = outbox + 8_192, outbox + 16_384
        fields = {
            ("version",): 1,
            ("frames", "cursor"): self.frames,
            ("end",): self.frames + len(frames),
            ("receipts",): self.receipts,
            ("outbox", "outbox_cursor"): outbox,
            ("outbox_limit",): outbox + OUTBOX_BYTES,
            ("index", "index_cursor"): index,
            ("index_limit", "log"): log,
            ("log_limit",): log + LOG_BYTES,
            ("touched",): TOUCHED,
            ("flags",): 2,
        }
        for names, value in fields.items():
            for name in names:
                self.guest.write("corten.system", CONTROL[name], struct.pack("<I", value))
        self.guest.write("corten.system", CONTROL["gas_limit"], struct.pack("<qqqqi", GAS, 1, 2, 3, 60_000))
        self.guest.write("corten.system", self.frames, frames)

    def traps(self) -> bool:
        try:
            self.guest.invoke("corten.run")
        except Trap:
            return True
        return False


@pytest.mark.slow
def test_a_contracts_batch() -> None:
    """`corten.run` and `corten.recover`: receipts, both memories and gas as on Wasmtime."""
    module = read_module(compile_contract(TOKEN))
    settings = Options(memory_pages=PAGES, system_pages=system_pages(PAGES))
    instrumented = instrument(module, read_abi(module), settings)
    ours, theirs = (Batch(start(instrumented), module) for start in (SpecGuest, WasmtimeGuest))
    receipts = ours.run()
    assert receipts == theirs.run()
    assert {status for status, _, _ in receipts} == set(Status)
    for name in ("memory", "corten.system"):
        assert ours.guest.memory(name) == theirs.guest.memory(name)
