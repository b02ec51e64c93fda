"""Counter-based random numbers: no state, random access, the same on every engine, thread and machine.

Philox4x32-10: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. A counter of four
32-bit words and a key of two give four words that pass BigCrush; neighbouring counters are unrelated. Words travel in
u64, so that kernels over them become vector code: what a word holds is below 2³².
"""

from typing import Literal

from corten.lang import Array, f64, f64_from_bits, struct, u64, wrapping_add, wrapping_mul, wrapping_shl, wrapping_sub

DIGITS = Literal[32]
WORD: u64 = 0xFFFF_FFFF
MULTIPLIER_0: u64 = 0xD251_1F53
MULTIPLIER_1: u64 = 0xCD9E_8D57
WEYL_0: u64 = 0x9E37_79B9
WEYL_1: u64 = 0xBB67_AE85

TWO_52_BITS: u64 = 0x4330_0000_0000_0000  # 2⁵²: below it stand 52 bits of an integer
TWO_52: f64 = 4503599627370496.0
TWO_M32: f64 = 2.3283064365386963e-10
ONE_BITS: u64 = 0x3FF0_0000_0000_0000
TWO_M53: f64 = 1.1102230246251565e-16


@struct
class Words:
    """Four 32-bit words: a counter, or what Philox makes of one."""

    a: u64
    b: u64
    c: u64
    d: u64


def philox4x32(a: u64, b: u64, c: u64, d: u64, key_0: u64, key_1: u64) -> Words:
    """Philox4x32-10 of the counter (a, b, c, d) and the key (key_0, key_1), all words below 2³²."""
    k0 = key_0
    k1 = key_1
    for _ in range(10):
        first = wrapping_mul(a, MULTIPLIER_0)
        second = wrapping_mul(c, MULTIPLIER_1)
        a = (second >> 32) ^ b ^ k0
        c = (first >> 32) ^ d ^ k1
        b = second & WORD
        d = first & WORD
        k0 = wrapping_add(k0, WEYL_0) & WORD
        k1 = wrapping_add(k1, WEYL_1) & WORD
    return Words(a, b, c, d)


def uniform(word: u64) -> f64:
    """The middle of the word's cell of 2⁻³²: from 2⁻³³ to 1 − 2⁻³³, never 0 and never 1; symmetric about one half."""
    return (f64_from_bits(TWO_52_BITS | word) - TWO_52 + 0.5) * TWO_M32


def uniform_53(high: u64, low: u64) -> f64:
    """53 random bits of two words in the open interval (0, 1): the middle of a cell of 2⁻⁵²."""
    bits = wrapping_shl(high, 20) | (low >> 12)
    return f64_from_bits(ONE_BITS | bits) - 1.0 + TWO_M53


def sobol(index: u64, directions: Array[u64, DIGITS]) -> u64:
    """The 32-bit word of one dimension of the Sobol sequence at an index below 2³², in Gray-code order.

    `directions[i]` is the direction number of bit i of the index, left-justified (v₁ = 2³¹).
    Antonov and Saleev, USSR Computational Mathematics and Mathematical Physics 19, 1979.
    """
    gray = index ^ (index >> 1)
    word: u64 = 0
    for bit in range(32):
        word ^= wrapping_sub(0, (gray >> bit) & 1) & directions[bit]
    return word


def owen_scrambled(word: u64, seed: u64) -> u64:
    """Nested uniform scrambling of the word's binary digits, a permutation of all words drawn by a 32-bit seed.

    Each digit is flipped by a hash of the digits above it: Owen, "Randomly permuted (t,m,s)-nets", 1995, by the hash of
    Laine and Karras, "Stratified sampling for stochastic transparency", 2011, on the reversed word.
    """
    word = reversed_bits(word)
    word ^= wrapping_mul(word, 0x3D20_ADEA) & WORD
    word = wrapping_add(word, seed) & WORD
    word = wrapping_mul(word, (seed >> 16) | 1) & WORD
    word ^= wrapping_mul(word, 0x0552_6C56) & WORD
    word ^= wrapping_mul(word, 0x53A2_2864) & WORD
    return reversed_bits(word)


def reversed_bits(word: u64) -> u64:
    """The 32 bits of a word, last first."""
    word = ((word >> 1) & 0x5555_5555) | wrapping_shl(word & 0x5555_5555, 1)
    word = ((word >> 2) & 0x3333_3333) | wrapping_shl(word & 0x3333_3333, 2)
    word = ((word >> 4) & 0x0F0F_0F0F) | wrapping_shl(word & 0x0F0F_0F0F, 4)
    word = ((word >> 8) & 0x00FF_00FF) | wrapping_shl(word & 0x00FF_00FF, 8)
    return (word >> 16) | wrapping_shl(word & 0xFFFF, 16)
