"""The level of a figure over trials: one estimator, on every page."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from asv_jit.analysis.stats.wild import tempered
from asv_jit.analysis.verdict import quantile


class Level(Struct, frozen=True):
    """A figure over trials and its t interval, see `level`; None where one trial gives none."""

    value: float
    low: float | None
    high: float | None
    trials: int


def level(figures: Sequence[float] | npt.NDArray[np.float64], alpha: float) -> Level | None:
    """The geometric mean of `figures` and its interval at level 1 - `alpha`; None where there are none.

    The one estimator of a level, on every page: its interval surrounds it, and the ratio of two levels is the mean of
    the ratios, as the speedup is. Where some figures are wild, of the middle half; where some are not positive, the
    arithmetic mean.
    """
    if not len(figures):
        return None
    values = np.asarray(figures, dtype=np.float64)
    if len(values) < 2:
        return Level(float(values[0]), None, None, 1)
    if np.all(values == values[0]):  # the exponential of a logarithm is a hair off
        return Level(*(float(values[0]),) * 3, len(values))
    positive = bool(np.all(values > 0))
    scaled = tempered(np.log(values) if positive else values)
    half = quantile(len(values) - 1, alpha) * float(np.std(scaled, ddof=1)) / math.sqrt(len(values))
    centre = float(np.mean(scaled))
    ends = np.array([centre, centre - half, centre + half])
    with np.errstate(over="ignore", under="ignore"):
        value, low, high = (np.exp(ends) if positive else ends).tolist()
    return Level(value, low, high, len(values))


def middle(figures: Iterable[float | None]) -> float | None:
    """The level alone, of the figures that are known; None where there are none."""
    found = level([figure for figure in figures if figure is not None], 0.05)
    return found.value if found is not None else None
