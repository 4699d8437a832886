"""Limits the outliers of many series and estimates their noise.

Series are worked on one behind another in one array, with places between them for the filters to reach into: a series
of a thousand points is so short that numpy would else spend more on being called than on the points.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import Struct
from numpy.lib.stride_tricks import sliding_window_view

from asv_jit.analysis.changes.strung import in_lots
from asv_jit.analysis.stats.robust import median, scale_of_steps

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
_Number = TypeVar("_Number", np.float64, np.uint8)

_MEDIAN_WINDOW = 11

_REACH = 3.5
_LONE = 2
"""So many neighbours beyond reach are spikes; more may be a level."""

_SCALE_WINDOW = 41
_CONSTANT_NOISE_SPREAD = 0.03
"""Mean square about its median, along a series, of the logarithm of `_widest_scale`, which a constant noise
exceeds in few series (0.015 is its mean, by simulation, and hardly any reach twice this bound)."""

_WILD = 4.0
_LEVELS = (0.7, 0.45)
"""In units of the typical difference, whose median is 0.95: what the medians of most windows exceed."""

_LEAST_LOCAL = 0.05
_GAUSSIAN_MEAN_DIFFERENCE = 0.8862269254527580
"""Standard deviation of Gaussian noise over the mean absolute difference of two points of it: half the root of pi."""

_LIKELY_DIFFERENCE = 3.5 * math.sqrt(2.0)
"""Of two points of unit noise."""

_AUTOCORRELATION_GRACE = 0.5
"""Subtracted, times 1/sqrt(n), from the estimated autocorrelation: its error would cost white series power."""

_GAP = _SCALE_WINDOW + 1
_POINTS_AT_ONCE = 16_000
"""Points of a lot of series: enough to amortise numpy's calls, few enough that some dozen arrays stay in the cache."""


class Clean(Struct, frozen=True):
    """A series of n points without outliers, about a median of 0, and its noise.

    `weights` are inverse variances by the local `scale`; `noise` is the variance of a point times its weight, from
    differences, which neither changes of level nor drift disturb; `rho` is the noise's autocorrelation. `masses` and
    `sums`, shape (n + 1,), are the weights and the weighted values before each place, added up.
    """

    values: Floats
    scale: Floats
    weights: Floats
    masses: Floats
    sums: Floats
    noise: float
    rho: float


def clean_many(series: Sequence[Floats], least_scales: Sequence[float]) -> list[Clean]:
    """Limit outliers, drop spikes, estimate noise of each of `series`, of finite values and at least 6 of them.

    `least_scales`: the noise below which that of each series counts as rounding.
    """
    cleaned: list[Clean] = []
    for some in in_lots([len(values) + _GAP for values in series], _POINTS_AT_ONCE):
        cleaned += _clean(series[some], least_scales[some])
    return cleaned


class _Layout(Struct, frozen=True):
    """Where series lie in one array: the series i from `first[i]` to `first[i]` + `lengths[i]`."""

    first: list[int]
    lengths: list[int]
    total: int

    def spans(self) -> Iterator[tuple[int, int]]:
        """Where each series starts, and where it ends."""
        return ((first, first + length) for first, length in zip(self.first, self.lengths, strict=True))

    def sums(self, values: npt.NDArray[np.float64] | npt.NDArray[np.bool_], short: int) -> Floats:
        """The sum over each series without its last `short` points, shape (series,)."""
        edges = np.array([(first, end - short) for first, end in self.spans()]).ravel()
        return np.add.reduceat(values, edges, dtype=np.float64)[::2]


