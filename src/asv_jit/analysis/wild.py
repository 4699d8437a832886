"""Means of measurements some of which are wild: a shared host slows one side of many blocks by half, the other not.

A neighbour on the same physical core comes and goes in seconds. Of blocks that take a second or two it hits one side
alone in up to a third, and no rate that a virtual machine sees tells of it. Where that happens the middle half of the
measurements decides (a trimmed mean with the error of Yuen 1974); elsewhere nothing is touched, so that every level
that was calibrated on means holds. What is wild is told by the spread of all, never by the side it lies on.

Through the whole adaptive loop (precision 1%, alpha 0.2%, equivalence 2%; 3,000 A/A comparisons each) means, then what
is tempered, came out `same`, with their 99% intervals covering, and called something different:

    Gaussian, 1.4%                      99.6%  99.6%  0.03%      99.4%  99.3%  0.03%
    t3, 3%                              96.9%  99.3%  0.07%      97.4%  99.0%  0.10%
    Gaussian, 1.4%, 10% wild by 45%     24.6%  99.6%  0.00%      97.2%  98.4%  0.00%
    Gaussian, 3%, 30% wild by 45%        0.0%  99.3%  0.13%      54.7%  99.3%  0.20%
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["tempered", "trimmed"]

Floats = npt.NDArray[np.float64]

_CUT = 0.25  # of each tail: a third of wild blocks, in equal parts on both sides, lies within
_FEWEST = 12  # the middle half of fewer is too small to tell its own error
_REACH = 8.0  # robust standard deviations from the median: beyond lie 3 of 1,000 t3 values and no Gaussian ones
_SHARE = 0.05  # so many must be wild before any is called so


def trimmed(values: Floats) -> tuple[float, float] | None:
    """The mean of the middle half of `values`, shape (n,), and its standard error, both in their unit.

    None for fewer than 12, or where the middle half has no spread (a metric that moves in steps): it says nothing then.
    """
    if len(values) < _FEWEST:
        return None
    pseudo = _pseudo_values(values)
    error = float(np.std(pseudo, ddof=1)) / math.sqrt(len(values))
    return (float(np.mean(pseudo)), error) if error > 0.0 and np.ptp(_winsorised(values)) > 0.0 else None


def tempered(values: Floats) -> Floats:
    """`values`, shape (n,), as they are; or, where a twentieth of them is wild, values whose mean is the trimmed mean.

    Their standard deviation over sqrt(n) is then the trimmed mean's error, so whatever works on means works on them.
    """
    if len(values) < _FEWEST:
        return values
    away = np.abs(values - np.median(values))
    scale = 1.4826 * float(np.median(away))
    if scale == 0.0 or np.mean(away > _REACH * scale) < _SHARE:
        return values
    return _pseudo_values(values)


def _pseudo_values(values: Floats) -> Floats:
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
