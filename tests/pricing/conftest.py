"""The pricing library as CPython runs it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corten.lang import f64
from corten.lang.layout import layout_of
from corten.lang.loader import LIBRARY, Loader
from corten.lang.structs import Struct

Price = Callable[..., Any]


def plain(value: Any) -> Any:
    """Python's own numbers; a struct as a dict."""
    if isinstance(value, Struct):
        return {name: plain(field) for name, field in layout_of(type(value)).plain(value).items()}
    return float(value) if isinstance(value, float) else value


@pytest.fixture(scope="session")
def priced() -> Price:
    """Calls a function of the library: priced("black", "black76", 100, 100, 1, 0.2, 1)."""
    loader = Loader()
    directory = Path(LIBRARY) / "contracts" / "pricing"

    def call(module: str, function: str, *values: Any) -> Any:
        arguments = (x if isinstance(x, bool) else f64(float(x)) for x in values)
        return plain(getattr(loader.load(directory / f"{module}.py"), function)(*arguments))

    return call
