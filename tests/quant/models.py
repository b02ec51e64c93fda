"""Models and payoffs for the tests of Monte Carlo."""

import corten
from corten.contracts.math import exp
from corten.contracts.paths import HestonParameters, HestonState, bridge_survival, gbm_step, heston_step, merton_step
from corten.lang import f64, sqrt, struct


@struct
class Path:
    log_price: f64
    total: f64
    log_total: f64


@corten.kernel
def gbm(state: Path, z: f64, dt: f64, carry: f64, vol: f64) -> Path:
    log_price = gbm_step(state.log_price, carry, vol, dt, z)
    return Path(log_price, state.total + exp(log_price), state.log_total + log_price)


@corten.kernel
def call(state: Path, strike: f64, discount: f64) -> f64:
    return discount * max(exp(state.log_price) - strike, 0.0)


@struct
class Asian:
    arithmetic: f64
    geometric: f64


@corten.kernel
def asian(state: Path, strike: f64, discount: f64, fixings: f64) -> Asian:
    arithmetic = max(state.total / fixings - strike, 0.0)
    geometric = max(exp(state.log_total / fixings) - strike, 0.0)
    return Asian(discount * arithmetic, discount * geometric)


@struct
class Scored:
    log_price: f64
    z: f64


@corten.kernel
def scored(state: Scored, z: f64, dt: f64, carry: f64, vol: f64) -> Scored:
    return Scored(gbm_step(state.log_price, carry, vol, dt, z), z)


@struct
class Greeks:
    price: f64
    delta: f64
    vega: f64
    likelihood_delta: f64


@corten.kernel
def greeks(state: Scored, spot: f64, strike: f64, carry: f64, vol: f64, expiry: f64, discount: f64) -> Greeks:
    price = exp(state.log_price)
    paid = discount * max(price - strike, 0.0)
    inside = discount if price > strike else 0.0
    delta = inside * price / spot
    vega = inside * price * (sqrt(expiry) * state.z - vol * expiry)
    return Greeks(paid, delta, vega, paid * state.z / (spot * vol * sqrt(expiry)))


@corten.kernel
def heston(state: HestonState, z_price: f64, z_variance: f64, dt: f64, model: HestonParameters) -> HestonState:
    return heston_step(state, model, dt, z_price, z_variance)


@corten.kernel
def heston_call(state: HestonState, strike: f64, discount: f64) -> f64:
    return discount * max(exp(state.log_price) - strike, 0.0)


@struct
class Jumping:
    log_price: f64


@corten.kernel
def merton(
    state: Jumping,
    z_price: f64,
    z_count: f64,
    z_size: f64,
    dt: f64,
    carry: f64,
    vol: f64,
    intensity: f64,
    jump_mean: f64,
    jump_deviation: f64,
) -> Jumping:
    return Jumping(
        merton_step(state.log_price, carry, vol, intensity, jump_mean, jump_deviation, dt, z_price, z_count, z_size)
    )


@corten.kernel
def jumping_call(state: Jumping, strike: f64, discount: f64) -> f64:
    return discount * max(exp(state.log_price) - strike, 0.0)


@struct
class Alive:
    log_price: f64
    survival: f64


@corten.kernel
def down_and_out(state: Alive, z: f64, dt: f64, carry: f64, vol: f64, log_barrier: f64) -> Alive:
    log_price = gbm_step(state.log_price, carry, vol, dt, z)
    return Alive(log_price, state.survival * bridge_survival(state.log_price, log_price, log_barrier, vol, dt))


@corten.kernel
def surviving_call(state: Alive, strike: f64, discount: f64) -> f64:
    return discount * state.survival * max(exp(state.log_price) - strike, 0.0)


@struct
class LocalVol:
    log_price: f64


@corten.kernel
def constant_elasticity(state: LocalVol, z: f64, dt: f64, scale: f64, elasticity: f64) -> LocalVol:
    vol = scale * exp((elasticity - 1.0) * state.log_price)
    return LocalVol(gbm_step(state.log_price, 0.0, vol, dt, z))


@corten.kernel
def local_call(state: LocalVol, strike: f64) -> f64:
    return max(exp(state.log_price) - strike, 0.0)
