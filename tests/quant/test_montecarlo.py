"""Monte Carlo against closed forms and published numbers; the same bits whoever computes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from math import exp, log, sqrt
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from corten.base.errors import InvalidInput
from corten.contracts import random
from corten.quant.montecarlo import Simulation, engine, longstaff_schwartz, tree_sum
from corten.quant.montecarlo.estimate import merge
from corten.quant.montecarlo.exercise import least_squares, monomials
from corten.quant.montecarlo.sobol import Bridge, direction_numbers
from corten.vm.kernels import kernel
from tests.quant import models

normal = kernel(random.normal)
sobol = kernel(random.sobol)
N = NormalDist()

START = {"log_price": log(100.0), "total": 0.0, "log_total": 0.0}
MARKET = {"carry": 0.05, "vol": 0.2, "strike": 100.0, "discount": exp(-0.05)}
CALL = 10.450583572185565  # Black-Scholes, spot = strike = 100, one year, vol 0.2, rate 0.05
ASIAN_GEOMETRIC = 5.940200221633  # closed form, 12 monthly fixings


def european(sampling="philox", seed=42, steps=1):
    times = np.arange(1, steps + 1) / steps
    return Simulation(models.gbm, models.call, START, times, MARKET, seed=seed, sampling=sampling)


def asian(sampling="philox", seed=1):
    parameters = MARKET | {"fixings": 12.0}
    return Simulation(models.gbm, models.asian, START, np.arange(1, 13) / 12, parameters, seed=seed, sampling=sampling)


def agrees(estimate, expected, errors=4.0):
    return abs(estimate.mean - expected) < errors * estimate.standard_error


# ── variates ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_normals_are_the_inverse_distribution_function():
    words = np.concatenate([np.random.default_rng(3).integers(0, 1 << 32, 20_000), [0, 1, (1 << 32) - 1, 1 << 31]])
    found = normal(words.astype(np.uint64))
    expected = np.array([N.inv_cdf((int(word) + 0.5) * 2.0**-32) for word in words])
    assert np.abs(found / expected - 1.0).max() < 2e-15
    assert np.array_equal(normal((words ^ 0xFFFF_FFFF).astype(np.uint64)), -found)
    assert np.array_equal(kernel(random.normal).on("v8")(words.astype(np.uint64)), found)


def test_sobol_words_are_the_sequence_of_joe_and_kuo():
    numbers = direction_numbers(3, 1 << 12)
    points = [[int(sobol(index, numbers[d])) / 2**32 for d in range(3)] for index in range(5)]
    assert points == [[0, 0, 0], [0.5, 0.5, 0.5], [0.75, 0.25, 0.25], [0.25, 0.75, 0.75], [0.375, 0.375, 0.625]]
    words = np.array([sobol(np.arange(4096, dtype=np.uint64), row) for row in numbers])
    assert all(len(set((row >> np.uint64(20)).tolist())) == 4096 for row in words)  # each cell of 2⁻¹² has one point


def test_the_bridge_keeps_the_law_of_the_motion():
    times = np.array([0.1, 0.5, 0.6, 1.0, 2.0])
    increments = Bridge.of(times).increments(np.eye(5), times)
    assert np.allclose(increments @ increments.T, np.eye(5), atol=1e-14)
    half = Bridge.of(np.array([0.5, 1.0])).increments(np.array([[1.0], [0.3]]), np.array([0.5, 1.0]))
    assert half[0, 0] * sqrt(0.5) == pytest.approx(0.65)  # ends 0 and 1, the middle with a variate of 0.3


# ── prices ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("sampling", ["philox", "antithetic", "sobol"])
@pytest.mark.parametrize("steps", [1, 6])
def test_a_european_call_is_worth_black_scholes(sampling, steps):
    found = european(sampling, steps=steps).estimate(1 << 16)["value"]
    assert agrees(found, CALL)
    assert found.standard_error < {"philox": 0.07, "antithetic": 0.06, "sobol": 0.005}[sampling]


def test_the_first_paths_are_those_of_the_generator():
    """With one factor the four words of a counter are four steps of its path."""
    simulation = european(steps=4)
    found = simulation.states(5, 1)["log_price"][0]
    words = kernel(random.philox4x32)(5, 0, 0, 0, 42, 0)
    moves = [0.2 * sqrt(0.25) * float(normal(np.uint64(word))) for word in words]
    expected = log(100.0)
    for move in moves:
        expected = expected + (0.05 - 0.5 * 0.2 * 0.2) * 0.25 + move
    assert found == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("sampling", ["philox", "antithetic", "sobol"])
def test_the_geometric_average_controls_the_arithmetic_one(sampling):
    plain = asian(sampling).estimate(1 << 16)
    controlled = asian(sampling).estimate(1 << 16, control={"geometric": ASIAN_GEOMETRIC})["arithmetic"]
    assert agrees(plain["geometric"], ASIAN_GEOMETRIC)
    assert abs(controlled.mean - 6.1561) < 4 * sqrt(controlled.standard_error**2 + 0.0005**2)
    if sampling != "sobol":
        assert controlled.standard_error < plain["arithmetic"].standard_error / 20


def test_pathwise_and_likelihood_ratio_greeks():
    """Exact: delta 0.6368306512, vega 37.5240346917 (closed form)."""
    parameters = MARKET | {"spot": 100.0, "expiry": 1.0}
    start = {"log_price": log(100.0), "z": 0.0}
    found = Simulation(models.scored, models.greeks, start, [1.0], parameters, seed=9).estimate(1 << 16)
    assert agrees(found["price"], CALL)
    assert agrees(found["delta"], 0.6368306512)
    assert agrees(found["vega"], 37.5240346917)
    assert agrees(found["likelihood_delta"], 0.6368306512)
    assert found["delta"].standard_error < found["likelihood_delta"].standard_error


def test_heston_by_the_qe_scheme():
    """Fang and Oosterlee, "A novel pricing method …", 2008, table 4: 5.785155450; here 20 steps of the scheme."""
    model = {"kappa": 1.5768, "theta": 0.0398, "xi": 0.5751, "rho": -0.5711, "carry": 0.0}
    parameters = {"model": model, "strike": 100.0, "discount": 1.0}
    start = {"log_price": log(100.0), "variance": 0.0175}
    simulation = Simulation(models.heston, models.heston_call, start, np.arange(1, 21) / 20, parameters, seed=4)
    found = simulation.estimate(1 << 17, threads=2)["value"]
    assert abs(found.mean - 5.785155450) < 4 * found.standard_error + 0.01  # the scheme's own error is below 0.01
    assert found.standard_error < 0.03


def test_jump_diffusion_is_mertons_series():
    intensity, mean, deviation, vol, rate, strike = 1.2, -0.1, 0.15, 0.2, 0.05, 95.0
    relative = exp(mean + 0.5 * deviation**2) - 1.0
    expected, weight = 0.0, exp(-intensity * (1 + relative))
    for jumps in range(60):
        variance = vol**2 + jumps * deviation**2
        drift = rate - intensity * relative + jumps * log(1 + relative)
        d1 = (log(100.0 / strike) + drift + 0.5 * variance) / sqrt(variance)
        price = 100.0 * N.cdf(d1) - strike * exp(-drift) * N.cdf(d1 - sqrt(variance))
        expected += weight * price
        weight *= intensity * (1 + relative) / (jumps + 1)
    parameters = {
        "carry": rate,
        "vol": vol,
        "intensity": intensity,
        "jump_mean": mean,
        "jump_deviation": deviation,
        "strike": strike,
        "discount": exp(-rate),
    }
    start = {"log_price": log(100.0)}
    found = Simulation(models.merton, models.jumping_call, start, [0.5, 1.0], parameters, seed=3).estimate(1 << 17)
    assert agrees(found["value"], expected)


def test_a_barrier_between_steps_by_the_bridges_survival():
    """Down-and-out call, barrier 90: Reiner and Rubinstein's closed form."""
    spot, strike, barrier, vol, rate = 100.0, 100.0, 90.0, 0.2, 0.05
    mu = (rate - 0.5 * vol**2) / vol**2

    def part(power, x):
        return spot * power ** (2 * (mu + 1)) * N.cdf(x) - strike * exp(-rate) * power ** (2 * mu) * N.cdf(x - vol)

    x = log(spot / strike) / vol + (1 + mu) * vol
    y = log(barrier**2 / (spot * strike)) / vol + (1 + mu) * vol
    expected = part(1.0, x) - part(barrier / spot, y)
    parameters = {"carry": rate, "vol": vol, "log_barrier": log(barrier), "strike": strike, "discount": exp(-rate)}
    start = {"log_price": log(spot), "survival": 1.0}
    simulation = Simulation(models.down_and_out, models.surviving_call, start, np.arange(1, 9) / 8, parameters, seed=2)
    assert agrees(simulation.estimate(1 << 17)["value"], expected)