def _clean(series: Sequence[Floats], least_scales: Sequence[float]) -> list[Clean]:
    lengths = [len(values) for values in series]
    first = (np.cumsum([0, *lengths[:-1]]) + _GAP * np.arange(1, len(series) + 1)).tolist()
    where = _Layout(first, lengths, first[-1] + lengths[-1] + _GAP)
    values = _strung(series, where)
    scale = _scale(values, where, least_scales)
    cleaned = _without_outliers(values, scale, where)
    for start, end in where.spans():
        # Not the mean, which a change moves: over a scale that varies, the autocorrelation depends on where 0 is.
        cleaned[start:end] -= median(cleaned[start:end])
    rho = _autocorrelation(cleaned / scale, where)
    squares = np.square(scale)
    steps = np.square(cleaned[1:] - cleaned[:-1])
    steps /= squares[1:] + squares[:-1]
    counts = np.array(lengths)
    noise = where.sums(steps, 1) / (counts - 1) / (1.0 - rho)
    weights = 1.0 / squares
    weighted = weights * cleaned
    return [
        Clean(
            cleaned[start:end],
            scale[start:end],
            weights[start:end],
            _added_up(weights[start:end]),
            _added_up(weighted[start:end]),
            *numbers,
        )
        for (start, end), *numbers in zip(where.spans(), noise.tolist(), rho.tolist(), strict=True)
    ]


def _strung(series: Sequence[Floats], where: _Layout) -> Floats:
    """The series one behind another, each reflected at its ends as far as the running median reaches."""
    strung = np.zeros(where.total)
    reach = _MEDIAN_WINDOW // 2
    for values, (start, end) in zip(series, where.spans(), strict=True):
        strung[start:end] = values
        strung[start - reach : start] = values[reach - 1 :: -1]
        strung[end : end + reach] = values[: -reach - 1 : -1]
    return strung


def _added_up(values: Floats) -> Floats:
    sums = np.empty(len(values) + 1)
    sums[0] = 0.0
    values.cumsum(out=sums[1:])
    return sums


def _scale(values: Floats, where: _Layout, least: Sequence[float]) -> Floats:
    """The noise about each value, in their unit, at least `least` of each series; positive if its values vary.

    Near a change of the noise the larger level holds, so that the first noisy points do not pass for news.
    Local estimates count only where they vary along the series more than those of a constant noise would;
    a series of one noise has one scale.
    """
    steps = np.abs(values[1:] - values[:-1])
    overall = [scale_of_steps(steps[start : end - 1]) for start, end in where.spans()]
    scale = np.ones(where.total)
    long = []
    for (start, end), typical, floor in zip(where.spans(), overall, least, strict=True):
        scale[start:end] = max(typical, floor)
        if end - start >= 2 * _SCALE_WINDOW and typical > 0.0:
            steps[start : end - 1] /= typical
            long.append((start, end, typical, floor))
    if not long:
        return scale
    local = np.log(np.maximum(_widest_scale(steps, [(start, end) for start, end, *_ in long]), _LEAST_LOCAL))
    for start, end, typical, floor in long:
        mine = local[start:end]
        about = mine - median(mine)
        trust = min(max(float(about @ about) / len(mine) / _CONSTANT_NOISE_SPREAD - 1.0, 0.0), 1.0)
        if trust > 0.0:
            scale[start:end] = np.maximum(typical * np.exp(trust * mine), floor)
    return scale


def _widest_scale(steps: Floats, spans: Sequence[tuple[int, int]]) -> Floats:
    """The largest scaled mean absolute difference, wild ones limited, of the windows about each value.

    `steps` from each value to the next, in units of what is typical, which change; `spans`: the series, at least two
    windows long each. The result, of one value more, means nothing outside of them.
    """
    half = _SCALE_WINDOW // 2
    for start, end in spans:
        steps[start - half : start] = steps[start : start + half][::-1]
        steps[end - 1 : end - 1 + half] = steps[end - 1 - half : end - 1][::-1]
    _limit_wild_ones(steps)
    means = np.zeros(len(steps) + 1)
    means[half : -half - 1] = _window_sums(steps) * (_GAUSSIAN_MEAN_DIFFERENCE / _SCALE_WINDOW)
    for start, end in spans:
        means[start - half - 1 : start + half] = means[start + half]
        means[end - 1 - half : end + half] = means[end - 2 - half]
    # The windows about the step before a value and about the one behind it: one place more than a window.
    widest = np.zeros(len(means))
    widest[half + 1 : -half] = sliding_window_view(means, _SCALE_WINDOW + 1).max(axis=1)
    return widest


