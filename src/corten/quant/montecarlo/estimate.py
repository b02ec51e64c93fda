"""Means and standard errors of simulated values, added up in an order that depends on their number alone.

A block is the unit of work: a fixed range of paths. Its moments are sums of a tree over its paths, and blocks are
merged by a tree over their numbers; so the same paths give the same bits, whoever computed which block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def tree_sum(values: Floats) -> Any:
    """The sum along the first axis: neighbours at half the length are added, elementwise, until one row is left.

    numpy's own `sum` may associate differently on another processor; elementwise additions cannot.
    """
    if not len(values):
        return np.zeros(values.shape[1:])
    while len(values) > 1:
        half = len(values) // 2
        rest = values[2 * half :]
        values = values[:half] + values[half : 2 * half]
        if len(rest):
            values = np.concatenate([values, rest])
    return values[0]


@dataclass(frozen=True)
class Moments:
    """Of `count` samples of k values: means (k,), and sums of products of deviations from them (k, k)."""

    count: int
    means: Floats
    products: Floats

    @classmethod
    def of(cls, samples: Floats) -> Moments:
        """Of samples (count, k)."""
        count, width = samples.shape
        means = tree_sum(samples) / count
        deviations = samples - means
        products = np.empty((width, width))
        for row in range(width):
            products[row] = tree_sum(deviations * deviations[:, row : row + 1])
        return cls(count, means, products)

    def merged(self, other: Moments) -> Moments:
        """Of both sets of samples: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm", 1979."""
        count = self.count + other.count
        difference = other.means - self.means
        share = other.count / count
        products = self.products + other.products + difference[:, None] * difference * (self.count * share)
        return Moments(count, self.means + difference * share, products)


def merge(blocks: Sequence[Moments]) -> Moments:
    """Of all blocks, merged in pairs of neighbours."""
    while len(blocks) > 1:
        pairs = [blocks[at].merged(blocks[at + 1]) for at in range(0, len(blocks) - 1, 2)]
        blocks = [*pairs, *blocks[len(blocks) & ~1 :]]
    return blocks[0]


@dataclass(frozen=True)
class Estimate:
    """A mean and its standard error, of so many independent samples."""

    mean: float
    standard_error: float
    samples: int

    def __str__(self) -> str:
        return f"{self.mean:.6g} ± {self.standard_error:.2g}"


def plain_estimate(moments: Moments, value: int = 0) -> Estimate:
    """Of one of the values, by itself."""
    count = moments.count
    variance = float(moments.products[value, value]) / max(count - 1, 1)
    return Estimate(float(moments.means[value]), sqrt(variance / count), count)


def controlled_estimate(moments: Moments, expected: float) -> Estimate:
    """Of value 0, with value 1 as control variate whose mean is known; the coefficient is fitted by least squares."""
    count, means, products = moments.count, moments.means, moments.products
    control = float(products[1, 1])
    if control == 0.0:
        return plain_estimate(moments)
    coefficient = float(products[0, 1]) / control
    residual = max(float(products[0, 0]) - coefficient * float(products[0, 1]), 0.0)
    mean = float(means[0]) - coefficient * (float(means[1]) - expected)
    return Estimate(mean, sqrt(residual / max(count - 2, 1) / count), count)
