"""Volatility surfaces: published smiles, exact decisions, calibration, interpolation."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from corten import quant
from corten.base.errors import InvalidInput
from corten.contracts.pricing import svi
from corten.quant import surface
from corten.quant.surface import polynomials
from corten.quant.surface.arbitrage import is_butterfly_free, is_calendar_free
from corten.quant.surface.essvi import decode, encode
from corten.quant.surface.smiles import Essvi, JumpWings, Natural, RawSvi, power_law
from corten.vm.kernels import kernel

pytest.importorskip("scipy")

# A. Vogt's smile, in J. Gatheral and A. Jacquier, "Arbitrage-free SVI volatility surfaces" (2014), 5.1, expiry 1
VOGT = RawSvi(-0.0410, 0.1331, 0.3060, 0.3586, 0.4153)
VOGT_WINGS = JumpWings(0.01742625, -0.1752111, 0.6997381, 1.316798, 0.0116249)
GRID = np.linspace(-1.5, 1.5, 3001)


# ── published ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_vogts_smile_is_rejected():
    found = surface.butterfly(VOGT)
    assert not found.is_free
    assert not is_butterfly_free(VOGT)
    assert found.least == pytest.approx(-0.03286, abs=5e-6)
    assert found.at == pytest.approx(0.88, abs=5e-3)
    ((low, high),) = found.where
    assert VOGT.durrleman(low - 1e-6) > 0 > VOGT.durrleman(low + 1e-6)
    assert VOGT.durrleman(high - 1e-6) < 0 < VOGT.durrleman(high + 1e-6)


def test_vogts_jump_wings_are_printed():
    assert tuple(VOGT.jump_wings(1.0)) == pytest.approx(tuple(VOGT_WINGS), rel=1e-6)


@pytest.mark.parametrize(("call_slope", "least"), [(0.3493158, 0.01548182), (0.8564763, 0.0116249)])
def test_the_papers_repairs_of_it_are_accepted(call_slope: float, least: float):
    assert surface.butterfly(VOGT_WINGS._replace(call_slope=call_slope, least_variance=least).raw(1.0)).is_free


def test_our_repair_is_free_and_nearer_than_the_papers():
    """The paper moves two of the five parameters."""
    theirs = VOGT_WINGS._replace(call_slope=0.8564763).raw(1.0)
    ours = surface.repair(VOGT)
    assert surface.butterfly(ours).is_free
    reach = 3.0 * VOGT.total(0.0) ** 0.5 + 2.0 * VOGT.sigma + VOGT.m
    k = np.linspace(-reach, reach, 101)

    def distance(smile: RawSvi) -> float:
        return float(np.abs(np.sqrt(smile.total(k)) - np.sqrt(VOGT.total(k))).mean())

    assert distance(ours) < 0.6 * distance(theirs)
    assert surface.repair(ours) is ours


def test_a_plain_smile_is_accepted():
    smile = RawSvi(0.04, 0.1, -0.3, 0.0, 0.2)
    assert surface.butterfly(smile).is_free
    assert smile.durrleman(GRID).min() == pytest.approx(0.33026, abs=5e-6)
    assert smile.total(0.0) == pytest.approx(0.06)


def test_digits_of_an_ssvi_smile():
    phi = power_law(0.04, 0.6, 0.4)
    assert phi == pytest.approx(2.123768868, abs=5e-10)
    smile = Essvi(0.04, -0.3, 0.04 * phi)
    assert smile.raw().total([-0.1, 0.1]) == pytest.approx(
        [0.042930947, 0.037884838], abs=1e-9
    )  # the last digit was cut
    printed = (0.0182, 0.0424754, -0.3, 0.1412583, 0.4491728)
    assert tuple(smile.raw()) == pytest.approx(printed, abs=5e-8)


# ── forms of a smile ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("smile", [VOGT, RawSvi(0.01, 0.2, -0.6, 0.1, 0.3), RawSvi(0.02, 0.1, -0.4, -0.2, 0.1)])
def test_jump_wings_and_back(smile: RawSvi):
    assert tuple(smile.jump_wings(0.25).raw(0.25)) == pytest.approx(tuple(smile), rel=1e-9)


def test_natural_is_the_same_smile():
    natural = Natural(0.01, 0.05, -0.4, 0.03, 3.0)
    k = GRID - natural.mu
    inner = natural.zeta * k + natural.rho
    total = 0.01 + 0.015 * (1 + natural.rho * natural.zeta * k + np.sqrt(inner**2 + 1 - natural.rho**2))
    assert natural.raw().total(GRID) == pytest.approx(total, rel=1e-12)


def test_essvi_kernel_is_its_raw_smile():
    smile = Essvi(0.05, -0.35, 0.12)
    found, raw = kernel(svi.essvi)(GRID, smile), smile.raw().variance(GRID)
    for name in ("total", "slope", "curvature"):
        assert getattr(found, name) == pytest.approx(getattr(raw, name), rel=1e-10, abs=1e-14)


@pytest.mark.parametrize(
    ("bad", "message"), [({"b": -1.0}, "b: "), ({"rho": 1.0}, "rho: "), ({"sigma": 0.0}, "sigma: ")]
)
def test_what_is_no_smile_is_named(bad: dict[str, float], message: str):
    with pytest.raises(InvalidInput, match=message):
        surface.butterfly(VOGT._replace(**bad))


# ── exact decisions ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_roots_are_counted_and_separated():
    roots = [Fraction(-3), Fraction(1, 7), Fraction(1, 7) + Fraction(1, 10**12), Fraction(5)]
    product = [Fraction(1)]
    for root in roots:
        product = polynomials.multiply(product, [-root, Fraction(1)], [-root, Fraction(1)])
    points = polynomials.gaps(polynomials.primitive(product))
    assert all(polynomials.value(product, point) > 0 for point in points)
    for low, high in pairwise(roots):
        assert any(low < point < high for point in points)
    assert polynomials.negative_stretches(polynomials.primitive(product), Fraction(0)) == []


def test_negative_stretches_end_at_the_roots():
    """(t − 1)(t − 2)(3 − t): negative between 1 and 2, and after 3."""
    product = polynomials.multiply(*([Fraction(-r), Fraction(1)] for r in (1, 2)), [Fraction(3), Fraction(-1)])
    found = polynomials.negative_stretches(polynomials.primitive(product), Fraction(0))
    assert found == [(pytest.approx(1.0), pytest.approx(2.0)), (pytest.approx(3.0), None)]


def random_smile(draw: np.random.Generator) -> RawSvi:
    b, rho = 10.0 ** draw.uniform(-2.5, 0.1), draw.uniform(-0.95, 0.95)
    sigma = 10.0 ** draw.uniform(-2, 0)
    least = 10.0 ** draw.uniform(-4, -1)
    return RawSvi(least - b * sigma * (1 - rho * rho) ** 0.5, b, rho, draw.uniform(-0.5, 0.5), sigma)


def test_the_decision_is_what_a_fine_grid_sees():
    draw = np.random.default_rng(1)
    k = np.sinh(np.linspace(-9, 9, 20_001)) / 10  # to ±400
    decided = []
    for _ in range(60):
        smile = random_smile(draw)
        found, least = surface.butterfly(smile), smile.durrleman(k).min()
        assert found.is_free == is_butterfly_free(smile)
        if least < -1e-12:
            assert not found.is_free, smile
        if not found.is_free:
            assert found.least < 1e-6, (smile, found)
        decided.append(found.is_free)
    assert 10 < sum(decided) < 50


def test_crossings_are_what_a_fine_grid_sees():
    draw = np.random.default_rng(2)
    k = np.sinh(np.linspace(-9, 9, 20_001)) / 10
    decided = []
    for _ in range(100):
        near = random_smile(draw)
        far = near._replace(a=near.a + draw.uniform(0, 0.01), b=near.b * draw.uniform(0.98, 1.2), m=near.m + 0.05)
        found = surface.calendar(near, far)
        least = (far.total(k) - near.total(k)).min()
        assert found.is_free == is_calendar_free(near, far)
        assert found.is_free == bool(least >= 0.0), (near, far, least)
        if not found.is_free:
            assert found.most >= 0.99 * -(far.total(GRID) - near.total(GRID)).min()
        decided.append(found.is_free)
    assert 10 < sum(decided) < 90


def test_decisions_hold_to_the_last_bit():
    """One unit in the last place, far out in the wings, and no grid would see it."""
    near = RawSvi(0.01, 0.1, -0.3, 0.05, 0.2)
    assert surface.calendar(near, near).is_free
    assert surface.calendar(near, near._replace(a=np.nextafter(near.a, 1))).is_free
    assert not surface.calendar(near, near._replace(a=np.nextafter(near.a, 0))).is_free
    steeper = near._replace(a=near.a + 1.0, b=np.nextafter(near.b, 0))
    (left, right) = surface.calendar(near, steeper).where
    assert left[1] < -1e10
    assert right[0] > 1e10
    most_bad, least_free = VOGT.sigma, 1.0  # where g touches zero the decision changes between neighbouring doubles
    while np.nextafter(most_bad, 1) < least_free:
        middle = (most_bad + least_free) / 2
        is_free = is_butterfly_free(VOGT._replace(sigma=middle))
        most_bad, least_free = (most_bad, middle) if is_free else (middle, least_free)
    assert VOGT._replace(sigma=most_bad).durrleman(GRID).min() == pytest.approx(0.0, abs=1e-6)


def test_crossing_smiles_are_located():
    near, far = RawSvi(0.04, 0.1, -0.6, 0.0, 0.1), RawSvi(0.05, 0.08, -0.2, 0.0, 0.1)
    found = surface.calendar(near, far)
    ((low, high),) = found.where
    assert low == -np.inf
    assert far.total(high) == pytest.approx(near.total(high), rel=1e-12)
    assert not found.is_free
    assert surface.Surface((0.1, 0.2), (near, far)).calendars()[0][:2] == (0.1, 0.2)


# ── calibration ──────────────────────────────────────────────────────────────────────────────────────────────────────

EXPIRIES = (7 / 365, 30 / 365, 0.25, 0.5, 1.0)
TRUE = tuple(
    Essvi(0.36 * t, rho, 0.36 * t * power_law(0.36 * t, 0.7, 0.45))
    for t, rho in zip(EXPIRIES, (-0.12, -0.11, -0.1, -0.09, -0.08), strict=True)
)


def quotes(noise: float = 0.0, seed: int = 3) -> list[surface.Quotes]:
    draw = np.random.default_rng(seed)
    found = []
    for years, smile in zip(EXPIRIES, TRUE, strict=True):
        k = np.linspace(-2.0, 2.0, 25) * smile.theta**0.5
        vol = np.sqrt(smile.raw().total(k) / years) + noise * draw.standard_normal(len(k))
        found.append(surface.Quotes(years, k, vol, np.full(len(k), 1 / 0.005)))
    return found


def test_what_is_sought_is_free():
    assert surface.Surface(EXPIRIES, TRUE).is_free()


def test_essvi_finds_the_surface_that_the_quotes_are_of():
    found = surface.fit(quotes())
    assert np.array(found.smiles) == pytest.approx(np.array(TRUE), rel=1e-3, abs=1e-5)
    assert found.is_free()


@pytest.mark.parametrize("model", surface.MODELS)
def test_noise_is_smoothed_and_no_arbitrage_let_in(model: str):
    noise = 0.005
    found = surface.fit(quotes(noise), model)
    assert found.is_free()
    for clean in quotes():
        error = found.vol(clean.k, clean.expiry) - clean.vol
        assert np.sqrt(np.mean(error**2)) < (3.0 if model == "ssvi" else 0.7) * noise


def test_svi_fits_closer_than_essvi():
    noisy = quotes(0.01)
    errors = {}
    for model in ("essvi", "svi"):
        found = surface.fit(noisy, model)
        errors[model] = sum(np.abs(found.vol(one.k, one.expiry) - one.vol).sum() for one in noisy)
    assert errors["svi"] < errors["essvi"]


@pytest.mark.parametrize("model", surface.MODELS)
def test_quotes_full_of_arbitrage_give_a_surface_without(model: str):
    """Later expiries quoted with less total variance, and a smile too steep in its wings."""
    bad = quotes()
    bad[2] = surface.Quotes(bad[2].expiry, bad[2].k, 0.4 * bad[2].vol, bad[2].weight)
    bad[4] = surface.Quotes(1.0, bad[4].k, np.sqrt(0.2 + 3.0 * np.abs(bad[4].k)), bad[4].weight)
    assert surface.fit(bad, model).is_free()


def test_every_point_of_the_box_is_free():
    """The parametrization is what makes calibrated surfaces free: here of random points, checked exactly."""
    draw = np.random.default_rng(4)
    for _ in range(25):
        count = int(draw.integers(1, 6))
        x = np.concatenate(
            [draw.uniform(-0.98, 0.98, count), 10.0 ** draw.uniform(-6, 0, count), draw.choice([0.0, 0.5, 1.0], count)]
        )
        smiles = tuple(Essvi(*map(float, one)) for one in zip(*decode(x), strict=True))
        assert surface.Surface(tuple(range(1, count + 1)), smiles).is_free(), x


def test_encode_is_the_inverse_of_decode_where_there_is_no_arbitrage():
    assert np.array(list(zip(*decode(encode(list(TRUE))), strict=True))) == pytest.approx(np.array(TRUE), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"vol": [0.5, -0.1, 0.5]}, r"vol\[1\]"),
        ({"k": [0.0, 1.0]}, "length of k, 2"),
        ({"weight": [1.0, 1.0, np.nan]}, r"weight\[2\]"),
    ],
)
def test_bad_quotes_are_located(change: dict[str, Any], field: str):
    columns = {"k": [-0.1, 0.0, 0.1], "vol": [0.5, 0.5, 0.5], "weight": [1.0, 1.0, 1.0], **change}
    with pytest.raises(InvalidInput, match=field):
        surface.Quotes(0.1, **columns)


def test_an_unknown_model_is_named():
    with pytest.raises(InvalidInput, match="'essvi' or 'ssvi' or 'svi', found 'sabr'"):
        surface.fit(quotes(), "sabr")


# ── between and beyond expiries ──────────────────────────────────────────────────────────────────────────────────────


def test_at_an_expiry_the_surface_is_its_smile():
    found = surface.Surface(EXPIRIES, TRUE)
    for years, smile in zip(EXPIRIES, TRUE, strict=True):
        assert (found.total(GRID, years) == kernel(svi.essvi)(GRID, smile).total).all()  # to the bit
    raw = surface.Surface(EXPIRIES, found.raw)
    assert all((raw.total(GRID, t) == one.total(GRID)).all() for t, one in zip(EXPIRIES, found.raw, strict=True))


@pytest.mark.parametrize("kind", ["essvi", "raw"])
def test_between_and_beyond_there_is_no_arbitrage(kind: str):
    grid = surface.Surface(EXPIRIES, TRUE)
    if kind == "raw":
        grid = surface.Surface(EXPIRIES, grid.raw)
    k = np.linspace(-2, 2, 401)
    years = np.array([0.001, 0.01, EXPIRIES[0], 0.05, 0.1, 0.2, 0.25, 0.4, 0.75, 1.0, 1.5, 3.0])
    found = grid.variance(k, years[:, None])
    assert (np.diff(found.total, axis=0) > 0).all()
    first = 1 - k * found.slope / (2 * found.total)
    density = first**2 - found.slope**2 / 4 * (1 / found.total + 0.25) + found.curvature / 2
    assert (density > 0).all()


def test_interpolated_essvi_smiles_are_free():
    """Random surfaces on the box's sides, smiles between them checked exactly, with θ, ψ and ρψ linear."""
    draw = np.random.default_rng(5)
    for _ in range(15):
        x = np.concatenate([draw.uniform(-0.98, 0.98, 2), 10.0 ** draw.uniform(-4, 0, 2), draw.choice([0.1, 1.0], 2)])
        near, far = (Essvi(*map(float, one)) for one in zip(*decode(x), strict=True))
        earlier = near
        for weight in (0.25, 0.5, 0.75, 1.0):
            between = _between(near, far, weight)
            shrunk = between._replace(psi=between.psi * (1 - 1e-12))
            assert is_butterfly_free(shrunk.raw()), (near, far, weight)
            assert between._replace(theta=between.theta * (1 + 1e-9)).phi <= earlier.phi
            earlier = between


