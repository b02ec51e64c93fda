"""The undo log: every width, every alignment, page borders, the end of memory, bulk operations, exhaustion."""

from __future__ import annotations

import pytest
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st

from corten.wasm.instrument.layout import PAGE_SHIFT, WASM_PAGE
from corten.wasm.module import Module
from corten.wasm.opcodes import OPCODES, Category
from corten.wasm.reader import read_module
from tests.instrument.host import Guest, Machine, options

STORES = {row.name: row for row in OPCODES.values() if row.category in (Category.STORE, Category.SIMD_STORE)}
VALUES = {"i32": "(i32.const -1)", "i64": "(i64.const -1)", "f32": "(f32.const -1)", "f64": "(f64.const -1)"}
VECTOR = "(v128.const i64x2 -1 -1)"
SIZE = WASM_PAGE


def wat(text: str) -> Module:
    return read_module(bytes(wasmtime.wat2wasm(text)))


def value_of(name: str) -> str:
    return VALUES.get(name.split(".", maxsplit=1)[0], VECTOR)


def store_text(name: str, offset: int, address: str) -> str:
    lane = "0 " if name.endswith("_lane") else ""
    return f"({name} offset={offset} {lane}{address} {value_of(name)})"


def machine(text: str, **changes: object) -> Machine:
    made = Machine(wat(text), None, options(1), **changes)  # type: ignore[arg-type]
    made.write(0, bytes(range(1, 256)) * (SIZE // 255) + b"\1" * (SIZE % 255), "memory")
    made.call("corten.begin")
    return made


def check(guest: Machine, outcome: str, *arguments: object) -> None:
    """Call, compare with the plain module's outcome, roll back."""
    memory = guest.memory()
    assert guest.outcome("f", *arguments) == outcome
    after = guest.memory()
    starts = range(0, SIZE, 1 << PAGE_SHIFT)
    changed = {at >> PAGE_SHIFT for at in starts if memory[at : at + 4096] != after[at : at + 4096]}
    assert changed <= set(guest.touched())
    guest.call("corten.rollback")
    assert guest.memory() == memory


ADDRESSES = [0, 1, 3, 4, 5, 7, 8, 9, 4083, 4088, 4089, 4092, 4093, 4095, 4096]
ENDS = [SIZE - distance for distance in (1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 19, 21, 23, 24, 40)]


@pytest.mark.parametrize("address", ["(local.get 0)", "(i32.add (local.get 0) (i32.const 0))"])
@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize("offset", [0, 4, 17])
def test_one_store_of_any_width_anywhere(name: str, offset: int, address: str) -> None:
    """The base in a local, or only on the stack; the end of memory is as far as without the log."""
    body = store_text(name, offset, address)
    guest = machine(f'(module (memory (export "memory") 1) (func (export "f") (param i32) {body}))')
    for base in ADDRESSES + ENDS + [SIZE, SIZE + 9, 0xFFFF_FFFF, 0xFFFF_FFF8]:
        is_inside = base + offset + STORES[name].access_bytes <= SIZE
        signed = base - (1 << 32) if base >> 31 else base
        check(guest, "returned" if is_inside else "MEMORY_OUT_OF_BOUNDS", signed)


@pytest.mark.parametrize("name", STORES)
def test_a_store_beyond_memory_leaves_no_mark_beyond_the_page_map(name: str) -> None:
    """The map has a byte for each page there is; what follows it, frames and receipts, is not the guest's."""
    for offset in (0, 3, 8):
        body = store_text(name, offset, "(local.get 0)")
        guest = machine(f'(module (memory (export "memory") 1) (func (export "f") (param i32) {body}))')
        before = guest.system(guest.frames, guest.log - guest.frames)
        for base in (SIZE, SIZE + 4096, 3 * SIZE, 0x2000_0000, 0x7FFF_FFFF, 0xFFFF_F000, 0xFFFF_FFF0):
            assert guest.outcome("f", base - (1 << 32) if base >> 31 else base) == "MEMORY_OUT_OF_BOUNDS"
        assert guest.system(guest.frames, guest.log - guest.frames) == before


@pytest.mark.parametrize("name", STORES)
def test_one_store_to_a_constant_address(name: str) -> None:
    size = STORES[name].access_bytes
    for address in [0, 4, 4090, 4095, SIZE - size, SIZE - size + 1]:
        text = f'(module (memory (export "memory") 1) (func (export "f") {store_text(name, address, "(i32.const 0)")}))'
        outcome = "returned" if address + size <= SIZE else "MEMORY_OUT_OF_BOUNDS"
        check(machine(text), outcome)


@settings(max_examples=60, deadline=None)
@given(
    fields=st.lists(st.tuples(st.sampled_from(sorted(STORES)), st.integers(0, 70)), min_size=1, max_size=6),
    address=st.one_of(st.sampled_from(ADDRESSES), st.sampled_from(ENDS), st.integers(0, SIZE + 8)),
)
def test_records_of_fields(fields: list[tuple[str, int]], address: int) -> None:
    """Stores to one base are logged together; the trap at the end of memory stays where it was."""
    body = " ".join(store_text(name, offset, "(local.get 0)") for name, offset in fields)
    text = f'(module (memory (export "memory") 1) (func (export "f") (param i32) {body}))'
    reach = max(offset + STORES[name].access_bytes for name, offset in fields)
    check(machine(text), "returned" if address + reach <= SIZE else "MEMORY_OUT_OF_BOUNDS", address)


BULK = """(module (memory (export "memory") 1) (data "0123456789")
  (func (export "f") (param i32 i32 i32 i32)
    (if (i32.eqz (local.get 3)) (then (memory.fill (local.get 0) (local.get 1) (local.get 2))))
    (if (i32.eq (local.get 3) (i32.const 1)) (then (memory.copy (local.get 0) (local.get 1) (local.get 2))))
    (if (i32.eq (local.get 3) (i32.const 2)) (then (memory.init 0 (local.get 0) (local.get 1) (local.get 2))))))"""


@settings(max_examples=80, deadline=None)
@given(
    to=st.one_of(st.integers(0, 5000), st.integers(SIZE - 20, SIZE + 2), st.just(-1)),
    second=st.one_of(st.integers(0, 12), st.integers(SIZE - 20, SIZE), st.just(-8)),
    length=st.one_of(st.integers(0, 20), st.integers(0, 9000), st.sampled_from([-1, -65536, SIZE])),
    kind=st.integers(0, 2),
)
def test_bulk_operations(to: int, second: int, length: int, kind: int) -> None:
    """Ranges that wrap around the address space included."""
    plain = Guest(wat(BULK))
    outcome = plain.outcome("f", to, second, length, kind)
    check(machine(BULK), outcome, to, second, length, kind)


LOOP = """(module (memory (export "memory") 1) (func (export "f") (param i32)
  (loop (i64.store (i32.and (local.get 0) (i32.const 0xFFF8)) (i64.extend_i32_u (local.get 0)))
    (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"""


def test_the_log_has_an_end() -> None:
    guest = machine(LOOP, log_bytes=16 * 100)
    check(guest, "returned", 100)
    guest.call("corten.begin")
    check(guest, "UNREACHABLE", 102)


def test_a_fill_larger_than_the_log_does_nothing() -> None:
    guest = machine(BULK, log_bytes=1600)
    check(guest, "returned", 0, 7, 700, 0)
    guest.call("corten.begin")
    memory = guest.memory()
    assert guest.outcome("f", 0, 7, 900, 0) == "UNREACHABLE"
    assert guest.memory() == memory


def test_long_code_tests_the_limit_between() -> None:
    """What is logged between two tests is bounded, however long the code is, and whichever branches it takes."""
    stores = " ".join(f"(i64.store offset={16 * n} (local.get 0) (i64.const 1))" for n in range(500))
    arms = " ".join(f"(if (local.get 0) (then {stores}))" for _ in range(4))
    text = f'(module (memory (export "memory") 1) (func (export "f") (param i32) {stores} {arms}))'
    guest = machine(text, log_bytes=1 << 19)
    assert guest.description()["red_zone"] <= 32_768
    check(guest, "returned", 8)


def test_the_limit_is_tested_on_the_way_out_of_a_recursion() -> None:
    text = """(module (memory (export "memory") 1) (func $f (export "f") (param i32)
      (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))))
      (i64.store (i32.shl (local.get 0) (i32.const 3)) (i64.const -1))))"""
    check(machine(text, log_bytes=1600), "returned", 90)
    check(machine(text, log_bytes=1600), "UNREACHABLE", 200)


def test_a_word_is_logged_once() -> None:
    """On a path that comes from a store to the same place; not where paths meet."""
    text = """(module (memory (export "memory") 1) (func (export "f") (param i32 i32)
      (i64.store (local.get 0) (i64.const 1))
      (if (local.get 1) (then (i64.store (local.get 0) (i64.const 2)) (i32.store offset=4 (local.get 0) (i32.const 3))))
      (i64.store (local.get 0) (i64.const 4))))"""
    guest = machine(text)
    assert guest.outcome("f", 64, 1) == "returned"
    assert guest.logged() == 1


@pytest.mark.parametrize(("choice", "entries"), [(0, 2), (1, 2)])
def test_what_one_arm_logged_the_other_did_not(choice: int, entries: int) -> None:
    text = """(module (memory (export "memory") 1) (func (export "f") (param i32 i32)
      (if (local.get 1)
        (then (i64.store (local.get 0) (i64.const 2)))
        (else (i64.store offset=8 (local.get 0) (i64.const 3))))
      (i64.store (local.get 0) (i64.const 4))))"""
    guest = machine(text)
    memory = guest.memory()
    assert guest.outcome("f", 64, choice) == "returned"
    assert guest.logged() == entries
    guest.call("corten.rollback")
    assert guest.memory() == memory


@pytest.mark.parametrize("choice", [0, 1])
def test_what_one_arm_logged_the_other_logs_too(choice: int) -> None:
    text = """(module (memory (export "memory") 1) (func (export "f") (param i32 i32)
      (if (local.get 1)
        (then (i64.store (local.get 0) (i64.const 2)))
        (else (i64.store (local.get 0) (i64.const 3))))))"""
    check(machine(text), "returned", 64, choice)


def test_what_a_block_left_early_did_not_log() -> None:
    text = """(module (memory (export "memory") 1) (func (export "f") (param i32 i32)
      (block (br_if 0 (local.get 1)) (i64.store (local.get 0) (i64.const 2)))
      (i64.store (local.get 0) (i64.const 3))))"""
    for choice in (0, 1):
        check(machine(text), "returned", 64, choice)


def test_a_base_that_a_loop_moves_is_logged_each_round() -> None:
    text = """(module (memory (export "memory") 1) (func (export "f") (param i32)
      (i64.store (local.get 0) (i64.const 9))
      (loop (i64.store (local.get 0) (i64.const 1))
        (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 8))) (i32.const 80))))))"""
    check(machine(text), "returned", 0)


@pytest.mark.parametrize(
    "second", ["(i32.store offset=2048 {} (i32.const -1))", "(i64.store16 offset=2050 {} (i64.const -1))"]
)
def test_stores_that_are_logged_with_stores_far_away(second: str) -> None:
    """Found in a published module: the entries of one group of stores were all there, by the group before."""
    first, base = "(i64.store offset=2044 (local.get 0) (i64.const -1))", "(local.get 0)"
    text = f'(module (memory (export "memory") 1) (func (export "f") (param i32) {first} {second.format(base)}))'
    for address in (0, 2044, 2052, 2053, SIZE - 2052, SIZE - 2051):
        check(machine(text), "returned" if address + 2052 <= SIZE else "MEMORY_OUT_OF_BOUNDS", address)