def test_local_volatility_by_small_steps():
    """Constant elasticity one half, forward = strike = 100, scale 2: Cox's closed form gives 7.96885."""
    parameters = {"scale": 2.0, "elasticity": 0.5, "strike": 100.0}
    start = {"log_price": log(100.0)}
    simulation = Simulation(
        models.constant_elasticity,
        models.local_call,
        start,
        np.arange(1, 65) / 64,
        parameters,
        seed=8,
        sampling="antithetic",
    )
    found = simulation.estimate(1 << 16)["value"]
    assert abs(found.mean - 7.96885) < 4 * found.standard_error + 0.01


# ── early exercise ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_longstaff_and_schwartzs_eight_paths():
    """Their section 1: worth 0.1144, 0.0564 as a European one; exercised at the dates of their table."""
    paths = np.array(
        [
            [1.09, 1.08, 1.34],
            [1.16, 1.26, 1.54],
            [1.22, 1.07, 1.03],
            [0.93, 0.97, 0.92],
            [1.11, 1.56, 1.52],
            [0.76, 0.77, 0.90],
            [0.92, 0.84, 1.01],
            [0.88, 1.22, 1.34],
        ]
    ).T
    exercise = 1.10 - paths
    found = longstaff_schwartz(paths, exercise, np.full(3, exp(-0.06)))
    assert round(found.estimate.mean, 4) == 0.1144
    assert found.stopped.tolist() == [-1, -1, 2, 0, -1, 0, 0, 0]
    european_value = np.maximum(exercise[-1], 0.0).mean() * exp(-0.18)
    assert round(float(european_value), 4) == 0.0564


