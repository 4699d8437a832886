"""Change points of a series: where a metric's level changes, and how sure that is.

The steps, each of a module of its own: limit outliers and estimate the noise (`cleaning`), fit levels
(`segmentation`), drop the boundaries that chance, a drift or a trifle explains (`boundaries`), and say of the
rest how often chance would show their like (here). Series are worked on many at a time, since numpy's calls cost more
than what they do for one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.changes import boundaries
from asv_jit.analysis.changes.boundaries import SHORTEST, Stage
from asv_jit.analysis.changes.cleaning import Clean, clean
from asv_jit.analysis.changes.splits import Part, best_places, gains
from asv_jit.analysis.changes.strung import in_lots
from asv_jit.analysis.stats.robust import median

Floats = npt.NDArray[np.float64]
Scale: TypeAlias = Literal["log", "linear"]

_LOG_SCALE_FLOOR = 1e-9
_LINEAR_SCALE_FLOOR = 1e-12
"""Noise below this (relative to the metric) is rounding."""

_LEVEL_REACH = 3.0

_POINTS_A_LOT = 250_000
_POINTS_AT_ONCE = 16_000
"""Points of the series that take all steps together, and of those whose levels are taken at a time."""

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

    The method: outliers limited about a running median; the penalised segmentation that is best among the places
    which a screening leaves (optimal partitioning: Jackson et al. 2005; the screening: Hao, Niu and Zhang 2013);
    backward elimination by t tests, inflated for AR(1) noise (its estimate: Hall and Van Keilegom 2003) and against
    smooth drift; p values calibrated by simulation of all of this, since a test after a search does not keep its
    level.
    """
    return detect_many([values], scales=[scale], alpha=alpha, least_effect=least_effect)[0]


def detect_many(
    series: Sequence[npt.ArrayLike],
    *,
    scales: Sequence[Scale],
    alpha: float = 0.005,
    least_effect: float = 0.01,
) -> list[list[ChangePoint]]:
    """What `detect` says of each of `series`, on the scale of the same index; several times faster a series."""
    if not 0.0 < alpha <= 0.05:
        raise ValueError(f"expected alpha above 0 and at most 0.05, found {alpha}")
    raw = [_series(values) for values in series]
    found: list[list[ChangePoint]] = [[] for _ in raw]
    # Those of like length side by side, which is what the segmentation likes.
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
    cleaned = clean(levels, _scale_floor(low, high, scale))
    return _Task(cleaned, levels, values, scale, least, _critical(alpha, len(levels)))


def _changes(tasks: Sequence[_Task]) -> list[list[ChangePoint]]:
    """Of each series those that are left when the first stage of its elimination has only strong ones."""
    starts = boundaries.candidates([task.cleaned for task in tasks])
    left = {at: [0, *mine, len(tasks[at].levels)] for at, mine in enumerate(starts) if mine}
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
        left = _weakened({at: tasks[at].cleaned for at in weak}, weak)
    found: list[list[ChangePoint]] = [[] for _ in tasks]
    for at, points in zip(sound, _describe(list(sound.values()), [tasks[at] for at in sound]), strict=True):
        found[at] = points
    return found


def _weakened(series: dict[int, Clean], stages: dict[int, Stage]) -> dict[int, list[int]]:
    """The bounds without the weakest ones, of the series that have a boundary left."""
    bounds = boundaries.without_weakest(list(series.values()), list(stages.values()))
    return {at: mine for at, mine in zip(series, bounds, strict=True) if len(mine) > 2}


def strongest(series: Sequence[npt.ArrayLike]) -> list[float]:
    """Strength of the strongest change in each series on a linear scale, 0 if there is none: what is calibrated.

    `series`: each of shape (n,), finite, n >= 6. `detect` reports something where this reaches its critical value.
    """
    levels = [np.asarray(values, dtype=np.float64) for values in series]
    cleaned = [clean(mine, _scale_floor(mine.min(), mine.max(), "linear")) for mine in levels]
    most = [0.0] * len(cleaned)
    left = {at: [0, *starts, len(levels[at])] for at, starts in enumerate(boundaries.candidates(cleaned)) if starts}
    while left:
        none = [0.0] * len(left)
        mine = {at: cleaned[at] for at in left}
        stages = boundaries.stages(list(mine.values()), list(left.values()), least=none, critical=none)
        for at, stage in zip(left, stages, strict=True):
            most[at] = max(most[at], min(stage.strengths))
        left = _weakened(mine, dict(zip(left, stages, strict=True)))
    return most


def _check(low: float, high: float, scale: Scale) -> None:
    """Raise ValueError unless the scale has a place for all that lies between."""
    if math.isinf(low) or math.isinf(high):
        raise ValueError("expected finite values or NaN for missing ones, found an infinite one")
    if scale not in ("log", "linear"):
        raise ValueError(f"expected scale 'log' or 'linear', found {scale!r}")
    if scale == "log" and low <= 0.0:
        raise ValueError(f"expected positive values on scale 'log', found {low}; use scale='linear'")


def _scale_floor(low: float, high: float, scale: str) -> float:
    return _LOG_SCALE_FLOOR if scale == "log" else _LINEAR_SCALE_FLOOR * max(abs(low), abs(high))


