"""Tests which boundaries of a segmented series are real, by backward elimination of the weakest.

A boundary must beat three explanations: no change, a change too small to matter, and a smooth drift (a straight line,
then a cubic, through both of its segments). The noise may be autocorrelated, spiky and of changing size. Strengths are
in standard deviations of a Gaussian; `detector` calibrates what they mean after a search for the strongest boundary.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.arrays import Flags, Floats
from asv_jit.analysis.changes.cleaning import Clean
from asv_jit.analysis.changes.segmentation import Fit, segment_many
from asv_jit.analysis.changes.splits import best_place, in_lots

Places = npt.NDArray[np.int64]

SHORTEST = 3
"""The fewest points of a level: one or two outlying points are spikes."""

_PENALTY = 2.5
"""Cost of a boundary, times log n: about what the elimination demands of a single one. A short level between two
boundaries, of which chance makes many more, must pay for both."""

_LINE_LEAD = 4.0
_CUBIC_LEAD = 2.0
"""How much more of the squared error a step must explain than a line or a cubic, in units of the noise's variance, to
count as a step whatever it adds to them. By simulation: larger leads cost power for late small steps, smaller ones
report drifts."""

_COMMON_DRIFT = 2.0
_LEAD_GROWTH = 1.5
"""Drifts of a percent or two are common, larger ones are not: a step smaller than `_COMMON_DRIFT` least effects must
lead the line by more, growing with this power of the ratio. By simulation (the drifting world of tests/acceptance) that
halves the false alarms, and loses 2 to 7 in a hundred steps of 1.2 to 1.5% amid few points, but no larger steps."""

_LEAST_FOR_CUBIC = 30
"""The fewest points of both levels together: a bend within fewer is no slow drift."""

_LEAST_NOISE = 0.01
"""Floor of the variance in units of the estimated one: quantised metrics can leave no residuals at all."""

_NO_SIZE = 1e-300
_POINTS_AT_ONCE = 16_000
_LEGENDRE = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [-0.5, 0.0, 1.5, 0.0], [0.0, -1.5, 0.0, 2.5]])
"""Legendre's polynomials by powers: nearly orthogonal on even places, so that the normal equations lose no digits."""


class Stage(Struct, frozen=True):
    """A step of the elimination: n + 2 bounds (0 and the length included), and the strengths of the inner ones."""

    bounds: list[int]
    strengths: list[float]
    noise: float


class _Evidence(Struct, frozen=True):
    """What the step at each boundary explains of the squared error: in all, beyond a line, and more than a line.

    All have shape (boundaries,).
    """

    step: Floats
    beyond_line: Floats
    lead: Floats
    size: Floats
    deflation: Floats


class _Segments(Struct, frozen=True):
    """The segments between the bounds of many series, one behind another, and what is summed over each.

    `last`: the last one of each series; `counts`: points; `sums`, shape (6, segments): of weights, and of weighted
    values and positions and their products, in the order w, wy, wyy, wx, wxx, wxy; `rho`: that of the series.
    """

    last: Places
    counts: Places
    sums: Floats
    rho: Floats


def candidates(series: Sequence[Clean]) -> list[list[int]]:
    """Return the starts of the levels to test, for each series: levels fitted at a low penalty."""
    fits = {}
    for at, one in enumerate(series):
        n = len(one.values)
        if one.noise > 0.0:  # else nothing but spikes differed from one level
            penalty = _PENALTY * math.log(n) * one.noise * inflation(one.rho, n)
            fits[at] = Fit(one.masses, one.sums, penalty)
    found: list[list[int]] = [[] for _ in series]
    for at, starts in zip(fits, segment_many(list(fits.values()), shortest=SHORTEST), strict=True):
        found[at] = starts
    return found


@overload
def inflation(rho: float, count: int) -> float: ...
@overload
def inflation(rho: Floats, count: Places) -> Floats: ...
def inflation(rho: Any, count: Any) -> Any:
    """Return the factor by which autocorrelation inflates the variance of the mean of `count` points."""
    return (1.0 + rho) / (1.0 - rho) - 2.0 * rho * (1.0 - rho**count) / (count * (1.0 - rho) ** 2)


def stages(
    series: Sequence[Clean], bounds: Sequence[Sequence[int]], *, least: Sequence[float], critical: Sequence[float]
) -> list[Stage]:
    """Return the strengths of the boundaries of each series; `bounds`: 0, at least one boundary, the length.

    A change of level smaller than `least` (in the unit of the values) has no strength. Cubics are expensive, and are
    fitted only if all boundaries of a series reach `critical` without them.
    """
    if not series:
        return []
    segments = _segments(series, bounds)
    evidence = _weigh(segments)
    lengths = np.array([len(one.values) for one in series])
    noise, freedom = _residual_noise(segments, np.array([one.noise for one in series]), lengths)
    inner = np.array([len(mine) - 2 for mine in bounds])
    ends = np.cumsum(inner)
    owner = np.repeat(np.arange(len(series)), inner)
    against = _against_line(evidence, noise[owner], np.array(least)[owner])
    strengths = _gaussian(against / noise[owner], freedom[owner])
    strengths[np.abs(evidence.size) < np.array(least)[owner]] = 0.0
    sound = np.minimum.reduceat(strengths, ends - inner) >= np.maximum(critical, 1e-9)
    _bend(strengths, sound, evidence, series, bounds, noise, freedom)
    return [
        Stage(list(mine), strengths[end - count : end].tolist(), one_noise)
        for mine, count, end, one_noise in zip(bounds, inner.tolist(), ends.tolist(), noise.tolist(), strict=True)
    ]


