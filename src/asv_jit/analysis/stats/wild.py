"""Means of measurements with outliers: on a shared host a neighbour slows one side of many blocks by half.

A neighbour on the same physical core comes and goes within seconds. In blocks of a second or two it slows one side
alone in up to a third of them, and no rate that a virtual machine can read shows it. Such measurements are called wild.
Where there are some, the mean of the middle half is used (a trimmed mean, with the error of Yuen 1974); elsewhere
nothing is changed, so that all levels that were calibrated on means hold. Only the spread of all values decides what
is wild, never the side on which a value lies.

A middle half breaks down where a third or more is wild on one side. Where a location is needed and no interval, the
most likely Cauchy distribution gives one, which outliers hardly influence (`centre`, with the error of an M-estimate:
Huber 1981, chapter 6). For intervals that error is too small: with 14 to 45 pairs a nominal 0.2% becomes 1.4%.

A/A comparisons through the whole adaptive loop (precision 1%, alpha 0.2%, equivalence 2%; 100,000 or more of each,
tests/acceptance/figure_1_same_code.py), with plain means and then with `tempered` values: the share that comes out
different, the share that is `same`, the coverage of the 95% interval, its median half-width, and the pairs measured.

    Gaussian, 1.4%                     0.12%  99.4%  95.6%  0.94%  12.3     0.13%  99.4%  95.6%  0.94%  12.3
    t3, 3%                             0.11%  96.7%  96.0%  0.97%  32.0     0.18%  97.5%  95.6%  0.96%  30.4
    Gaussian, 0.7%, 20% wild by 45%    0.07%  24.9%  96.0%  5.92%  35.3     0.09%  99.9%  97.9%  0.76%  13.2
    Gaussian, 1.4%, 20% wild by 45%    0.09%   9.3%  95.3%  6.18%  41.6     0.14%  99.4%  96.4%  0.93%  25.4
    Gaussian, 3%, 20% wild by 45%      0.10%   0.2%  95.7%  6.26%  44.9     0.28%  75.3%  95.7%  1.38%  44.5
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import scipy

from asv_jit.analysis.arrays import Flags, Floats

_CUT = 0.25  # of each tail: enough for a third of wild blocks in equal parts on both sides
_FEWEST = 14  # the middle half of fewer values is too small to estimate its own error
_FEWEST_TO_CENTRE = 12
_REACH = 8.0  # robust standard deviations from the median: 3 of 1,000 t3 values lie further out, no Gaussian ones
_STEPS = 20
_NO_SPREAD = 1e-9  # the spread that rounding gives to a metric without noise
_TAIL = 0.001  # of the level at which a tempered interval is as wide as Yuen's
_ONE_IN = 15  # the share of values, at least one, that must lie out of reach before any counts as wild


def centre(values: Floats) -> tuple[float, float] | None:
    """Return a location of `values`, shape (n,), that ignores wild ones, and its standard error, both in their unit.

    None for fewer than 12 values, or if most of them are equal (a metric that moves in steps).
    """
    pseudo = _cauchy_values(values) if len(values) >= _FEWEST_TO_CENTRE else None
    if pseudo is None:
        return None
    return float(np.mean(pseudo)), float(np.std(pseudo, ddof=1)) / math.sqrt(len(values))


def tempered(values: Floats) -> Floats:
    """Return `values`, shape (n,), unchanged, or, if a fifteenth of them is wild, others with the trimmed mean.

    Their standard deviation over sqrt(n) is then the error of the trimmed mean, so that all that works on means works.
    """
    if not has_wild(values[None, :])[0]:
        return values
    n = len(values)
    cut = int(_CUT * n)
    ordered = np.sort(values)
    middle = float(ordered[cut : n - cut].mean())
    drawn_in = np.clip(values, ordered[cut], ordered[-cut - 1])
    influence = (drawn_in - drawn_in.mean()) * (n / (n - 2 * cut))
    # t intervals with n - 1 degrees of freedom become as wide as Yuen's, whose middle half has fewer of its own:
    # exactly so at level 99.8%, and a little wider below.
    stretch = scipy.special.stdtrit(n - 2 * cut - 1, _TAIL) / scipy.special.stdtrit(n - 1, _TAIL)
    return np.asarray(middle + influence * float(stretch))


def has_wild(rows: Floats) -> Flags:
    """Return for each of `rows`, shape (rows, n), whether it has wild values; shape (rows,)."""
    count, n = rows.shape
    if n < _FEWEST:
        return np.zeros(count, dtype=np.bool_)
    away = np.abs(rows - np.median(rows, axis=1, keepdims=True))
    scale = 1.4826 * np.median(away, axis=1)
    wild = np.count_nonzero(away > _REACH * scale[:, None], axis=1)
    return np.asarray((scale > 0.0) & (wild >= max(1, n // _ONE_IN)))


def _cauchy_values(values: Floats) -> Floats | None:
    """Return the Cauchy location plus each value's influence on it, by EM from the median; None without a spread."""
    place = float(np.median(values))
    scale = float(np.median(np.abs(values - place)))
    for _ in range(_STEPS):
        if scale <= _NO_SPREAD:
            return None
        weights = 2.0 / (1.0 + ((values - place) / scale) ** 2)
        place = float(weights @ values / weights.sum())
        scale = math.sqrt(float(np.mean(weights * (values - place) ** 2)))
    away = (values - place) / scale
    pull, slope = away / (1.0 + away**2), (1.0 - away**2) / (1.0 + away**2) ** 2
    if slope.mean() <= 0.0:  # several clusters: no location
        return None
    return np.asarray(place + scale * (pull - pull.mean()) / slope.mean())


Side = Literal["below", "above", "more", "unclear"]

FEWEST = 4
_DECIDED_T = 5.0  # as for the ends of a bisection, see `culprit`


def side_of(logs: Sequence[float], boundary: float, *, limit: int) -> Side:
    """Return on which side of `boundary` the mean of `logs` lies, shape (measurements,), in the same unit.

    From 4 measurements on it is decided once the mean lies at least 5 standard errors away, the rule by which a
    bisection's ends differ; until then it is `more`, and `unclear` after `limit` measurements.
    Raises ValueError for values that are not finite.
    """
    values = np.asarray(logs, dtype=np.float64)
    if not np.all(np.isfinite(values)):
        raise ValueError("measurements must be finite")
    if len(values) < FEWEST:
        return "more"
    values = tempered(values)
    distance = float(values.mean()) - boundary
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    if distance != 0.0 and abs(distance) >= _DECIDED_T * error:
        return "above" if distance > 0.0 else "below"
    return "unclear" if len(values) >= limit else "more"
