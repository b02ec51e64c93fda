"""Access recording: loads of every width on page borders, ranges, the end of memory; generated modules, whose reads the
interpreter knows and whose other pages may hold anything.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from corten.wasm.instrument.layout import READ_MAP_BYTES, TOUCHED, WASM_PAGE
from corten.wasm.module import Module
from corten.wasm.opcodes import OPCODES, Category
from corten.wasm.reader import read_module
from spec.wasm.memory import Memory
from tests.instrument.host import Machine, options
from tests.spec.differential import BOUNDS, TOO_LONG, calls, mutable, mutable_names, outcome
from tests.spec.generate import PAGES, generate
from tests.wasm.engines import Guest, InstrumentedGuest, SpecGuest, WasmtimeGuest, system_pages

LOADS = {row.name: row for row in OPCODES.values() if row.category in (Category.LOAD, Category.SIMD_LOAD)}
SIZE = WASM_PAGE
PAGE = 4096
BORDER = 5 * PAGE


def wat(text: str) -> Module:
    return read_module(bytes(wasmtime.wat2wasm(text)))


def machine(text: str) -> Machine:
    made = Machine(wat(text), None, options(1, access=True))
    made.call("corten.begin")
    return made


def load_text(name: str, offset: int, address: str) -> str:
    lane, value = (" 0", "(v128.const i64x2 1 2)") if name.endswith("_lane") else ("", "")
    return f"(drop ({name} offset={offset}{lane} {address} {value}))"


def pages_of(address: int, size: int) -> set[int]:
    return set(range(address // PAGE, (address + size - 1) // PAGE + 1)) if size else set()


ADDRESSES = {"local": "(local.get 0)", "computed": "(i32.add (local.get 0) (i32.const 0))"}


@pytest.mark.parametrize("kind", [*ADDRESSES, "constant"])
@pytest.mark.parametrize("name", LOADS)
def test_one_load_on_a_page_border(name: str, kind: str) -> None:
    """The pages of its bytes, both where it straddles, and no other."""
    size = LOADS[name].access_bytes
    distances = {-size - 1, -size, -size + 1, -1, 0, 1}
    places = [*(BORDER + distance for distance in sorted(distances)), 0, SIZE - size]
    if kind == "constant":
        bodies = " ".join(
            f'(func (export "f{place}") {load_text(name, place % 7, f"(i32.const {place - place % 7})")})'
            for place in places
        )
        guest = machine(f'(module (memory (export "memory") 1) {bodies})')
    else:
        bodies = " ".join(
            f'(func (export "f{place}") (param i32) {load_text(name, place % 7, ADDRESSES[kind])})' for place in places
        )
        guest = machine(f'(module (memory (export "memory") 1) {bodies})')
    for place in places:
        guest.call(f"f{place}", *([] if kind == "constant" else [place - place % 7]))
        assert set(guest.read_pages()) == pages_of(place, size), place
    assert guest.touched() == []


@settings(max_examples=60, deadline=None)
@given(
    fields=st.lists(st.tuples(st.sampled_from(sorted(LOADS)), st.integers(0, 9000)), min_size=1, max_size=6),
    address=st.integers(0, 6 * PAGE),
    between=st.sampled_from(["", "(block) "]),
)
def test_fields_of_one_base(fields: list[tuple[str, int]], address: int, between: str) -> None:
    """However they are marked together, or known from an earlier stretch: those pages and no other."""
    body = between.join(load_text(name, offset, "(local.get 0)") for name, offset in fields)
    guest = machine(f'(module (memory (export "memory") 1) (func (export "f") (param i32) {body}))')
    guest.call("f", address)
    expected = set().union(*(pages_of(address + offset, LOADS[name].access_bytes) for name, offset in fields))
    assert set(guest.read_pages()) == expected


@pytest.mark.parametrize("kind", ADDRESSES)
@pytest.mark.parametrize(("offset", "address"), [(0, SIZE - 7), (0, SIZE), (0, -1), (0, -16), (0xFFFF_FFFF, -1)])
def test_a_load_beyond_memory_marks_nothing_outside_of_the_map(kind: str, offset: int, address: int) -> None:
    body = load_text("v128.load", offset, ADDRESSES[kind])
    guest = machine(f'(module (memory (export "memory") 1) (func (export "f") (param i32) {body}))')
    begin = guest.description()["read"]
    end = begin + READ_MAP_BYTES
    assert end <= guest.description()["host_begin"]
    before = guest.memory("corten.system")
    assert guest.outcome("f", address) == "MEMORY_OUT_OF_BOUNDS"
    after = guest.memory("corten.system")
    assert (before[:begin], before[end:]) == (after[:begin], after[end:])


def test_the_layout_section_names_the_map_of_the_recording_variant_only() -> None:
    text = '(module (memory (export "memory") 1))'
    plain = Machine(wat(text), None, options(1)).description()
    recording = Machine(wat(text), None, options(1, access=True)).description()
    assert "read" not in plain
    assert recording["read"] == TOUCHED + 16 == plain["host_begin"]
    assert recording["host_begin"] == recording["read"] + READ_MAP_BYTES
    assert plain.items() - {("host_begin", plain["host_begin"])} <= recording.items()


BULK = """(module (memory (export "memory") 1) (data "0123456789")
  (table funcref (elem $copy)) (type $t (func (param i32 i32 i32)))
  (func $copy (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init") (param i32 i32 i32) (memory.init 0 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "indirect") (param i32 i32 i32)
    (call_indirect (type $t) (local.get 0) (local.get 1) (local.get 2) (i32.const 0))))"""


@settings(max_examples=80, deadline=None)
@given(
    kind=st.sampled_from(["copy", "fill", "init", "indirect"]),
    to=st.integers(0, SIZE // 2),
    second=st.integers(0, SIZE // 2),
    length=st.one_of(st.integers(0, 3), st.integers(0, SIZE // 2)),
)
def test_ranges(kind: str, to: int, second: int, length: int) -> None:
    """A copy reads its source; nothing else of memory is read by bulk operations, what they write is touched."""
    if kind == "init":
        second, length = second % 5, length % 6
    guest = machine(BULK)
    guest.call(kind, to, second, length)
    assert set(guest.touched()) == pages_of(to & -8, length and length + to % 8)
    assert set(guest.read_pages()) == (pages_of(second, length) if kind in ("copy", "indirect") else set())


@pytest.mark.parametrize(("source", "length"), [(SIZE - 5, 6), (SIZE, 1), (-4, 8), (0, -1), (-1, -1), (PAGE, SIZE)])
def test_a_range_beyond_memory_marks_nothing_outside_of_the_map(source: int, length: int) -> None:
    guest = machine(BULK)
    begin = guest.description()["read"]
    before = guest.memory("corten.system")
    assert guest.outcome("copy", 0, source, length) == "MEMORY_OUT_OF_BOUNDS"
    after = guest.memory("corten.system")
    assert before[:TOUCHED] == after[:TOUCHED]
    assert before[begin + 16 : guest.log] == after[begin + 16 : guest.log]  # behind that is what the undo log took


class TracedMemory(Memory):
    """Knows which pages the interpreter read."""

    def __init__(self, memory: Memory) -> None:
        self.content, self.maximum = memory.content, memory.maximum
        self.pages_read: set[int] = set()

    def read(self, address: int, size: int) -> bytes:
        found = super().read(address, size)
        self.pages_read |= pages_of(address, size)
        return found


RECORDING = replace(options(PAGES), access=True, system_pages=system_pages(PAGES, records=True))
PLAIN = replace(RECORDING, access=False)


class Experiment:
    """A generated module: recorded, plain on memory whose other pages are garbage, and on the interpreter."""

    def __init__(self, seed: int) -> None:
        self.seed, self.module = seed, generate(seed)
        self.recording = InstrumentedGuest(self.module, RECORDING, WasmtimeGuest)
        self.plain = InstrumentedGuest(self.module, PLAIN, WasmtimeGuest)
        self.spec = SpecGuest(self.module, bounds=BOUNDS)
        self.traced = TracedMemory(self.spec.instance.memory("memory"))
        self.spec.instance.memories[0] = self.traced
        self.garbage = np.random.default_rng(seed).integers(0, 256, (PAGES * 16, PAGE), np.uint8)
        self.spoiled_pages = 0
        self.ended: Counter[str] = Counter()

    def run(self) -> None:
        for name, arguments in calls(self.seed, self.module):
            if not self.message(name, arguments):
                break

    def message(self, name: str, arguments: tuple[int, ...]) -> bool:
        """Everywhere; False if the interpreter gives up."""
        before, globals_ = pages(self.recording), mutable(self.recording)
        ended, gas = outcome(self.recording, name, arguments), self.recording.gas
        after, read, written = pages(self.recording), *self.marks()
        for kept in (read | written, read):
            content = self.garbage.copy()
            content[sorted(kept)] = before[sorted(kept)]
            self.spoiled_pages += len(content) - len(kept)
            self.plain.write("memory", 0, content.tobytes())
            assign(self.plain, globals_)
            assert (outcome(self.plain, name, arguments), self.plain.gas) == (ended, gas)
            found = pages(self.plain)
            untouched = [page for page in range(len(content)) if page not in written]
            assert np.array_equal(found[untouched], content[untouched])
            assert np.array_equal(found[before != after], after[before != after])
        assert ended.kind != "returned" or mutable(self.plain) == mutable(self.recording)
        self.ended[ended.kind] += 1
        return self.interpret(name, arguments, before, globals_, read if ended.kind == "returned" else None)

    def interpret(
        self,
        name: str,
        arguments: tuple[int, ...],
        before: NDArray[np.uint8],
        globals_: list[int],
        read: set[int] | None,
    ) -> bool:
        """What the plain module reads is what was marked; a message that traps may be stopped, and marks, earlier."""
        self.traced.pages_read.clear()
        self.traced.content[:] = before.tobytes()
        assign(self.spec, globals_)
        if outcome(self.spec, name, arguments) == TOO_LONG:
            return False
        if read is None:
            self.recording.rollback()
        else:
            assert read == self.traced.pages_read
        return True

    def marks(self) -> tuple[set[int], set[int]]:
        """Pages read and written since the last time."""
        size = PAGES * 16
        found = []
        for begin in (TOUCHED + size, TOUCHED):
            marks = self.recording.memory("corten.system")[begin : begin + size]
            self.recording.write("corten.system", begin, bytes(size))
            found.append({page for page, mark in enumerate(marks) if mark})
        return found[0], found[1]


def pages(guest: InstrumentedGuest) -> NDArray[np.uint8]:
    return np.frombuffer(guest.memory("memory"), np.uint8).reshape(-1, PAGE)


def assign(guest: Guest, values: list[int]) -> None:
    for name, bits in zip(mutable_names(guest), values, strict=False):
        guest.assign(name, bits)


@pytest.mark.parametrize("first", [0, pytest.param(100, marks=pytest.mark.slow)])
def test_generated_modules(first: int) -> None:
    """Completeness by experiment, exactness by the interpreter."""
    ended: Counter[str] = Counter()
    spoiled = 0
    for seed in range(first, first + (15 if first == 0 else 100)):
        experiment = Experiment(seed)
        experiment.run()
        ended += experiment.ended
        spoiled += experiment.spoiled_pages
    assert ended["returned"] > sum(ended.values()) // 3
    assert spoiled > 8 * sum(ended.values())
