"""Find the change points of every metric of a stretch, with the levels that events report."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy
from msgspec import Struct

from asv_jit.analysis.arrays import Floats, Places
from asv_jit.analysis.changes.boundaries import SHORTEST
from asv_jit.analysis.changes.detector import ChangePoint, detect_many
from asv_jit.analysis.history.events import Change
from asv_jit.analysis.history.levelling import Stretch
from asv_jit.analysis.history.series import CaseSeries, Track
from asv_jit.analysis.metrics import METRICS, SEARCHED, Metric

_NORMAL_95 = 1.96
_LEVEL = 0.05
_BRIDGED_P = 0.001
_LOGARITHMIC_UNITS = ("seconds", "bytes")
FEWEST_POINTS = 2 * SHORTEST
LEAST_OF_FEW = 0.05
"""The least step, a share, that a series of fewer points is searched for."""


class Found(Struct, frozen=True):
    """A change of one metric: the first point of the new level, and the 95% interval of that point."""

    change: Change
    index: int
    earliest: int
    latest: int


def find_changes(stretches: Sequence[tuple[Stretch, str]]) -> list[list[Found]]:
    """Return the changes of all searched metrics, for each stretch; each comes with the unit of `off`, `on`, `plain`.

    Times and bytes are compared by their ratio; tracked values, and values that are not positive, by their difference.
    Changes that the error of a bridge between releases may explain are dropped.
    """
    series = [
        (number, metric, _is_logarithmic(stretch.values[metric], metric, unit))
        for number, (stretch, unit) in enumerate(stretches)
        for metric in SEARCHED
        if metric in stretch.values
    ]
    detected = detect_many(
        [stretches[number][0].values[metric] for number, metric, _ in series],
        scales=["log" if logarithmic else "linear" for _, _, logarithmic in series],
    )
    found: list[list[Found]] = [[] for _ in stretches]
    for (number, metric, logarithmic), points in zip(series, detected, strict=True):
        found[number] += _of_metric(stretches[number][0], metric, points, logarithmic=logarithmic)
    return found


def is_short(series: CaseSeries) -> bool:
    """Return True if a series has several points with intervals on one build, but too few for `find_changes`."""
    if not 2 <= len(series.places) < FEWEST_POINTS or series.blocks is None:
        return False
    return bool((series.interpreters == series.interpreters[0]).all())


def step_of_few(series: CaseSeries, alpha: float) -> list[Found]:
    """Return the one step of each metric of a short series that its blocks show: for what no level can be told from.

    The intervals at level 1 - `alpha` of all points before the step lie at least 5% away from those of all points after
    it, and bound the levels. They say nothing of how the machine differs between sessions: it is a candidate.
    """
    found = []
    for metric in SEARCHED:
        track = series.tracks.get(metric)
        if track is None or not _is_logarithmic(track.values, metric, series.unit):
            continue
        known: Places = np.flatnonzero(np.isfinite(track.high) & (track.low > 0.0)).astype(np.int32)
        gaps = {split: _gap(track, known[:split], known[split:]) for split in range(1, len(known))}
        split = max(gaps, key=lambda one: gaps[one], default=0)
        if split and gaps[split] >= math.log1p(LEAST_OF_FEW):
            before, after = _level_of_few(track, known[:split]), _level_of_few(track, known[split:])
            at = int(known[split])
            change = Change(metric, *before, *after, 2.0 * alpha, (split, len(known) - split))
            found.append(Found(change, at, at, at))
    return found


def is_worse(metric: Metric, before: float, after: float) -> bool:
    """Return True if a change is for the worse: a larger value, as in asv, or a smaller speedup."""
    return after < before if METRICS[metric].higher_is_better else after > before


def _gap(track: Track, before: Places, after: Places) -> float:
    """Return by how much the logarithms of all intervals on one side lie above those on the other."""
    (low, high), (later_low, later_high) = (
        (float(np.log(track.low[points].min())), float(np.log(track.high[points].max()))) for points in (before, after)
    )
    return max(later_low - high, low - later_high)


def _level_of_few(track: Track, points: Places) -> tuple[float, float, float]:
    level = float(np.exp(np.mean(np.log(track.values[points]))))
    return level, float(track.low[points].min()), float(track.high[points].max())


def _of_metric(stretch: Stretch, metric: Metric, points: Sequence[ChangePoint], *, logarithmic: bool) -> list[Found]:
    bounds = [0, *(point.index for point in points), len(stretch.values[metric])]
    found = []
    for number, point in enumerate(points):
        before, after = slice(bounds[number], bounds[number + 1]), slice(bounds[number + 1], bounds[number + 2])
        strict = stretch.bridged(metric, before, after, _BRIDGED_P)
        p_value = max(point.p_value, _bridged_p(point, strict) if logarithmic else 0.0)
        if strict == 0.0 or p_value < _BRIDGED_P:
            error = stretch.bridged(metric, before, after, _LEVEL)
            known = stretch.values[metric] == stretch.values[metric]  # NaN is not
            figures = int(np.count_nonzero(known[before])), int(np.count_nonzero(known[after]))
            old = _interval(point.before, point.before_error, error, logarithmic=logarithmic)
            new = _interval(point.after, point.after_error, 0.0, logarithmic=logarithmic)
            change = Change(metric, point.before, *old, point.after, *new, p_value, figures)
            found.append(Found(change, point.index, point.earliest, point.latest))
    return found


def _is_logarithmic(values: Floats, metric: Metric, unit: str) -> bool:
    ratio = unit in _LOGARITHMIC_UNITS or METRICS[metric].kind in ("ratio", "bytes")
    return ratio and not (values <= 0.0).any()  # NaN is not


def _bridged_p(point: ChangePoint, error: float) -> float:
    """Return the p value of a difference, given the errors of the bridge and of the levels."""
    shares = (point.before_error / point.before, point.after_error / point.after, error)
    total = math.hypot(*shares)
    size = abs(math.log(point.after / point.before))
    return 2.0 * float(scipy.special.ndtr(-size / total)) if error > 0.0 and total > 0.0 else 0.0


def _interval(level: float, error: float, bridged: float, *, logarithmic: bool) -> tuple[float, float]:
    """Return the interval at 95%. `error` is in the metric's unit, `bridged` that of the logarithm."""
    if not logarithmic:
        return level - _NORMAL_95 * error, level + _NORMAL_95 * error
    half = _NORMAL_95 * math.hypot(error / level, bridged)
    return level * math.exp(-half), level * math.exp(half)
