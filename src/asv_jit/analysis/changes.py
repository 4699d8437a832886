"""Change points of a series: where a metric's level changes, and how sure that is.

The steps, each of a module of its own: limit outliers and estimate the noise (`robust`), fit levels exactly
(`segmentation`), drop the boundaries that chance, a drift or a trifle explains (`boundaries`), and say of the
rest how often chance would show their like (here).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.history import boundaries
from asv_jit.analysis.history.boundaries import SHORTEST, Clean, Series, Stage
from asv_jit.analysis.history.robust import median
from asv_jit.analysis.history.segmentation import segment_many

__all__ = ["ChangePoint", "Scale", "detect", "detect_many", "strongest"]

Floats = npt.NDArray[np.float64]
Scale: TypeAlias = Literal["log", "linear"]

_LOG_SCALE_FLOOR = 1e-9
_LINEAR_SCALE_FLOOR = 1e-12
"""Noise below this (relative to the metric) is rounding."""

_LEVEL_REACH = 3.0

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
    their standard errors. `p_value`: the probability that a series of this length without any change shows
    one as strong anywhere. `earliest`, `latest`: the measured points among which the first one of the new
    level is with 95%.
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
    values: npt.ArrayLike,
    *,
    scale: Scale = "log",
    alpha: float = 0.005,
    least_effect: float = 0.01,
) -> list[ChangePoint]:
    """The places where the level of a series changes, in order.

    `values`: shape (n,), in the metric's unit, by commit or release; NaN (or None) is a missing cell. On the
    scale `log` they are positive, and changes of less than `least_effect` (of the logarithm) are left out; on
    `linear` they may be anything finite, and no change is too small that the noise lets through. `alpha`, at
    most 0.05, bounds the probability of reporting anything in a series of Gaussian noise without a change.

    Spikes of one or two points, drifts and changes of the noise are not changes of level; a level has three
    points at least, so fewer than six points have none. Raises ValueError for values that the scale has no
    place for. O(n²), 1,000 points in some milliseconds.

    The method: outliers limited about a running median; the exact penalised segmentation (PELT: Killick,
    Fearnhead and Eckley 2012); backward elimination by t tests, inflated for AR(1) noise (its estimate: Hall
    and Van Keilegom 2003) and against smooth drift; p values calibrated by simulation of all of this, since a
    test after a search does not keep its level.
    """
    task = _task(values, scale, alpha, least_effect)
    return [] if task is None else _changes(task, boundaries.candidates(task.cleaned))


def detect_many(
    series: Sequence[npt.ArrayLike],
    *,
    scales: Sequence[Scale],
    alpha: float = 0.005,
    least_effect: float = 0.01,
) -> list[list[ChangePoint]]:
    """What `detect` says of each of `series`, on the scale of the same index; several times faster a series."""
    tasks = [_task(values, scale, alpha, least_effect) for values, scale in zip(series, scales, strict=True)]
    fits = [boundaries.fit(task.cleaned) for task in tasks if task is not None]
    starts = iter(segment_many(fits, shortest=SHORTEST))
    return [[] if task is None else _changes(task, next(starts)) for task in tasks]


class _Task(Struct, frozen=True):
    """A series that can have changes: its levels are on the scale and without the missing ones."""

    cleaned: Clean
    levels: Floats
    present: npt.NDArray[np.int64]
    scale: Scale
    least: float
    critical: float


def _task(values: npt.ArrayLike, scale: Scale, alpha: float, least_effect: float) -> _Task | None:
    """None for a series that is too short or constant."""
    if not 0.0 < alpha <= 0.05:
        raise ValueError(f"expected alpha above 0 and at most 0.05, found {alpha}")
    raw = np.asarray(values, dtype=np.float64)
    if raw.ndim != 1:
        raise ValueError(f"expected a series of shape (n,), found shape {raw.shape}")
    present = np.flatnonzero(~np.isnan(raw))
    levels = _on_scale(raw[present], scale)
    if len(levels) < 2 * SHORTEST or float(np.ptp(levels)) == 0.0:
        return None
    return _Task(
        boundaries.clean(levels, _scale_floor(levels, scale)),
        levels,
        present,
        scale,
        least=least_effect if scale == "log" else 0.0,
        critical=_critical(alpha, len(levels)),
    )


def _changes(task: _Task, starts: list[int]) -> list[ChangePoint]:
    """The changes among the candidates `starts`."""
    if not starts:
        return []
    series = boundaries.summed(task.cleaned)
    stage = _first_sound_stage(series, starts, task.least, critical=task.critical)
    return [] if stage is None else _describe(stage, series, task)


def strongest(values: npt.ArrayLike) -> float:
    """Strength of the strongest change in a series on a linear scale, 0 if there is none: what is calibrated.

    `values`: shape (n,), finite, n >= 6. `detect` reports something where this reaches its critical value.
    """
    levels = np.asarray(values, dtype=np.float64)
    cleaned = boundaries.clean(levels, _scale_floor(levels, "linear"))
    stages = boundaries.eliminate(boundaries.summed(cleaned), boundaries.candidates(cleaned), least=0.0, critical=0.0)
    return max((min(stage.strengths) for stage in stages), default=0.0)


def _on_scale(values: Floats, scale: Scale) -> Floats:
    if not np.all(np.isfinite(values)):
        raise ValueError("expected finite values or NaN for missing ones, found an infinite one")
    if scale == "linear":
        return values
    if scale != "log":
        raise ValueError(f"expected scale 'log' or 'linear', found {scale!r}")
    if np.any(values <= 0.0):
        raise ValueError(f"expected positive values on scale 'log', found {values.min()}; use scale='linear'")
    return np.log(values)


def _scale_floor(levels: Floats, scale: str) -> float:
    return _LOG_SCALE_FLOOR if scale == "log" else _LINEAR_SCALE_FLOOR * float(np.max(np.abs(levels)))


def _first_sound_stage(series: Series, starts: list[int], least: float, *, critical: float) -> Stage | None:
    """The elimination up to where every boundary left is strong enough; None if none is left."""
    for stage in boundaries.eliminate(series, starts, least=least, critical=critical):
        if min(stage.strengths) >= critical:
            return stage
    return None


def _describe(stage: Stage, series: Series, task: _Task) -> list[ChangePoint]:
    levels, present = task.levels, task.present
    strengths = list(stage.strengths)
    bounds = _relocated(stage.bounds, series)
    segments = [_level(levels, series, stage.noise, a, b) for a, b in pairwise(bounds)]
    # The elimination saw limited outliers: what is too small for the levels as they are told goes as well.
    while strengths and min(sizes := [abs(b - a) for (a, _), (b, _) in pairwise(segments)]) < task.least:
        smallest = sizes.index(min(sizes))
        del strengths[smallest], bounds[smallest + 1]
        segments = [_level(levels, series, stage.noise, a, b) for a, b in pairwise(bounds)]
    if task.scale == "log":
        segments = [(math.exp(level), math.exp(level) * error) for level, error in segments]
    points = []
    for i, strength in enumerate(strengths):
        first, last = _location(bounds[i : i + 3], series, stage.noise)
        points.append(
            ChangePoint(
                index=int(present[bounds[i + 1]]),
                before=segments[i][0],
                after=segments[i + 1][0],
                p_value=_p_value(strength, len(levels)),
                before_error=segments[i][1],
                after_error=segments[i + 1][1],
                earliest=int(present[first]),
                latest=int(present[last]),
            )
        )
    return points


def _relocated(bounds: list[int], series: Series) -> list[int]:
    """Each boundary at its best place between its neighbours, which the elimination may have moved away."""
    moved = list(bounds)
    for i in range(1, len(bounds) - 1):
        at, gain = boundaries.mean_gain(series, bounds[i - 1], bounds[i + 1])
        moved[i] = int(at[gain.argmax()])
    return moved if all(b - a >= SHORTEST for a, b in pairwise(moved)) else bounds


def _level(levels: Floats, series: Series, noise: float, a: int, b: int) -> tuple[float, float]:
    """Weighted mean of the points a..b, outliers limited about their own median, and its standard error."""
    part, scale, weights = levels[a:b], series.scale[a:b], series.weights[a:b]
    reach = _LEVEL_REACH * math.sqrt(noise) * scale
    centre = median(part)
    limited = np.minimum(np.maximum(part, centre - reach), centre + reach)
    mass = float(np.sum(weights))
    return float(weights @ limited) / mass, math.sqrt(noise * series.inflation(b - a) / mass)


def _location(around: list[int], series: Series, noise: float) -> tuple[int, int]:
    """First and last place that the change could as well have: the profile likelihood near its peak."""
    a, b, c = around
    at, gain = boundaries.mean_gain(series, a, c)
    drop = _LOCATION_DROP * noise * series.inflation(min(b - a, c - b))
    near = at[gain >= gain[b - a - SHORTEST] - drop]
    return int(near[0]), int(near[-1])


def _square_at_1_per_mille(n: int) -> float:
    """Squared strength that a series of n points without a change reaches with probability 0.001."""
    at = math.log(min(max(n, _LENGTHS[0]), _LENGTHS[-1]))
    square = float(np.interp(at, np.log(_LENGTHS), _Z_AT_1_PER_MILLE)) ** 2
    # Beyond the table there are more places to err: at most in proportion to the length.
    return square + _SQUARE_PER_DECADE * math.log10(max(n / _LENGTHS[-1], 1.0))


def _p_value(strength: float, n: int) -> float:
    """The logarithm of p is close to linear in the square of the strength."""
    decades = 3.0 + (strength**2 - _square_at_1_per_mille(n)) / _SQUARE_PER_DECADE
    return math.pow(10.0, -min(max(decades, 0.0), 300.0))


def _critical(alpha: float, n: int) -> float:
    """The strength whose p value is `alpha`."""
    return math.sqrt(_square_at_1_per_mille(n) + _SQUARE_PER_DECADE * (-math.log10(alpha) - 3.0))
