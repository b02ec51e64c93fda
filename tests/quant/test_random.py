"""Philox and Sobol words against numbers that others published."""

from __future__ import annotations

from pathlib import Path

import pytest

import corten.contracts
from corten.lang import u64
from corten.lang.loader import load_module

random = load_module(Path(corten.contracts.__file__).with_name("random.py"))

ONES = 0xFFFF_FFFF
# Random123, kat_vectors, philox4x32 with 10 rounds: counter, key, words
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES, ONES), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_philox_gives_the_published_words(counter, key, words):
    found = random.philox4x32(*map(u64, counter), *map(u64, key))
    assert (int(found.a), int(found.b), int(found.c), int(found.d)) == words


def test_uniforms_lie_strictly_between_0_and_1_and_mirror_each_other():
    assert float(random.uniform(u64(0))) == 2.0**-33
    assert float(random.uniform(u64(ONES))) == 1.0 - 2.0**-33
    assert float(random.uniform_53(u64(0), u64(0))) == 2.0**-53
    assert float(random.uniform_53(u64(ONES), u64(ONES))) == 1.0 - 2.0**-53
    for word in (1, 12345, 0x7FFF_FFFF):
        assert float(random.uniform(u64(word))) + float(random.uniform(u64(ONES - word))) == 1.0


def test_reversed_bits():
    for word in (0, 1, 0x8000_0000, 0x1234_5678, ONES):
        assert int(random.reversed_bits(u64(word))) == int(f"{word:032b}"[::-1], 2)


def test_owen_scrambling_is_a_nested_permutation():
    """Words that agree in their first k digits still do, and no two become one."""
    seed = u64(0x9E37_79B9)
    words = [index << 22 for index in range(1024)]
    scrambled = [int(random.owen_scrambled(u64(word), seed)) for word in words]
    assert len(set(scrambled)) == len(words)
    for digits in (1, 3, 10):
        heads = {}
        for word, result in zip(words, scrambled, strict=True):
            heads.setdefault(word >> (32 - digits), set()).add(result >> (32 - digits))
        assert all(len(found) == 1 for found in heads.values())
        assert len(set.union(*heads.values())) == 1 << digits
