"""Values that were printed in books, and that another library computes."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

from tests.pricing.conftest import Price

QUANTLIB = Path(__file__).with_name("data") / "quantlib.csv"

# E. Haug, "The Complete Guide to Option Pricing Formulas", 2nd ed. (2007); values as printed, the section beside each
HAUG_PRICES = [
    # section, function, arguments, side, printed
    ("1.1.1", "black_scholes", (60, 65, 0.25, 0.30, 0.08, 0.0), "call", 2.1334),
    ("1.1.2", "black_scholes", (100, 95, 0.5, 0.20, 0.10, 0.05), "put", 2.4648),
    ("1.1.3", "black76", (19, 19, 0.75, 0.28, math.exp(-0.10 * 0.75)), "call", 1.7011),
    ("1.1.3", "black76", (19, 19, 0.75, 0.28, math.exp(-0.10 * 0.75)), "put", 1.7011),
    ("1.1.4", "black76", (4200, 3800, 0.75, 0.15, 1.0), "put", 65.6185),
    ("1.1.5", "black_scholes", (1.56, 1.60, 0.5, 0.12, 0.06, 0.08), "call", 0.0291),
    # J. Hull, "Options, Futures, and Other Derivatives", 9th ed., example 15.6
    ("Hull", "black_scholes", (42, 40, 0.5, 0.20, 0.10, 0.0), "call", 4.76),
    ("Hull", "black_scholes", (42, 40, 0.5, 0.20, 0.10, 0.0), "put", 0.81),
]
HAUG_GREEKS = [
    # section, greek, spot, strike, expiry, rate, carry, vol, kind, printed
    ("2.1.1", "delta", 105, 100, 0.5, 0.10, 0.0, 0.36, 1, 0.5946),
    ("2.1.1", "delta", 105, 100, 0.5, 0.10, 0.0, 0.36, -1, -0.3566),
    ("2.1.4", "charm", 105, 90, 0.25, 0.14, 0.0, 0.24, -1, 0.3700),
    ("2.2.1", "gamma", 55, 60, 0.75, 0.10, 0.10, 0.30, 1, 0.0278),
    ("2.2.3", "zomma", 100, 80, 0.25, 0.05, 0.0, 0.26, 1, 0.0463),
    ("2.2.4", "speed", 50, 48, 0.0833, 0.06, 0.01, 0.20, 1, -0.0291),
    ("2.3.3", "volga", 90, 130, 0.75, 0.05, 0.0, 0.28, 1, 92.3444),
    ("2.5.1", "theta", 430, 405, 0.0833, 0.07, 0.02, 0.20, -1, -31.1924),
    ("2.6.1", "rho", 72, 75, 1.0, 0.09, 0.09, 0.19, 1, 38.7325),
]
# J. Hull, the same, examples 19.1 to 19.6: one option's greeks
HULL_GREEKS = {"delta": 0.522, "gamma": 0.066, "theta": -4.31, "vega": 12.1, "rho": 8.91}


def printed(value: float, text: float) -> bool:
    """Whether a value rounds to what was printed; half a unit more for books that cut."""
    digits = len(repr(text).split(".")[1])
    return abs(value - text) <= 1.0 * 10**-digits


@pytest.mark.parametrize(("section", "function", "arguments", "side", "text"), HAUG_PRICES)
def test_printed_prices(
    section: str, function: str, arguments: tuple[float, ...], side: str, text: float, priced: Price
):
    assert printed(priced("black", function, *arguments)[side], text), section


@pytest.mark.parametrize(
    ("section", "greek", "spot", "strike", "expiry", "rate", "carry", "vol", "kind", "text"), HAUG_GREEKS
)
def test_printed_greeks(section, greek, spot, strike, expiry, rate, carry, vol, kind, text, priced: Price):
    greeks = priced("greeks", "black_scholes_greeks", spot, strike, expiry, vol, rate, rate - carry, kind)
    assert printed(greeks[greek], text), section


def test_greeks_of_one_option_as_hull_prints_them(priced: Price):
    greeks = priced("greeks", "black_scholes_greeks", 49, 50, 0.3846, 0.20, 0.05, 0.0, 1)
    assert all(printed(greeks[name], text) for name, text in HULL_GREEKS.items()), greeks


def test_printed_digitals(priced: Price):
    """Haug, sections 4.19.2 and 4.19.3."""
    cash = priced("digital", "cash_or_nothing", 100, 80, 0.75, 0.35, math.exp(-0.06 * 0.75))
    asset = priced("digital", "asset_or_nothing", 70 * math.exp(0.02 * 0.5), 65, 0.5, 0.27, math.exp(-0.07 * 0.5))
    assert printed(10 * cash["put"], 2.6710)
    assert printed(asset["put"], 20.2069)


def test_quantlib(priced: Price):
    """374 random options; QuantLib's own error is what the tolerance is for."""
    with QUANTLIB.open(newline="") as file:
        rows = [{name: float(text) for name, text in row.items()} for row in csv.DictReader(file)]
    assert len(rows) == 374
    for row in rows:
        names = ("spot", "strike", "expiry", "vol", "rate", "dividend")
        spot, strike, expiry, vol, rate, dividend = arguments = tuple(row[name] for name in names)
        greeks = priced("greeks", "black_scholes_greeks", *arguments, row["kind"])
        side = "call" if row["kind"] == 1 else "put"
        forward, discount = spot * math.exp((rate - dividend) * expiry), math.exp(-rate * expiry)
        found = {
            **greeks,
            "dividend_rho": greeks["carry_rho"],
            "cash_or_nothing": priced("digital", "cash_or_nothing", forward, strike, expiry, vol, discount)[side],
            "asset_or_nothing": priced("digital", "asset_or_nothing", forward, strike, expiry, vol, discount)[side],
        }
        scale = {
            "price": spot,
            "rho": spot,
            "dividend_rho": spot,
            "theta": spot * vol / math.sqrt(expiry),
            "vega": spot,
        }
        for name in row.keys() - {*names, "kind"}:
            size = scale.get(name, max(abs(row[name]), 1e-3))
            assert abs(found[name] - row[name]) <= 2e-13 * size, (name, row, found[name])
        pair = priced("black", "black_scholes", *arguments)
        assert abs(pair[side] - row["price"]) <= 1e-14 * spot
