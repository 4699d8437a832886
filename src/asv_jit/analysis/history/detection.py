"""Find the change points of every metric of a stretch, with the levels that events report."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import scipy
from msgspec import Struct

from asv_jit.analysis.changes.detector import ChangePoint, detect_many
from asv_jit.analysis.history.events import Change
from asv_jit.analysis.history.levelling import Stretch
from asv_jit.analysis.history.series import Floats, Metric
from asv_jit.analysis.metrics import METRICS, SEARCHED

_NORMAL_95 = 1.96
_LEVEL = 0.05
_BRIDGED_P = 0.001
_LOGARITHMIC_UNITS = ("seconds", "bytes")


class Found(Struct, frozen=True):
    """A change of one metric: the first point of the new level, and the 95% interval of that point."""

    change: Change
    index: int
    earliest: int
    latest: int


def find_changes(stretches: Sequence[tuple[Stretch, str]]) -> list[list[Found]]:
    """The changes of all metrics that are looked at, of each stretch. With each: the unit of `off`, `on`, `plain`.

    Times and bytes are compared by their ratio; a value that a `track_` benchmark makes up, or one that is not
    positive, by its difference. What the error of a bridge between releases may have made is left out.
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


def is_worse(metric: Metric, before: float, after: float) -> bool:
    """Return True if a change is for the worse: a larger value, as in asv, or a smaller speedup."""
    return after < before if METRICS[metric].higher_is_better else after > before


def _of_metric(stretch: Stretch, metric: Metric, points: Sequence[ChangePoint], *, logarithmic: bool) -> list[Found]:
    bounds = [0, *(point.index for point in points), len(stretch.values[metric])]
    found = []
    for number, point in enumerate(points):
        before, after = slice(bounds[number], bounds[number + 1]), slice(bounds[number + 1], bounds[number + 2])
        strict = stretch.bridged(metric, before, after, _BRIDGED_P)
        p_value = max(point.p_value, _bridged_p(point, strict) if logarithmic else 0.0)
        if strict == 0.0 or p_value < _BRIDGED_P:
            error = stretch.bridged(metric, before, after, _LEVEL)
            values = stretch.values[metric]
            figures = _count(values[before]), _count(values[after])
            change = _change(metric, point, error, p_value, figures, logarithmic=logarithmic)
            found.append(Found(change, point.index, point.earliest, point.latest))
    return found


def _count(values: Floats) -> int:
    """Count the values that are not NaN."""
    return int(np.count_nonzero(values == values))


def _is_logarithmic(values: Floats, metric: Metric, unit: str) -> bool:
    ratio = unit in _LOGARITHMIC_UNITS or METRICS[metric].kind in ("ratio", "bytes")
    return ratio and not (values <= 0.0).any()  # NaN is not


def _bridged_p(point: ChangePoint, error: float) -> float:
    """Return the p value of a difference, given the errors of the bridge and of the levels."""
    shares = (point.before_error / point.before, point.after_error / point.after, error)
    total = math.hypot(*shares)
    size = abs(math.log(point.after / point.before))
    return 2.0 * float(scipy.special.ndtr(-size / total)) if error > 0.0 and total > 0.0 else 0.0


def _change(
    metric: Metric, point: ChangePoint, error: float, p_value: float, figures: tuple[int, int], *, logarithmic: bool
) -> Change:
    before_low, before_high = _interval(point.before, point.before_error, error, logarithmic=logarithmic)
    after_low, after_high = _interval(point.after, point.after_error, 0.0, logarithmic=logarithmic)
    return Change(
        metric=metric,
        before=point.before,
        before_low=before_low,
        before_high=before_high,
        after=point.after,
        after_low=after_low,
        after_high=after_high,
        p_value=p_value,
        figures=figures,
    )


def _interval(level: float, error: float, bridged: float, *, logarithmic: bool) -> tuple[float, float]:
    """At 95%. `error` is in the metric's unit, `bridged` of the logarithm."""
    if not logarithmic:
        return level - _NORMAL_95 * error, level + _NORMAL_95 * error
    half = _NORMAL_95 * math.hypot(error / level, bridged)
    return level * math.exp(-half), level * math.exp(half)
