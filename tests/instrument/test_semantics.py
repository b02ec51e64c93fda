"""Random programs: the instrumented module computes what the plain one does, and leaves nothing behind.

The plain module runs under Cranelift's own NaN canonicalization, which is the oracle of ours. `randomize_nans` chooses
the bits that engines may choose, so agreement does not rest on this processor's habits.
"""

from __future__ import annotations

import pytest

from corten.wasm.instrument import instrument, probe
from corten.wasm.module import Module
from corten.wasm.validate import validate
from tests.instrument.host import CANONICAL, Guest, Machine, options
from tests.instrument.programs import PAGES, Generator

SEEDS = 40
PAGE = 4096


def program(seed: int) -> Module:
    return Generator(seed, float_share=(0.1, 0.4, 0.8)[seed % 3]).module()


def machine(module: Module, seed: int | None, **changes: object) -> Machine:
    """An instrumented program, about to be called; `seed` chooses the bits of its NaNs."""
    if seed is not None:
        changes["probes"] = (probe.randomize_nans,)
    made = Machine(module, None, options(PAGES, **changes))
    made.write(probe.SEED, (seed or 1).to_bytes(8, "little"))
    made.call("corten.begin")
    return made


@pytest.mark.parametrize("seed", range(SEEDS))
def test_instrumented_computes_what_plain_does(seed: int) -> None:
    module = program(seed)
    plain = Guest(module, CANONICAL)
    outcome = plain.outcome("main")
    for choice in (None, 1, 12345):
        guest = machine(module, choice)
        assert guest.outcome("main") == outcome
        if outcome == "returned":
            assert guest.memory() == plain.memory()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_rollback_restores_every_byte_and_global(seed: int) -> None:
    module = program(seed)
    guest = machine(module, None)
    memory, globals_ = guest.memory(), guest.globals()
    guest.outcome("main")
    changed = {
        at // PAGE for at in range(0, len(memory), PAGE) if guest.memory()[at : at + PAGE] != memory[at : at + PAGE]
    }
    assert changed <= set(guest.touched())
    guest.call("corten.rollback")
    assert guest.memory() == memory
    assert guest.globals() == globals_


@pytest.mark.parametrize("seed", range(SEEDS))
def test_instrumented_modules_are_valid(seed: int) -> None:
    module = program(seed)
    validate(instrument(module, None, options(PAGES)))
    validate(instrument(module, None, options(PAGES, gas=False, stack=False, nan=False, undo=False)))


def test_the_guest_is_not_changed() -> None:
    module, twin = program(5), program(5)
    Machine(module, None, options(PAGES))
    assert module == twin


def test_without_canonicalization_random_nans_show() -> None:
    """The oracle can fail: some program gives the processor's or the probe's NaNs away."""
    differs = []
    for seed in range(2, 32, 3):
        plain = Guest(program(seed), CANONICAL)
        guest = machine(program(seed), 7, nan=False)
        if plain.outcome("main") == guest.outcome("main") == "returned":
            differs.append(plain.memory() != guest.memory())
    assert any(differs)


@pytest.mark.parametrize("kill", [probe.kill_after_stores, probe.kill_at_blocks])
@pytest.mark.parametrize("seed", range(4))
def test_killed_anywhere_leaves_nothing(seed: int, kill: object) -> None:
    """A message that stops after its n-th store, or at its n-th metered block, rolls back, for every n."""
    module = program(seed)
    guest = Machine(module, None, options(PAGES, probes=(kill,)))
    memory, globals_ = guest.memory(), guest.globals()
    for count in range(1, 400):
        guest.write(probe.COUNTDOWN, count.to_bytes(4, "little"))
        guest.call("corten.begin")
        outcome = guest.outcome("main")
        guest.call("corten.rollback")
        assert guest.memory() == memory
        assert guest.globals() == globals_
        if outcome != "UNREACHABLE":
            return
