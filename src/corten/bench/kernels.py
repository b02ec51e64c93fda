"""Kernels against numba, SciPy, QuantLib and py_vollib_vectorized, which run in an environment of their own.

Both sides work on one core in alternating rounds of one run. What a peer computes is compared with ours before it is
timed. What a kernel's call, copies and canonical NaNs cost is in `kernel_costs`, accuracy and speed of single functions
in `mathematics`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import corten
from corten import quant
from corten.base.errors import HostFault
from corten.bench._peer_environment import Peers, peer_process
from corten.bench.measure import paired
from corten.bench.registry import Result
from corten.contracts.math import exp
from corten.contracts.paths import gbm_step
from corten.lang import f64, struct
from corten.quant.montecarlo import BLOCK, Simulation

ROWS: Final = 1_000_000
ROUNDS: Final = 9
Columns = dict[str, NDArray[Any]]


def options(rows: int = ROWS) -> Columns:
    """Options on forwards near 60,000: strikes within some deviations, a week to two years, vols 0.2 to 1.5."""
    random = np.random.default_rng(1)
    forward = 60_000.0 * np.exp(random.normal(0.0, 0.1, rows))
    expiry, vol = random.uniform(0.02, 2.0, rows), random.uniform(0.2, 1.5, rows)
    strike = forward * np.exp(random.normal(0.0, 1.0, rows) * vol * np.sqrt(expiry))
    return {"forward": forward, "strike": strike, "expiry": expiry, "vol": vol}


def black76() -> list[Result]:
    """Call and put of each row, one core."""
    columns = options()

    def ours() -> Any:
        return quant.black76(**columns)

    conditions = f"{ROWS:,} rows, call and put of each, one core, all prices to a few ulp"
    found = []
    with peer_process() as peers:
        peers.give(columns)
        for peer in ("numba_black76", "scipy_black76", "quantlib_black76", "quantlib_option"):
            peers.prepare(peer)
            reference = peers.result(peer)
            prices = np.stack(ours())[:, : reference.shape[1]]
            _same(peer, prices, reference, 1e-9 * columns["forward"][: reference.shape[1]])
            mine, theirs = _race(ours, peers, peer)
            result = _result("black76", ROWS, mine, peer, reference.shape[1], theirs, "ns/row", conditions)
            found.append(result)
    return found


def implied() -> list[Result]:
    """Implied volatilities of out-of-the-money prices."""
    columns = options(ROWS // 4)
    kind = np.where(columns["strike"] >= columns["forward"], "C", "P")
    price = quant.black76(**columns, kind=kind)
    given = {name: columns[name] for name in ("forward", "strike", "expiry")} | {"price": price}
    rows = len(price)

    def ours() -> Any:
        return quant.implied_vol(price, columns["forward"], columns["strike"], columns["expiry"], kind=kind)

    error = np.abs(ours() / columns["vol"] - 1.0)
    with peer_process() as peers:
        peers.give(given | {"is_call": kind == "C"})
        peers.prepare("vollib_implied")
        _same("vollib_implied", ours(), peers.result("vollib_implied"), 1e-6 * columns["vol"])
        mine, theirs = _race(ours, peers, "vollib_implied", rounds=5)
    conditions = f"{rows:,} rows, one core; worst relative error of the round trip {error.max():.1e}"
    return [_result("implied", rows, mine, "vollib_implied", rows, theirs, "ns/row", conditions)]


def greeks() -> list[Result]:
    """Price and sixteen greeks of a call against the price alone."""
    columns = options(ROWS // 4)
    rows = ROWS // 4
    taken = paired(
        lambda: quant.black76_greeks(**columns, kind="C"), lambda: quant.black76(**columns, kind="C"), rounds=ROUNDS
    )
    conditions = f"{rows:,} rows, one core; all greeks to the third order"
    return [Result("greeks", taken.ours / rows * 1e9, "ns/row", "price alone", taken.ratio, conditions)]


def american() -> list[Result]:
    """American puts against QuantLib's Leisen-Reimer lattice of 801 steps."""
    random = np.random.default_rng(2)
    rows = 24
    columns = {
        "spot": np.full(rows, 100.0),
        "strike": random.uniform(80.0, 120.0, rows),
        "expiry": np.round(random.uniform(0.1, 2.0, rows) * 365.0) / 365.0,
        "vol": random.uniform(0.1, 0.6, rows),
        "rate": random.uniform(0.01, 0.08, rows),
        "dividend": random.uniform(0.0, 0.05, rows),
    }
    repeated = {name: np.tile(column, 40) for name, column in columns.items()}

    def ours() -> Any:
        return quant.american(**repeated, kind="P").price

    with peer_process() as peers:
        peers.give(columns)
        peers.prepare("quantlib_american")
        peers.prepare("quantlib_american_precise")
        lattice, precise = peers.result("quantlib_american"), peers.result("quantlib_american_precise")
        found = ours()[:rows]
        _same("quantlib_american_precise", found, precise, 1e-5)
        mine, theirs = _race(ours, peers, "quantlib_american", rounds=5)
    errors = f"{np.abs(found - precise).max():.1e}, the lattice's {np.abs(lattice - precise).max():.1e}"
    conditions = f"puts on 100, one core; largest difference from QuantLib's spectral engine {errors}"
    return [
        _result("american", len(repeated["spot"]), mine, "quantlib_american", rows, theirs, "ns/option", conditions)
    ]


