"""Integer operators: WebAssembly Core 2.0, section 4.3.2. An i-N value is a number from 0 to 2**N - 1.

Every operator takes the width `n` first, so that scalars and lanes share one definition.
"""

from __future__ import annotations

from corten.base.errors import TrapCode
from spec.wasm.trap import Trap


def signed(n: int, i: int) -> int:
    """The number that i's bits mean in two's complement."""
    return i - (1 << n) if i >= 1 << n - 1 else i


def wrap(n: int, number: int) -> int:
    """The number modulo 2**n, which is also the inverse of `signed`."""
    return number % (1 << n)


def saturate_s(n: int, number: int) -> int:
    """The nearest signed n-bit integer."""
    return wrap(n, max(-(1 << n - 1), min(number, (1 << n - 1) - 1)))


def saturate_u(n: int, number: int) -> int:
    """The nearest unsigned n-bit integer."""
    return max(0, min(number, (1 << n) - 1))


def truncated_quotient(dividend: int, divisor: int) -> int:
    """The quotient rounded towards zero."""
    magnitude = abs(dividend) // abs(divisor)
    return magnitude if (dividend < 0) == (divisor < 0) else -magnitude


# ── arithmetic ───────────────────────────────────────────────────────────────────────────────────────────────────────


def iadd(n: int, i: int, j: int) -> int:
    """i + j, modulo 2**n."""
    return wrap(n, i + j)


def isub(n: int, i: int, j: int) -> int:
    """i - j, modulo 2**n."""
    return wrap(n, i - j)


def imul(n: int, i: int, j: int) -> int:
    """i × j, modulo 2**n."""
    return wrap(n, i * j)


def ineg(n: int, i: int) -> int:
    """-i, modulo 2**n."""
    return wrap(n, -i)


def iabs(n: int, i: int) -> int:
    """The magnitude; that of the most negative number is itself."""
    return wrap(n, abs(signed(n, i)))


def idiv_u(n: int, i: int, j: int) -> int:
    """If j is 0, trap; else i / j truncated."""
    if j == 0:
        raise Trap(TrapCode.DIVISION_BY_ZERO)
    return i // j


def idiv_s(n: int, i: int, j: int) -> int:
    """If j is 0, trap; if the quotient is 2**(n-1), trap; else the quotient truncated towards zero."""
    if j == 0:
        raise Trap(TrapCode.DIVISION_BY_ZERO)
    quotient = truncated_quotient(signed(n, i), signed(n, j))
    if quotient == 1 << n - 1:
        raise Trap(TrapCode.INTEGER_OVERFLOW)
    return wrap(n, quotient)


def irem_u(n: int, i: int, j: int) -> int:
    """If j is 0, trap; else i - j × (i / j)."""
    if j == 0:
        raise Trap(TrapCode.DIVISION_BY_ZERO)
    return i % j


def irem_s(n: int, i: int, j: int) -> int:
    """If j is 0, trap; else the remainder with the sign of the dividend. Unlike the division it never overflows."""
    if j == 0:
        raise Trap(TrapCode.DIVISION_BY_ZERO)
    dividend, divisor = signed(n, i), signed(n, j)
    return wrap(n, dividend - divisor * truncated_quotient(dividend, divisor))


# ── bits ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def inot(n: int, i: int) -> int:
    """Every bit flipped."""
    return i ^ ((1 << n) - 1)


def iand(n: int, i: int, j: int) -> int:
    """Bitwise conjunction."""
    return i & j


def iandnot(n: int, i: int, j: int) -> int:
    """i and not j."""
    return i & inot(n, j)


def ior(n: int, i: int, j: int) -> int:
    """Bitwise disjunction."""
    return i | j


def ixor(n: int, i: int, j: int) -> int:
    """Bitwise exclusive disjunction."""
    return i ^ j


def ishl(n: int, i: int, j: int) -> int:
    """i shifted left by j modulo n bits."""
    return wrap(n, i << j % n)


def ishr_u(n: int, i: int, j: int) -> int:
    """i shifted right by j modulo n bits, filled with zeroes."""
    return i >> j % n