def without_weakest(one: Clean, stage: Stage) -> list[int]:
    """Return the bounds without the weakest boundary of a stage; none but the ends may be left.

    The boundaries on either side move to their new best places. Otherwise, if two boundaries shared one change, the
    remaining one would be too weak.
    """
    weakest = stage.strengths.index(min(stage.strengths))
    bounds = [*stage.bounds[: weakest + 1], *stage.bounds[weakest + 2 :]]
    for at in (weakest, weakest + 1):
        if 0 < at < len(bounds) - 1:
            bounds[at] = best_place(one.masses, one.sums, bounds[at - 1], bounds[at + 1], SHORTEST)
    return bounds


def _segments(series: Sequence[Clean], bounds: Sequence[Sequence[int]]) -> _Segments:
    lots = list(in_lots([len(one.values) for one in series], _POINTS_AT_ONCE))
    sums = np.concatenate([_summed(series[lot], bounds[lot]) for lot in lots], axis=1)
    inner = np.array([len(mine) - 1 for mine in bounds])
    counts = np.concatenate([np.diff(mine) for mine in bounds])
    return _Segments(np.cumsum(inner) - 1, counts, sums, np.repeat([one.rho for one in series], inner))


def _summed(series: Sequence[Clean], bounds: Sequence[Sequence[int]]) -> Floats:
    lengths = np.array([len(one.values) for one in series])
    starts = np.cumsum(lengths) - lengths
    weights = np.concatenate([one.weights for one in series])
    values = np.concatenate([one.values for one in series])
    x = np.arange(len(values)) - np.repeat(starts + (lengths - 1) / 2.0, lengths)
    first = np.concatenate([np.array(mine[:-1]) + start for mine, start in zip(bounds, starts, strict=True)])
    wy, wx = weights * values, weights * x
    return np.stack([np.add.reduceat(terms, first) for terms in (weights, wy, wy * values, wx, wx * x, wx * values)])


def _weigh(segments: _Segments) -> _Evidence:
    """Weigh the step at each boundary against its two segments, alone and with a line through both."""
    before = np.delete(np.arange(len(segments.counts)), segments.last)
    left, right = segments.sums[:, before], segments.sums[:, before + 1]
    both = left + right
    size = right[1] / right[0] - left[1] / left[0]
    spread = left[0] * right[0] / both[0]
    x_mean = both[3] / both[0]
    x_spread = both[4] - both[3] * x_mean
    step = size * np.sqrt(spread)
    line = (both[5] - both[1] * x_mean) / np.sqrt(x_spread)
    alike = (right[3] / right[0] - left[3] / left[0]) * np.sqrt(spread / x_spread)
    rest = step - alike * line
    beyond = np.where(rest * step > 0.0, rest * rest / (1.0 - alike * alike), 0.0)
    spreads = inflation(segments.rho, segments.counts) / segments.sums[0]
    deflation = 1.0 / ((spreads[before] + spreads[before + 1]) * spread)
    return _Evidence(
        step * step * deflation, beyond * deflation, (step * step - line * line) * deflation, size, deflation
    )


def _against_line(e: _Evidence, noise: Floats, least: Floats) -> Floats:
    size = np.maximum(np.abs(e.size), np.maximum(least, _NO_SIZE))
    wanted = _LINE_LEAD * np.maximum(_COMMON_DRIFT * least / size, 1.0) ** _LEAD_GROWTH
    return np.where(e.lead > wanted * noise, e.step, np.minimum(e.step, e.beyond_line))


def _bend(
    strengths: Floats, sound: Flags, e: _Evidence, series: Sequence[Clean],
    bounds: Sequence[Sequence[int]], noise: Floats, freedom: Places,
) -> None:  # fmt: skip
    """Weaken the boundaries of `sound` series where a cubic explains about as much as the step."""
    parts, at, owner = [], [], []
    start = 0
    for number, (one, mine) in enumerate(zip(series, bounds, strict=True)):
        for place, around in enumerate(zip(mine, mine[1:], mine[2:], strict=False)) if sound[number] else ():
            if around[2] - around[0] >= _LEAST_FOR_CUBIC:
                parts.append(Stepped(one, *around))
                at.append(start + place)
                owner.append(number)
        start += len(mine) - 2
    if not parts:
        return
    cubic = bends(parts)
    lead = e.step[at] - cubic.explained * e.deflation[at]
    same_way = cubic.onto_step * e.size[at] > 0.0
    beyond = np.where(same_way, cubic.onto_step**2 / cubic.step_left * e.deflation[at], 0.0)
    weaker = np.minimum(strengths[at], _gaussian(beyond / noise[owner], freedom[owner]))
    strengths[at] = np.where(lead <= _CUBIC_LEAD * noise[owner], weaker, strengths[at])


def _residual_noise(segments: _Segments, most: Floats, lengths: Places) -> tuple[Floats, Places]:
    """Return each series' variance (times weight) about its levels and its degrees of freedom, shape (series,).

    The variance is at most `most`, so that drift within levels does not count.
    """
    first = np.append(0, segments.last[:-1] + 1)
    squares = np.add.reduceat(segments.sums[2] - segments.sums[1] ** 2 / segments.sums[0], first)
    freedom = lengths - (segments.last - first + 1)
    return np.maximum(np.minimum(squares / freedom, most), _LEAST_NOISE), freedom


def _gaussian(squared_t: Floats, freedom: Places) -> Floats:
    """Return the Gaussian deviate as improbable as a Student one (Wallace 1959), exact to a percent in any tail."""
    f = 8 * freedom
    return np.asarray((f + 1) / (f + 3) * np.sqrt(freedom * np.log1p(squared_t / freedom)))


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
