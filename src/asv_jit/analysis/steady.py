"""Where a trial's steady state begins, what its level is, and what warming up to it cost."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.arrays import Flags, Floats, Indices
from asv_jit.analysis.stats.partitions import boundaries
from asv_jit.analysis.stats.robust import running_median
from asv_jit.model import SteadyKind

Agreement: TypeAlias = Literal["flat", "warmup", "slowdown", "no_steady_state", "good_inconsistent", "bad_inconsistent"]

_KINDS: tuple[SteadyKind, ...] = get_args(SteadyKind)

_ENOUGH = 6  # more than a sixth of the iterations must follow the start (500 of 3,000 in Traini et al. 2023)

_OUTLIER_WINDOW = 200
_OUTLIER_SPREADS = 3.0
_OUTLIER_PERCENTILES = (1.0, 99.0)

_SHORTEST_LEVEL = 3  # iterations; a shorter run is an excursion, except at the head
_SHORTEST_LEVEL_SHARE = 300  # likewise a run shorter than a three hundredth of the iterations
_HEAD = 30  # iterations; a first level this short is also judged by its median

_SPIKE_WINDOW = 7
_SPIKE_DEVIATIONS = (5.0, 8.0, 13.0, 21.0, 34.0, 55.0, 89.0)
_FEWEST_SPIKES = 5
_SHORTEST_SPIKE_PERIOD = 5
_SPIKE_JITTER = 0.2
_GAUSSIAN_MEDIAN = 0.6744897501960817  # median absolute deviation of Gaussian values, in standard deviations

_CONFIDENCE = 1.959963984540054  # half-width of a 95% interval, in standard errors
_FEW = 10
_CONFIDENCE_OF_FEW = 5.0  # the same for levels of up to 10 iterations, which chance often puts somewhere in a trial


class SteadyState(Struct, frozen=True):
    """How a trial settled; `start` is the index of the first steady iteration, None without a steady state."""

    kind: SteadyKind
    start: int | None


class Warmup(Struct, frozen=True):
    """The number of iterations before the steady state, and the `time` that they took, in the unit of the durations."""

    iterations: int
    time: float


def classify(durations: npt.ArrayLike, *, tolerance: float = 0.01) -> SteadyState:
    """Return the kind of a trial and the iteration at which its steady state starts.

    `durations`, shape (n,), n >= 1, are positive, in any unit, in the order in which they were measured.
    Outliers and regular spikes are removed, and the rest is split where its mean or variance changes. The last
    level is the steady one. The steady state starts after the last level that differs from it by more than the
    relative `tolerance`: the whole 95% interval of the ratio of the means (five standard errors for up to 10
    iterations) must lie beyond it, so a noisy level has to differ by more. A steady part whose halves differ like that
    is split again. More than a sixth of the iterations must follow the start. `flat`: no level differs, `start` is 0;
    `warmup`: no level that differs is faster than the steady one; `slowdown`: one is.

    Runs of fewer than 3 iterations (n / 300 in a long series) are excursions, such as those of a garbage collector,
    and not levels; a run at the head is a level if it is slower or faster than 99 of 100 later iterations. With fewer
    than 30 iterations only large changes are found, and two or fewer are always `flat`: weak evidence, which the
    caller has to mention.

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
    """Return the median of a trial's steady part, in the unit of the durations.

    Without a steady state it is the median of the last half, because dropping such trials would select. `durations`,
    shape (n,), are those that `state` came from. Raises ValueError for durations that `classify` refuses, or if there
    are too few for the start.
    """
    values = _checked(durations)
    start = len(values) // 2 if state.start is None else _start_within(state.start, values)
    return float(np.median(values[start:]))


def warmup(durations: npt.ArrayLike, state: SteadyState, *, inner_loops: int = 1) -> Warmup | None:
    """Return what warming up took and cost; None without a steady state.

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
    return Warmup(len(before), float(before.sum()) * inner_loops)


def agreement(kinds: Iterable[str]) -> Agreement:
    """Return the common kind of a case's trials, or how they are inconsistent (Barrett et al. 2017).

    `good_inconsistent`: some are flat and some warm up, so all end at their fastest; `bad_inconsistent`: any other
    mixture. Raises ValueError without kinds, or for an unknown one.
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
    """Return the indices of the iterations that are neither outliers nor regular spikes, ascending; at least one.

    Extreme values before the first ordinary one are kept, because they are warm-up.
    """
    extreme = _outliers(values) | _regular_spikes(values)
    extreme[: int(np.argmin(extreme))] = False
    return np.flatnonzero(~extreme)


