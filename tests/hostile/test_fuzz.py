"""The fuzz targets on their seeds, mutated at random, for some seconds: what CI affords of fuzz/README.md."""

from __future__ import annotations

import random
import time

import pytest

from fuzz.mutators import MUTATORS
from fuzz.seeds import CORPUS
from fuzz.targets import TARGETS

SECONDS = 2
MOST = 1 << 14
INTERESTING = (0, 1, 0x0B, 0x7F, 0x80, 0xFC, 0xFD, 0xFF)


def mutated(rng: random.Random, seeds: list[bytes]) -> bytes:
    """A seed with some bytes changed, cut out, doubled, or taken from another seed."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data) + 1)
        size = rng.choice((1, 1, 2, 4, 8, 16))
        other = rng.choice(seeds)
        begin = rng.randrange(len(other) + 1)
        change = (
            bytes([rng.choice(INTERESTING)]),
            rng.randbytes(size),
            b"",
            bytes(data[at : at + size]) * 2,
            other[begin : begin + size],
        )
        data[at : at + size] = rng.choice(change)
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_mutated_seeds(name: str) -> None:
    target = TARGETS[name]
    seeds = [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]
    for seed in seeds:
        target(seed)
    end = time.monotonic() + SECONDS
    number = 0
    while time.monotonic() < end:
        rng, mutator = random.Random(number), MUTATORS.get(name)
        data = mutator(rng.choice(seeds), rng, MOST) if mutator and number % 2 else mutated(rng, seeds)
        survived = False
        try:
            target(data)
            survived = True
        finally:
            if not survived:
                print(f"mutation {number}: {data.hex()}")
        number += 1
    assert number > 20
