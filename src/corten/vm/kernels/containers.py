"""pandas and polars columns: seen by their types' names, so that neither is imported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput

Wrap = Callable[[NDArray[Any], str], Any]


def library(value: Any) -> str:
    """`pandas` or `polars` for a Series of theirs; empty for everything else."""
    kind = type(value)
    home = kind.__module__.partition(".")[0]
    return home if home in ("pandas", "polars") and kind.__name__ == "Series" else ""


def unwrapped(value: Any, path: str) -> Any:
    """The numpy column in a Series; missing values of a nullable float column are NaN."""
    kind = library(value)
    if kind == "pandas" and value.dtype.kind == "f" and not isinstance(value.dtype, np.dtype):
        return value.to_numpy(dtype=np.float64, na_value=np.nan)
    is_float = bool(kind) and str(value.dtype).lower().startswith("float")
    if kind and not is_float and (value.hasnans if kind == "pandas" else value.null_count()):
        raise InvalidInput(path, "a column without missing values", f"{kind} Series of {value.dtype} with some")
    return value.to_numpy() if kind else value


def wrapping(values: Sequence[Any], paths: Sequence[str]) -> Wrap | None:
    """What makes a result's column the container of its arguments; None for numpy. One kind of Series in a call."""
    series = [(value, path) for value, path in zip(values, paths, strict=True) if library(value)]
    if not series:
        return None
    first, first_path = series[0]
    for other, path in series[1:]:
        if library(other) != library(first):
            raise InvalidInput(path, f"a {library(first)} Series as {first_path}", f"a {library(other)} Series")
        if library(first) == "pandas" and not other.index.equals(first.index):
            raise InvalidInput(path, f"the index of {first_path}", "another one: align them, or give .to_numpy()")
    if library(first) == "pandas":
        return lambda array, name: _one_axis(array) and type(first)(array, index=first.index, name=name, copy=False)
    return lambda array, name: _one_axis(array) and type(first)(name, array)


def _one_axis(array: NDArray[Any]) -> bool:
    if array.ndim != 1:
        raise InvalidInput("result", "one axis, as a Series has", f"shape {array.shape}: give numpy arrays")
    return True