def test_an_american_put_by_simulation():
    """Longstaff and Schwartz, table 1: spot 36, strike 40, vol 0.2, a year, rate 0.06: 4.478 by finite differences."""
    parameters = {"carry": 0.06, "vol": 0.2, "strike": 40.0, "discount": 1.0}
    start = {"log_price": log(36.0), "total": 0.0, "log_total": 0.0}
    dates = np.arange(1, 51) / 50
    simulation = Simulation(models.gbm, models.call, start, dates, parameters, seed=11, sampling="antithetic")
    prices = np.exp(np.stack([state["log_price"] for state in simulation.trajectories(0, 20_000)]))
    found = longstaff_schwartz(prices / 40.0, 40.0 - prices, np.full(50, exp(-0.06 / 50)), monomials(3)).estimate
    assert abs(found.mean - 4.478) < 4 * found.standard_error + 0.02


def test_trajectories_end_where_the_states_do():
    for sampling in ("philox", "antithetic"):
        simulation = european(sampling, steps=7)
        *_, last = simulation.trajectories(100, 300)
        assert np.array_equal(last["log_price"], simulation.states(100, 300)["log_price"])


def test_least_squares_leaves_out_what_depends_on_the_rest():
    x = np.linspace(1.0, 2.0, 50)
    fitted = least_squares([np.ones(50), x, 3.0 * x - 1.0, x * x], 2.0 + x - 4.0 * x * x)
    assert np.allclose(fitted, 2.0 + x - 4.0 * x * x, rtol=1e-12)


