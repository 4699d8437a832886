"""Scale and level of noisy series that a few wild values, or a few changes of level, must not move."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import scipy

__all__ = ["autocorrelation", "difference_scale", "local_scale", "median", "running_median", "winsorise"]

Floats = npt.NDArray[np.float64]

_GAUSSIAN_MAD = 1.482602218505602
"""Standard deviation over median absolute deviation, for Gaussian values."""

_GAUSSIAN_MEAN_DEVIATION = 1.2533141373155003
"""Standard deviation over mean absolute deviation, for Gaussian values."""

_SCALE_WINDOW = 41
_CONSTANT_NOISE_SPREAD = 0.03
"""Mean square about its median, along a series, of the logarithm of `_widest_scale`, which a constant noise
exceeds in few series (0.015 is its mean, by simulation, and hardly any reach twice this bound)."""


_LIKELY_DIFFERENCE = 3.5 * float(np.sqrt(2.0))
"""Of two points of unit noise."""


def median(values: Floats) -> float:
    """The median of `values`, shape (n,), finite, n >= 1: numpy's, without the detours that short arrays pay for."""
    half, odd = divmod(len(values), 2)
    if odd:
        return float(np.partition(values, half)[half])
    parted = np.partition(values, (half - 1, half))
    return float((parted[half - 1] + parted[half]) / 2.0)


def running_median(values: Floats, window: int) -> Floats:
    """Median of the `window` (odd) values about each one, the series reflected at its ends; shape kept."""
    return np.asarray(scipy.ndimage.median_filter(values, size=window, mode="reflect"), dtype=np.float64)


def difference_scale(values: Floats) -> float:
    """Standard deviation of independent noise on a piecewise constant level, from neighbours' differences.

    `values` has shape (n,) with n >= 2; the result has their unit. It is the scaled median of the absolute
    differences. Where more than half of them are zero (quantised or deterministic metrics) the mean takes its
    place, and the result is zero only if all values are equal.
    """
    steps = np.abs(np.diff(values))
    typical = median(steps) * _GAUSSIAN_MAD
    return (typical or float(np.mean(steps)) * _GAUSSIAN_MEAN_DEVIATION) / float(np.sqrt(2.0))


def local_scale(values: Floats) -> Floats:
    """The noise about each value, of shape (n,) as `values` and in their unit; positive if `values` vary.

    Near a change of the noise the larger level holds, so that the first noisy points do not pass for news.
    Local estimates count only where they vary along the series more than those of a constant noise would;
    a series of one noise has one scale.
    """
    overall = difference_scale(values)
    if overall == 0.0 or len(values) < 2 * _SCALE_WINDOW:
        return np.full(len(values), overall)
    local = np.log(np.maximum(_widest_scale(values), overall * 0.05))
    spread = float(np.mean(np.square(local - median(local))))
    trust = min(max(spread / _CONSTANT_NOISE_SPREAD - 1.0, 0.0), 1.0)
    return np.asarray(np.exp(trust * local + (1.0 - trust) * np.log(overall)), dtype=np.float64)


def _widest_scale(values: Floats) -> Floats:
    """The largest scaled mean absolute difference, wild ones limited, of the windows about each value."""
    steps = np.abs(np.diff(values))
    steps = np.minimum(steps, 4.0 * running_median(steps, _SCALE_WINDOW))
    half = _SCALE_WINDOW // 2
    means = scipy.ndimage.uniform_filter1d(steps, _SCALE_WINDOW)[half:-half] * (_GAUSSIAN_MEAN_DEVIATION / np.sqrt(2.0))
    padded = np.concatenate([np.full(half, means[0]), means, np.full(half, means[-1])])
    between = scipy.ndimage.maximum_filter1d(padded, _SCALE_WINDOW, mode="nearest")
    widest = np.zeros(len(values))
    widest[:-1] = between
    np.maximum(widest[1:], between, out=widest[1:])
    return widest


def winsorise(values: Floats, centre: Floats, reach: Floats) -> Floats:
    """`values` limited to `centre` ± `reach`; all of shape (n,) and of one unit."""
    return np.clip(values, centre - reach, centre + reach)


def autocorrelation(values: Floats) -> float:
    """Lag-1 autocorrelation of AR(1) noise on a piecewise constant level, at least 0 and at most 0.9.

    From the mean squared differences at lags 1 and 2, whose ratio is 1 + rho whatever the level (Hall and Van
    Keilegom 2003); differences that noise can hardly make are left out, for they straddle a change. `values`:
    shape (n,), of unit noise. Negative estimates count as 0: they would make tests bolder on a noisy word.
    """
    if len(values) < 4:
        return 0.0
    near, far = (_mean_square_below(values[lag:] - values[:-lag], _LIKELY_DIFFERENCE) for lag in (1, 2))
    return min(max(far / near - 1.0, 0.0), 0.9) if near > 0.0 else 0.0


def _mean_square_below(differences: Floats, limit: float) -> float:
    likely = differences[np.abs(differences) <= limit]
    return float(np.mean(np.square(likely))) if len(likely) > 0 else 0.0
