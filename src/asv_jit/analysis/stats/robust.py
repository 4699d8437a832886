"""Estimates of the scale and level of noisy series, robust to outliers and a few changes of level."""

from __future__ import annotations

import functools
import math

import numpy as np
import scipy

from asv_jit.analysis.arrays import Floats

_GAUSSIAN_MAD = 1.482602218505602
"""Standard deviation over median absolute deviation, for Gaussian values."""

_GAUSSIAN_MEAN_DEVIATION = 1.2533141373155003
"""Standard deviation over mean absolute deviation, for Gaussian values."""


@functools.cache
def _student_95() -> tuple[float, ...]:
    """Return Student's quantile by degrees of freedom, for two-sided intervals at 95%."""
    return (math.nan, *(-scipy.special.stdtrit(np.arange(1.0, 39.0), 0.025)).tolist())


def median(values: Floats) -> float:
    """Return the median of `values`, shape (n,), finite, n >= 1; faster than numpy's for short arrays."""
    half, odd = divmod(len(values), 2)
    parted = values.copy()
    parted.partition(half)
    upper = float(parted[half])
    return upper if odd else (float(parted[:half].max()) + upper) / 2.0


def running_median(values: Floats, window: int) -> Floats:
    """Return the running median over `window` (odd) values, same shape, with the series reflected at its ends."""
    return np.asarray(scipy.ndimage.median_filter(values, size=window, mode="reflect"), dtype=np.float64)


def difference_scale(values: Floats) -> float:
    """Return the standard deviation of noise on a piecewise constant level, from differences of neighbours.

    `values` has shape (n,) with n >= 2; the result has their unit. It is the scaled median of the absolute
    differences. Where more than half of them are zero (quantised or deterministic metrics) the mean takes its
    place, and the result is zero only if all values are equal.
    """
    return scale_of_steps(np.abs(np.diff(values)))


def noise_of_neighbours(values: Floats) -> float:
    """Return `difference_scale`, but 0 if more than half of the neighbours are equal; needs at least 2 values."""
    return median(np.abs(values[1:] - values[:-1])) * _GAUSSIAN_MAD / math.sqrt(2.0)


def usual_difference(values: Floats) -> float:
    """Return what 95% of the differences between neighbours do not exceed; needs at least 2 values.

    From 39 differences on it is an order statistic: the one that the next difference stays below with a probability of
    95%, for noise of any shape. With fewer, a single change of level would decide it: there it is the scaled median of
    the absolute differences times Student's quantile, as if the noise were Gaussian.
    """
    steps = np.abs(values[1:] - values[:-1])
    count = len(steps)
    if count < len(_student_95()):
        return median(steps) * _GAUSSIAN_MAD * _student_95()[count]
    rank = math.ceil(0.95 * (count + 1))
    steps.partition(rank - 1)
    return float(steps[rank - 1])


def scale_of_steps(steps: Floats) -> float:
    """Return `difference_scale` from the absolute differences of neighbours, shape (n - 1,)."""
    typical = median(steps) * _GAUSSIAN_MAD
    return (typical or float(np.mean(steps)) * _GAUSSIAN_MEAN_DEVIATION) / float(np.sqrt(2.0))
