"""Iterated kernels."""

import corten
from corten.lang import Array, f64, i64, struct, u32, u64


@struct
class State:
    x: f64
    total: f64
    hits: i64


@struct
class Terms:
    drift: f64
    scale: f64


@corten.kernel
def step(state: State, number: u64, terms: Terms, noise: f64, is_counting: bool) -> State:
    x = state.x + terms.drift + terms.scale * noise
    hits = state.hits + 1 if is_counting and x > 0.0 else state.hits
    return State(x, state.total + x * f64(number), hits)


@corten.kernel
def weigh(state: State, weights: Array[f64, 3]) -> State:
    return State(state.x * weights[0] + weights[1], state.total + weights[2], state.hits)


@corten.kernel
def trap_at_three(state: State, limit: u32) -> State:
    return State(state.x, state.total, i64(limit - u32(state.hits + 1)) + 2 * state.hits + 2 - i64(limit))


@corten.kernel
def no_state(x: f64, y: f64) -> f64:
    return x + y
