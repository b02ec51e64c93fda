"""Modules whose undo log is written by calls outside of loops: the same memory, gas and rollback as in place."""

from __future__ import annotations

import pytest

from corten.wasm.instrument import instrument, undo
from corten.wasm.writer import write_module
from tests.instrument.host import options
from tests.instrument.test_undo import ADDRESSES, ENDS, SIZE, STORES, check, machine, store_text, wat

MIXED = """(module (memory (export "memory") 1)
  (func $set (param i32) (i32.store offset=2 (local.get 0) (i32.const 7)))
  (func (export "f") (param i32 i32)
    (i64.store (local.get 0) (i64.const -1))
    (loop $outer
      (call $set (local.get 0))
      (i32.store8 offset=9 (local.get 0) (i32.const 3))
      (loop $inner
        (i64.store offset=16 (local.get 0) (i64.const 5))
        (br_if $inner (i32.and (local.tee 0 (i32.add (local.get 0) (i32.const 4))) (i32.const 12))))
      (br_if $outer (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
    (i32.store16 offset=1 (local.get 0) (i32.const 1))
    (loop $idle (call $set (local.get 0)))
    (call $set (i32.const 65000))
    (if (local.get 1) (then (i32.store (local.get 0) (i32.const 1))))
    (f64.store offset=4090 (i32.const 0) (f64.const 1))))"""


@pytest.fixture(autouse=True)
def _always_compact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(undo, "_COMPACT_STORES", 0)
    monkeypatch.setattr(undo, "_COMPACT_SPACING", 1_000_000)


@pytest.mark.parametrize("name", STORES)
@pytest.mark.parametrize("offset", [0, 17])
def test_one_store_of_any_width_anywhere(name: str, offset: int) -> None:
    body = store_text(name, offset, "(local.get 0)")
    guest = machine(f'(module (memory (export "memory") 1) (func (export "f") (param i32) {body}))')
    before = guest.system(guest.frames, guest.log - guest.frames)
    for base in [*ADDRESSES, *ENDS, SIZE, SIZE + 4096, 0x7FFF_FFFF, 0xFFFF_F000, 0xFFFF_FFFF]:
        is_inside = base + offset + STORES[name].access_bytes <= SIZE
        check(guest, "returned" if is_inside else "MEMORY_OUT_OF_BOUNDS", base - (1 << 32) if base >> 31 else base)
    assert guest.system(guest.frames, guest.log - guest.frames) == before  # nothing marked beyond the page map


@pytest.mark.parametrize("rounds", [1, 2, 50])
@pytest.mark.parametrize("base", [0, 1, 4085, 8190, 64000, 65500])
def test_stores_in_loops_and_out_of_them(base: int, rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """They share one log pointer."""
    compact = machine(MIXED)
    with monkeypatch.context() as patch:
        patch.setattr(undo, "_COMPACT_STORES", 1 << 30)
        in_place = machine(MIXED)
    assert write_module(compact.instrumented) != write_module(in_place.instrumented)
    before = compact.memory()
    outcome = in_place.outcome("f", base, rounds)
    assert compact.outcome("f", base, rounds) == outcome
    assert compact.memory() == in_place.memory()
    assert compact.value("corten.gas") == in_place.value("corten.gas")
    compact.call("corten.rollback")
    assert compact.memory() == before
    check(compact, outcome, base, rounds)


def test_a_full_log_ends_the_message() -> None:
    """At a function's entry too, where no loop tests."""
    text = """(module (memory (export "memory") 1) (func $set (param i32) (i64.store (local.get 0) (i64.const 1)))
      (func (export "f") (param i32) (loop (call $set (local.get 0))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))"""
    guest = machine(text, log_bytes=1 << 17)
    check(guest, "UNREACHABLE", 60_000)


def test_a_module_with_many_scattered_stores_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice as large at the most where 3.5 times would be usual; and what is small or sparse is left in place."""
    stores = " ".join(f"(if (local.get 1) (then (i32.store offset={k} (local.get 0) (i32.const 1))))" for k in range(9))
    module = wat(f"(module (memory 1) {f'(func (param i32 i32) {stores})' * 250})")
    monkeypatch.setattr(undo, "_COMPACT_STORES", 2_000)
    monkeypatch.setattr(undo, "_COMPACT_SPACING", 40)
    compact = len(write_module(instrument(module, None, options(1))))
    for name, value in (("_COMPACT_STORES", 2_251), ("_COMPACT_SPACING", 5)):
        with monkeypatch.context() as patch:
            patch.setattr(undo, name, value)
            assert len(write_module(instrument(module, None, options(1)))) > 1.5 * compact
