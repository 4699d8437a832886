"""Computes what a step explains of a part of a series beyond a cubic through it, for many parts at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.changes.cleaning import Clean
from asv_jit.analysis.changes.strung import in_lots

Floats = npt.NDArray[np.float64]

_POINTS_AT_ONCE = 16_000
_LEGENDRE = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [-0.5, 0.0, 1.5, 0.0], [0.0, -1.5, 0.0, 2.5]])
"""Legendre's polynomials by powers: nearly orthogonal on even places, so that the normal equations lose no digits."""


class Stepped(Struct, frozen=True):
    """The points from `start` up to `end` of a series, and a step at `at` between them."""

    series: Clean
    start: int
    at: int
    end: int


class Bends(Struct, frozen=True):
    """Of the squared error (times weight) about the mean of each part, all of shape (parts,).

    `explained`: by a cubic; `onto_step`: the product of the values with what a cubic leaves of a unit step;
    `step_left`: the square of that.
    """

    explained: Floats
    onto_step: Floats
    step_left: Floats


def bends(parts: Sequence[Stepped]) -> Bends:
    """Fit cubics by weighted least squares to parts of more than four points each."""
    lots = in_lots([part.end - part.start for part in parts], _POINTS_AT_ONCE)
    return Bends(*np.concatenate([_bends(parts[lot]) for lot in lots], axis=1))


def _bends(parts: Sequence[Stepped]) -> Floats:
    counts = np.array([part.end - part.start for part in parts])
    starts = np.cumsum(counts) - counts
    halves = np.stack([starts, starts + [part.at - part.start for part in parts]], axis=1).ravel()
    weights = np.concatenate([part.series.weights[part.start : part.end] for part in parts])
    values = np.concatenate([part.series.values[part.start : part.end] for part in parts])

    def sums(terms: Floats) -> Floats:
        """Over the points before and after the step, shape (parts, 2)."""
        return np.add.reduceat(terms, halves).reshape(-1, 2)

    means = sums(weights * values).sum(axis=1) / sums(weights).sum(axis=1)
    values -= np.repeat(means, counts)
    place = np.arange(len(values)) - np.repeat(starts, counts)
    x = place * np.repeat(2.0 / (counts - 1), counts) - 1.0
    masses, products = [], []
    for power in range(7):
        masses.append(sums(weights))
        if power < 4:
            products.append(sums(weights * values))
        weights *= x
    whole = np.stack(masses, axis=1).sum(axis=2)
    gram = _LEGENDRE @ whole[:, np.add.outer(np.arange(4), np.arange(4))] @ _LEGENDRE.T
    onto = np.stack(products, axis=1).sum(axis=2) @ _LEGENDRE.T
    step = np.stack(masses[:4], axis=1)[:, :, 1] @ _LEGENDRE.T
    fitted = np.linalg.solve(gram, np.stack([onto, step], axis=2))
    explained = np.sum(onto * fitted[:, :, 0], axis=1)
    onto_step = products[0][:, 1] - np.sum(step * fitted[:, :, 0], axis=1)
    step_left = masses[0][:, 1] - np.sum(step * fitted[:, :, 1], axis=1)
    return np.stack([explained, onto_step, step_left])
