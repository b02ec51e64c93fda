"""Counter-based random numbers: no state, random access, the same on every engine, thread and machine.

Philox4x32-10: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. A counter of four
32-bit words and a key of two give four words that pass BigCrush; neighbouring counters are unrelated. Words travel in
u64, so that kernels over them become vector code: what a word holds is below 2³².
"""

from typing import Literal

from corten.lang import (
    Array,
    f64,
    f64_bits,
    f64_from_bits,
    inline,
    struct,
    u64,
    wrapping_add,
    wrapping_mul,
    wrapping_shl,
    wrapping_sub,
)

DIGITS = Literal[32]
WORD: u64 = 0xFFFF_FFFF
MULTIPLIER_0: u64 = 0xD251_1F53
MULTIPLIER_1: u64 = 0xCD9E_8D57
SCRAMBLING: u64 = 0x5EED  # the last word of a counter that paths do not use
WEYL_0: u64 = 0x9E37_79B9
WEYL_1: u64 = 0xBB67_AE85

TWO_52_BITS: u64 = 0x4330_0000_0000_0000  # 2⁵²: below it stand 52 bits of an integer
TWO_52: f64 = 4503599627370496.0
TWO_M32: f64 = 2.3283064365386963e-10
ONE_BITS: u64 = 0x3FF0_0000_0000_0000
TWO_M53: f64 = 1.1102230246251565e-16
EXPONENT_BITS: u64 = 0xFFF0_0000_0000_0000
ROOT_OFFSET: u64 = 0x0009_5F61_9980_C433  # bits of 1 minus bits of √½
LN_2: f64 = 0.6931471805599453
LOG_1: f64 = 0.6666666666666666  # 2/(2k + 1), the series of the inverse hyperbolic tangent
LOG_2: f64 = 0.4
LOG_3: f64 = 0.2857142857142857
LOG_4: f64 = 0.2222222222222222
LOG_5: f64 = 0.18181818181818182
LOG_6: f64 = 0.15384615384615385
LOG_7: f64 = 0.13333333333333333
LOG_8: f64 = 0.11764705882352941
LOG_9: f64 = 0.10526315789473684


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


def word_at(words: Words, number: u64) -> u64:
    """The word a, b, c or d, for 0, 1, 2, 3."""
    low = words.b if number == 1 else words.a
    high = words.d if number == 3 else words.c
    return high if number >= 2 else low


def uniform(word: u64) -> f64:
    """The middle of the word's cell of 2⁻³²: from 2⁻³³ to 1 − 2⁻³³, never 0 and never 1; symmetric about one half."""
    return (f64_from_bits(TWO_52_BITS | word) - TWO_52 + 0.5) * TWO_M32


def uniform_53(high: u64, low: u64) -> f64:
    """53 random bits of two words in the open interval (0, 1): the middle of a cell of 2⁻⁵²."""
    bits = wrapping_shl(high, 20) | (low >> 12)
    return f64_from_bits(ONE_BITS | bits) - 1.0 + TWO_M53


def normal(word: u64) -> f64:
    """The standard normal variate of a word: the inverse distribution function at `uniform(word)`, |x| < 6.34.

    With w = −ln 4p(1 − p) it is (p − ½) R(w) for all p (Giles, "Approximating the erfinv function", 2010), here with a
    rational R of degree 11 over 11, for p from 2⁻³³ on. Relative error below 2e-15. Words that are each other's
    complement give opposite variates.
    """
    p = uniform(word)
    w = -log_below_one(4.0 * p * (1.0 - p))
    return (p - 0.5) * (normal_numerator(w) / normal_denominator(w))


def normal_draw(number: u64, dimension: u64, key_0: u64, key_1: u64) -> f64:
    """The standard normal variate of the counter (number, dimension, 0, 0), all words below 2³²."""
    return normal(philox4x32(number, dimension, 0, 0, key_0, key_1).a)


@inline
def log_below_one(x: f64) -> f64:
    """ln x for a normal x in (0, 1], to a few units of 2⁻⁵³."""
    bits = f64_bits(x)
    shifted = wrapping_add(bits, ROOT_OFFSET)  # the mantissa goes from √½ to √2
    exponent = f64_from_bits(TWO_52_BITS | (shifted >> 52)) - TWO_52 - 1023.0
    mantissa = f64_from_bits(wrapping_sub(bits, wrapping_sub(shifted & EXPONENT_BITS, ONE_BITS)))
    f = (mantissa - 1.0) / (mantissa + 1.0)
    z = f * f
    low = 2.0 + z * (LOG_1 + z * (LOG_2 + z * LOG_3))
    z4 = z * z * (z * z)
    high = LOG_4 + z * (LOG_5 + z * (LOG_6 + z * (LOG_7 + z * (LOG_8 + z * LOG_9))))
    return exponent * LN_2 + f * (low + z4 * high)


@inline
def normal_numerator(w: f64) -> f64:
    w2 = w * w
    low = 2.5066282746310007 + w * 1.0542790069126178 + w2 * (0.2988159899877465 + w * 0.06142510266145563)
    middle = (
        0.009590587452753476 + w * 0.0011782154884896734 + w2 * (0.00011437735998817378 + w * 8.699371099552078e-06)
    )
    high = 5.139164163041226e-07 + w * 2.3377752479225245e-08 + w2 * (7.578432104339804e-10 + w * 4.747388599859185e-12)
    w4 = w2 * w2
    return low + w4 * (middle + w4 * high)


@inline
def normal_denominator(w: f64) -> f64:
    w2 = w * w
    low = 1.0 + w * 0.15879708339794105 + w2 * (0.06460531629841182 + w * 0.008156868862431459)
    middle = (
        0.0014115813334240374 + w * 0.000134763338960646 + w2 * (1.2148545702233699e-05 + w * 8.143532139670554e-07)
    )
    high = (
        3.9777344024469065e-08 + w * 1.7277864872803221e-09 + w2 * (2.8032668138968005e-11 + w * 4.394454601877139e-14)
    )
    w4 = w2 * w2
    return low + w4 * (middle + w4 * high)


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


def sobol_normal(index: u64, directions: Array[u64, DIGITS], seed: u64) -> f64:
    """The standard normal variate of one dimension of a scrambled Sobol point."""
    return normal(owen_scrambled(sobol(index, directions), seed))


def scramble_seed(dimension: u64, replicate: u64, seed: u64) -> u64:
    """A 32-bit seed of `owen_scrambled` for each dimension and replicate, from one of 64 bits."""
    return philox4x32(dimension, replicate, 0, SCRAMBLING, seed & WORD, seed >> 32).a


def reversed_bits(word: u64) -> u64:
    """The 32 bits of a word, last first."""
    word = ((word >> 1) & 0x5555_5555) | wrapping_shl(word & 0x5555_5555, 1)
    word = ((word >> 2) & 0x3333_3333) | wrapping_shl(word & 0x3333_3333, 2)
    word = ((word >> 4) & 0x0F0F_0F0F) | wrapping_shl(word & 0x0F0F_0F0F, 4)
    word = ((word >> 8) & 0x00FF_00FF) | wrapping_shl(word & 0x00FF_00FF, 8)
    return (word >> 16) | wrapping_shl(word & 0xFFFF, 16)
