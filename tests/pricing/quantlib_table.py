"""Writes data/quantlib.csv: European options as QuantLib values them. Run once, in an environment that has QuantLib:

    python -m venv quantlib && quantlib/bin/pip install QuantLib==1.44
    quantlib/bin/python tests/pricing/quantlib_table.py

QuantLib 1.44, AnalyticEuropeanEngine; its theta is per year of time that passes, dividendRho by the yield.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

import QuantLib as ql  # noqa: N813

PATH = Path(__file__).with_name("data") / "quantlib.csv"
INPUTS = "kind spot strike expiry vol rate dividend".split()
RESULTS = "price delta gamma vega theta rho dividend_rho cash_or_nothing asset_or_nothing".split()
TODAY = ql.Date(1, 1, 2026)


def value(kind: int, spot: float, strike: float, days: int, vol: float, rate: float, dividend: float) -> list[float]:
    """QuantLib's results for one option, in the order of RESULTS."""
    ql.Settings.instance().evaluationDate = TODAY
    count = ql.Actual365Fixed()
    rates = [ql.YieldTermStructureHandle(ql.FlatForward(TODAY, one, count)) for one in (dividend, rate)]
    vols = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, ql.NullCalendar(), vol, count))
    process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(spot)), *rates, vols)
    engine = ql.AnalyticEuropeanEngine(process)
    side = ql.Option.Call if kind == 1 else ql.Option.Put
    exercise = ql.EuropeanExercise(TODAY + days)
    payoffs = [
        ql.PlainVanillaPayoff(side, strike),
        ql.CashOrNothingPayoff(side, strike, 1.0),
        ql.AssetOrNothingPayoff(side, strike),
    ]
    plain, cash, asset = (ql.VanillaOption(payoff, exercise) for payoff in payoffs)
    for option in (plain, cash, asset):
        option.setPricingEngine(engine)
    greeks = (plain.delta(), plain.gamma(), plain.vega(), plain.theta(), plain.rho(), plain.dividendRho())
    return [plain.NPV(), *greeks, cash.NPV(), asset.NPV()]


def main() -> None:
    """400 options, seed 1."""
    draw = random.Random(1)
    with PATH.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(INPUTS + RESULTS)
        for row in range(400):
            kind, days = 1 - 2 * (row % 2), draw.choice([1, 3, 7, 30, 90, 365, 1000])
            spot, vol = round(draw.uniform(50, 150), 2), round(draw.uniform(0.05, 1.5), 3)
            strike = round(spot * (1 + draw.uniform(-2, 2) * vol * (days / 365) ** 0.5), 1)
            rate, dividend = round(draw.uniform(-0.02, 0.1), 4), round(draw.uniform(0, 0.08), 4)
            if strike > 0:
                results = value(kind, spot, strike, days, vol, rate, dividend)
                writer.writerow([kind, spot, strike, repr(days / 365), vol, rate, dividend, *map(repr, results)])


if __name__ == "__main__":
    main()
