"""The speedup of one case from pairs of trials, and when enough pairs have been measured.

The unit is the process: one steady time per trial, the arms of a block paired by index. All work is done on
d = log(off / on), whose mean is the log speedup, because the noise of a time is a share of it.

The loop "measure a pair, ask `next_step`, at last `estimate`" looks at its own data again and again, and stops when
they happen to look quiet. A plain t interval after that is too narrow: after a look at every pair from 5 to 45,
intervals at 95% miss 7.1% of the time at a pair noise of 1.4%, and A/A comparisons come out different at alpha = 0.002
in 0.22% of the cases (0.55% at a noise of 3%). Two things correct that:

- the loop looks at 18 sizes from 5 to 45 pairs only, about a tenth apart, and at none that is often asked for as a
  fixed number of pairs (6, 7, 10, 15, 44), which then pays nothing;
- at those sizes the interval, also the one that the rule compares with the precision, is wider than Student's by a
  factor, the `toll`: 1.25 at 5 pairs, where the spread itself is hardly known, 1.15 in between, and 1.03 at 45, where
  the loop ends whatever the spread. At any other size the loop cannot have stopped, and the plain t interval holds.

The factors come from simulations of the whole loop (precision 1%; tests/acceptance/figure_1_same_code.py repeats it at
0.7% and 1.4%) for pair noises from 0.2% to 6%. Misses at 90 / 95 / 99 / 99.8%, as multiples of the nominal rate, for
Gaussian noise (fewer for t3 noise of the same standard deviation):

    noise 0.7%: 0.66 0.57 0.45 0.41      1.4%: 0.89 0.86 0.75 0.59      worst of each: 0.93 0.92 0.97 1.11

From about 2.2% to 3.8%, where cases stop just short of the maximum, a nominal 0.2% is up to 0.22%. With a third as many
looks it is no less, and the loop measures 15 to 19% more pairs at noises from 1.1% to 2.2%.

Wider intervals would cost power: 90% for a 1% change with 44 pairs at a noise of 1.4% allows a factor of 1.02 there,
1.03 with 6 or 7 pairs, 1.04 with 15, 1.54 with 5. The loop itself is made for precision: it finds a 2% change (alpha
0.002, equivalence 0) in 72% of the cases at a noise of 0.7% (6.5 pairs on average) and in 73% at 1.4% (12.3 pairs); a
finer precision finds more. Other settings keep the sizes between their minimum and maximum and look at these two as
well; a minimum below 5 is not covered by the calibration.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
import scipy
from msgspec import Struct

from asv_jit.analysis import verdict
from asv_jit.analysis.arrays import Floats
from asv_jit.analysis.stats.wild import tempered
from asv_jit.analysis.verdict import Verdict

Times: TypeAlias = Sequence[float] | Floats
Step: TypeAlias = Literal["measure", "stop"]

_BETWEEN = (8, 9, 11, 12, 14, 16, 18, 20, 22, 24, 27, 30, 32, 35, 38, 41)
_TOLLS = MappingProxyType({5: 1.25, **dict.fromkeys(_BETWEEN, 1.15), 45: 1.03})
_GROWTH_OF_LOOKS = 1.4
_PRECISION_ALPHA = 0.05
_CERTAINTY = 0.99
HOPELESS_PAIRS = 20
"""The pairs after which the loop gives up a case that is too noisy; intervals are 1.8 times those at 45 pairs."""


class Speedup(Struct, frozen=True):
    """Off time over on time: above 1 the JIT helps.

    `low` and `high` bound the ratio at level 1 - alpha, `p_value` is two-sided against a ratio of 1, and
    `half_width` is that of the interval in logarithms (about a share: 0.01 is 1%), `error` the standard error of
    the mean logarithm; `doubt` is the part of `half_width` that is a bound, see `estimate`. With fewer than two pairs
    nothing is known: `low` is 0, `high`, `half_width` and `error` are infinite, `p_value` is 1, the verdict `unclear`;
    without any pair `ratio` is NaN.
    """

    ratio: float
    low: float
    high: float
    p_value: float
    verdict: Verdict
    pairs: int
    half_width: float
    error: float = math.inf
    doubt: float = 0.0


def estimate(off: Times, on: Times, *, alpha: float, equivalence: float, doubt: float = 0.0) -> Speedup:
    """Return the speedup of paired trials, its interval at level 1 - `alpha`, and the verdict.

    `off` and `on` have shape (pairs,), one positive steady time per trial in any common unit, paired by index.
    The ratio is the exponential of the mean of log(off / on) with a t interval (times `toll`); where a neighbour on
    the host makes some pairs wild, of the mean of the middle half (see `wild`). The verdict is that of
    `verdict.decide`, whose 90% interval pays the same toll. Pairs without any spread give an interval of no width.
    `doubt` bounds how far the mean logarithm may be off for other reasons than chance (`cells.doubt`): both intervals
    are wider by it on each side, and the p value is the largest of any mean within it.

    Raises ValueError for unequal lengths, times that are not positive and finite, an `alpha` outside (0, 1)
    or a negative `equivalence`.
    """
    check_share("alpha", alpha)
    if not (math.isfinite(equivalence) and equivalence >= 0.0):
        raise ValueError(f"equivalence must be zero or a positive share such as 0.02, not {equivalence}")
    logs = tempered(log_ratios(off, on))
    pairs = len(logs)
    if pairs < 2:
        ratio = float(np.exp(logs[0])) if pairs else math.nan
        return Speedup(ratio, 0.0, math.inf, 1.0, "unclear", pairs, math.inf)
    mean, error = float(np.mean(logs)), float(np.std(logs, ddof=1)) / math.sqrt(pairs)
    half = _quantile(pairs, alpha) * error + doubt
    narrow = _quantile(pairs, verdict.EQUIVALENCE_ALPHA) * error + doubt
    return Speedup(
        ratio=_exp(mean),
        low=_exp(mean - half),
        high=_exp(mean + half),
        p_value=_p_value(max(abs(mean) - doubt, 0.0), error, pairs),
        verdict=verdict.decide(mean, half, narrow, equivalence),
        pairs=pairs,
        half_width=half,
        error=error,
        doubt=doubt,
    )


def next_step(
    off: Times,
    on: Times,
    *,
    precision: float = 0.01,
    min_pairs: int = 5,
    max_pairs: int = 45,
    equivalence: float = 0.02,
) -> Step:
    """Decide whether to measure another pair, given the pairs so far in the order they were measured.

    `off` and `on` as for `estimate`. The answer is `stop` at `max_pairs`, or once the half-width of the 95%
    interval of the log speedup is within `precision` at the last size that the loop looks at (`looks`; what
    came after that look waits for the next one), or once `max_pairs` would neither make it so precise nor tell that
    two programs are the same within `equivalence` (`hopeless_sum`). Only the spread of the pairs counts, never their
    mean: stopping when a difference shows would find differences that are not there. Pairs without any spread stop
    at the first look.

    Raises ValueError as `estimate` does, and for a `precision` that is not positive or limits out of order.
    """
    if not precision > 0.0:
        raise ValueError(f"precision must be a positive share such as 0.01, not {precision}")
    logs = log_ratios(off, on)
    sizes = looks(min_pairs, max_pairs)
    if len(logs) >= max_pairs:
        return "stop"
    looked = max((size for size in sizes if size <= len(logs)), default=0)
    if looked < 2:
        return "measure"
    squares = float(np.var(tempered(logs[:looked]))) * looked
    is_precise = squares <= largest_sum(looked, precision)
    return "stop" if is_precise or squares > hopeless_sum(looked, precision, equivalence, max_pairs) else "measure"


def looks(min_pairs: int, max_pairs: int) -> tuple[int, ...]:
    """Return the numbers of pairs at which the adaptive rule looks, ascending, both limits included.

    Between them lie the calibrated sizes, and above 45 each size about 1.4 times the last. Raises ValueError
    unless 1 <= `min_pairs` <= `max_pairs`.
    """
    if not 1 <= min_pairs <= max_pairs:
        raise ValueError(f"expected 1 <= min_pairs <= max_pairs, found {min_pairs} and {max_pairs}")
    sizes = sorted(_TOLLS)
    while sizes[-1] < max_pairs:
        sizes.append(round(sizes[-1] * _GROWTH_OF_LOOKS))
    return tuple(sorted({min_pairs, max_pairs, *(size for size in sizes if min_pairs < size < max_pairs)}))


def largest_sum(pairs: int, precision: float) -> float:
    """Return the largest sum of squares of the log ratios about their mean at which `next_step` stops."""
    return (precision / _quantile(pairs, _PRECISION_ALPHA)) ** 2 * pairs * (pairs - 1)


def hopeless_sum(pairs: int, precision: float, equivalence: float, max_pairs: int) -> float:
    """Return the sum of squares above which `next_step` gives up; infinite before `HOPELESS_PAIRS` pairs.

    There even a spread at the lower end of its 99% bound leaves the interval at `max_pairs` too wide, both for the
    precision and for `same`. A difference that shows nevertheless shows by then, or is as small as the noise.
    """
    if pairs < HOPELESS_PAIRS:
        return math.inf
    widest = max(
        precision / _quantile(max_pairs, _PRECISION_ALPHA),
        math.log1p(equivalence) / _quantile(max_pairs, verdict.EQUIVALENCE_ALPHA),
    )
    return widest**2 * max_pairs * float(scipy.special.chdtri(pairs - 1, 1.0 - _CERTAINTY))


def toll(pairs: int) -> float:
    """Return the factor by which the interval is wider than Student's, to correct for repeated looks."""
    return _TOLLS.get(pairs, 1.0)


