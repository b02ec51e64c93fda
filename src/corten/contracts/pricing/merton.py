"""European options under jump-diffusion: R. Merton, "Option pricing when stock returns are discontinuous" (1976).

Jumps come at rate `intensity` per year; each multiplies the price by exp(J), J normal with mean `jump_mean` and
standard deviation `jump_deviation`. Given n jumps the forward is F·exp(−intensity·k·T + n·g), g = jump_mean +
jump_deviation²/2, k = exp(g) − 1, and the variance vol²·T + n·jump_deviation²: the price is the Poisson mean of
Black's. It is summed until the bound of what follows (every later term, had it the forward or strike for a price) is
below 1e-17 of the sum.

Inputs as in `black`; intensity ≥ 0, jump_deviation ≥ 0, |jump_mean| ≤ 50. NaN for what is out of its domain, and where
the mean number of jumps, under the measure of the forward too, exceeds 5000.
"""

from corten.contracts.math import exp, log
from corten.contracts.pricing.black import (
    LARGEST,
    SMALLEST_PRICE,
    CallPut,
    call_and_put,
    is_defined,
    is_factor,
    not_a_number,
)
from corten.lang import f64, sqrt

MOST_JUMPS = 5000.0
LARGEST_MEAN = 50.0
RELATIVE = 1.0e-17
LOG_VANISHED = -745.0


def merton(
    forward: f64,
    strike: f64,
    expiry: f64,
    vol: f64,
    intensity: f64,
    jump_mean: f64,
    jump_deviation: f64,
    discount: f64,
) -> CallPut:
    """Call and put, in quote units."""
    growth = jump_mean + 0.5 * jump_deviation * jump_deviation
    count = intensity * expiry
    is_sized = abs(growth) <= LARGEST_MEAN and jump_deviation >= 0.0 and intensity >= 0.0
    tilted = count * exp(min(growth, LARGEST_MEAN))  # the mean count in the measure of the forward
    is_valid = is_defined(forward, strike, expiry, vol) and is_factor(discount) and is_sized
    if not is_valid or not max(count, tilted) <= MOST_JUMPS:
        nan = not_a_number()
        return CallPut(call=nan, put=nan)
    is_call = strike >= forward
    intrinsic = forward - strike
    mean = tilted if is_call else count
    log_count = log(max(mean, SMALLEST_PRICE))
    unit = forward if is_call else strike
    total = 0.0
    log_weight = -mean  # Poisson in the measure where the price is a share of its unit
    jumps = 0.0
    is_done = False
    while not is_done:
        if log_weight > LOG_VANISHED:
            weight = exp(log_weight)
            moved = forward * exp(count - tilted + jumps * growth)
            deviation = sqrt(vol * vol * expiry + jumps * (jump_deviation * jump_deviation))
            # shares of the unit: a call over the forward, a put over the strike
            pair = call_and_put(moved if moved < LARGEST else LARGEST, strike, deviation)
            total = total + weight * (
                pair.call / max(moved, SMALLEST_PRICE) if is_call else pair.put / max(strike, SMALLEST_PRICE)
            )
        jumps = jumps + 1.0
        log_weight = log_weight + log_count - log(jumps)
        # weights fall by mean/(jumps + 1) at least from here on
        if jumps > mean:
            rest = exp(log_weight) / (1.0 - mean / (jumps + 1.0))
            is_done = rest <= RELATIVE * total or log_weight < LOG_VANISHED
    value = unit * total
    return CallPut(call=discount * (value + max(intrinsic, 0.0)), put=discount * (value + max(-intrinsic, 0.0)))
