"""Where a trial's steady state begins, what its level is, and what warming up to it cost."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.stats.partitions import boundaries
from asv_jit.analysis.stats.robust import running_median

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

Kind: TypeAlias = Literal["flat", "warmup", "slowdown", "no_steady_state"]
Agreement: TypeAlias = Literal["flat", "warmup", "slowdown", "no_steady_state", "good_inconsistent", "bad_inconsistent"]

_KINDS: tuple[Kind, ...] = ("flat", "warmup", "slowdown", "no_steady_state")

_ENOUGH = 6
"""More than one part in so many of the iterations must follow the start (500 of 3,000 in Traini et al. 2023)."""

_OUTLIER_WINDOW = 200
_OUTLIER_SPREADS = 3.0
_OUTLIER_PERCENTILES = (1.0, 99.0)

_SHORTEST_LEVEL = 3
_SHORTEST_LEVEL_SHARE = 300
"""A shorter run than 3 iterations, or one in 300 of them, is an excursion; only at the head is it a level."""

_HEAD = 30
"""Iterations; a first level as short as this is judged by its median too."""

_SPIKE_WINDOW = 7
_SPIKE_DEVIATIONS = (5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0)
_FEWEST_SPIKES = 5
_SHORTEST_SPIKE_PERIOD = 5
_SPIKE_JITTER = 0.2
_GAUSSIAN_MEDIAN = 0.6744897501960817
"""Median absolute deviation of Gaussian values, in standard deviations."""

_CONFIDENCE = 1.959963984540054
"""Half-width of a 95% interval, in standard errors."""

_FEW = 10
_CONFIDENCE_OF_FEW = 5.0
"""The same for levels of up to 10 iterations, which chance would often find somewhere in a trial."""


class SteadyState(Struct, frozen=True):
    """How a trial settled; `start` is the index of the first steady iteration, None without a steady state."""

    kind: Kind
    start: int | None


class Warmup(Struct, frozen=True):
    """What precedes the steady state: how many iterations, the time they took, and how much of it was lost.

    Times are in the unit of the durations. `lost` is what the same iterations would have saved at the steady
    level; it is negative where they were faster than that.
    """

    iterations: int
    time: float
    lost: float


def classify(durations: npt.ArrayLike, *, tolerance: float = 0.01) -> SteadyState:
    """The kind of a trial and the iteration with which its steady state starts.

    `durations`, shape (n,), n >= 1, are positive and in any unit, in the order in which they were measured.
    Outliers and regular spikes are set aside, the rest is cut where its mean or variance changes, and the levels
    before the last are compared with it, from the end: the steady state starts after the last one that differs
    by more than the relative `tolerance`, and surely so: the 95% interval of the ratio of the means (five standard
    errors for up to 10 iterations) lies beyond it, so a noisy level has to differ by more. A steady part whose
    halves differ like that is cut again. More than a sixth of the iterations must follow the start. `flat`: no level
    differs, `start` is 0; `warmup`: none of those that differ is faster than the steady one; `slowdown`: one is.

    Runs of fewer than 3 iterations (n / 300 in a long series) are excursions, such as those of a garbage
    collector, and no levels, except at the head, where they are if the slowest and fastest hundredth of the
    later iterations are not like them. Fewer than 30 iterations are classified by the same rules, but
    a change must be large to be found, and two or fewer iterations are always `flat`: that is weak evidence,
    and the caller has to say so.

    Raises ValueError for durations that are empty, not of one dimension, not finite or not positive, and for
    a tolerance that is negative or not finite. Method: Barrett et al. 2017 (outliers, segments, kinds), Traini
    et al. 2023 (penalty, comparison of the means).
    """
    values = _checked(durations)
    if not (np.isfinite(tolerance) and tolerance >= 0):
        raise ValueError(f"tolerance: expected a finite number of at least 0, found {tolerance!r}")
    kept = ordinary(values)
    levels = _settled(values[kept], tolerance)
    begin = _begin(levels, tolerance)
    if not _is_enough(begin, len(kept)):
        return SteadyState("no_steady_state", None)
    if begin == 0:
        return SteadyState("flat", 0)
    faster = levels.means[_different(levels, tolerance)].min() < levels.means[-1]
    return SteadyState("slowdown" if faster else "warmup", int(kept[begin]))


def steady_time(durations: npt.ArrayLike, state: SteadyState) -> float:
    """The one number of a trial, in the unit of the durations: the median of its steady part.

    Without a steady state it is the median of the last half (the kind is the flag), because to drop such
    trials would be to select. `durations`, shape (n,), are those that `state` came from. Raises ValueError for
    durations that `classify` would refuse, or if they are too few for the start.
    """
    values = _checked(durations)
    start = len(values) // 2 if state.start is None else _start_within(state.start, values)
    return float(np.median(values[start:]))


def warmup(durations: npt.ArrayLike, state: SteadyState, *, inner_loops: int = 1) -> Warmup | None:
    """What warming up took and cost; None without a steady state.

    `durations`, shape (n,), are per call, those that `state` came from; with `inner_loops` calls an iteration
    the times are those of the whole iterations. Raises ValueError as `steady_time` does, and for
    `inner_loops` below 1.
    """
    values = _checked(durations)
    if inner_loops < 1:
        raise ValueError(f"inner_loops: expected at least 1, found {inner_loops}")
    if state.start is None:
        return None
    before = values[: _start_within(state.start, values)]
    lost = before - steady_time(values, state)
    return Warmup(len(before), float(before.sum()) * inner_loops, float(lost.sum()) * inner_loops)


def agreement(kinds: Iterable[str]) -> Agreement:
    """How the trials of one case agree: their common kind, or which way they are inconsistent.

    `good_inconsistent`: some flat, some warm up, so all end as fast as they ever were; `bad_inconsistent`:
    any other mixture (Barrett et al. 2017). Raises ValueError without kinds, or for one that is unknown.
    """
    found = set(kinds)
    unknown = found.difference(_KINDS)
    if unknown or not found:
        raise ValueError(
            f"kinds: expected at least one, each of {', '.join(_KINDS)}; found {sorted(unknown) or 'none'}"
        )
    if len(found) == 1:
        return next(kind for kind in _KINDS if kind in found)
    return "good_inconsistent" if found == {"flat", "warmup"} else "bad_inconsistent"


def ordinary(values: Floats) -> Indices:
    """Indices of the iterations that are neither outliers nor regular spikes, ascending; at least one.

    Extreme values before the first ordinary one are kept: that is warm-up.
    """
    extreme = _outliers(values) | _regular_spikes(values)
    extreme[: int(np.argmin(extreme))] = False
    return np.flatnonzero(~extreme)


def _outliers(values: Floats) -> npt.NDArray[np.bool_]:
    """What lies too far from the median of the 200 iterations around it.

    Too far is three times the range from their 1st to their 99th percentile (Barrett et al. 2017 with the
    percentiles of Traini et al. 2023). The windows overlap by seven eighths.
    """
    n = len(values)
    width = min(_OUTLIER_WINDOW, n)
    stride = max(1, width // 8)
    starts = np.unique(np.append(np.arange(0, n - width + 1, stride), n - width))
    windows = np.lib.stride_tricks.sliding_window_view(values, width)[starts]
    low, median, high = np.percentile(windows, [_OUTLIER_PERCENTILES[0], 50.0, _OUTLIER_PERCENTILES[1]], axis=1)
    nearest = np.clip(np.rint((np.arange(n) - width / 2) / stride), 0, len(starts) - 1).astype(np.intp)
    return np.asarray(np.abs(values - median[nearest]) > _OUTLIER_SPREADS * (high - low)[nearest])


def _regular_spikes(values: Floats) -> npt.NDArray[np.bool_]:
    """Single slow iterations at regular intervals, as garbage collectors cause them; none if irregular.

    They are too frequent to be outliers, and a stretch that happens to hold none of them would be a faster level.
    """
    excess = values - running_median(values, _SPIKE_WINDOW)
    scale = float(np.median(np.abs(excess))) / _GAUSSIAN_MEDIAN
    for deviations in _SPIKE_DEVIATIONS:  # the lower ones also catch the tail of the noise, which is irregular
        spikes = excess > deviations * scale
        gaps = np.diff(np.flatnonzero(spikes))
        if len(gaps) < _FEWEST_SPIKES - 1:
            break
        gap = np.median(gaps)
        if gap >= _SHORTEST_SPIKE_PERIOD and np.median(np.abs(gaps - gap)) <= _SPIKE_JITTER * gap:
            return np.asarray(spikes)
    return np.zeros(len(values), dtype=np.bool_)


class _Levels(Struct, frozen=True):
    """The levels of a trial, ascending by start; the last one is the steady one if there is any. Shapes (k,)."""

    starts: Indices
    lengths: Indices
    means: Floats
    variances: Floats
    head_median: float | None


def _settled(values: Floats, tolerance: float) -> _Levels:
    """The levels of the ordinary iterations, cut until what follows the start of the steady one is level."""
    bounds = boundaries(values)
    levels = _levels(values, bounds)
    begin = _begin(levels, tolerance)
    if begin and _is_enough(begin, len(values)):
        # The elbow is chosen for the whole trial; beside a large change of level the small ones get lost.
        bounds = np.append(bounds[bounds < begin], begin + boundaries(values[begin:]))
        levels = _levels(values, bounds)
        begin = _begin(levels, tolerance)
    while _is_enough(begin, len(values)) and (middle := _drifts(values, begin, tolerance)) is not None:
        bounds = np.append(bounds[bounds <= begin], [middle, len(values)])
        levels = _levels(values, bounds)
        begin = max(middle, _begin(levels, tolerance))
    return levels


def _levels(values: Floats, bounds: Indices) -> _Levels:
    """The segments between `bounds` without the excursions."""
    n = len(values)
    lengths = np.diff(bounds)
    parts = [values[start:end] for start, end in pairwise(bounds)]
    means = np.array([part.mean() for part in parts])
    variances = np.array([part.var() for part in parts])
    kept = lengths >= max(_SHORTEST_LEVEL, n // _SHORTEST_LEVEL_SHARE)
    if not kept.any():
        return _Levels(bounds[:1], np.array([n]), np.array([values.mean()]), np.array([values.var()]), None)
    first = int(np.argmax(kept))
    low, high = np.percentile(values[bounds[first] :], [1.0, 99.0])
    kept[:first] = (means[:first] < low) | (means[:first] > high)
    head = float(np.median(parts[0])) if bounds[0] == 0 and kept[0] and lengths[0] <= _HEAD else None
    return _Levels(bounds[:-1][kept], lengths[kept], means[kept], variances[kept], head)


def _begin(levels: _Levels, tolerance: float) -> int:
    """The first iteration of the steady state: where the level after the last that differs starts."""
    different = np.flatnonzero(_different(levels, tolerance))
    return int(levels.starts[different[-1] + 1]) if len(different) else 0


def _is_enough(start: int, n: int) -> bool:
    return (n - start) * _ENOUGH > n


def _different(levels: _Levels, tolerance: float) -> npt.NDArray[np.bool_]:
    """Which levels surely differ from the last one by more than the tolerance."""
    steady_mean, steady_variance = levels.means[-1], levels.variances[-1]
    ratios = levels.means / steady_mean
    # A few iterations have no variance of their own to speak of, and were cut out because they are extreme.
    shorter = np.minimum(levels.lengths, levels.lengths[-1])
    variances = np.where(shorter > _FEW, levels.variances, np.maximum(levels.variances, steady_variance))
    certainty = np.where(shorter > _FEW, _CONFIDENCE, _CONFIDENCE_OF_FEW)
    errors = np.sqrt(variances / levels.lengths + steady_variance / levels.lengths[-1] * ratios**2) / steady_mean
    different = np.asarray(np.abs(ratios - 1.0) - certainty * errors > tolerance)
    if levels.head_median is not None and len(levels.starts) > 1:
        # The first iterations differ among themselves too, so much that their mean says little.
        error = np.sqrt(steady_variance / levels.lengths[0]) / steady_mean
        different[0] |= abs(levels.head_median / steady_mean - 1.0) - _CONFIDENCE_OF_FEW * error > tolerance
    return different


def _drifts(values: Floats, begin: int, tolerance: float) -> int | None:
    """The middle of what follows `begin` if its halves surely differ: stairs of equal height hide a slope."""
    middle = (begin + len(values)) // 2
    if middle == begin:
        return None
    bounds = np.array([0, begin, middle, len(values)] if begin else [0, middle, len(values)])
    levels = _levels(values, bounds)
    is_cut = len(levels.starts) > 1 and levels.starts[-1] == middle and levels.starts[-2] == begin
    return middle if is_cut and _different(levels, tolerance)[-2] else None


def _checked(durations: npt.ArrayLike) -> Floats:
    values = np.asarray(durations, dtype=np.float64)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"durations: expected at least one, in one dimension, found shape {values.shape}")
    wrong = ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        index = int(np.argmax(wrong))
        raise ValueError(f"durations: expected finite positive numbers, found {values[index]} at index {index}")
    return values


def _start_within(start: int, values: Floats) -> int:
    if not 0 <= start < len(values):
        raise ValueError(f"state: its start {start} is not within the {len(values)} durations")
    return start
