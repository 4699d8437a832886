"""Limit the outliers of a series and estimate its noise."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import scipy

from asv_jit.analysis.arrays import Flags, Floats
from asv_jit.analysis.stats.robust import median, running_median, scale_of_steps

_MEDIAN_WINDOW = 11

_REACH = 3.5
_SCALE_WINDOW = 41
_CONSTANT_NOISE_SPREAD = 0.03
"""Mean square about its median, along a series, of the logarithm of `_widest_scale`, which a constant noise
exceeds in few series (0.015 is its mean, by simulation, and hardly any reach twice this bound)."""

_WILD = 4.0
_LEAST_LOCAL = 0.05
_GAUSSIAN_MEAN_DIFFERENCE = math.sqrt(math.pi) / 2.0
"""Standard deviation of Gaussian noise over the mean absolute difference of two points of it."""

_LIKELY_DIFFERENCE = 3.5 * math.sqrt(2.0)
"""Largest likely difference of two points of unit noise."""

_AUTOCORRELATION_GRACE = 0.5
"""Subtracted, times 1/sqrt(n), from the estimated autocorrelation: its error would cost white series power."""


class Clean(NamedTuple):
    """A series of n points without outliers, about a median of 0, and its noise.

    `weights` are inverse variances by the local `scale`; `noise` is the variance of a point times its weight, from
    differences, which neither changes of level nor drift disturb; `rho` is the noise's autocorrelation. `masses` and
    `sums`, shape (n + 1,), are prefix sums, from 0, of the weights and of the weighted values.
    """

    values: Floats
    scale: Floats
    weights: Floats
    masses: Floats
    sums: Floats
    noise: float
    rho: float


def clean(values: Floats, least_scale: float) -> Clean:
    """Limit outliers, drop spikes and estimate the noise of at least 6 finite values.

    Noise below `least_scale` counts as rounding.
    """
    scale = _scale(values, least_scale)
    cleaned = _without_outliers(values, scale)
    # Not the mean, which a change moves: over a scale that varies, the autocorrelation depends on where 0 is.
    cleaned -= median(cleaned)
    rho = _autocorrelation(cleaned / scale)
    squares = scale * scale
    steps = np.square(cleaned[1:] - cleaned[:-1]) / (squares[1:] + squares[:-1])
    noise = float(steps.sum()) / (len(values) - 1) / (1.0 - rho)
    weights = 1.0 / squares
    return Clean(cleaned, scale, weights, _prefix_sums(weights), _prefix_sums(weights * cleaned), noise, rho)


def _prefix_sums(values: Floats) -> Floats:
    sums = np.zeros(len(values) + 1)
    values.cumsum(out=sums[1:])
    return sums


def _scale(values: Floats, least: float) -> Floats:
    """Return the noise about each value, in their unit, at least `least`; positive if the values vary.

    Near a change of the noise the larger estimate is used, so that the first noisy points are no outliers. Local
    estimates are used only if they vary along the series more than those of constant noise would.
    """
    steps = np.abs(values[1:] - values[:-1])
    typical = scale_of_steps(steps)
    if len(values) >= 2 * _SCALE_WINDOW and typical > 0.0:
        local = np.log(np.maximum(_widest_scale(steps / typical), _LEAST_LOCAL))
        about = local - median(local)
        trust = min(max(float(about @ about) / len(local) / _CONSTANT_NOISE_SPREAD - 1.0, 0.0), 1.0)
        if trust > 0.0:
            return np.maximum(typical * np.exp(trust * local), least)
    return np.full(len(values), max(typical, least))


def _widest_scale(steps: Floats) -> Floats:
    """Return the largest mean of scaled `steps`, wild ones limited, of the windows about each value.

    `steps`, shape (n - 1,): the absolute differences of neighbours, at least two windows of them. Shape (n,).
    """
    half = _SCALE_WINDOW // 2
    limited = np.minimum(steps, _WILD * running_median(steps, _SCALE_WINDOW))
    means = scipy.ndimage.uniform_filter1d(limited, _SCALE_WINDOW) * _GAUSSIAN_MEAN_DIFFERENCE
    means[:half], means[-half:] = means[half], means[-half - 1]
    # The windows about the step before a value and about the one behind it: one place more than a window.
    return np.append(scipy.ndimage.maximum_filter1d(means, _SCALE_WINDOW + 1, mode="nearest"), means[-1])


def _without_outliers(values: Floats, scale: Floats) -> Floats:
    """Limit values beyond reach of the running median if three stand together, else replace them by it: spikes."""
    centre = running_median(values, _MEDIAN_WINDOW)
    reach = _REACH * scale
    limited: Floats = np.minimum(np.maximum(values, centre - reach), centre + reach)
    above, below = values > limited, values < limited
    np.copyto(limited, centre, where=(above | below) & ~(_in_runs(above) | _in_runs(below)))
    return limited


def _in_runs(flags: Flags) -> Flags:
    """Return which of `flags` stand in a run of three or more: a binary opening, faster than scipy's."""
    runs = np.zeros(len(flags), dtype=np.bool_)
    threes = flags[:-2] & flags[1:-1] & flags[2:]
    for start in range(3):
        runs[start : start + len(threes)] |= threes
    return runs


def _autocorrelation(values: Floats) -> float:
    """Return the lag-1 autocorrelation of AR(1) noise on piecewise constant levels, 0 to 0.9.

    From the mean squared differences at lags 1 and 2, whose ratio is 1 + rho whatever the level (Hall and Van
    Keilegom 2003); differences too large for noise are ignored, as they span a change. `values` have unit
    noise. Negative estimates count as 0, because they would make the tests less strict.
    """
    near, far = (_mean_likely_square(values, lag) for lag in (1, 2))
    rho = min(max(far / near - 1.0, 0.0), 0.9) if near > 0.0 else 0.0
    return max(rho - _AUTOCORRELATION_GRACE / math.sqrt(len(values)), 0.0)


def _mean_likely_square(values: Floats, lag: int) -> float:
    """Return the mean square of the likely differences at `lag`; 0 without any."""
    squares = np.square(values[lag:] - values[:-lag])
    likely = squares[squares <= _LIKELY_DIFFERENCE**2]
    return float(likely.sum()) / max(len(likely), 1)
