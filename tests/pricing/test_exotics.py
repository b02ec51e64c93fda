"""Barriers, averages and lookbacks against books, QuantLib, and what must hold whatever the numbers."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

from corten import quant
from corten.base.errors import InvalidInput
from corten.quant import exotics

DATA = Path(__file__).with_name("data")
KNOCKS = ["down-in", "down-out", "up-in", "up-out"]

# Haug, "The Complete Guide to Option Pricing Formulas", 2nd ed., table 4-13: S = 100, rebate 3, half a year, rate 8 %,
# cost of carry 4 %
HAUG_BARRIERS = [  # knock, kind, strike, barrier, price at vol 25 %
    ("down-out", "call", 90, 95, 9.0246),
    ("down-out", "call", 100, 95, 6.7924),
    ("down-out", "call", 110, 95, 4.8759),
    ("down-out", "call", 90, 100, 3.0000),
    ("up-out", "call", 90, 105, 2.6789),
    ("up-out", "call", 100, 105, 2.3580),
    ("up-out", "call", 110, 105, 2.3453),
    ("down-in", "call", 90, 95, 7.7627),
    ("down-in", "call", 100, 95, 4.0109),
    ("down-in", "call", 110, 95, 2.0576),
    ("up-in", "call", 90, 105, 14.1112),
    ("up-in", "call", 100, 105, 8.4482),
    ("up-in", "call", 110, 105, 4.5910),
    ("down-out", "put", 90, 95, 2.2798),
    ("down-out", "put", 100, 95, 2.2947),
    ("down-out", "put", 110, 95, 2.6252),
]


@pytest.mark.parametrize(("knock", "kind", "strike", "barrier", "price"), HAUG_BARRIERS)
def test_barriers_of_haug(knock, kind, strike, barrier, price):
    found = quant.barrier_option(100, strike, barrier, 0.5, 0.25, kind, knock, 0.08, 0.04, rebate=3)
    assert found == pytest.approx(price, abs=6e-5)


# the same, table 4-14: double knock-out call, S = K = 100, rate = carry = 10 %, no curvature
@pytest.mark.parametrize(
    ("lower", "upper", "expiry", "vol", "price"),
    [(50, 150, 0.25, 0.15, 4.3515), (80, 120, 0.25, 0.25, 2.6387), (90, 110, 0.25, 0.25, 0.3098)],
)
def test_double_barriers_of_haug(lower, upper, expiry, vol, price):
    found = quant.double_barrier(100, 100, lower, upper, expiry, vol, "call", "out", 0.1)
    assert found == pytest.approx(price, abs=6e-5)


def test_lookback_and_average_of_haug():
    """The same: 4.15.1, a floating call; 4.15.2, a fixed one; 4.20.1, a put on the continuous geometric average."""
    assert quant.lookback_floating(120, 100, 0.5, 0.3, "call", 0.1, 0.06) == pytest.approx(25.3533, abs=1e-4)
    assert quant.lookback_fixed(100, 100, 95, 0.5, 0.1, "call", 0.1) == pytest.approx(13.2687, abs=6e-5)
    assert quant.asian_geometric(80, 85, 0.25, 0.2, 0, 0.05, -0.03, kind="put") == pytest.approx(4.6922, abs=6e-5)


def rows(*kinds: str) -> dict[str, np.ndarray]:
    with (DATA / "exotics.csv").open() as file:
        found = [row for row in csv.DictReader(file) if row["what"] in kinds]
    assert len(found) >= 20
    return {name: np.array([float(row[name]) for row in found]) for name in found[0] if name != "what"}


@pytest.mark.parametrize("knock", KNOCKS)
def test_barriers_of_quantlib(knock):
    want = rows(knock)
    names = "spot strike level expiry vol kind".split()
    rest = (want["rate"], want["dividend"], want["rebate"])
    found = quant.barrier_option(*(want[name] for name in names), knock, *rest)
    assert np.abs(found - want["price"]).max() < 2e-9  # its normal distribution is single-precision-like in the tails


@pytest.mark.parametrize("knock", ["in", "out"])
def test_double_barriers_of_quantlib(knock):
    """Where its series is right, see exotics_table.py."""
    want = rows(knock)
    names = "spot strike level other expiry vol kind".split()
    found = quant.double_barrier(*(want[name] for name in names), knock, want["rate"], want["dividend"])
    is_right = want["vol"] * np.sqrt(want["expiry"]) < 0.66 * np.log(want["other"] / want["level"])
    assert is_right.sum() > 5
    assert np.abs(found - want["price"])[is_right].max() < 2e-9


def sine_series(kind, spot, strike, lower, upper, expiry, vol, rate, dividend) -> float:
    """A double knock-out by the density that survives, 60 waves, integrated numerically in 20 digits."""
    spot, strike, lower, upper, expiry, vol, rate, dividend = map(
        mp.mpf, (spot, strike, lower, upper, expiry, vol, rate, dividend)
    )
    width, way, variance = mp.log(upper / lower), mp.log(spot / lower), vol * vol * expiry
    power = (rate - dividend) / vol**2 - mp.mpf(1) / 2

    def paid(y):
        waves = (
            mp.sin(n * mp.pi * way / width)
            * mp.sin(n * mp.pi * y / width)
            * mp.exp(-(((n * mp.pi / width) ** 2) * variance) / 2)
            for n in range(1, 61)
        )
        density = mp.exp(power * (y - way) - power**2 * variance / 2) * 2 / width * sum(waves)
        return kind * (lower * mp.exp(y) - strike) * density

    kink = min(max(mp.log(strike / lower), 0), width)
    return float(mp.exp(-rate * expiry) * mp.quad(paid, [kink, width] if kind == 1 else [0, kink]))


@pytest.mark.parametrize("spread", [0.3, 0.7, 1.2])
@pytest.mark.parametrize("kind", [1, -1])
def test_double_barriers_against_waves(kind, spread):
    vol = spread * math.log(120 / 85)
    terms = (103.0, 99.0, 85.0, 120.0, 1.0, vol)
    found = quant.double_barrier(*terms, kind, "out", 0.06, 0.01)
    assert found == pytest.approx(sine_series(kind, *terms, 0.06, 0.01), rel=1e-11)


def test_lookbacks_of_quantlib():
    want = rows("floating")
    names = "spot level expiry vol kind rate dividend".split()
    assert np.abs(quant.lookback_floating(*(want[name] for name in names)) - want["price"]).max() < 2e-9
    want = rows("fixed")
    names = "spot level strike expiry vol kind rate dividend".split()
    assert np.abs(quant.lookback_fixed(*(want[name] for name in names)) - want["price"]).max() < 2e-9


@pytest.mark.parametrize("what", ["geometric", "levy"])
def test_averages_of_quantlib(what):
    want = rows(what)
    names = "spot strike expiry vol other rate dividend".split()
    first = np.where(want["other"] > 0, want["expiry"] / np.maximum(want["other"], 1), 0)
    found = getattr(quant, f"asian_{what}")(*(want[name] for name in names), first, kind=want["kind"])
    assert np.abs(found - want["price"]).max() < 1e-9


# by simulation of 4 000 000 antithetic paths with the geometric average as control variate (numpy, seed 1)
@pytest.mark.parametrize(
    ("kind", "spot", "strike", "expiry", "vol", "fixings", "rate", "dividend", "price", "deviation"),
    [
        (1, 88.70, 124.1, 360 / 365, 0.763, 2, 0.0948, 0.099, 10.04547, 0.00235),
        (-1, 110.51, 136.7, 100 / 365, 0.694, 20, 0.0577, 0.0894, 28.56327, 0.00027),
        (-1, 90.35, 93.6, 720 / 365, 0.506, 4, 0.0809, 0.0677, 15.95356, 0.00107),
        (1, 116.89, 116.0, 200 / 365, 0.147, 20, 0.0843, 0.0239, 4.53880, 0.00008),
        (1, 111.68, 126.7, 100 / 365, 0.692, 20, 0.0558, 0.0334, 4.60212, 0.00013),
    ],
)
def test_average_is_below_what_simulation_finds_and_near(
    kind, spot, strike, expiry, vol, fixings, rate, dividend, price, deviation
):
    found = quant.asian(spot, strike, expiry, vol, fixings, rate, dividend, expiry / fixings, kind=kind)
    assert found <= price + 4 * deviation
    assert found == pytest.approx(price, rel=5e-3)


@pytest.fixture(scope="module")
def drawn() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(6)
    size = 1000
    return {
        "spot": draw.uniform(60, 140, size),
        "strike": draw.uniform(60, 140, size),
        "barrier": draw.uniform(60, 140, size),
        "expiry": 10 ** draw.uniform(-3, 0.7, size),
        "vol": draw.uniform(0.05, 1, size),
        "kind": np.where(np.arange(size) % 2, 1.0, -1.0),
        "rate": draw.uniform(0, 0.1, size),
        "dividend": draw.uniform(0, 0.1, size),
    }


@pytest.mark.parametrize("way", ["down", "up"])
@pytest.mark.parametrize("observations", [0, 12])
def test_in_and_out_are_the_plain_option(drawn, way, observations):
    terms = [drawn[name] for name in "spot strike barrier expiry vol kind".split()]
    rest = (drawn["rate"], drawn["dividend"], 0.0, observations)
    parts = [quant.barrier_option(*terms, f"{way}-{knock}", *rest) for knock in ("in", "out")]
    european = [drawn[name] for name in "spot strike expiry vol rate dividend".split()]
    plain = quant.black_scholes(*european, kind=drawn["kind"])
    assert np.abs(parts[0] + parts[1] - plain).max() < 1e-11
    assert min(part.min() for part in parts) >= 0


def test_far_barriers_do_nothing():
    plain = quant.black_scholes(100, 105, 1, 0.3, 0.05, 0.01, kind="call")
    assert quant.barrier_option(100, 105, 1e-6, 1, 0.3, "call", "down-out", 0.05, 0.01) == pytest.approx(plain, 1e-13)
    assert quant.barrier_option(100, 105, 1e9, 1, 0.3, "call", "up-out", 0.05, 0.01) == pytest.approx(plain, 1e-13)
    assert quant.double_barrier(100, 105, 1e-6, 1e9, 1, 0.3, "call", "out", 0.05, 0.01) == pytest.approx(plain, 1e-13)
    one = quant.barrier_option(100, 105, 90, 1, 0.3, "call", "down-out", 0.05, 0.01)
    assert quant.double_barrier(100, 105, 90, 1e9, 1, 0.3, "call", "out", 0.05, 0.01) == pytest.approx(one, 1e-13)


def test_images_and_waves_are_one_price():
    """Two barriers: the method changes where vol·√expiry is their distance in logarithms."""
    spots = np.linspace(81, 119, 20)
    width = math.log(1.5)
    for kind in ("call", "put"):
        near, far = (
            quant.double_barrier(spots, 100, 80, 120, 1, width * one, kind, "out", 0.05, 0.02) for one in (0.9999999, 1)
        )
        assert np.abs(near / far - 1).max() < 2e-6


def test_barrier_reached_and_no_time():
    assert quant.barrier_option(90, 100, 95, 1, 0.2, "put", "down-out", 0.05, rebate=3) == 3
    assert quant.barrier_option(95, 90, 95, 1, 0.2, "put", "down-in") == quant.black_scholes(95, 90, 1, 0.2, kind="put")
    assert quant.barrier_option(105, 100, 95, 0, 0.2, "call", "down-out") == pytest.approx(5, rel=1e-12)
    assert quant.barrier_option(105, 100, 95, 0, 0.2, "call", "down-in") == 0
    assert quant.double_barrier(80, 100, 80, 120, 1, 0.2, "call", "out") == 0


def observed(spot, strike, barrier, expiry, vol, rate, count):
    """A down-and-out call observed `count` times, by convolution on a grid: an oracle to about 1e-4."""
    size, step = 2**14, 8 * vol * math.sqrt(expiry) / 2**13
    grid = (np.arange(size) - size // 2) * step
    dt = expiry / count
    frequency = 2 * math.pi * np.fft.fftfreq(size, step)
    drift = (rate - 0.5 * vol * vol) * dt
    kernel = np.exp(1j * frequency * drift - 0.5 * vol * vol * dt * frequency**2)
    alive = np.clip((grid - math.log(barrier / spot)) / step + 0.5, 0, 1)
    value = np.maximum(spot * np.exp(grid) - strike, 0) * alive
    value[grid > 6 * vol * math.sqrt(expiry)] = 0
    for one in range(count):
        value = np.fft.ifft(np.fft.fft(value) * kernel).real
        value = value * alive if one < count - 1 else value
    return math.exp(-rate * expiry) * value[size // 2]


# Broadie, Glasserman and Kou (1997): S = K = 100, rate 10 %, vol 30 %, expiry 0.2, 50 observations
@pytest.mark.parametrize("barrier", [85, 89, 93, 95])
def test_observations(barrier):
    found = quant.barrier_option(100, 100, barrier, 0.2, 0.3, "call", "down-out", 0.1, observations=50)
    always = quant.barrier_option(100, 100, barrier, 0.2, 0.3, "call", "down-out", 0.1)
    exact = observed(100, 100, barrier, 0.2, 0.3, 0.1, 50)
    assert found == pytest.approx(exact, abs=2e-3)
    assert abs(found - exact) < 0.2 * abs(always - exact)


def test_touches(drawn):
    names = "spot barrier expiry vol rate dividend".split()
    found = quant.touch(*(drawn[name] for name in names))
    cash = np.exp(-drawn["rate"] * drawn["expiry"])
    assert np.abs(found.at_expiry + found.no_touch - cash).max() < 1e-14
    assert (found.at_hit >= found.at_expiry * (1 - 1e-12) - 1e-15).all()
    assert (found.at_hit <= 1 + 1e-12).all()
    free = quant.touch(*(drawn[name] for name in names[:4]), 0.0, drawn["dividend"])
    assert np.abs(free.at_hit - free.at_expiry).max() < 1e-11


def test_lookbacks_hold_together(drawn):
    spot, expiry, vol, rate, dividend = (drawn[name] for name in "spot expiry vol rate dividend".split())
    minimum, maximum = 0.9 * spot, 1.1 * spot
    call = quant.lookback_floating(spot, minimum, expiry, vol, "call", rate, dividend)
    fixed = quant.lookback_fixed(spot, minimum, 0.5 * spot, expiry, vol, "put", rate, dividend)
    european = quant.black_scholes(spot, minimum, expiry, vol, rate, dividend, kind="call")
    assert (call >= european - 1e-11).all()
    assert (fixed >= 0).all()
    put = quant.lookback_floating(spot, maximum, expiry, vol, "put", rate, dividend)
    gain = quant.lookback_fixed(spot, spot, maximum, expiry, vol, "call", rate, dividend)
    parity = gain + maximum * np.exp(-rate * expiry) - spot * np.exp(-dividend * expiry)
    assert np.abs(put - parity).max() < 1e-11
    without = quant.lookback_floating(spot, minimum, expiry, vol, "call", rate, rate)
    for shift in (1e-12, 1e-7, 3e-6):
        near = quant.lookback_floating(spot, minimum, expiry, vol, "call", rate, rate + shift)
        assert np.abs(near - without).max() < 300 * shift * 5 + 1e-9


def test_lookback_limits():
    assert quant.lookback_floating(120, 100, 0, 0.3, "call", 0.1) == pytest.approx(20, abs=1e-9)
    assert quant.lookback_fixed(100, 100, 95, 1, 0, "call", 0.1) == pytest.approx(100 - 95 * math.exp(-0.1), rel=1e-12)
    assert quant.lookback_fixed(100, 120, 95, 0, 0.3, "call", 0.1) == pytest.approx(25, abs=1e-9)


def test_averages_hold_together(drawn):
    terms = [drawn[name] for name in "spot strike expiry vol".split()]
    rest = (drawn["rate"], drawn["dividend"])
    one = quant.asian(*terms, 1, *rest)
    european = quant.black_scholes(*terms, *rest)
    assert np.abs(one.call - european.call).max() < 1e-11
    assert np.abs(one.put - european.put).max() < 1e-11
    lower, upper = quant.asian_geometric(*terms, 12, *rest), quant.asian_levy(*terms, 12, *rest)
    found = quant.asian(*terms, 12, *rest)
    assert (found.call >= lower.call - 1e-11).all()
    assert np.abs((found.call - found.put) - (upper.call - upper.put)).max() < 1e-10
    many, always = quant.asian_levy(*terms, 2_000, *rest), quant.asian_levy(*terms, 0, *rest)
    assert np.abs(many.call - always.call).max() < 3e-2


def test_average_of_simulation():
    """12 months, 200 000 paths with the geometric average as control: 6.1561 ± 0.0005 (ours, two standard errors)."""
    assert quant.asian(100, 100, 1, 0.2, 12, 0.05, first=1 / 12, kind="call") == pytest.approx(6.1561, abs=1e-3)
    exact = quant.asian_geometric(100, 100, 1, 0.2, 12, 0.05, first=1 / 12, kind="call")
    assert exact == pytest.approx(5.940200221633, rel=1e-12)


def test_what_is_not_defined_names_the_argument():
    with pytest.raises(InvalidInput, match="knock: expected 'up-in'"):
        quant.barrier_option(100, 100, 90, 1, 0.2, "call", "out")
    with pytest.raises(InvalidInput, match=r"barrier\[1\]: expected a number ≥ 0, found -5"):
        quant.barrier_option(100, 100, np.array([90.0, -5.0]), 1, 0.2, "call", "down-out")
    with pytest.raises(InvalidInput, match="upper: expected more than lower"):
        quant.double_barrier(100, 100, 120, 90, 1, 0.2, "call", "out")
    with pytest.raises(InvalidInput, match="fixings: expected a whole number"):
        quant.asian(100, 100, 1, 0.2, 1.5)
    with pytest.raises(InvalidInput, match="fixings: expected at least one"):
        quant.asian(100, 100, 1, 0.2, 0)
    with pytest.raises(InvalidInput, match="first: expected at most expiry"):
        quant.asian_geometric(100, 100, 1, 0.2, 4, first=2)
    with pytest.raises(InvalidInput, match="spot: expected a number > 0"):
        quant.lookback_floating(0, 100, 1, 0.2, "call")


ENGINES = {
    "_BARRIER": ("spot", "strike", "barrier", "expiry", "vol", "rate", "dividend", "kind", "kind", "kind", 2.0, 0.0),
    "_DOUBLE_BARRIER": ("spot", "strike", 50.0, 150.0, "expiry", "vol", "rate", "dividend", "kind", -1.0, 0.0),
    "_TOUCH": ("spot", "barrier", "expiry", "vol", "rate", "dividend", 12.0),
    "_ASIAN": ("spot", "strike", "expiry", "vol", "rate", "dividend", 5.0, 0.0),
    "_ASIAN_GEOMETRIC": ("spot", "strike", "expiry", "vol", "rate", "dividend", 5.0, 0.0),
    "_ASIAN_LEVY": ("spot", "strike", "expiry", "vol", "rate", "dividend", 0.0, 0.0),
    "_LOOKBACK_FLOATING": ("spot", "barrier", "expiry", "vol", "rate", "dividend", "kind"),
    "_LOOKBACK_FIXED": ("spot", "barrier", "strike", "expiry", "vol", "rate", "dividend", "kind"),
}


@pytest.mark.parametrize("name", ENGINES)
def test_engines_agree(drawn, name):
    function = getattr(exotics, name)
    columns = [drawn[one] if isinstance(one, str) else np.full(1000, one) for one in ENGINES[name]]
    results = [function(*columns), function.on("v8")(*columns)]
    lists = [list(one) if isinstance(one, tuple) else [one] for one in results]
    for here, there in zip(*lists, strict=True):
        assert (here.view(np.uint64) == there.view(np.uint64)).all()
    for row in range(0, 1000, 333):
        alone = function.interpreted(*(float(column[row]) for column in columns))
        values = [float(getattr(alone, one)) for one in results[0]._fields] if len(lists[0]) > 1 else [float(alone)]
        assert values == [column[row] for column in lists[0]]
