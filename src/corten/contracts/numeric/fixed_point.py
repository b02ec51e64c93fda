"""Functions of fixed-point numbers in units of 1e-18, for contracts without floats: i128 in, i128 out.

Inside, numbers are binary, in units of 2**-96, with exact 256-bit intermediate products; what is lost is bounded beside
each function. `…_down` is never above the true value and `…_up` never below it; they are at most two units (or the
stated relative error, where that is more) apart. `sqrt_floor` and `sqrt_ceil` are exact.

What has no result rejects the message: `logarithm_of_nothing` for ln of what is not positive, `root_of_negative`; a
result that does not fit traps `integer_overflow`.
"""

from corten.lang import i128, leading_zeros, mul_div_ceil, mul_div_floor, require

WAD: i128 = 1_000_000_000_000_000_000
ONE: i128 = 0x1_0000_0000_0000_0000_0000_0000  # 2**96
LN_2: i128 = 54916777467707473351141471128
LN_WAD: i128 = 3283732547111784853622338894909
INVERSE_ROOT_TWO_PI: i128 = 31607463825455920808620519744
ROOT_HALF: i128 = 56022770974786139918731938227
#: every result in units of 2**-96 is this close to the truth, absolutely (ln) or relatively (exp)
SLACK: i128 = 256
CDF_SLACK: i128 = 268435456  # 2**28
LOWEST_EXP: i128 = -42_139_678_854_452_767_551  # e to this is below 5e-19
MOST_TERMS: i128 = 27


# ── in units of 2**-96 ───────────────────────────────────────────────────────────────────────────────────────────────


def times(a: i128, b: i128) -> i128:
    """a * b, rounded down."""
    return mul_div_floor(a, b, ONE)


def exp_fraction(r: i128) -> i128:
    """e**r for |r| ≤ ln(2) / 2 to 2**-90: 28 terms of its series."""
    total = ONE
    for term in range(MOST_TERMS, 0, -1):
        total = ONE + mul_div_floor(total, r, ONE * term)
    return total


def ln_fraction(x: i128) -> i128:
    """log(x) for sqrt(1/2) ≤ x ≤ sqrt(2) to 2**-90: 2 atanh((x - 1) / (x + 1)), 20 terms."""
    s = mul_div_floor(x - ONE, ONE, x + ONE)
    square = times(s, s)
    total = ONE // 41
    for odd in range(i128(39), -1, -2):
        total = ONE // odd + times(square, total)
    return 2 * times(s, total)


def ln_binary(x: i128) -> i128:
    """log(x * 1e-18) for x > 0 to 2**-88."""
    shift = i128(leading_zeros(x)) - 31  # x * 2**shift has its highest bit at 2**96
    mantissa = x << shift if shift >= 0 else x >> -shift
    lost = 0 if shift >= 0 else x - (mantissa << -shift)
    exponent = 96 - shift
    rest = i128(0)
    if lost > 0:
        rest = mul_div_floor(lost, ONE, x)  # log(1 + lost / …), which is below 2**-95
    if mantissa > 2 * ROOT_HALF:
        mantissa = (mantissa + 1) >> 1
        exponent = exponent + 1
    return exponent * LN_2 + ln_fraction(mantissa) + rest - LN_WAD