def _describe(stages: Sequence[Stage], tasks: Sequence[_Task]) -> list[list[ChangePoint]]:
    noises = [stage.noise for stage in stages]
    strengths = [list(stage.strengths) for stage in stages]
    bounds = _relocated([stage.bounds for stage in stages], tasks)
    levels: list[list[tuple[float, float]]] = [[] for _ in stages]
    unknown = list(range(len(stages)))
    while unknown:
        new = _levels([tasks[at] for at in unknown], [bounds[at] for at in unknown], [noises[at] for at in unknown])
        for at in unknown:
            levels[at] = [next(new) for _ in bounds[at][1:]]
        # The elimination saw limited outliers: what is too small for the levels as they are told goes as well.
        unknown = [at for at in unknown if _dropped(strengths[at], bounds[at], levels[at], tasks[at].least)]
    for at, task in enumerate(tasks):
        if _is_exact(task.levels, bounds[at]):
            levels[at] = [(level, 0.0) for level, _ in levels[at]]
    places = _locations(bounds, noises, tasks)
    return [
        _points(task, mine, told, [next(places) for _ in told])
        for task, mine, told in zip(tasks, levels, strengths, strict=True)
    ]


def _relocated(bounds: Sequence[list[int]], tasks: Sequence[_Task]) -> list[list[int]]:
    """Each boundary at its best place between its neighbours, which the elimination may have moved away."""
    parts = [
        Part(task.cleaned.masses, task.cleaned.sums, start, end)
        for task, mine in zip(tasks, bounds, strict=True)
        for start, end in zip(mine, mine[2:], strict=False)
    ]
    places = iter(best_places(parts, SHORTEST))
    moved = [[0, *(next(places) for _ in mine[2:]), mine[-1]] for mine in bounds]
    return [
        list(new if all(b - a >= SHORTEST for a, b in pairwise(new)) else old)
        for old, new in zip(bounds, moved, strict=True)
    ]


def _levels(
    tasks: Sequence[_Task], bounds: Sequence[Sequence[int]], noises: Sequence[float]
) -> Iterator[tuple[float, float]]:
    """Weighted mean of each level's points, outliers limited about their own median, and its standard error.

    The levels of all series one after another.
    """
    segments = [
        (task, start, end, noise)
        for task, mine, noise in zip(tasks, bounds, noises, strict=True)
        for start, end in pairwise(mine)
    ]
    for lot in in_lots([end - start for _, start, end, _ in segments], _POINTS_AT_ONCE):
        some = segments[lot]
        counts = np.array([end - start for _, start, end, _ in some])
        first = np.cumsum(counts) - counts
        values = np.concatenate([task.levels[start:end] for task, start, end, _ in some])
        weights = np.concatenate([task.cleaned.weights[start:end] for task, start, end, _ in some])
        reach = np.concatenate([task.cleaned.scale[start:end] for task, start, end, _ in some])
        reach *= np.repeat([_LEVEL_REACH * math.sqrt(noise) for *_, noise in some], counts)
        centres = [
            median(values[start:end]) for start, end in zip(first.tolist(), (first + counts).tolist(), strict=True)
        ]
        # Less the centre, so that no digits are lost where the level is far from 0.
        values -= np.repeat(centres, counts)
        values = np.minimum(np.maximum(values, -reach), reach)
        means = centres + np.add.reduceat(weights * values, first) / np.add.reduceat(weights, first)
        for mean, (task, start, end, noise) in zip(means.tolist(), some, strict=True):
            mass = float(task.cleaned.masses[end] - task.cleaned.masses[start])
            yield mean, math.sqrt(noise * boundaries.inflation(task.cleaned.rho, end - start) / mass)


def _dropped(strengths: list[float], bounds: list[int], levels: Sequence[tuple[float, float]], least: float) -> bool:
    """Drop the smallest change if it is smaller than `least`; whether there was one."""
    sizes = [abs(after - before) for (before, _), (after, _) in pairwise(levels)]
    smallest = min(sizes, default=math.inf)
    if smallest >= least:
        return False
    at = sizes.index(smallest)
    del strengths[at], bounds[at + 1]
    return True


def _is_exact(levels: Floats, bounds: Sequence[int]) -> bool:
    """Whether nothing but the changes ever moves the value, as that of a count or of a file's size."""
    return all(bool((levels[start:end] == levels[start]).all()) for start, end in pairwise(bounds))


def _locations(
    bounds: Sequence[Sequence[int]], noises: Sequence[float], tasks: Sequence[_Task]
) -> Iterator[tuple[int, int, int]]:
    """Each change's place, and the first and last that it could as well have: the profile likelihood near its peak."""
    around = [
        (task.cleaned, noise, start, at, end)
        for task, mine, noise in zip(tasks, bounds, noises, strict=True)
        for start, at, end in zip(mine, mine[1:], mine[2:], strict=False)
    ]
    parts = [Part(one.masses, one.sums, start, end) for one, _, start, _, end in around]
    for (one, noise, start, at, end), gain in zip(around, gains(parts, SHORTEST), strict=True):
        drop = _LOCATION_DROP * noise * boundaries.inflation(one.rho, min(at - start, end - at))
        near = np.flatnonzero(gain >= gain[at - start - SHORTEST] - drop)
        yield at, start + SHORTEST + int(near[0]), start + SHORTEST + int(near[-1])


def _points(
    task: _Task,
    levels: Sequence[tuple[float, float]],
    strengths: Sequence[float],
    places: Sequence[tuple[int, int, int]],
) -> list[ChangePoint]:
    if task.scale == "log":
        levels = [(math.exp(level), math.exp(level) * error) for level, error in levels]
    present = np.flatnonzero(task.values == task.values)
    return [
        ChangePoint(
            index=int(present[at]),
            before=before,
            after=after,
            p_value=_p_value(strength, len(task.levels)),
            before_error=before_error,
            after_error=after_error,
            earliest=int(present[first]),
            latest=int(present[last]),
        )
        for ((before, before_error), (after, after_error)), strength, (at, first, last) in zip(
            pairwise(levels), strengths, places, strict=True
        )
    ]


@cache
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
