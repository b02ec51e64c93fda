"""How good the guess of implied volatility is, and its first step, which two steps hide; the logarithm under it."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

import corten
from corten import quant
from corten.contracts.math import log
from corten.contracts.pricing.bachelier import bachelier_implied_vol
from corten.contracts.pricing.black import log_ratio
from corten.contracts.pricing.implied import guess, normalized, step
from corten.lang import f64


@corten.kernel
def guessed(price: f64, forward: f64, strike: f64, kind: f64) -> f64:
    return guess(normalized(price, forward, strike, kind))


@corten.kernel
def stepped(price: f64, forward: f64, strike: f64, kind: f64) -> f64:
    option = normalized(price, forward, strike, kind)
    return step(option, log(option.price), log(option.gap), guess(option)).deviation


@corten.kernel
def ratio(numerator: f64, denominator: f64) -> f64:
    return log_ratio(numerator, denominator)


@corten.kernel
def normal_vol(price: f64, forward: f64, kind: f64) -> f64:
    return bachelier_implied_vol(price, forward, 0.0, 1.0, 1.0, kind)


@pytest.mark.parametrize(
    ("widest", "worst", "typical", "after_a_step"),
    [(0.1, 0.09, 1.5e-3, 1e-6), (5.0, 0.09, 1e-3, 1e-6), (60.0, 0.09, 2e-3, 1.5e-5)],
)
def test_guess_and_first_step(widest: float, worst: float, typical: float, after_a_step: float):
    draw, n = np.random.default_rng(6), 200_000
    distance, deviation = draw.uniform(0.0, widest, n), 10.0 ** draw.uniform(-2, 1.0, n)
    price = quant.black76(np.exp(-distance), 1.0, 1.0, deviation).call
    known = (price > 1e-290) & (price < np.exp(-distance) * (1 - 1e-6))
    arguments = price[known], np.exp(-distance[known]), 1.0, 1.0
    error = np.abs(guessed(*arguments) / deviation[known] - 1.0)
    assert error.max() < worst
    assert np.median(error) < typical
    # near the maximum a price tells little: its rounding counts
    told = arguments[0] < arguments[1] * 0.999
    assert np.abs(stepped(*arguments) / deviation[known] - 1.0)[told].max() < after_a_step


def test_logarithm_of_a_ratio():
    """Relative error of two units in the last place, also where the two are neighbours."""
    draw, n = np.random.default_rng(7), 3_000
    denominator = 10.0 ** draw.uniform(-12, 12, n)
    apart = 10.0 ** draw.uniform(-15, np.log10(600.0), n) * draw.choice([-1.0, 1.0], n)
    numerator = denominator * np.exp(apart)
    found = ratio(numerator, denominator)
    for top, bottom, value in zip(numerator.tolist(), denominator.tolist(), found.tolist(), strict=True):
        with mp.workdps(50):
            exact = mp.log(mp.mpf(top) / mp.mpf(bottom))
            assert abs(value - exact) <= 2.0**-51 * abs(exact), (top, bottom)


def test_normal_volatility_from_extreme_to_extreme():
    draw, n = np.random.default_rng(8), 200_000
    distance, vol = 10.0 ** draw.uniform(-9, 2, n), 10.0 ** draw.uniform(-1.5, 3, n)
    price = quant.bachelier(-distance, 0.0, 1.0, vol).call
    known = price > 1e-290
    found = normal_vol(price[known], -distance[known], 1.0)
    assert np.abs(found / vol[known] - 1.0).max() < 2e-14
