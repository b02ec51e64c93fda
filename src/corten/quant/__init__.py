"""Numbers for people: the library's kernels mapped over numpy, pandas and polars columns.

    from corten.quant import black76, implied_vol
    black76(forwards, strikes, expiries, vols).call

What stands in `corten.contracts` is for contracts and kernels, and takes scalars; here the same functions take columns.

functions    mathematical functions
vanilla      European options: prices and greeks (docs/pricing.md)
models       Heston, SABR, Merton (docs/models.md)
variance     variance swaps and the CBOE's index from strips of options
implied      implied volatility, forwards from parity
exotics      American and exotic options (docs/exotics.md)
kinds        calls and puts as people write them
risk         portfolios: greeks, scenarios, value at risk, attribution (docs/guide/risk.md)
"""

from corten.contracts.pricing.implied import ImpliedStatus
from corten.quant.exotics import (
    american,
    asian,
    asian_geometric,
    asian_levy,
    barrier_option,
    double_barrier,
    lookback_fixed,
    lookback_floating,
    touch,
)
from corten.quant.functions import erf, erfc, erfcx, exp, expm1, log, log1p, normal_cdf, normal_pdf
from corten.quant.implied import (
    ImpliedVol,
    implied_vol,
    implied_vol_inverse,
    parity_discount,
    parity_forward,
    parity_forward_inverse,
)
from corten.quant.models import heston, heston_greeks, heston_implied_vol, merton, sabr, sabr_normal
from corten.quant.vanilla import (
    asset_or_nothing,
    bachelier,
    bachelier_implied_vol,
    black76,
    black76_greeks,
    black76_inverse,
    black76_inverse_greeks,
    black_scholes,
    black_scholes_greeks,
    cash_or_nothing,
    cash_or_nothing_inverse,
)
from corten.quant.variance import variance_index, variance_swap_strike, variance_swap_weights

__all__ = [
    "ImpliedStatus",
    "ImpliedVol",
    "american",
    "asian",
    "asian_geometric",
    "asian_levy",
    "barrier_option",
    "double_barrier",
    "lookback_fixed",
    "lookback_floating",
    "touch",
    "asset_or_nothing",
    "bachelier",
    "bachelier_implied_vol",
    "black76",
    "black76_greeks",
    "black76_inverse",
    "black76_inverse_greeks",
    "black_scholes",
    "black_scholes_greeks",
    "cash_or_nothing",
    "cash_or_nothing_inverse",
    "erf",
    "erfc",
    "erfcx",
    "exp",
    "expm1",
    "heston",
    "heston_greeks",
    "heston_implied_vol",
    "implied_vol",
    "implied_vol_inverse",
    "log",
    "log1p",
    "merton",
    "normal_cdf",
    "normal_pdf",
    "parity_discount",
    "parity_forward",
    "parity_forward_inverse",
    "sabr",
    "sabr_normal",
    "variance_index",
    "variance_swap_strike",
    "variance_swap_weights",
]