def ishr_s(n: int, i: int, j: int) -> int:
    """i shifted right by j modulo n bits, filled with its sign."""
    return wrap(n, signed(n, i) >> j % n)


def irotl(n: int, i: int, j: int) -> int:
    """i rotated left by j modulo n bits."""
    k = j % n
    return wrap(n, i << k) | i >> n - k


def irotr(n: int, i: int, j: int) -> int:
    """i rotated right by j modulo n bits."""
    return irotl(n, i, -j)


def iclz(n: int, i: int) -> int:
    """The number of leading zero bits; n if i is 0."""
    return n - i.bit_length()


def ictz(n: int, i: int) -> int:
    """The number of trailing zero bits; n if i is 0."""
    return n if i == 0 else (i & -i).bit_length() - 1


def ipopcnt(n: int, i: int) -> int:
    """The number of one bits."""
    return i.bit_count()


def iextend_s(m: int, n: int, i: int) -> int:
    """The low m bits of i as a signed number of n bits."""
    return wrap(n, signed(m, wrap(m, i)))


# ── comparisons, 1 or 0 ──────────────────────────────────────────────────────────────────────────────────────────────


def ieqz(n: int, i: int) -> int:
    """i is zero."""
    return int(i == 0)


def ieq(n: int, i: int, j: int) -> int:
    """Equal."""
    return int(i == j)


def ine(n: int, i: int, j: int) -> int:
    """Not equal."""
    return int(i != j)


def ilt_u(n: int, i: int, j: int) -> int:
    """Less than."""
    return int(i < j)


def ilt_s(n: int, i: int, j: int) -> int:
    """Less than, as signed numbers."""
    return int(signed(n, i) < signed(n, j))


def igt_u(n: int, i: int, j: int) -> int:
    """Greater than."""
    return int(i > j)


def igt_s(n: int, i: int, j: int) -> int:
    """Greater than, as signed numbers."""
    return int(signed(n, i) > signed(n, j))


def ile_u(n: int, i: int, j: int) -> int:
    """Less or equal."""
    return int(i <= j)


def ile_s(n: int, i: int, j: int) -> int:
    """Less or equal, as signed numbers."""
    return int(signed(n, i) <= signed(n, j))


def ige_u(n: int, i: int, j: int) -> int:
    """Greater or equal."""
    return int(i >= j)


def ige_s(n: int, i: int, j: int) -> int:
    """Greater or equal, as signed numbers."""
    return int(signed(n, i) >= signed(n, j))


# ── operators that only lanes have ───────────────────────────────────────────────────────────────────────────────────


def imin_u(n: int, i: int, j: int) -> int:
    """The smaller."""
    return min(i, j)


def imin_s(n: int, i: int, j: int) -> int:
    """The smaller, as signed numbers."""
    return i if signed(n, i) <= signed(n, j) else j


def imax_u(n: int, i: int, j: int) -> int:
    """The larger."""
    return max(i, j)


def imax_s(n: int, i: int, j: int) -> int:
    """The larger, as signed numbers."""
    return i if signed(n, i) >= signed(n, j) else j


def iadd_sat_u(n: int, i: int, j: int) -> int:
    """i + j, saturated."""
    return saturate_u(n, i + j)


def iadd_sat_s(n: int, i: int, j: int) -> int:
    """i + j, saturated, as signed numbers."""
    return saturate_s(n, signed(n, i) + signed(n, j))


def isub_sat_u(n: int, i: int, j: int) -> int:
    """i - j, saturated."""
    return saturate_u(n, i - j)


def isub_sat_s(n: int, i: int, j: int) -> int:
    """i - j, saturated, as signed numbers."""
    return saturate_s(n, signed(n, i) - signed(n, j))


def iavgr_u(n: int, i: int, j: int) -> int:
    """The average, rounded up."""
    return (i + j + 1) // 2


def iq15mulr_sat_s(n: int, i: int, j: int) -> int:
    """The product of two fixed-point numbers with 15 fractional bits, rounded and saturated."""
    return saturate_s(n, (signed(n, i) * signed(n, j) + 2**14) >> 15)
