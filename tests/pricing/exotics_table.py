"""Writes data/exotics.csv: exotic options as QuantLib values them. Run once, in an environment that has QuantLib:

    python -m venv quantlib && quantlib/bin/pip install QuantLib==1.44
    quantlib/bin/python tests/pricing/exotics_table.py

QuantLib 1.44: AnalyticBarrierEngine, AnalyticDoubleBarrierEngine (series = 20), the lookback engines, the geometric
average engines, and for the arithmetic average TurnbullWakemanAsianEngine ("levy"). (AnalyticDoubleBarrierEngine
is right where vol·√expiry is below 0.66·ln(upper/lower); beyond, some of its prices are off by up to 2e-2.)
"""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import QuantLib as ql  # noqa: N813

PATH = Path(__file__).with_name("data") / "exotics.csv"
COLUMNS = "what kind spot strike level other expiry vol rate dividend rebate price".split()
TODAY = ql.Date(1, 1, 2026)
KNOCKS = {
    "down-in": ql.Barrier.DownIn,
    "down-out": ql.Barrier.DownOut,
    "up-in": ql.Barrier.UpIn,
    "up-out": ql.Barrier.UpOut,
}
DOUBLES = {"in": ql.DoubleBarrier.KnockIn, "out": ql.DoubleBarrier.KnockOut}


def process(row: dict[str, Any]) -> Any:
    ql.Settings.instance().evaluationDate = TODAY
    count = ql.Actual365Fixed()
    rates = [ql.YieldTermStructureHandle(ql.FlatForward(TODAY, row[one], count)) for one in ("dividend", "rate")]
    vols = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, ql.NullCalendar(), row["vol"], count))
    return ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(row["spot"])), *rates, vols)


def price(row: dict[str, Any], days: int) -> float:
    model, what = process(row), row["what"]
    side = ql.Option.Call if row["kind"] == 1 else ql.Option.Put
    payoff, exercise = ql.PlainVanillaPayoff(side, row["strike"]), ql.EuropeanExercise(TODAY + days)
    if what in KNOCKS:
        option = ql.BarrierOption(KNOCKS[what], row["level"], row["rebate"], payoff, exercise)
        engine = ql.AnalyticBarrierEngine(model)
    elif what in DOUBLES:
        option = ql.DoubleBarrierOption(DOUBLES[what], row["level"], row["other"], 0.0, payoff, exercise)
        engine = ql.AnalyticDoubleBarrierEngine(model, 20)
    elif what == "floating":
        option = ql.ContinuousFloatingLookbackOption(row["level"], ql.FloatingTypePayoff(side), exercise)
        engine = ql.AnalyticContinuousFloatingLookbackEngine(model)
    elif what == "fixed":
        option = ql.ContinuousFixedLookbackOption(row["level"], payoff, exercise)
        engine = ql.AnalyticContinuousFixedLookbackEngine(model)
    elif what == "geometric" and row["other"] == 0:
        option = ql.ContinuousAveragingAsianOption(ql.Average.Geometric, payoff, exercise)
        engine = ql.AnalyticContinuousGeometricAveragePriceAsianEngine(model)
    else:
        average = ql.Average.Geometric if what == "geometric" else ql.Average.Arithmetic
        fixings = int(row["other"])
        dates = [TODAY + days * (i + 1) // fixings for i in range(fixings)]
        start = 1.0 if what == "geometric" else 0.0
        option = ql.DiscreteAveragingAsianOption(average, start, 0, dates, payoff, exercise)
        engine = {
            "geometric": ql.AnalyticDiscreteGeometricAveragePriceAsianEngine,
            "levy": ql.TurnbullWakemanAsianEngine,
        }[what](model)
    option.setPricingEngine(engine)
    return option.NPV()


def draw(random_: random.Random, what: str) -> tuple[dict[str, Any], int]:
    days = random_.choice([20, 100, 200, 360, 720])
    spot, vol = round(random_.uniform(80, 120), 2), round(random_.uniform(0.1, 0.8), 3)
    spread = vol * (days / 365) ** 0.5
    row = {
        "what": what,
        "kind": random_.choice([1, -1]),
        "spot": spot,
        "strike": round(spot * (1 + random_.uniform(-1, 1) * spread * 0.8), 1),
        "other": 0.0,
        "expiry": days / 365,
        "vol": vol,
        "rate": round(random_.uniform(0, 0.1), 4),
        "dividend": round(random_.uniform(0, 0.1), 4),
        "rebate": 0.0,
    }
    below = round(spot * (1 - random_.uniform(0.05, 0.9) * min(spread, 1.0)), 1)
    above = round(spot * (1 + random_.uniform(0.05, 1.5) * spread), 1)
    row["level"] = above if what.startswith("up") else below
    if what in KNOCKS:
        row["rebate"] = random_.choice([0.0, 3.0])
    elif what in DOUBLES:
        row["other"] = above
    elif what in ("floating", "fixed"):
        row["level"] = below if (row["kind"] == 1) == (what == "floating") else above
    elif what in ("geometric", "levy"):
        row["other"] = float(random_.choice([0, 4, 20] if what == "geometric" else [2, 4, 10, 20]))
    return row, days


def main() -> None:
    """30 options of each kind of barrier, 20 of each of the rest, seed 2."""
    source = random.Random(2)
    with PATH.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for what in [*KNOCKS, *DOUBLES, "floating", "fixed", "geometric", "levy"]:
            for _ in range(30 if what in KNOCKS else 20):
                row, days = draw(source, what)
                writer.writerow({**row, "price": repr(price(row, days))})


if __name__ == "__main__":
    main()
