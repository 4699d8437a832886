"""The posterior of the first bad commit given noisy measurements, and the information that another one would give.

The model: one step. Commits before the culprit share a good level, the culprit and those after it a bad
level; a measurement is its level plus Student-t noise, in logs. Both levels, the scale and the weight of
the noise's tails are unknown and are integrated out for every possible culprit, so that an uncertain level makes an
uncertain answer. All functions here are pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import scipy
from msgspec import Struct
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from asv_jit.analysis.arrays import Floats, Indices

# Four degrees of freedom bound the influence of one outlier (Lange, Little & Taylor 1989, "Robust statistical
# modeling using the t distribution"); thirty are practically Gaussian; one is for a shared host that disturbs a third
# of the measurements, where with four a clean measurement would hardly count. The data choose: under Gaussian noise
# four alone would claim a tenth more information than there is.
_FREEDOMS = np.array([1.0, 4.0, 30.0])
_ROBUST = 4.0
# The nodes of the quadrature. Levels: five standard errors to either side, never further apart than the
# standard error that all measurements together would give; the trapezoid rule is then exact to 1e-4.
_LEVEL_REACH = 5.0
_SCALE_NODES = np.exp(0.2 * np.arange(-4, 5))
_FIT_STEPS = 12
# Deterministic metrics (peak memory in pages) have no noise at all: a scale must not reach zero.
_LEAST_SCALE_OF_SHIFT = 1e-3
_LEAST_SCALE = 1e-12

FEWEST_MEASURED = 6
_TRUST = 0.5
"""A prior: the number of measured commits that it needs, and the weight of their posterior in it."""


class Posterior(Struct, frozen=True):
    """`mass[k]` is the probability that commit k is the first bad one, shape (count,), mass[0] = 0.

    `separation` is the distance of the two levels in standard deviations of one measurement.
    """

    mass: Floats
    separation: float


def culprit_posterior(count: int, commits: ArrayLike, values: ArrayLike) -> Posterior:
    """Return the posterior over the first bad commit, uniform before the first measurement.

    `commits` (int, in 0..count-1) and `values` (logs of the metric) have shape (measurements,); commit 0
    (good) and commit count - 1 (bad) must both be among them. The marginal likelihood of a culprit is the
    integral of the Student-t likelihood over both levels (flat prior), the scale (flat in its log) and 1, 4 or 30
    degrees of freedom, by quadrature. It is the same for all culprits between two neighbouring measured
    commits, so the cost is O(measurements x nodes + count).
    """
    where = np.asarray(commits, dtype=np.intp)
    logs = np.asarray(values, dtype=np.float64)
    order = np.argsort(where, kind="stable")
    where, logs = where[order], logs[order]
    measured, starts = np.unique(where, return_index=True)
    if measured.size < 2 or measured[0] != 0 or measured[-1] != count - 1:
        raise ValueError("both ends of the range must have been measured before a culprit can be looked for")

    levels, scale = _fit_ends(logs[: starts[1]], logs[starts[-1] :])
    scales = scale * _SCALE_NODES
    evidence = _gap_evidence(logs, starts, _level_nodes(levels, scale, where), scales)

    mass = np.zeros(count)
    mass[1:] = np.repeat(np.exp(evidence - evidence.max()), np.diff(measured))
    # The Gaussian with the Fisher information of a t location.
    deviation = scale * math.sqrt((_ROBUST + 3) / (_ROBUST + 1))
    return Posterior(mass=mass / mass.sum(), separation=float(abs(levels[1] - levels[0]) / deviation))


def prior_of(count: int, measured: Mapping[int, float]) -> Floats | None:
    """Return P(commit k is the first bad one), shape (count,), from one positive figure of each commit measured before.

    A prior for a search, never a proof: earlier measurements come from other sessions, and the machine may have
    drifted between them. So only half of it follows them; the other half is spread evenly. Against a history that is
    wrong the right commit needs about `count` times the evidence that it would need without one.

    `measured` maps a commit's place (0 the good end, count - 1 the bad end) to its figure. None unless both ends and at
    least six commits are among them.
    """
    if len(measured) < FEWEST_MEASURED or not {0, count - 1} <= measured.keys():
        return None
    places = sorted(measured)
    history = culprit_posterior(count, places, np.log([measured[place] for place in places])).mass
    evenly = np.full(count, 1.0 / (count - 1))
    evenly[0] = 0.0
    return np.asarray(_TRUST * history + (1.0 - _TRUST) * evenly, dtype=np.float64)


def _fit_ends(good: Floats, bad: Floats) -> tuple[Floats, float]:
    """Fit Student-t locations to both ends and one common scale, by EM (Lange, Little & Taylor 1989).

    It only places the nodes of the quadrature, which reach far enough to tolerate its errors.
    """
    logs = np.concatenate([good, bad])
    sides = np.zeros((2, logs.size))
    sides[0, : good.size] = sides[1, good.size :] = 1.0
    levels = np.array([np.median(good), np.median(bad)])
    least = max(_LEAST_SCALE, _LEAST_SCALE_OF_SHIFT * float(abs(levels[1] - levels[0])))
    scale = max(least, float(np.median(np.abs(logs - levels @ sides))))
    for _ in range(_FIT_STEPS):
        squares = (logs - levels @ sides) ** 2
        weights = (_ROBUST + 1) / (_ROBUST + squares / scale**2)
        scale = max(least, math.sqrt(float(weights @ squares) / logs.size))
        levels = (sides @ (weights * logs)) / (sides @ weights)
    return levels, scale


def _level_nodes(levels: Floats, scale: float, where: Indices) -> Floats:
    """Return the quadrature nodes of the good and the bad level, shape (2, nodes)."""
    at_ends = min(np.count_nonzero(where == where[0]), np.count_nonzero(where == where[-1]))
    nodes = math.ceil(2 * _LEVEL_REACH * math.sqrt(where.size / at_ends))
    reach = _LEVEL_REACH * scale / math.sqrt(at_ends)
    return np.asarray(levels[:, None] + np.linspace(-reach, reach, nodes))


def _gap_evidence(logs: Floats, starts: Indices, levels: Floats, scales: Floats) -> Floats:
    """Return the log marginal likelihood of a culprit in each gap between measured commits.

    `logs` is sorted by commit and `starts` holds the first measurement of each. The arrays in the middle have
    the axes (noise: degrees of freedom and scale, good or bad, level, measurement or measured commit).
    """
    spreads = np.outer(_FREEDOMS, scales**2).ravel()
    powers = np.repeat((_FREEDOMS + 1) / 2, scales.size)
    norms = (
        np.repeat(scipy.special.gammaln((_FREEDOMS + 1) / 2) - scipy.special.gammaln(_FREEDOMS / 2), scales.size)
        - np.log(spreads) / 2
    )
    kernel = np.log1p((logs - levels[:, :, None]) ** 2 / spreads[:, None, None, None])
    by_commit = -powers[:, None, None, None] * np.add.reduceat(kernel, starts, axis=-1)
    up_to = np.cumsum(by_commit, axis=-1)
    as_good = up_to[:, 0, :, :-1]
    as_bad = (up_to[..., -1:] - up_to)[:, 1, :, :-1]
    per_noise = logsumexp(as_good, axis=1) + logsumexp(as_bad, axis=1)
    return np.asarray(logsumexp(per_noise + logs.size * norms[:, None], axis=0))


_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(24)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def expected_information(p_bad: ArrayLike, separation: ArrayLike) -> Floats:
    """Return the bits about "is this commit bad?" expected of a measurement; the arguments broadcast.

    `p_bad` is the probability that it is, `separation` the distance of the levels in standard deviations
    of the measurement: m measurements of one commit count as one at sqrt(m) times the separation. This is
    the mutual information of a binary input and a Gaussian output, by Gauss-Hermite quadrature.
    """
    p, d = np.broadcast_arrays(np.asarray(p_bad, dtype=np.float64), np.asarray(separation, dtype=np.float64))
    inside = np.clip(p, 1e-300, 1 - 1e-16)
    prior_logit = (np.log(inside) - np.log1p(-inside))[..., None]
    half, spread = (d**2 / 2)[..., None], d[..., None] * _NODES
    left_if_bad = _entropy_of_logit(prior_logit + half + spread) @ _WEIGHTS
    left_if_good = _entropy_of_logit(prior_logit - half + spread) @ _WEIGHTS
    bits = _entropy_of_logit(prior_logit[..., 0]) - p * left_if_bad - (1 - p) * left_if_good
    return np.where((p <= 0) | (p >= 1), 0.0, np.maximum(bits, 0.0))


def _entropy_of_logit(logit: Floats) -> Floats:
    """Return the binary entropy in bits of the probability with these log odds, without overflow."""
    size = np.abs(logit)
    rest = np.exp(-size)
    return np.asarray((np.log1p(rest) + size * rest / (1 + rest)) / math.log(2))
