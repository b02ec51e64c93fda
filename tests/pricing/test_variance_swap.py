"""Variance from strips of options: the published example, and Black's model, whose variance is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from corten import quant
from corten.base.errors import InvalidInput

# Demeterfi, Derman, Kamal, Zou (1999), table 1: S = 100, r = 5 %, 90 days; volatility 20 % at 100, one point less for
# every 5 of strike. Puts from 50, calls to 135; weights as printed (per 100), total cost 419.8671, fair strike 20.467²
PUT_STRIKES, CALL_STRIKES = np.arange(50.0, 101.0, 5.0), np.arange(100.0, 136.0, 5.0)
PUT_WEIGHTS = [1.63, 1.35, 1.13, 0.96, 0.83, 0.72, 0.63, 0.56, 0.50, 0.45, 0.21]
CALL_WEIGHTS = [0.20, 0.37, 0.34, 0.31, 0.28, 0.26, 0.24, 0.22]
EXPIRY = 90 / 365
DISCOUNT = math.exp(-0.05 * EXPIRY)
FORWARD = 100.0 / DISCOUNT


def prices(strikes, kind):
    return quant.black76(FORWARD, strikes, EXPIRY, 0.2 - 0.002 * (strikes - 100.0), DISCOUNT, kind=kind)


def test_published_example():
    put_weights = quant.variance_swap_weights(PUT_STRIKES, 100.0, EXPIRY)
    call_weights = quant.variance_swap_weights(CALL_STRIKES, 100.0, EXPIRY)
    assert 100 * put_weights == pytest.approx(PUT_WEIGHTS, abs=0.0051)
    assert 100 * call_weights == pytest.approx(CALL_WEIGHTS, abs=0.0051)
    cost = put_weights @ prices(PUT_STRIKES, "put") + call_weights @ prices(CALL_STRIKES, "call")
    assert 1e4 * cost == pytest.approx(419.8671, abs=5.1e-5)
    fair = quant.variance_swap_strike(
        FORWARD, PUT_STRIKES, prices(PUT_STRIKES, "put"), CALL_STRIKES, prices(CALL_STRIKES, "call"), EXPIRY, DISCOUNT,
        boundary=100.0,
    )  # fmt: skip
    assert 100 * math.sqrt(fair) == pytest.approx(20.467, abs=5.1e-4)


def flat(vol, spacing, forward=103.0, expiry=0.3, discount=0.97):
    strikes = np.arange(spacing, 800.0, spacing)
    pair = quant.black76(forward, strikes, expiry, vol, discount)
    return forward, expiry, discount, strikes, pair


@pytest.mark.parametrize("vol", [0.1, 0.25, 0.6])
def test_a_dense_strip_knows_the_variance(vol: float):
    """The chords lie above the payoff, by a term in the square of the spacing."""
    errors = []
    for spacing in (1.0, 0.5):
        forward, expiry, discount, strikes, pair = flat(vol, spacing)
        low, high = strikes <= forward, strikes >= forward
        fair = quant.variance_swap_strike(
            forward, strikes[low], pair.put[low], strikes[high], pair.call[high], expiry, discount
        )
        errors.append(fair - vol * vol)
    assert errors[0] == pytest.approx(4 * errors[1], rel=0.01)
    assert 0 < errors[1] < 1e-4


@pytest.mark.parametrize("vol", [0.1, 0.25, 0.6])
def test_index(vol: float):
    forward, expiry, discount, strikes, pair = flat(vol, 0.5, forward=103.2)
    out_of_the_money = np.where(strikes < 103.0, pair.put, pair.call)
    out_of_the_money[strikes == 103.0] = 0.5 * (pair.put + pair.call)[strikes == 103.0]
    found = quant.variance_index(forward, strikes, out_of_the_money, expiry, discount)
    assert found == pytest.approx(vol * vol, abs=2e-5)
    assert quant.variance_index(forward, strikes[::-1], out_of_the_money[::-1], expiry, discount) == found


def test_index_by_hand():
    """2/T·Σ ΔK/K²·Q − (F/K0 − 1)²/T with three strikes; an end counts the whole distance to its neighbour."""
    wanted = 2 / 0.5 * (10 / 90**2 * 1.0 + 15 / 100**2 * 3.0 + 20 / 120**2 * 0.5) / 0.98 - (105 / 100 - 1) ** 2 / 0.5
    assert quant.variance_index(105.0, [100.0, 120.0, 90.0], [3.0, 0.5, 1.0], 0.5, 0.98) == pytest.approx(
        wanted, rel=1e-14
    )


def test_errors():
    with pytest.raises(InvalidInput, match=r"strikes: expected strikes on one side of the boundary 100.0"):
        quant.variance_swap_weights([90.0, 110.0], 100.0, 1.0)
    with pytest.raises(InvalidInput, match=r"strikes: expected every strike once"):
        quant.variance_swap_weights([90.0, 90.0], 100.0, 1.0)
    with pytest.raises(InvalidInput, match=r"strikes: expected at least two strikes"):
        quant.variance_swap_weights([90.0], 100.0, 1.0)
    with pytest.raises(InvalidInput, match=r"strikes\[1\]: expected a number > 0, found -1.0"):
        quant.variance_index(100.0, [90.0, -1.0], [1.0, 1.0], 1.0)
    with pytest.raises(InvalidInput, match=r"prices: expected a price for each of 2 strikes"):
        quant.variance_index(100.0, [90.0, 110.0], [1.0], 1.0)
    with pytest.raises(InvalidInput, match=r"strikes: expected a strike not above the forward"):
        quant.variance_index(80.0, [90.0, 110.0], [1.0, 1.0], 1.0)
    with pytest.raises(InvalidInput, match=r"^expiry.*expected a number > 0, found 0.0"):
        quant.variance_index(100.0, [90.0, 110.0], [1.0, 1.0], 0.0)
