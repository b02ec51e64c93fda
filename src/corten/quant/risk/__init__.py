"""Risk of portfolios: values, greeks, scenarios, value at risk, attribution of profits (docs/guide/risk.md).

portfolio     positions as columns: values, greeks, full revaluation
columns       what a portfolio reads, and what its kernels take
scenarios     grids, the portfolio-margin grid, historical and drawn scenarios
measures      value at risk, expected shortfall, their standard errors
attribution   profits explained by the greeks
live          revaluation of what a tick changed
kernels       what runs
"""

from corten.quant.risk.attribution import Attribution, attribute
from corten.quant.risk.live import Live
from corten.quant.risk.measures import expected_shortfall, shortfall_contributions, value_at_risk
from corten.quant.risk.portfolio import Greeks, Grid, Portfolio, Value
from corten.quant.risk.scenarios import Scenarios

__all__ = [
    "Attribution",
    "Greeks",
    "Grid",
    "Live",
    "Portfolio",
    "Scenarios",
    "Value",
    "attribute",
    "expected_shortfall",
    "shortfall_contributions",
    "value_at_risk",
]
