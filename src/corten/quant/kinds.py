"""Calls and puts as people write them, for kernels that take 1 and −1."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput
from corten.vm.kernels.containers import library

CALL: Final = 1.0
PUT: Final = -1.0
WORDS: Final = {
    **dict.fromkeys(("c", "C", "call", "Call", "CALL"), CALL),
    **dict.fromkeys(("p", "P", "put", "Put", "PUT"), PUT),
}
LETTERS: Final = ("c", "C", "p", "P")
LETTER: Final = np.dtype("U1").itemsize
EXPECTED: Final = '"call" or "put", "C" or "P", 1 or −1, True (call) or False (put)'


def signs(kind: Any) -> Any:
    """1.0 for calls, −1.0 for puts: a float for a scalar, else an array or a Series like the one given."""
    if isinstance(kind, str):
        if kind not in WORDS:
            raise InvalidInput("kind", EXPECTED, repr(kind))
        return WORDS[kind]
    values = np.asarray(kind)
    found = _signs(values)
    if values.ndim == 0:
        return float(found)
    if library(kind) == "pandas":
        return type(kind)(found, index=kind.index, name=kind.name)
    return type(kind)(kind.name, found) if library(kind) == "polars" else found


def _signs(values: NDArray[Any]) -> NDArray[np.float64]:
    if values.dtype.kind == "b":
        return np.where(values, CALL, PUT)
    if values.dtype.kind in "iuf":
        _refuse(values, (values == 1) | (values == -1))
        return values.astype(np.float64)
    words = values.astype(str) if values.dtype.kind in "OT" else values
    if words.dtype.kind != "U":
        raise InvalidInput("kind", EXPECTED, f"a column of {values.dtype}")
    found = np.zeros(words.shape)
    for word in np.unique(words) if words.dtype.itemsize > LETTER else LETTERS:
        found[words == word] = WORDS.get(str(word), 0.0)
    _refuse(values, found != 0.0)
    return found


def _refuse(values: NDArray[Any], is_known: NDArray[np.bool_]) -> None:
    """InvalidInput for the first value that is no kind."""
    if not is_known.all():
        index = tuple(int(i) for i in np.unravel_index(int(np.argmin(is_known)), values.shape))
        where = f"kind[{', '.join(map(str, index))}]" if index else "kind"
        raise InvalidInput(
            where, EXPECTED, repr(values[index].item() if hasattr(values[index], "item") else values[index])
        )