def _between(near: Essvi, far: Essvi, weight: float) -> Essvi:
    return Essvi(*(float(x) for x in kernel(svi.essvi_between)(near, far, weight)))


def test_before_the_first_expiry_volatility_stays():
    grid = surface.Surface(EXPIRIES, TRUE)
    assert grid.vol(GRID, 1e-4) == pytest.approx(grid.vol(GRID, EXPIRIES[0]), rel=1e-12)
    with pytest.raises(InvalidInput, match="expiry: expected years > 0"):
        grid.vol(0.0, 0.0)


def test_strikes_and_moneyness_agree():
    grid = surface.Surface(EXPIRIES, TRUE)
    strikes = 60_000 * np.exp(GRID)
    assert grid.vol_at(60_000, strikes, 0.3) == pytest.approx(grid.vol(GRID, 0.3), rel=1e-12)
    call = quant.black76(60_000, strikes, 0.3, grid.vol_at(60_000, strikes, 0.3)).call
    assert (np.diff(call, 2) > -1e-6 * call[1:-1]).all()  # strikes are nearly evenly spaced in price: convex


@pytest.mark.parametrize("function", [svi.raw_svi_vol, svi.essvi_vol, svi.raw_svi_surface, svi.essvi_surface])
def test_kernels_are_what_cpython_and_v8_compute(function: Any):
    """A contract that evaluates the surface has the same bits."""
    mapped, draw = kernel(function), np.random.default_rng(6)
    names = [column.path for column in mapped.program.inputs]
    columns = {name: draw.uniform(0.1, 0.9, 50) for name in names}
    columns |= {name: columns[name] + 1.0 for name in names if name == "far_expiry"}
    grouped: dict[str, Any] = {}
    for name, column in columns.items():
        head, _, field = name.partition(".")
        if field:
            grouped.setdefault(head, {})[field] = column
        else:
            grouped[head] = column
    found = mapped(**grouped)
    pytest.importorskip("py_mini_racer")
    other = mapped.on("v8")(**grouped)
    both = [(found, other)] if isinstance(found, np.ndarray) else list(zip(found, other, strict=True))
    assert all(one.tobytes() == two.tobytes() for one, two in both)
