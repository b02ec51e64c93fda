"""Writes data/quantlib_heston.csv and data/quantlib_sabr.csv: what QuantLib says of these models. Run once:

    python -m venv quantlib && quantlib/bin/pip install QuantLib==1.44
    quantlib/bin/python tests/pricing/quantlib_models_table.py

QuantLib 1.44. AnalyticHestonEngine with the Andersen-Piterbarg control variate and 192 Gauss-Laguerre nodes, rate 0;
rows where its other formula (Gatheral's) differs by more than 1e-9 are left out, 1 in 4. Its adaptive rules are no
better: at small xi they cut the Andersen-Piterbarg integral too early, which is off by up to 3 %.
shiftedSabrVolatility, lognormal and normal.
"""

from __future__ import annotations

import csv
import math
import random
from pathlib import Path

import QuantLib as ql  # noqa: N813

DATA = Path(__file__).with_name("data")
TODAY = ql.Date(1, 1, 2026)


HESTON = "forward strike expiry variance kappa theta xi rho price".split()
SABR = "forward strike expiry alpha beta rho nu shift lognormal normal".split()


def heston(forward: float, strike: float, days: int, variance: float, *model: float) -> tuple[float, float]:
    """The price of the option out of the money, and how far QuantLib's other formula is from it."""
    ql.Settings.instance().evaluationDate = TODAY
    flat = ql.YieldTermStructureHandle(ql.FlatForward(TODAY, 0.0, ql.Actual365Fixed()))
    process = ql.HestonProcess(flat, flat, ql.QuoteHandle(ql.SimpleQuote(forward)), variance, *model)
    formulas = ql.AnalyticHestonEngine
    rules = ql.FourierIntegration
    side = ql.Option.Call if strike >= forward else ql.Option.Put
    option = ql.VanillaOption(ql.PlainVanillaPayoff(side, strike), ql.EuropeanExercise(TODAY + days))
    prices = []
    for formula, rule in (
        (formulas.AndersenPiterbarg, rules.gaussLaguerre(192)),
        (formulas.Gatheral, rules.gaussLaguerre(192)),
    ):
        option.setPricingEngine(ql.AnalyticHestonEngine(ql.HestonModel(process), formula, rule))
        prices.append(option.NPV())
    return float(prices[0]), abs(prices[0] - prices[1])


def write(name: str, header: list[str], rows: list[list[float]]) -> None:
    with (DATA / name).open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([repr(value) for value in row] for row in rows)


def main() -> None:
    """300 Heston options whose variance has an ordinary size, 200 SABR smiles; seed 1."""
    draw = random.Random(1)
    rows = []
    while len(rows) < 300:
        days = draw.choice([7, 30, 90, 365, 1095, 3650, 10950])
        variance, theta = (round(math.exp(draw.uniform(math.log(0.005), math.log(1.0))), 4) for _ in range(2))
        kappa, xi = round(math.exp(draw.uniform(-3, 2)), 3), round(math.exp(draw.uniform(-3, 1)), 3)
        rho = round(draw.choice([draw.uniform(-1, 1), -0.95, 0.95, -0.7]), 3)
        strike = round(100 * math.exp(draw.uniform(-2, 2) * math.sqrt(max(variance, theta) * min(days / 365, 4))), 2)
        model = (variance, kappa, theta, xi, rho)
        price, difference = heston(100.0, strike, days, *model)
        if difference < 1e-9:
            rows.append([100.0, strike, days / 365, *model, price])
    write("quantlib_heston.csv", HESTON, rows)
    rows = []
    while len(rows) < 200:
        beta = draw.choice([0.0, 0.25, 0.5, 0.7, 1.0, round(draw.uniform(0, 1), 3)])
        shift = draw.choice([0.0, 0.0, 0.03])
        forward = round(draw.uniform(0.005, 0.08), 4)
        strike = forward if len(rows) % 10 == 0 else round(forward * math.exp(draw.uniform(-1, 1)), 5)
        alpha = round(draw.uniform(0.1, 0.5) * (forward + shift) ** (1 - beta), 6)
        nu, rho, expiry = (
            round(draw.uniform(0.05, 0.8), 3),
            round(draw.uniform(-0.9, 0.9), 2),
            draw.choice([0.1, 1.0, 5.0]),
        )
        arguments = (strike, forward, expiry, alpha, beta, nu, rho, shift)
        vols = [ql.shiftedSabrVolatility(*arguments, kind) for kind in (ql.ShiftedLognormal, ql.Normal)]
        rows.append([forward, strike, expiry, alpha, beta, rho, nu, shift, *vols])
    write("quantlib_sabr.csv", SABR, rows)


if __name__ == "__main__":
    main()
