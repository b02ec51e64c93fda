"""Counter-based random numbers: no state, random access, the same on every engine, thread and machine.

Philox4x32-10: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. A counter of four
32-bit words and a key of two give four words that pass BigCrush; neighbouring counters are unrelated. Words travel in
u64, so that kernels over them become vector code: what a word holds is below 2³².
"""

from typing import Literal

from corten.lang import (
    Array,
    copysign,
    f64,
    f64_bits,
    f64_from_bits,
    inline,
    sqrt,
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

    Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37, 1988; both
    of its ranges that a word can fall into are computed, without a branch. Relative error below 5e-16. Words that are
    each other's complement give opposite variates.
    """
    p = uniform(word)
    q = p - 0.5
    r = 0.180625 - q * q
    s = sqrt(-log_below_one(min(p, 1.0 - p))) - 1.6
    is_central = abs(q) <= 0.425
    numerator = q * central_numerator(r) if is_central else copysign(tail_numerator(s), q)
    return numerator / (central_denominator(r) if is_central else tail_denominator(s))


@inline
def log_below_one(x: f64) -> f64:
    """ln x for a normal x in (0, 1), to a few units in the last place: enough under a root."""
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
def central_numerator(r: f64) -> f64:
    low = 3.3871328727963666080e0 + r * 1.3314166789178437745e2
    low = low + r * r * (1.9715909503065514427e3 + r * 1.3731693765509461125e4)
    high = 4.5921953931549871457e4 + r * 6.7265770927008700853e4
    high = high + r * r * (3.3430575583588128105e4 + r * 2.5090809287301226727e3)
    return low + r * r * (r * r) * high


@inline
def central_denominator(r: f64) -> f64:
    low = 1.0 + r * 4.2313330701600911252e1
    low = low + r * r * (6.8718700749205790830e2 + r * 5.3941960214247511077e3)
    high = 2.1213794301586595867e4 + r * 3.9307895800092710610e4
    high = high + r * r * (2.8729085735721942674e4 + r * 5.2264952788528545610e3)
    return low + r * r * (r * r) * high


@inline
def tail_numerator(s: f64) -> f64:
    low = 1.42343711074968357734e0 + s * 4.63033784615654529590e0
    low = low + s * s * (5.76949722146069140550e0 + s * 3.64784832476320460504e0)
    high = 1.27045825245236838258e0 + s * 2.41780725177450611770e-1
    high = high + s * s * (2.27238449892691845833e-2 + s * 7.74545014278341407640e-4)
    return low + s * s * (s * s) * high


@inline
def tail_denominator(s: f64) -> f64:
    low = 1.0 + s * 2.05319162663775882187e0
    low = low + s * s * (1.67638483018380384940e0 + s * 6.89767334985100004550e-1)
    high = 1.48103976427480074590e-1 + s * 1.51986665636164571966e-2
    high = high + s * s * (5.47593808499534494600e-4 + s * 1.05075007164441684324e-9)
    return low + s * s * (s * s) * high


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
