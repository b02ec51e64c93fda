"""Libraries of the extra `quant`, loaded when they are first needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from corten.base.errors import InvalidInput


def load_polars() -> Any:
    """The module `polars`; InvalidInput tells how to install it."""
    return _load("polars")


def load_optimize() -> Any:
    """The module `scipy.optimize`; InvalidInput tells how to install it."""
    return _load("scipy.optimize")


def load_figure() -> Any:
    """The module `matplotlib.figure`, which draws into files; InvalidInput tells how to install it."""
    return _load("matplotlib.figure")


def _load(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        library = name.partition(".")[0]
        raise InvalidInput(
            "environment", f"{library}, which `pip install corten[quant]` installs", "it missing"
        ) from error
