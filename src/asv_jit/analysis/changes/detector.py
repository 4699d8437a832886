"""Change points of a series: where a metric's level changes, and how sure that is.

The steps, each in a module of its own: limit outliers and estimate the noise (`cleaning`), fit levels
(`segmentation`), drop the boundaries that noise, a drift or a negligible change explains (`boundaries`), and compute
the p values of the rest (here). Levels are fitted to many series at a time, because for a single one numpy's calls
cost more than its arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.changes import boundaries
from asv_jit.analysis.changes.boundaries import SHORTEST, Stage
from asv_jit.analysis.changes.cleaning import Clean, clean
from asv_jit.analysis.changes.splits import best_place, gains, in_lots
from asv_jit.analysis.stats.robust import median

Scale: TypeAlias = Literal["log", "linear"]

_LOG_SCALE_FLOOR = 1e-9
_LINEAR_SCALE_FLOOR = 1e-12
"""Noise below this (relative to the metric) is rounding."""

_LEVEL_REACH = 3.0

_POINTS_A_LOT = 250_000
"""Points of the series that take all steps together."""

_LOCATION_DROP = 7.35
"""Twice the fall of the log likelihood from its peak that holds the true place of a change with 95%: that of
the higher of two exponential peaks, 1 - (1 - exp(-x / 2))² = 0.05."""

_LENGTHS = (6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000)
_Z_AT_1_PER_MILLE = (3.5, 3.5, 3.85, 3.9, 4.05, 4.05, 4.1, 4.4, 4.35, 4.35, 4.4)
"""Strengths that the strongest boundary of a series without a change reaches with probability 0.001, by length
of the series: 6,000 to 12,000 series of Gaussian noise each (tests/acceptance/calibrate_changes.py), smoothed along the
lengths and never below 3.5, which keeps a few points of other noise from passing for proof."""

_SQUARE_PER_DECADE = 5.5
"""By how much the square of the strength grows from one tenth of the probability to the next: 4.6 for one
Gaussian deviate, up to 6 in the simulated series, where a few points must also estimate the noise."""


class ChangePoint(Struct, frozen=True):
    """One change of level.

    `index`: of the first point of the new level, in the array as given. `before`, `after`: the levels on
    either side, up to the neighbouring change points, in the metric's unit; `before_error`, `after_error`:
    their standard errors, 0 where every level is of equal values. `p_value`: the probability that a series of
    this length without any change shows one as strong anywhere. `earliest`, `latest`: the measured points among
    which the first one of the new level is with 95%.
    """

    index: int
    before: float
    after: float
    p_value: float
    before_error: float
    after_error: float
    earliest: int
    latest: int


def detect(
    values: npt.ArrayLike, *, scale: Scale = "log", alpha: float = 0.005, least_effect: float = 0.01
) -> list[ChangePoint]:
    """Return the places where the level of a series changes, in order.

    `values`: shape (n,), in the metric's unit, by commit or release; NaN (or None) is a missing cell. On the
    scale `log` they are positive, and changes of less than `least_effect` (of the logarithm) are left out; on
    `linear` they may be anything finite, and no change is too small that the noise lets through. `alpha`, at
    most 0.05, bounds the probability of reporting anything in a series of Gaussian noise without a change.

    Spikes of one or two points, drifts and changes of the noise are not changes of level; a level has three
    points at least, so fewer than six points have none. Raises ValueError for values that the scale has no
    place for. O(n²), 1,000 points in some milliseconds.

    The method: outliers limited about a running median; the penalised segmentation that is best among the places
    which a screening leaves (optimal partitioning: Jackson et al. 2005; the screening: Hao, Niu and Zhang 2013);
    backward elimination by t tests, inflated for AR(1) noise (its estimate: Hall and Van Keilegom 2003) and against
    smooth drift; p values calibrated by simulation of all of this, since a test after a search does not keep its
    level.
    """
    return detect_many([values], scales=[scale], alpha=alpha, least_effect=least_effect)[0]


def detect_many(
    series: Sequence[npt.ArrayLike], *, scales: Sequence[Scale], alpha: float = 0.005, least_effect: float = 0.01
) -> list[list[ChangePoint]]:
    """Return what `detect` returns for each of `series` with its scale, several times faster per series."""
    if not 0.0 < alpha <= 0.05:
        raise ValueError(f"expected alpha above 0 and at most 0.05, found {alpha}")
    raw = [_series(values) for values in series]
    found: list[list[ChangePoint]] = [[] for _ in raw]
    # The segmentation is fastest with series of similar length side by side.
    order = sorted(range(len(raw)), key=lambda at: len(raw[at]))
    for lot in in_lots([len(raw[at]) for at in order], _POINTS_A_LOT):
        mine = order[lot]
        tasks = ((at, _task(raw[at], scales[at], alpha, least_effect)) for at in mine)
        changed = [(at, task) for at, task in tasks if task is not None]
        for (at, _), points in zip(changed, _changes([task for _, task in changed]), strict=True):
            found[at] = points
    return found


class _Task(Struct, frozen=True):
    """A series that can have changes: `values` as given, and `levels` on the scale and without the missing ones."""

    cleaned: Clean
    levels: Floats
    values: Floats
    scale: Scale
    least: float
    critical: float


def _series(values: npt.ArrayLike) -> Floats:
    raw = np.asarray(values, dtype=np.float64)
    if raw.ndim != 1:
        raise ValueError(f"expected a series of shape (n,), found shape {raw.shape}")
    return raw


def _task(values: Floats, scale: Scale, alpha: float, least_effect: float) -> _Task | None:
    """Return None for a series that is too short or constant."""
    known = values[values == values]
    if len(known) == 0:
        return None
    low, high = float(known.min()), float(known.max())
    _check(low, high, scale)
    if len(known) < 2 * SHORTEST or low == high:
        return None
    levels = np.log(known) if scale == "log" else known
    least = least_effect if scale == "log" else 0.0
    cleaned = clean(levels, _LOG_SCALE_FLOOR if scale == "log" else _LINEAR_SCALE_FLOOR * max(abs(low), abs(high)))
    return _Task(cleaned, levels, values, scale, least, _critical(alpha, len(levels)))


def _changes(tasks: Sequence[_Task]) -> list[list[ChangePoint]]:
    """Return the changes of each series: the boundaries of its first stage that has only strong ones."""
    starts = boundaries.candidates([task.cleaned for task in tasks])
    left = {at: [0, *inner, len(tasks[at].levels)] for at, inner in enumerate(starts) if inner}
    sound: dict[int, Stage] = {}
    while left:
        stages = boundaries.stages(
            [tasks[at].cleaned for at in left],
            list(left.values()),
            least=[tasks[at].least for at in left],
            critical=[tasks[at].critical for at in left],
        )
        weak: dict[int, Stage] = {}
        for at, stage in zip(left, stages, strict=True):
            (sound if min(stage.strengths) >= tasks[at].critical else weak)[at] = stage
        left = _weakened([task.cleaned for task in tasks], weak)
    return [_describe(sound[at], task) if at in sound else [] for at, task in enumerate(tasks)]


def _weakened(series: Sequence[Clean], stages: dict[int, Stage]) -> dict[int, list[int]]:
    """Return the bounds without the weakest ones, of the series that have a boundary left."""
    bounds = {at: boundaries.without_weakest(series[at], stage) for at, stage in stages.items()}
    return {at: left for at, left in bounds.items() if len(left) > 2}


def _check(low: float, high: float, scale: Scale) -> None:
    """Raise ValueError unless all values between the two are allowed on the scale."""
    if math.isinf(low) or math.isinf(high):
        raise ValueError("expected finite values or NaN for missing ones, found an infinite one")
    if scale not in ("log", "linear"):
        raise ValueError(f"expected scale 'log' or 'linear', found {scale!r}")
    if scale == "log" and low <= 0.0:
        raise ValueError(f"expected positive values on scale 'log', found {low}; use scale='linear'")


def _describe(stage: Stage, task: _Task) -> list[ChangePoint]:
    strengths, bounds = list(stage.strengths), _relocated(stage.bounds, task.cleaned)
    levels = [_level(task, start, end, stage.noise) for start, end in pairwise(bounds)]
    # The elimination used limited outliers: also drop changes that are too small between the reported levels.
    while strengths and min(sizes := _sizes(levels)) < task.least:
        smallest = sizes.index(min(sizes))
        del strengths[smallest], bounds[smallest + 1]
        levels = [_level(task, start, end, stage.noise) for start, end in pairwise(bounds)]
    # Levels of equal values, such as file sizes, have no error.
    if all(bool((task.levels[start:end] == task.levels[start]).all()) for start, end in pairwise(bounds)):
        levels = [(level, 0.0) for level, _ in levels]
    if task.scale == "log":
        levels = [(math.exp(level), math.exp(level) * error) for level, error in levels]
    present = np.flatnonzero(task.values == task.values)
    points = []
    for number, ((before, before_error), (after, after_error)) in enumerate(pairwise(levels)):
        start, at, end = bounds[number : number + 3]
        earliest, latest = _locations(task.cleaned, stage.noise, start, at, end)
        points.append(
            ChangePoint(
                index=int(present[at]),
                before=before,
                after=after,
                p_value=_p_value(strengths[number], len(task.levels)),
                before_error=before_error,
                after_error=after_error,
                earliest=int(present[earliest]),
                latest=int(present[latest]),
            )
        )
    return points


def _relocated(bounds: list[int], one: Clean) -> list[int]:
    """Move each boundary to its best place between its neighbours, which the elimination may have moved away."""
    around = zip(bounds, bounds[2:], strict=False)
    moved = [0, *(best_place(one.masses, one.sums, start, end, SHORTEST) for start, end in around), bounds[-1]]
    return moved if all(b - a >= SHORTEST for a, b in pairwise(moved)) else list(bounds)


def _level(task: _Task, start: int, end: int, noise: float) -> tuple[float, float]:
    """Return the weighted mean of a level's points, outliers limited about their median, and its standard error."""
    cleaned, values = task.cleaned, task.levels[start:end]
    weights, reach = cleaned.weights[start:end], cleaned.scale[start:end] * (_LEVEL_REACH * math.sqrt(noise))
    centre = median(values)
    # Less the centre, so that no digits are lost where the level is far from 0.
    about = np.minimum(np.maximum(values - centre, -reach), reach)
    mass = float(cleaned.masses[end] - cleaned.masses[start])
    error = math.sqrt(noise * boundaries.inflation(cleaned.rho, end - start) / mass)
    return centre + float(np.sum(weights * about) / np.sum(weights)), error