@struct
class Walk:
    """The logarithm of a price."""

    log_price: f64


@corten.kernel
def walk(state: Walk, z: f64, dt: f64, carry: f64, vol: f64) -> Walk:
    """A step of geometric Brownian motion."""
    return Walk(gbm_step(state.log_price, carry, vol, dt, z))


@corten.kernel
def terminal(state: Walk) -> f64:
    """The price."""
    return exp(state.log_price)


def montecarlo() -> list[Result]:
    """A step of geometric Brownian motion, Philox4x32-10 and the inverse normal included; then two threads."""
    count, steps, seed = 8 * BLOCK, 64, 7
    simulation = _walk(steps, seed)

    def ours() -> Any:
        return [simulation.values(first, BLOCK)[1] for first in range(0, count, BLOCK)]

    given = {"paths": [count], "steps": [steps], "spot": [100.0], "drift": [(0.05 - 0.02) / steps]}
    given |= {"vol": [0.2 / steps**0.5], "seed": [seed]}
    with peer_process() as peers:
        peers.give({name: np.array(value) for name, value in given.items()})
        peers.prepare("numba_gbm")
        _same("numba_gbm", np.concatenate(ours())[:, 0], peers.result("numba_gbm"), 1e-9 * 100.0)
        mine, theirs = _race(ours, peers, "numba_gbm", rounds=5)
    conditions = f"{count:,} paths of {steps} steps, one core, same variates"
    found = [_result("montecarlo", count * steps, mine, "numba_gbm", count * steps, theirs, "ns/step", conditions)]
    two = paired(lambda: simulation.estimate(count, threads=2), lambda: simulation.estimate(count), rounds=5)
    conditions = f"{count:,} paths of {steps} steps; 0.5 would be twice as fast"
    found.append(Result("montecarlo.threads", two.ours * 1e3, "ms", "one thread", two.ratio, conditions))
    return found


def _walk(steps: int, seed: int) -> Simulation:
    parameters = {"carry": 0.05, "vol": 0.2}
    times = np.arange(1, steps + 1) / steps
    return Simulation(walk, terminal, {"log_price": float(np.log(100.0))}, times, parameters, seed=seed)


def _same(peer: str, ours: NDArray[Any], theirs: NDArray[Any], tolerance: Any) -> None:
    difference = np.abs(ours - theirs)
    if not np.all(difference <= tolerance):
        raise HostFault(f"{peer} computes something else: difference {np.nanmax(difference):.3e}")


def _race(ours: Callable[[], object], peers: Peers, peer: str, rounds: int = ROUNDS) -> tuple[list[float], list[float]]:
    """Seconds of both, in alternation; each round's first is the other one."""
    ours()
    mine, theirs = [], []
    for number in range(rounds):
        for side in (0, 1) if number % 2 else (1, 0):
            if side:
                theirs.append(peers.seconds(peer))
                continue
            begin = time.perf_counter_ns()
            ours()
            mine.append((time.perf_counter_ns() - begin) / 1e9)
    return mine, theirs


def _result(
    name: str,
    count: int,
    mine: list[float],
    peer: str,
    their_count: int,
    theirs: list[float],
    unit: str,
    conditions: str,
) -> Result:
    ratio = statistics.median(
        (ours / count) / (peer_time / their_count) for ours, peer_time in zip(mine, theirs, strict=True)
    )
    return Result(name, statistics.median(mine) / count * 1e9, unit, peer, ratio, conditions)


BENCHMARKS: Final = {
    "black76": black76,
    "implied": implied,
    "greeks": greeks,
    "american": american,
    "montecarlo": montecarlo,
}
