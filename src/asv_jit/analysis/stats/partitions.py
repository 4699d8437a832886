"""Splits a series where its mean or variance changes: exact partitions over a path of penalties, and the elbow.

The cost of a segment is minus twice the log-likelihood of a Gaussian with its own mean and variance. PELT (Killick,
Fearnhead and Eckley 2012) minimises the sum of costs plus a penalty per boundary, but its pruning saves work only if
there are many changes. Here the same minimum is found without pruning: a bounded number of places may be boundaries, so
that few pairwise costs are needed, and all penalties share one pass over them. So the time does not depend on the
data, and the whole path takes about as long as one run of PELT.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from msgspec import Struct

from asv_jit.analysis.arrays import Floats, Indices
from asv_jit.analysis.stats.robust import difference_scale

_MOST_PLACES = 800
_DENSE_HEAD = 48
_PENALTIES = 24
_LOWEST_PENALTY = 4.0  # in units of ln n, where the path of Traini et al. 2023 begins
_ROWS = 64  # segment ends per batch of costs: large enough to be fast, small enough for the cache
_VARIANCE_FLOOR = 0.25**2  # smallest variance of a segment, relative to the noise: a few values may agree by chance
_CONSTANT = 1e-4  # relative deviation below which a series counts as constant; timers resolve no better
_WILDEST = 1e3  # values are clipped at this multiple of the median: larger squares would cost the sums their precision


class Partition(Struct, frozen=True):
    """Ends of segments, from 0 to n ascending, both included, and the cost of the segments without penalties."""

    bounds: Indices
    cost: float

    @property
    def changes(self) -> int:
        """Return the number of boundaries inside the series."""
        return len(self.bounds) - 2


def boundaries(values: Floats) -> Indices:
    """Return the segment ends of a series of positive values, shape (n,), n >= 1: 0, the inner boundaries, n.

    The penalty is the elbow of its path (Traini, Cortellessa, Di Pompeo and Tucci 2023, with CROPS of Haynes,
    Eckley and Fearnhead 2017), here over the root of the penalty, so that a huge change hides fewer of the others. Up
    to 800 values every place may be a boundary; in longer series the first 48 and then evenly spaced ones, from which
    the boundaries move to the best place nearby.
    """
    n = len(values)
    whole = np.array([0, n])
    if n < 2 or values.min() == values.max():
        return whole
    scaled = np.minimum(values / np.median(values), _WILDEST)
    floor = max(_VARIANCE_FLOOR * difference_scale(scaled) ** 2, _CONSTANT**2)
    costs = GaussianCosts(scaled, floor)
    lowest = _LOWEST_PENALTY * np.log(n)
    # Splitting can save no more than what is above the cost of all values at the floor.
    highest = costs.between(whole[:1], whole[1:])[0] - n * (np.log(floor) + 1.0)
    if highest <= lowest:
        return whole
    where = places(n)
    path = optimal_partitions(costs, where, np.geomspace(lowest, highest, _PENALTIES))
    bounds = elbow(path, lowest).bounds
    step = int(np.diff(where).max())
    if step == 1:
        return bounds
    # Two boundaries beside one change meet when they are refined: one of them is not worth its penalty.
    return optimal_partitions(costs, _refined(bounds, costs, step), np.array([lowest]))[0].bounds


def places(n: int) -> Indices:
    """Return the candidate boundaries in a series of n values: all, or dense at the start and then evenly spaced."""
    if n <= _MOST_PLACES:
        return np.arange(n + 1)
    step = -(-(n - _DENSE_HEAD) // (_MOST_PLACES - _DENSE_HEAD))
    return np.concatenate([np.arange(_DENSE_HEAD), np.arange(_DENSE_HEAD, n, step), [n]])


def elbow(path: list[Partition], lowest: float) -> Partition:
    """Return the partition at which the number of changes stops falling fast as the penalty rises from `lowest`.

    `path` holds optimal partitions in any order. The penalty at which each gives way to the next follows from
    their costs. With both axes scaled to 0..1 it is the point furthest below the diagonal (the knee of Satopaa
    et al. 2011), the root of the penalty taken; ties go to more changes.
    """
    by_changes = {partition.changes: partition for partition in path}
    ordered = [by_changes[changes] for changes in sorted(by_changes, reverse=True)]
    if len(ordered) == 1:
        return ordered[0]
    takeovers = [(fewer.cost - more.cost) / (more.changes - fewer.changes) for more, fewer in pairwise(ordered)]
    penalties = np.sqrt(np.maximum([lowest, *takeovers], lowest))
    changes = np.array([partition.changes for partition in ordered], dtype=np.float64)
    span = penalties[-1] - penalties[0]
    right = (penalties - penalties[0]) / span if span > 0 else np.zeros(len(ordered))
    down = (changes[0] - changes) / (changes[0] - changes[-1])
    return ordered[int(np.argmax(down - right))]


class GaussianCosts:
    """Minus twice the log-likelihood of segments, but for a constant, from prefix sums.

    Of values of shape (n,); `floor` is the smallest variance of a segment, positive, in the values' unit squared.
    """

    def __init__(self, values: Floats, floor: float) -> None:
        centred = values - np.median(values)
        self._sums = np.append(0.0, np.cumsum(centred))
        self._squares = np.append(0.0, np.cumsum(centred**2))
        self._floor = floor

    def between(self, starts: Indices, ends: Indices) -> Floats:
        """Return the costs of the segments from `starts` up to `ends`, which broadcast; of empty ones, any number."""
        lengths = np.maximum(ends - starts, 1).astype(np.float64)
        sums = self._sums[ends] - self._sums[starts]
        variances = (self._squares[ends] - self._squares[starts] - sums**2 / lengths) / lengths
        return np.asarray(lengths * (np.log(np.maximum(variances, self._floor)) + 1.0))


def optimal_partitions(costs: GaussianCosts, where: Indices, penalties: Floats) -> list[Partition]:
    """Return the partition of least cost for each penalty per boundary.

    `where` ascends from 0 to n; `penalties`, shape (p,), are in units of minus twice the log-likelihood. Optimal
    partitioning (Jackson et al. 2005), exact among the boundaries in `where`.
    """
    steps = len(where) - 1
    best = np.empty((len(penalties), steps + 1))
    best[:, 0] = -penalties
    previous = np.zeros((len(penalties), steps + 1), dtype=np.intp)
    every = np.arange(len(penalties))
    for first in range(1, steps + 1, _ROWS):
        last = min(first + _ROWS, steps + 1)
        rows = costs.between(where[None, : last - 1], where[first:last, None])
        for end in range(first, last):
            totals = best[:, :end] + rows[end - first, :end]
            starts = totals.argmin(axis=1)
            previous[:, end] = starts
            best[:, end] = totals[every, starts] + penalties
    found: list[Partition] = []
    for row, penalty in enumerate(penalties):
        chain = [steps]
        while chain[-1] > 0:
            chain.append(int(previous[row, chain[-1]]))
        cost = float(best[row, steps] - penalty * (len(chain) - 2))
        found.append(Partition(where[chain[::-1]], cost))
    return found


def _refined(bounds: Indices, costs: GaussianCosts, step: int) -> Indices:
    """Move each inner boundary to its best place, at most `step` away or halfway to its neighbours."""
    if len(bounds) == 2:
        return bounds
    before, here, after = (part[:, None] for part in (bounds[:-2], bounds[1:-1], bounds[2:]))
    moved = here + np.arange(-step, step + 1)
    moved = np.clip(moved, here - (here - before) // 2, here + (after - here - 1) // 2)
    best = np.argmin(costs.between(before, moved) + costs.between(moved, after), axis=1)
    refined = bounds.copy()
    refined[1:-1] = np.take_along_axis(moved, best[:, None], axis=1)[:, 0]
    return refined
