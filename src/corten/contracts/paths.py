"""Steps of the models that Monte Carlo simulates: functions of the state before, parameters and normal variates.

Prices are logarithms of the forward or spot, times are years, rates and volatilities are per year. Compose them with a
payoff in a kernel of your own (docs/guide/monte_carlo.md).
"""

from corten.contracts.math import exp, expm1, log, normal_cdf
from corten.lang import f64, sqrt, struct

PSI_SWITCH: f64 = 1.5  # Andersen recommends a value in [1, 2]
MOST_JUMPS = 12


def gbm_step(log_price: f64, carry: f64, vol: f64, dt: f64, z: f64) -> f64:
    """Geometric Brownian motion, exact: the logarithm of the price after `dt`. `carry` is rate minus dividend yield."""
    return log_price + (carry - 0.5 * vol * vol) * dt + vol * sqrt(dt) * z


@struct
class HestonState:
    """Logarithm of the price, and the variance."""

    log_price: f64
    variance: f64


@struct
class HestonParameters:
    """dv = kappa (theta − v) dt + xi √v dW, correlated with the price's motion by rho; `carry` of the price."""

    kappa: f64
    theta: f64
    xi: f64
    rho: f64
    carry: f64


def heston_step(state: HestonState, model: HestonParameters, dt: f64, z_price: f64, z_variance: f64) -> HestonState:
    """Andersen's QE scheme, martingale-corrected ("Efficient simulation of the Heston model", 2008, 3.2 and 4.2)."""
    kappa = model.kappa
    theta = model.theta
    xi = model.xi
    rho = model.rho
    variance = state.variance

    decay = exp(-kappa * dt)
    loss = -expm1(-kappa * dt)
    mean = theta + (variance - theta) * decay
    spread = xi * xi * loss / kappa * (variance * decay + 0.5 * theta * loss)
    psi = spread / (mean * mean)

    drift = 0.5 * dt * (kappa * rho / xi - 0.5)
    k1 = drift - rho / xi
    k2 = drift + rho / xi
    k3 = 0.5 * dt * (1.0 - rho * rho)
    slope = k2 + 0.5 * k3

    # quadratic: a (b + z)², for a variance that is far from zero
    inverse = 2.0 / min(psi, PSI_SWITCH)
    b_squared = inverse - 1.0 + sqrt(inverse) * sqrt(inverse - 1.0)
    a = mean / (1.0 + b_squared)
    root = sqrt(b_squared) + z_variance
    quadratic = a * root * root
    room = 1.0 - 2.0 * slope * a
    quadratic_log = slope * b_squared * a / room - 0.5 * log(room)

    # exponential with a mass at zero, for a variance that is near it
    psi_high = max(psi, PSI_SWITCH)
    mass = (psi_high - 1.0) / (psi_high + 1.0)
    beta = (1.0 - mass) / mean
    survival = normal_cdf(-z_variance)
    tail = log((1.0 - mass) / survival) / beta
    exponential = tail if survival < 1.0 - mass else 0.0
    exponential_log = log(mass + beta * (1.0 - mass) / (beta - slope))

    is_quadratic = psi <= PSI_SWITCH
    following = quadratic if is_quadratic else exponential
    correction = quadratic_log if is_quadratic else exponential_log
    k0 = -correction - (k1 + 0.5 * k3) * variance
    noise = sqrt(k3 * (variance + following)) * z_price
    log_price = state.log_price + model.carry * dt + k0 + k1 * variance + k2 * following + noise
    return HestonState(log_price, following)


def merton_step(
    log_price: f64,
    carry: f64,
    vol: f64,
    intensity: f64,
    jump_mean: f64,
    jump_deviation: f64,
    dt: f64,
    z_price: f64,
    z_count: f64,
    z_size: f64,
) -> f64:
    """Merton's jump diffusion, exact for up to 12 jumps in a step; sizes of the logarithm are normal.

    Merton, "Option pricing when underlying stock returns are discontinuous", 1976. The drift is compensated.
    """
    compensator = intensity * (exp(jump_mean + 0.5 * jump_deviation * jump_deviation) - 1.0)
    continuous = gbm_step(log_price, carry - compensator, vol, dt, z_price)
    above = normal_cdf(-z_count)  # the chance of what lies above a count
    mean = intensity * dt
    probability = exp(-mean)
    below = 1.0 - probability
    count = 0.0
    for jump in range(1, MOST_JUMPS + 1):
        count = f64(jump) if above < below else count
        probability = probability * mean / f64(jump)
        below = below - probability
    return continuous + count * jump_mean + sqrt(count) * jump_deviation * z_size


def bridge_survival(log_price: f64, log_next: f64, log_barrier: f64, vol: f64, dt: f64) -> f64:
    """The chance that a Brownian motion between two ends, both on one side of a barrier, did not touch it; else 0."""
    before = log_price - log_barrier
    after = log_next - log_barrier
    hit = exp(-2.0 * before * after / (vol * vol * dt))
    return 1.0 - hit if before * after > 0.0 else 0.0