def _sizes(levels: Sequence[tuple[float, float]]) -> list[float]:
    return [abs(after - before) for (before, _), (after, _) in pairwise(levels)]


def _locations(one: Clean, noise: float, start: int, at: int, end: int) -> tuple[int, int]:
    """Return the first and last likely place of a change: where the profile likelihood is near its peak."""
    gain = gains(one.masses, one.sums, start, end, SHORTEST)
    drop = _LOCATION_DROP * noise * boundaries.inflation(one.rho, min(at - start, end - at))
    near = np.flatnonzero(gain >= gain[at - start - SHORTEST] - drop)
    return start + SHORTEST + int(near[0]), start + SHORTEST + int(near[-1])


@cache
def _square_at_1_per_mille(n: int) -> float:
    """Return the squared strength that a series of n points without a change reaches with probability 0.001."""
    at = math.log(min(max(n, _LENGTHS[0]), _LENGTHS[-1]))
    square = float(np.interp(at, np.log(_LENGTHS), _Z_AT_1_PER_MILLE)) ** 2
    # Beyond the table the probability grows at most in proportion to the length.
    return square + _SQUARE_PER_DECADE * math.log10(max(n / _LENGTHS[-1], 1.0))


def _p_value(strength: float, n: int) -> float:
    """Return the p value of a strength: its logarithm is nearly linear in the square of the strength."""
    decades = 3.0 + (strength**2 - _square_at_1_per_mille(n)) / _SQUARE_PER_DECADE
    return math.pow(10.0, -min(max(decades, 0.0), 300.0))


def _critical(alpha: float, n: int) -> float:
    """Return the strength whose p value is `alpha`."""
    return math.sqrt(_square_at_1_per_mille(n) + _SQUARE_PER_DECADE * (-math.log10(alpha) - 3.0))