def log_ratios(off: Times, on: Times) -> Floats:
    """Return the log speedup of each pair, shape (pairs,); raises ValueError as `estimate` does."""
    times = [np.asarray(arm, dtype=np.float64) for arm in (off, on)]
    if times[0].ndim != 1 or times[0].shape != times[1].shape:
        raise ValueError(f"off and on must pair by index, found shapes {times[0].shape} and {times[1].shape}")
    if not all(np.all(np.isfinite(arm) & (arm > 0.0)) for arm in times):
        raise ValueError("times must be positive and finite; leave out the pairs of failed trials")
    return np.asarray(np.log(times[0]) - np.log(times[1]), dtype=np.float64)


def _quantile(pairs: int, alpha: float) -> float:
    """Return the half-width of the interval at level 1 - alpha, in standard errors."""
    return toll(pairs) * verdict.quantile(pairs - 1, alpha)


def _p_value(mean: float, error: float, pairs: int) -> float:
    """Return the two-sided p value, which is below alpha exactly if the interval excludes a ratio of 1."""
    if error == 0.0:
        return 1.0 if mean == 0.0 else 0.0
    return 2.0 * float(scipy.special.stdtr(pairs - 1, -abs(mean) / error / toll(pairs)))


def _exp(value: float) -> float:
    """Return the exponential, infinite on overflow, which two outlying pairs at a small alpha can cause."""
    with np.errstate(over="ignore", under="ignore"):
        return float(np.exp(value))


def check_share(name: str, value: float) -> None:
    """Raise ValueError unless a level or a rate lies strictly between 0 and 1."""
    if not 0.0 < value < 1.0:
        raise ValueError(f"{name} must lie between 0 and 1, not {value}")
