"""The library inside a contract: compiled in Wasmtime and V8, and under CPython, with the same results."""

from __future__ import annotations

from pathlib import Path

import pytest

import corten

DESK = Path(__file__).with_name("contracts") / "desk.py"
OPTIONS = [  # forward, strike, expiry
    (60_000.0, 65_000.0, 30 / 365),
    (60_000.0, 40_000.0, 0.5),
    (60_000.0, 60_000.0, 1 / 365 / 24),
]


@pytest.fixture(scope="module", params=["python", "wasmtime", "v8"])
def machine(request: pytest.FixtureRequest) -> corten.Machine:
    if request.param == "v8":
        pytest.importorskip("py_mini_racer")
    return corten.Machine(engine=request.param)


def test_a_price_marks_the_volatility_that_prices(machine: corten.Machine):
    desk = machine.deploy(DESK)
    for forward, strike, expiry in OPTIONS:
        terms = {"forward": forward, "strike": strike, "expiry": expiry}
        price = desk.price(**terms, vol=0.55, discount=1.0).call / forward
        assert desk.mark(price=price, kind=1.0, **terms).result == pytest.approx(0.55, rel=1e-12)
        assert desk.quote(**terms).call == pytest.approx(price, rel=1e-13)
        risk = desk.risk(kind=1.0, **terms)
        assert risk.price == desk.quote(**terms).call
        assert risk.net_delta == pytest.approx(risk.black_delta - risk.price, rel=1e-12)


def test_a_price_below_intrinsic_is_rejected(machine: corten.Machine):
    desk = machine.deploy(DESK)
    terms = {"forward": 60_000.0, "strike": 40_000.0, "expiry": 0.5, "kind": 1.0}
    assert int(desk.implied(price=0.3, **terms).status) == 2
    assert desk.mark(price=0.3, **terms).error == "price_has_no_volatility"
