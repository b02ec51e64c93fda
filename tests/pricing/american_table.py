"""Writes data/american.csv and data/american_carry.csv: American options as QuantLib values them.
Run once, in an environment that has QuantLib:

    python -m venv quantlib && quantlib/bin/pip install QuantLib==1.44
    quantlib/bin/python tests/pricing/american_table.py

QuantLib 1.44, QdFpAmericanEngine, a scheme of more points than its `highPrecisionScheme` (25 nodes, 50 iterations,
tanh-sinh quadrature to 1e-12).
"""

from __future__ import annotations

import csv
import itertools
import random
from pathlib import Path

import QuantLib as ql  # noqa: N813

PATH = Path(__file__).with_name("data") / "american.csv"
COLUMNS = "kind spot strike expiry vol rate dividend price".split()
TODAY = ql.Date(1, 1, 2026)


def value(kind: int, spot: float, strike: float, days: int, vol: float, rate: float, dividend: float) -> float:
    ql.Settings.instance().evaluationDate = TODAY
    count = ql.Actual365Fixed()
    rates = [ql.YieldTermStructureHandle(ql.FlatForward(TODAY, one, count)) for one in (dividend, rate)]
    vols = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, ql.NullCalendar(), vol, count))
    process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(spot)), *rates, vols)
    side = ql.Option.Call if kind == 1 else ql.Option.Put
    option = ql.VanillaOption(ql.PlainVanillaPayoff(side, strike), ql.AmericanExercise(TODAY, TODAY + days))
    scheme = ql.QdFpTanhSinhIterationScheme(25, 50, 1e-12)
    option.setPricingEngine(ql.QdFpAmericanEngine(process, scheme))
    return option.NPV()


def main() -> None:
    """300 options of every kind, seed 1, and 100 whose exercise is worth least, with rates almost alike."""
    draw = random.Random(1)
    with PATH.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in range(400):
            kind, days = 1 - 2 * (row % 2), draw.choice([3, 7, 30, 90, 180, 365, 730, 1095])
            spot, vol = round(draw.uniform(50, 150), 2), round(draw.uniform(0.08, 1.0), 3)
            strike = round(spot * (1 + draw.uniform(-1.5, 1.5) * vol * (days / 365) ** 0.5), 1)
            rate, dividend = round(draw.uniform(0.0, 0.12), 4), round(draw.uniform(0, 0.12), 4)
            if row >= 300:
                dividend = round(rate * (1 + draw.uniform(-0.1, 0.1)), 5)
            if strike > 0:
                price = value(kind, spot, strike, days, vol, rate, dividend)
                writer.writerow([kind, spot, strike, repr(days / 365), vol, rate, dividend, repr(price)])

    with PATH.with_name("american_carry.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for ratio, vol, days, kind in itertools.product((5, 8, 12, 20, 40, 60), (0.03, 0.1), (90, 730), (1, -1)):
            low, high = 0.02, round(0.02 + ratio * vol * vol, 6)
            rate, dividend = (low, high) if kind == 1 else (high, low)
            spot = round(100 * (1 - kind * 0.2 * vol), 3)
            price = value(kind, spot, 100.0, days, vol, rate, dividend)
            writer.writerow([kind, spot, 100.0, repr(days / 365), vol, rate, dividend, repr(price)])


if __name__ == "__main__":
    main()
