"""The level of a figure over trials; every page uses this estimator."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.stats.wild import tempered
from asv_jit.analysis.verdict import quantile


class Level(Struct, frozen=True):
    """A level and the bounds of its t interval, see `level`; the bounds are None for a single trial."""

    value: float
    low: float | None
    high: float | None
    trials: int


def level(figures: Sequence[float] | Floats, alpha: float) -> Level | None:
    """Return the geometric mean of `figures` and its interval at level 1 - `alpha`; None without figures.

    The ratio of two such levels is the mean of the ratios, as the speedup is. With outliers it is the mean of the
    middle half; if some figures are not positive, the arithmetic mean.
    """
    if not len(figures):
        return None
    values = np.asarray(figures, dtype=np.float64)
    if len(values) < 2:
        return Level(float(values[0]), None, None, 1)
    if np.all(values == values[0]):  # exp(log(x)) is not exactly x
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
    """Return the level without its interval, ignoring missing figures; None if there are none."""
    found = level([figure for figure in figures if figure is not None], 0.05)
    return found.value if found is not None else None
