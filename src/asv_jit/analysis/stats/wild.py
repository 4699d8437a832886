"""Means of measurements some of which are wild: a shared host slows one side of many blocks by half, the other not.

A neighbour on the same physical core comes and goes in seconds. Of blocks that take a second or two it hits one side
alone in up to a third, and no rate that a virtual machine sees tells of it. Where that happens the middle half of the
measurements decides (a trimmed mean with the error of Yuen 1974); elsewhere nothing is touched, so that every level
that was calibrated on means holds. What is wild is told by the spread of all, never by the side it lies on.

Where a third or more may be wild, all on one side, a middle half breaks down. Where a location is wanted rather than an
interval, that of the most likely Cauchy distribution serves, on which what lies far out has next to no pull (`centre`,
with the error of an M-estimate: Huber 1981, chapter 6). For intervals that error is too small: with 14 to 45 pairs a
nominal 0.2% becomes 1.4%.

A/A comparisons through the whole adaptive loop (precision 1%, alpha 0.2%, equivalence 2%; 100,000 or more of each,
tests/acceptance/figure_1_same_code.py), with means and then with what is tempered: how many come out different, how
many `same`, how often the 95% interval covers, its median half-width, and the pairs that are measured.

    Gaussian, 1.4%                     0.12%  99.4%  95.6%  0.94%  12.3     0.13%  99.4%  95.6%  0.94%  12.3
    t3, 3%                             0.11%  96.7%  96.0%  0.97%  32.0     0.18%  97.5%  95.6%  0.96%  30.4
    Gaussian, 0.7%, 20% wild by 45%    0.07%  24.9%  96.0%  5.92%  35.3     0.09%  99.9%  97.9%  0.76%  13.2
    Gaussian, 1.4%, 20% wild by 45%    0.09%   9.3%  95.3%  6.18%  41.6     0.14%  99.4%  96.4%  0.93%  25.4
    Gaussian, 3%, 20% wild by 45%      0.10%   0.2%  95.7%  6.26%  44.9     0.28%  75.3%  95.7%  1.38%  44.5
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import scipy

Floats = npt.NDArray[np.float64]

_CUT = 0.25  # of each tail: a third of wild blocks, in equal parts on both sides, lies within
_FEWEST = 14  # the middle half of fewer is too small to tell its own error
_FEWEST_TO_CENTRE = 12
_REACH = 8.0  # robust standard deviations from the median: beyond lie 3 of 1,000 t3 values and no Gaussian ones
_STEPS = 20
_NO_SPREAD = 1e-9  # of a metric without noise, which rounding spreads
_TAIL = 0.001  # of the level at which a tempered interval is as wide as Yuen's
_ONE_IN = 15  # so many of all must be wild, and one at least, before any is called so


def centre(values: Floats) -> tuple[float, float] | None:
    """The location of `values`, shape (n,), free of wild ones, and its standard error, both in their unit.

    None for fewer than 12, or where most of them are equal (a metric that moves in steps): it says nothing then.
    """
    pseudo = _cauchy_values(values) if len(values) >= _FEWEST_TO_CENTRE else None
    if pseudo is None:
        return None
    return float(np.mean(pseudo)), float(np.std(pseudo, ddof=1)) / math.sqrt(len(values))


def tempered(values: Floats) -> Floats:
    """`values`, shape (n,), as they are; or, where a fifteenth of them is wild, values whose mean is the trimmed mean.

    Their standard deviation over sqrt(n) is then the trimmed mean's error, so whatever works on means works on them.
    """
    if not has_wild(values[None, :])[0]:
        return values
    pseudo = _middle_values(values)
    middle = float(pseudo.mean())
    return np.asarray(middle + (pseudo - middle) * _stretch(len(values)))


def _stretch(n: int) -> float:
    """What lets t intervals with n - 1 degrees of freedom be as wide as Yuen's, whose middle half has fewer of its own.

    Exactly so at level 99.8%, and a little wider below.
    """
    freedom = n - 2 * int(_CUT * n) - 1
    return float(scipy.special.stdtrit(freedom, _TAIL) / scipy.special.stdtrit(n - 1, _TAIL))


def has_wild(rows: Floats) -> npt.NDArray[np.bool_]:
    """For each of `rows`, shape (rows, n), whether some of its values are wild; shape (rows,)."""
    count, n = rows.shape
    if n < _FEWEST:
        return np.zeros(count, dtype=np.bool_)
    away = np.abs(rows - np.median(rows, axis=1, keepdims=True))
    scale = 1.4826 * np.median(away, axis=1)
    wild = np.count_nonzero(away > _REACH * scale[:, None], axis=1)
    return np.asarray((scale > 0.0) & (wild >= max(1, n // _ONE_IN)))


def _middle_values(values: Floats) -> Floats:
    """The trimmed mean plus each value's influence on it."""
    drawn_in = _winsorised(values)
    cut = _cut(values)
    middle = np.sort(values)[cut : len(values) - cut]
    return np.asarray(middle.mean() + (drawn_in - drawn_in.mean()) * (len(values) / len(middle)))


def _winsorised(values: Floats) -> Floats:
    ordered, cut = np.sort(values), _cut(values)
    return np.clip(values, ordered[cut], ordered[-cut - 1])


def _cut(values: Floats) -> int:
    return int(_CUT * len(values))


def _cauchy_values(values: Floats) -> Floats | None:
    """The Cauchy location plus each value's influence on it; by EM from the median. None without a spread."""
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
    if slope.mean() <= 0.0:  # no single heap: no location
        return None
    return np.asarray(place + scale * (pull - pull.mean()) / slope.mean())
