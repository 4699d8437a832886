"""The best of all segmentations, by looking at every place: what the fast one is compared with."""

from __future__ import annotations

import itertools

import numpy as np

from asv_jit.analysis.changes.segmentation import Fit


def added_up(values):
    return np.append(0.0, np.cumsum(values))


def fit_of(values, weights, penalty):
    return Fit(added_up(weights), added_up(weights * values), penalty)


def cost(values, weights, penalty, starts):
    """Weighted squared error of the segmentation plus its penalties, computed by its definition."""
    total = penalty * len(starts)
    for a, b in itertools.pairwise([0, *starts, len(values)]):
        mean = weights[a:b] @ values[a:b] / weights[a:b].sum()
        total += weights[a:b] @ (values[a:b] - mean) ** 2
    return total


def least_cost(fit, shortest):
    """The least cost of all segmentations, less the squares' sum: the recursion over the last segment's start."""
    masses, sums = fit.masses, fit.sums
    best = np.full(len(sums), np.inf)
    best[0] = -fit.penalty
    for end in range(shortest, len(sums)):
        some = slice(0, end - shortest + 1)
        costs = best[some] - np.square(sums[end] - sums[some]) / (masses[end] - masses[some])
        best[end] = costs.min() + fit.penalty
    return float(best[-1])


def cost_of(fit, starts):
    """That of one segmentation, less the squares' sum."""
    bounds = [0, *starts, len(fit.sums) - 1]
    return fit.penalty * len(starts) - float(np.sum(np.square(np.diff(fit.sums[bounds])) / np.diff(fit.masses[bounds])))
