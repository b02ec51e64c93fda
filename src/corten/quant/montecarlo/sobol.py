"""Sobol points and the Brownian bridge: which normal variate of a path decides which part of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from corten.base.errors import InvalidInput

MOST_DIMENSIONS: Final = 21_201
MOST_POINTS: Final = 1 << 26
_BITS: Final = 32


@lru_cache(maxsize=8)
def direction_numbers(dimensions: int, points: int) -> NDArray[np.uint64]:
    """Direction numbers (dimensions, 32), left-justified in 32 bits, of Joe and Kuo's sequence, as SciPy has them.

    Those that the first `points` points use are set, the others are 0. Taken from the points themselves: in Gray-code
    order the point 2^k is the sum of the numbers k and k − 1. InvalidInput for more than 21,201 dimensions or 2²⁶
    points.
    """
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise InvalidInput("dimensions", f"1 to {MOST_DIMENSIONS:,} (steps times factors)", f"{dimensions:,}")
    if not 1 <= points <= MOST_POINTS:
        raise InvalidInput("paths", f"1 to {MOST_POINTS:,} Sobol points", f"{points:,}")
    generator = _qmc().Sobol(dimensions, scramble=False, bits=_BITS)
    numbers = np.zeros((dimensions, _BITS), np.uint64)
    position = 0
    for bit in range((points - 1).bit_length()):
        generator.fast_forward((1 << bit) - position)
        position = (1 << bit) + 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one point is not a balanced set; it is not used as one
            point = generator.random(1)[0]
        numbers[:, bit] = (point * 2.0**_BITS).astype(np.uint64) ^ (numbers[:, bit - 1] if bit else 0)
    numbers.flags.writeable = False
    return numbers


def _qmc() -> Any:
    try:
        from scipy.stats import qmc
    except ImportError:
        raise InvalidInput(
            "sampling", "SciPy for Sobol's direction numbers", "no SciPy: pip install 'corten[quant]'"
        ) from None
    return qmc


@dataclass(frozen=True)
class Bridge:
    """The order in which a Brownian motion at 1, …, n is filled in: the end first, then the middles of what is known.

    Step i sets position `at[i]` between `left[i]` and `right[i]` (−1: the start, at 0) as weight times each end plus a
    deviation times a normal variate. Moskowitz and Caflisch, "Smoothness and dimension reduction in quasi-Monte Carlo
    methods", 1996.
    """

    at: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    left_weight: NDArray[np.float64]
    right_weight: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @classmethod
    def of(cls, times: NDArray[np.float64]) -> Bridge:
        """For increasing times after 0."""
        count = len(times)
        rows: list[tuple[int, int, int, float, float, float]] = [(count - 1, -1, -1, 0.0, 0.0, sqrt(float(times[-1])))]
        gaps = [(-1, count - 1)]
        while gaps:
            left, right = gaps.pop(0)
            if right - left < 2:
                continue
            middle = (left + right) // 2
            begin = float(times[left]) if left >= 0 else 0.0
            now, end = float(times[middle]), float(times[right])
            share = (now - begin) / (end - begin)
            deviation = sqrt((now - begin) * (end - now) / (end - begin))
            rows.append((middle, left, right, 1.0 - share, share, deviation))
            gaps += [(left, middle), (middle, right)]
        columns = [np.array(column) for column in zip(*rows, strict=True)]
        return cls(*columns)

    def increments(self, normals: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard normal increments (n, paths) of the motion that independent normals (n, paths) make.

        The first normal matters most: it decides where the motion ends.
        """
        motion = np.empty_like(normals)
        for number, (at, left, right) in enumerate(zip(self.at, self.left, self.right, strict=True)):
            value = self.deviation[number] * normals[number]
            if number:
                value += self.right_weight[number] * motion[right]
                if left >= 0:
                    value += self.left_weight[number] * motion[left]
            motion[at] = value
        increments = np.diff(motion, axis=0, prepend=np.zeros((1, normals.shape[1])))
        lengths = np.diff(times, prepend=0.0)
        result: NDArray[np.float64] = increments / np.sqrt(lengths)[:, None]
        return result
