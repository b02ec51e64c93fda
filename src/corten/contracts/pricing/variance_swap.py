"""What a strip of options says of the variance to come.

Replication: Demeterfi, Derman, Kamal and Zou, "More than you ever wanted to know about volatility swaps" (1999). The
payoff f(S) = 2/T·[(S − S*)/S* − ln(S/S*)] is replaced by the chords between its values at the strikes: each option
counts with what the slope of the chord changes at its strike. Variance per year is worth e^(rT) times the strip, and
what holding the forward from S* on adds.

Index: the CBOE's formula (VIX white paper), 2/T·Σ ΔK/K²·e^(rT)·Q(K) − (F/K0 − 1)²/T.

One function values one option; `corten.quant` adds up. Options out of the money: puts up to the boundary S* (or K0),
calls from there on. A strike below is that of the option; `inner` is its neighbour towards the boundary, `outer` away.
"""

from corten.contracts.pricing.black import log_ratio, not_a_number
from corten.lang import f64, inline


@inline
def log_payoff(price: f64, boundary: f64) -> f64:
    """(S − S*)/S* − ln(S/S*), without the factor 2/T."""
    return (price - boundary) / boundary - log_ratio(price, boundary)


@inline
def replication_weight(inner: f64, strike: f64, outer: f64, boundary: f64, expiry: f64) -> f64:
    """How many options of a strike replicate one unit of variance per year; inner = strike for the first of each kind.

    The same for puts and calls: the change of the chord's slope, away from the boundary.
    """
    beyond = (log_payoff(outer, boundary) - log_payoff(strike, boundary)) / (outer - strike)
    width = strike - inner
    before = (log_payoff(strike, boundary) - log_payoff(inner, boundary)) / (width if width != 0.0 else 1.0)
    is_valid = min(min(inner, strike), min(outer, boundary)) > 0.0 and expiry > 0.0
    weight = 2.0 / expiry * abs(beyond - (0.0 if width == 0.0 else before))
    return weight if is_valid else not_a_number()


@inline
def replication_rest(forward: f64, boundary: f64, expiry: f64) -> f64:
    """Variance per year beside the strip: 2/T·[ln(F/S*) − (F/S* − 1)], F the forward."""
    value = -2.0 / expiry * log_payoff(forward, boundary)
    is_valid = min(min(forward, boundary), expiry) > 0.0
    return value if is_valid else not_a_number()


@inline
def index_weight(lower: f64, strike: f64, upper: f64, expiry: f64) -> f64:
    """The CBOE's 2/T·ΔK/K², ΔK half the distance of the neighbours; at an end `lower` or `upper` is the strike and ΔK
    the whole distance to the one neighbour."""
    is_end = lower == strike or upper == strike
    width = (upper - lower) * (1.0 if is_end else 0.5)
    is_valid = min(min(lower, strike), expiry) > 0.0 and upper >= strike and strike >= lower
    return 2.0 / expiry * width / (strike * strike) if is_valid else not_a_number()


@inline
def index_rest(forward: f64, boundary: f64, expiry: f64) -> f64:
    """−(F/K0 − 1)²/T."""
    excess = forward / boundary - 1.0
    is_valid = min(min(forward, boundary), expiry) > 0.0
    return -(excess * excess) / expiry if is_valid else not_a_number()
