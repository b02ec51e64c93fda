"""Libraries that only the demonstration needs, loaded when it does."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from corten.base.errors import InvalidInput


def load_polars() -> Any:
    """The module `polars`; InvalidInput tells how to install it."""
    return _load("polars")


def load_pyplot() -> Any:
    """The module `matplotlib.pyplot`, drawing into files; InvalidInput tells how to install it."""
    _load("matplotlib").use("Agg")
    return _load("matplotlib.pyplot")


def _load(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise InvalidInput("environment", f"{name}, which `pip install corten[demo]` installs", "it missing") from error