# ── the same bits ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_threads_executors_and_pickling_change_no_bit(monkeypatch):
    """On blocks whose order shows in the last bits of the means."""
    monkeypatch.setattr(engine, "BLOCK", 100)
    paths = 13 * 100 + 33
    simulation = asian()
    expected = simulation.estimate(paths)
    parts = [simulation._moments(task)[1] for task in simulation._tasks(paths)]
    assert merge(parts).means.tolist() != merge(parts[::-1]).means.tolist()
    assert simulation.estimate(paths, threads=3) == expected
    with ThreadPoolExecutor(2) as executor:
        assert simulation.estimate(paths, executor=executor) == expected
    assert pickle.loads(pickle.dumps(simulation)).estimate(paths) == expected


def test_another_seed_gives_other_paths_and_paths_do_not_depend_on_how_many_there_are():
    states = european(steps=3).states(0, 5_000)["log_price"]
    assert np.array_equal(european(steps=3).states(1_234, 77)["log_price"], states[1_234:1_311])
    assert not np.any(european(steps=3, seed=43).states(0, 5_000)["log_price"] == states)


def test_same_bits_in_v8():
    simulation = european(steps=6)
    in_v8 = Simulation(models.gbm.on("v8"), models.call.on("v8"), START, simulation.times, MARKET, seed=42)
    assert in_v8.estimate(20_000) == simulation.estimate(20_000)


@pytest.mark.slow
def test_two_ray_workers_give_the_same_bits():
    pytest.importorskip("ray")
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)])}
    command = [sys.executable, "-m", "tests.quant.ray_workers"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.stdout.strip().endswith("equal"), done.stderr[-3000:]


def test_tree_sums_do_not_lose_small_terms_as_running_sums_do():
    values = np.full(1 << 20, 0.1)
    assert float(tree_sum(values)) == (1 << 20) * 0.1
    assert float(tree_sum(np.arange(7.0))) == 21.0
    assert tree_sum(np.zeros((0, 3))).tolist() == [0.0, 0.0, 0.0]


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"times": [0.5, 0.5]}, "times: expected increasing times after 0"),
        ({"sampling": "halton"}, "sampling: expected 'philox' or 'antithetic' or 'sobol'"),
        ({"seed": -1}, "seed"),
        ({"parameters": {"carry": 0.0}}, "no vol, strike, discount"),
        ({"parameters": MARKET | {"rate": 0.1}}, "rate, which nothing takes"),
        ({"step": models.call}, "step: expected def step"),
    ],
)
def test_simulations_that_mean_nothing(change, words):
    arguments = {"step": models.gbm, "payoff": models.call, "initial": START, "times": [1.0], "parameters": MARKET}
    with pytest.raises(InvalidInput, match=words):
        Simulation(**{**arguments, **change})


@pytest.mark.parametrize("length", [11, 13])
def test_a_value_for_each_step_is_one_for_each_step(length):
    parameters = {"carry": np.zeros(length), "vol": 0.2, "strike": 100.0, "discount": 1.0, "fixings": 12.0}
    simulation = Simulation(models.gbm, models.asian, START, np.arange(1, 13) / 12, parameters)
    with pytest.raises(InvalidInput, match="carry: expected one value, or one for each of 12 steps"):
        simulation.states(0, 2)
    with pytest.raises(InvalidInput, match="carry: expected one value, or one for each of 12 steps"):
        next(simulation.trajectories(0, 2))


@pytest.mark.parametrize("shape", [(0, 5), (3, 0)])
def test_early_exercise_needs_dates_and_paths(shape):
    with pytest.raises(InvalidInput, match="one or more of both"):
        longstaff_schwartz(np.ones(shape), np.ones(shape), np.ones(shape[0]))


def test_numbers_of_paths_that_do_not_suit_the_sampling():
    with pytest.raises(InvalidInput, match="even number"):
        european("antithetic").estimate(101)
    with pytest.raises(InvalidInput, match="power of two"):
        european("sobol").estimate(1000)
    with pytest.raises(InvalidInput, match="one of arithmetic, geometric"):
        asian().estimate(1000, control={"price": 1.0})