def reduced_exponent(x: i128) -> i128:
    """The k for which |x - k ln 2| ≤ ln(2) / 2."""
    return (x + LN_2 // 2) // LN_2


def exp_shifted(x: i128, slack: i128, up: bool) -> i128:
    """e**x in units of 1e-18, after moving it by the relative error `slack` / 2**95."""
    k = reduced_exponent(x)
    fraction = exp_fraction(x - k * LN_2)
    assert k < 96  # beyond 2**67 nothing fits anyway
    if up:
        return scaled_up(fraction + slack, k)
    return scaled_down(fraction - slack, k)


def scaled_down(fraction: i128, k: i128) -> i128:
    """fraction * 2**(k - 96) in units of 1e-18, rounded down; k ≤ 96."""
    if k < -30:
        return mul_div_floor(fraction, WAD, ONE << 30) >> (-30 - k)
    return mul_div_floor(fraction, WAD, ONE >> k if k >= 0 else ONE << -k)


def scaled_up(fraction: i128, k: i128) -> i128:
    """The same, rounded up."""
    if k < -30:
        return -(-mul_div_ceil(fraction, WAD, ONE << 30) >> (-30 - k))
    return mul_div_ceil(fraction, WAD, ONE >> k if k >= 0 else ONE << -k)


def to_binary(x: i128) -> i128:
    """From units of 1e-18, rounded down."""
    return mul_div_floor(x, ONE, WAD)


# ── in units of 1e-18 ────────────────────────────────────────────────────────────────────────────────────────────────


def exp_down(x: i128) -> i128:
    """e**x, not above it: within 2 units, or 2**-87 of it where that is more. From x = 46.6 on it does not fit."""
    if x < LOWEST_EXP:
        return 0
    return exp_shifted(to_binary(x), SLACK, False)


def exp_up(x: i128) -> i128:
    """e**x, not below it."""
    if x < LOWEST_EXP:
        return 1
    return exp_shifted(to_binary(x), SLACK, True)


def ln_down(x: i128) -> i128:
    """log(x), not above it: within 2 units."""
    require(x > 0, "logarithm_of_nothing")
    return mul_div_floor(ln_binary(x) - SLACK, WAD, ONE)


def ln_up(x: i128) -> i128:
    """log(x), not below it: within 2 units."""
    require(x > 0, "logarithm_of_nothing")
    return mul_div_ceil(ln_binary(x) + SLACK, WAD, ONE)


def sqrt_floor(x: i128) -> i128:
    """The square root, rounded down: Newton's method from above."""
    require(x >= 0, "root_of_negative")
    if x == 0:
        return 0
    bits = 128 - i128(leading_zeros(x)) + 60  # 1e18 is below 2**60
    root = i128(1) << ((bits + 1) >> 1)
    while True:
        following = (root + mul_div_floor(x, WAD, root)) >> 1
        if following >= root:
            return root
        root = following


def sqrt_ceil(x: i128) -> i128:
    """The square root, rounded up."""
    root = sqrt_floor(x)
    return (
        root if root == 0 or (mul_div_floor(x, WAD, root) == root and mul_div_ceil(x, WAD, root) == root) else root + 1
    )


def pow_exponent(x: i128, y: i128) -> i128:
    """y log(x) in units of 2**-96."""
    require(x > 0, "logarithm_of_nothing")
    return mul_div_floor(ln_binary(x), y, WAD)


def pow_slack(y: i128) -> i128:
    """How much e**(y log x) may be off, relatively: the logarithm's error times y."""
    return SLACK + SLACK * (abs(y) // WAD + 1)


def pow_down(x: i128, y: i128) -> i128:
    """x**y for x > 0, not above it: within 2 units, or (|y| + 2) * 2**-87 of it where that is more."""
    exponent = pow_exponent(x, y)
    if exponent < to_binary(LOWEST_EXP):
        return 0
    return max(i128(0), exp_shifted(exponent, pow_slack(y), False))


def pow_up(x: i128, y: i128) -> i128:
    """x**y for x > 0, not below it."""
    exponent = pow_exponent(x, y)
    if exponent < to_binary(LOWEST_EXP) - ONE:
        return 1
    return exp_shifted(exponent, pow_slack(y), True)


def normal_cdf_binary(x: i128) -> i128:
    """The normal distribution function in units of 2**-96 to 2**-69, for |x| ≤ 9: 1/2 + φ(x) (x + x³/3 + x⁵/15 + …).

    Beyond 4 the sum may reach 2**57, where φ is small: it is kept in units of 2**-64.
    """
    position = to_binary(x)
    square = times(position, position)
    coarse = 0 if abs(x) < 4 * WAD else 32
    k = reduced_exponent(-(square >> 1))
    density = times(INVERSE_ROOT_TWO_PI, exp_fraction(-(square >> 1) - k * LN_2))
    term = position >> coarse
    total = term
    odd = i128(1)
    while abs(term) > 1:
        odd = odd + 2
        term = mul_div_floor(term, square, ONE * odd)
        total = total + term
    return (ONE >> 1) + mul_div_floor(density, total, ONE >> coarse << -k)


def normal_cdf_down(x: i128) -> i128:
    """The normal distribution function, not above it: within 2 units."""
    if x <= -9 * WAD:
        return 0
    if x >= 9 * WAD:
        return WAD - 1
    return max(i128(0), mul_div_floor(normal_cdf_binary(x) - CDF_SLACK, WAD, ONE))


def normal_cdf_up(x: i128) -> i128:
    """The normal distribution function, not below it: within 2 units."""
    if x <= -9 * WAD:
        return 1
    if x >= 9 * WAD:
        return WAD
    return min(WAD, mul_div_ceil(normal_cdf_binary(x) + CDF_SLACK, WAD, ONE))
