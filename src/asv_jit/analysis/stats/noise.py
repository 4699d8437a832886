"""The noise of a machine, from pairs of trials of the same code, and the changes that it can detect.

In an A/A pair both trials run the same code in the same mode, so the log ratio of their times is noise alone.
Its standard deviation over pairs is the pair noise, the one figure on which the number of pairs depends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import scipy
from msgspec import Struct

from asv_jit.analysis.speedup import Times, check_share, log_ratios, toll

CHANGES = (0.05, 0.02, 0.01)
MOST_PAIRS = 2_000
_LEVEL = 0.95


class PairNoise(Struct, frozen=True):
    """The standard deviation of the log ratio of a pair (about a share: 0.01 is 1%) and its interval at 95%.

    With fewer than two pairs nothing is known: `value` is NaN, `low` 0 and `high` infinite.
    """

    value: float
    low: float
    high: float
    pairs: int


class Needed(Struct, frozen=True):
    """The number of pairs that detects a `change` (a fraction); `pairs` is None if `MOST_PAIRS` is too few."""

    change: float
    pairs: int | None


def pair_noise(first: Times, second: Times) -> PairNoise:
    """Return the pair noise of A/A pairs: times of both arms in any common unit, shape (pairs,), paired by index.

    The interval is the chi-square interval of a standard deviation, which is right for Gaussian noise and too
    narrow for noise with heavy tails. Raises ValueError for unequal lengths or times that are not positive.
    """
    logs = log_ratios(first, second)
    free = len(logs) - 1
    if free < 1:
        return PairNoise(math.nan, 0.0, math.inf, len(logs))
    value = float(np.std(logs, ddof=1))
    tail = (1.0 - _LEVEL) / 2.0
    # chdtri takes the upper tail: the large quantile gives the low end.
    low = value * math.sqrt(free / float(scipy.special.chdtri(free, tail)))
    high = value * math.sqrt(free / float(scipy.special.chdtri(free, 1.0 - tail)))
    return PairNoise(value, low, high, len(logs))


def power(
    noise: float, change: float, pairs: npt.NDArray[np.int64], *, alpha: float = 0.002
) -> npt.NDArray[np.float64]:
    """Return the probability of detecting a change for each number of `pairs` (at least 2), same shape.

    `noise` is the pair noise, `change` the share by which one arm is slower; both positive. A change is detected if
    the two-sided paired t test of `speedup.estimate` at `alpha`, widened by `speedup.toll`, is significant in the right
    direction. Its statistic has a noncentral t distribution with log(1 + change) / noise * sqrt(pairs) as its
    noncentrality (Cohen 1988, chapter 2).
    """
    free = pairs - 1.0
    tolls = np.array([toll(int(number)) for number in pairs])
    bounds = -scipy.special.stdtrit(free, alpha / 2.0) * tolls
    return np.asarray(1.0 - scipy.special.nctdtr(free, math.log1p(change) / noise * np.sqrt(pairs), bounds))


def needed_pairs(
    noise: float, changes: Sequence[float] = CHANGES, *, target: float = 0.9, alpha: float = 0.002
) -> tuple[Needed, ...]:
    """Return the fewest pairs that detect each of `changes` with a probability of at least `target`.

    Arguments as for `power`. Raises ValueError for a noise that is negative or not finite, changes that are not
    positive, and levels outside (0, 1).
    """
    check_share("target", target)
    check_share("alpha", alpha)
    if not (math.isfinite(noise) and noise >= 0.0):
        raise ValueError(f"the pair noise must be zero or a positive share such as 0.01, not {noise}")
    if not all(change > 0.0 for change in changes):
        raise ValueError(f"changes must be positive shares such as 0.01, not {tuple(changes)}")
    return tuple(Needed(change, _smallest(noise, change, target, alpha)) for change in changes)


def _smallest(noise: float, change: float, target: float, alpha: float) -> int | None:
    # A noise below a hundredth of the change needs the fewest pairs, and would cost the distribution its digits.
    noise = max(noise, math.log1p(change) / 100.0)
    for start, end in ((2, 66), (66, MOST_PAIRS + 1)):  # most answers are small
        enough = np.flatnonzero(power(noise, change, np.arange(start, end), alpha=alpha) >= target)
        if len(enough):
            return start + int(enough[0])
    return None


def alarm_interval(alarms: int, runs: int) -> tuple[float, float]:
    """Return the 95% interval of the false alarm rate, `alarms` in `runs` A/A runs (Clopper and Pearson 1934).

    Raises ValueError unless 0 <= alarms <= runs and there is a run.
    """
    if not 0 <= alarms <= runs or runs < 1:
        raise ValueError(f"expected 0 <= alarms <= runs and at least one run, found {alarms} of {runs}")
    tail = (1.0 - _LEVEL) / 2.0
    low = 0.0 if alarms == 0 else float(scipy.special.betaincinv(alarms, runs - alarms + 1, tail))
    high = 1.0 if alarms == runs else float(scipy.special.betaincinv(alarms + 1, runs - alarms, 1.0 - tail))
    return low, high