def _outliers(values: Floats) -> Flags:
    """Return which values lie too far from the median of the 200 iterations around them.

    Too far: three times the range from the 1st to the 99th percentile (Barrett et al. 2017 with the percentiles of
    Traini et al. 2023). The windows overlap by seven eighths.
    """
    n = len(values)
    width = min(_OUTLIER_WINDOW, n)
    stride = max(1, width // 8)
    starts = np.unique(np.append(np.arange(0, n - width + 1, stride), n - width))
    windows = np.lib.stride_tricks.sliding_window_view(values, width)[starts]
    low, median, high = np.percentile(windows, [_OUTLIER_PERCENTILES[0], 50.0, _OUTLIER_PERCENTILES[1]], axis=1)
    nearest = np.clip(np.rint((np.arange(n) - width / 2) / stride), 0, len(starts) - 1).astype(np.intp)
    return np.asarray(np.abs(values - median[nearest]) > _OUTLIER_SPREADS * (high - low)[nearest])


def _regular_spikes(values: Floats) -> Flags:
    """Return which iterations are slow ones at regular intervals, as a garbage collector causes; none if irregular.

    They are too frequent to be outliers, and a stretch that happens to have none would look like a faster level.
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
    """The levels of a trial, ascending by start, shapes (k,); the last one is the steady one if there is one."""

    starts: Indices
    lengths: Indices
    means: Floats
    variances: Floats
    head_median: float | None


def _settled(values: Floats, tolerance: float) -> _Levels:
    """Return the levels of the ordinary iterations, split until the steady part no longer drifts."""
    bounds = boundaries(values)
    levels = _levels(values, bounds)
    begin = _begin(levels, tolerance)
    if begin and _is_enough(begin, len(values)):
        # The penalty was chosen for the whole trial, where a large change of level hides small ones.
        bounds = np.append(bounds[bounds < begin], begin + boundaries(values[begin:]))
        levels = _levels(values, bounds)
        begin = _begin(levels, tolerance)
    while _is_enough(begin, len(values)) and (middle := _drifts(values, begin, tolerance)) is not None:
        bounds = np.append(bounds[bounds <= begin], [middle, len(values)])
        levels = _levels(values, bounds)
        begin = max(middle, _begin(levels, tolerance))
    return levels


def _levels(values: Floats, bounds: Indices) -> _Levels:
    """Return the segments between `bounds` without the excursions."""
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
    """Return where the level after the last one that differs starts: the first iteration of the steady state."""
    different = np.flatnonzero(_different(levels, tolerance))
    return int(levels.starts[different[-1] + 1]) if len(different) else 0


def _is_enough(start: int, n: int) -> bool:
    return (n - start) * _ENOUGH > n


def _different(levels: _Levels, tolerance: float) -> Flags:
    """Return which levels differ significantly from the last one by more than the tolerance."""
    steady_mean, steady_variance = levels.means[-1], levels.variances[-1]
    ratios = levels.means / steady_mean
    # The variance of a few iterations says little, and they were split off because they are extreme.
    shorter = np.minimum(levels.lengths, levels.lengths[-1])
    variances = np.where(shorter > _FEW, levels.variances, np.maximum(levels.variances, steady_variance))
    certainty = np.where(shorter > _FEW, _CONFIDENCE, _CONFIDENCE_OF_FEW)
    errors = np.sqrt(variances / levels.lengths + steady_variance / levels.lengths[-1] * ratios**2) / steady_mean
    different = np.asarray(np.abs(ratios - 1.0) - certainty * errors > tolerance)
    if levels.head_median is not None and len(levels.starts) > 1:
        # The first iterations also differ so much among themselves that their mean says little.
        error = np.sqrt(steady_variance / levels.lengths[0]) / steady_mean
        different[0] |= abs(levels.head_median / steady_mean - 1.0) - _CONFIDENCE_OF_FEW * error > tolerance
    return different


def _drifts(values: Floats, begin: int, tolerance: float) -> int | None:
    """Return the middle of what follows `begin` if its halves differ significantly: a slope, which levels hide."""
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