def _limit_wild_ones(steps: Floats) -> None:
    """Limit all but the first and the last few `steps` to a multiple of the median of the windows about them.

    A window's median is no less than a level that at most half of the window is below of. That shows of most steps that
    they are not wild; and of the others a count does, so that few medians are needed.
    """
    half = _SCALE_WINDOW // 2
    inner = steps[half:-half]
    doubtful = np.ones(len(inner), dtype=np.bool_)
    for level in _LEVELS:
        below = _window_sums((steps < level).view(np.uint8))
        doubtful &= (below > half) | (inner > _WILD * level)
    some = np.flatnonzero(doubtful)
    windows = sliding_window_view(steps, _SCALE_WINDOW)
    below = np.count_nonzero(windows[some] < (inner[some] / _WILD)[:, None], axis=1)
    wild = some[below > half]
    inner[wild] = _WILD * np.partition(windows[wild], half, axis=1)[:, half]


def _window_sums(values: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """The sum of each window: of powers of two, so that no sum depends on what lies outside of it."""
    count = len(values) - _SCALE_WINDOW + 1
    sums, taken, reach, power = np.zeros(count, dtype=values.dtype), 0, 1, values
    while taken < _SCALE_WINDOW:
        if _SCALE_WINDOW & reach:
            sums += power[taken : taken + count]
            taken += reach
        power = power[reach:] + power[:-reach]
        reach *= 2
    return sums


def _without_outliers(values: Floats, scale: Floats, where: _Layout) -> Floats:
    """Values beyond reach of the running median: limited if they stand together, else replaced by it."""
    centre = values.copy()
    half = _MEDIAN_WINDOW // 2
    centre[half:-half] = np.partition(sliding_window_view(values, _MEDIAN_WINDOW), half, axis=1)[:, half]
    reach = _REACH * scale
    limited: Floats = np.minimum(np.maximum(values, centre - reach), centre + reach)
    above, below = values > limited, values < limited
    for start, end in where.spans():
        # What lies between two series stands together with nothing.
        for flags in (above, below):
            flags[start - _LONE : start] = False
            flags[end : end + _LONE] = False
    lone = (above | below) & ~(_in_runs(above) | _in_runs(below))
    np.copyto(limited, centre, where=lone)
    return limited


def _in_runs(flags: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which of the `flags` stand in a run of more than `_LONE`; shape kept."""
    count = len(flags) - _LONE
    run = np.ones(count, dtype=np.bool_)
    for start in range(_LONE + 1):
        run &= flags[start : start + count]
    runs = np.zeros(len(flags), dtype=np.bool_)
    for start in range(_LONE + 1):
        runs[start : start + count] |= run
    return runs


def _autocorrelation(values: Floats, where: _Layout) -> Floats:
    """Lag-1 autocorrelation of AR(1) noise on piecewise constant levels, 0 to 0.9, shape (series,).

    From the mean squared differences at lags 1 and 2, whose ratio is 1 + rho whatever the level (Hall and Van
    Keilegom 2003); differences that noise can hardly make are left out, for they straddle a change. `values` are of
    unit noise. Negative estimates count as 0: they would make tests bolder on a noisy word.
    """
    near, far = (_mean_likely_square(values, lag, where) for lag in (1, 2))
    known = near > 0.0
    rho = np.clip(far / np.where(known, near, 1.0) - 1.0, 0.0, 0.9)
    return np.maximum(np.where(known, rho, 0.0) - _AUTOCORRELATION_GRACE / np.sqrt(where.lengths), 0.0)


def _mean_likely_square(values: Floats, lag: int, where: _Layout) -> Floats:
    """Of the differences at `lag`, shape (series,); 0 where none is likely."""
    squares = np.square(values[lag:] - values[:-lag])
    likely = squares <= _LIKELY_DIFFERENCE**2
    squares *= likely
    return where.sums(squares, lag) / np.maximum(where.sums(likely, lag), 1.0)
