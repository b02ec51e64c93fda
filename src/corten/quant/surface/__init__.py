"""Volatility surfaces: calibration, evaluation, and arbitrage decided exactly (docs/surfaces.md).

    from corten.quant import surface
    found = surface.fit([surface.Quotes(expiry, k, vol, weight), …])          # eSSVI, free of arbitrage
    found.vol(k, expiry);  found.vol_at(forward, strike, expiry)

smiles       raw SVI, jump wings, natural, eSSVI: one expiry
arbitrage    butterfly and calendar arbitrage on the whole line
grid         a smile for each expiry, between and beyond them
quotes, essvi, svi    calibration and repair (extra `quant`: scipy)
polynomials  exact signs and roots
"""

from __future__ import annotations

from corten.base.errors import InvalidInput
from corten.quant.surface.arbitrage import Butterfly, Calendar, butterfly, calendar
from corten.quant.surface.essvi import fit_essvi, fit_ssvi
from corten.quant.surface.grid import Surface
from corten.quant.surface.quotes import Quotes
from corten.quant.surface.smiles import Essvi, JumpWings, Natural, RawSvi, power_law
from corten.quant.surface.svi import fit_svi, repair

MODELS = ("essvi", "ssvi", "svi")


def fit(quotes: list[Quotes], model: str = "essvi") -> Surface:
    """The surface of a model nearest the quotes, weighted; free of butterfly and calendar arbitrage.

    `essvi` and `ssvi` are free by construction, `svi` improves on eSSVI and every smile is checked exactly.
    """
    if model not in MODELS:
        raise InvalidInput("model", " or ".join(map(repr, MODELS)), repr(model))
    if not quotes:
        raise InvalidInput("quotes", "at least one expiry", "none")
    ordered = sorted(quotes, key=lambda one: one.expiry)
    expiries = tuple(one.expiry for one in ordered)
    if model == "svi":
        return Surface(expiries, fit_svi(ordered))
    return Surface(expiries, fit_essvi(ordered) if model == "essvi" else fit_ssvi(ordered))


__all__ = [
    "Butterfly",
    "Calendar",
    "Essvi",
    "JumpWings",
    "MODELS",
    "Natural",
    "Quotes",
    "RawSvi",
    "Surface",
    "butterfly",
    "calendar",
    "fit",
    "power_law",
    "repair",
]
